"""Tables in Markdown, on pages and in documents."""

from __future__ import annotations

from bnviz.judge.table import Table


def row(*texts: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(map(cell, texts))} |"


def cell(text: str) -> str:
    """Text that stays in its cell of a Markdown table."""
    return text.replace("|", "\\|")


def table(numbers: Table) -> str:
    """A small table."""
    return "\n".join([row(*numbers.head), row(*["---"] * len(numbers.head)), *(row(*one) for one in numbers.rows)])


def in_one_line(numbers: Table) -> str:
    """The same where there is one line for it, as in the cell of another table; cells without a text are left out."""
    return "; ".join(_row_in_one_line(numbers.head, one) for one in numbers.rows)


def _row_in_one_line(head: tuple[str, ...], cells: tuple[str, ...]) -> str:
    values = (f"{column}: {value}" for column, value in zip(head[1:], cells[1:], strict=True) if value)
    return f"{head[0]} {cells[0]}: ".lstrip() + ", ".join(values)


def bold(text: str) -> str:
    """Text that stands out."""
    return f"**{text}**"
