"""How often the rules of verdicts are wrong, and how often they see what is there, on made-up rows: a table for docs/evidence.md.

python -m bnviz.lessons.does_it_hold.simulation [--tables N] [--write]
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from tqdm import tqdm

from bnviz.judge.intervals import LEVEL
from bnviz.judge.verdict import AGREES, DISAGREES, Verdict, words
from bnviz.lessons.does_it_hold.claims import CLAIMS
from bnviz.lessons.does_it_hold.evidence import write
from bnviz.lessons.does_it_hold.made_up import MAKERS, PARTS, all_clear, all_on_bound, one_on_bound
from bnviz.lessons.does_it_hold.sentences import WORDS
from bnviz.web.markdown import row
from bnviz.web.words import fill

COMMAND = "python -m bnviz.lessons.does_it_hold.simulation"
TABLES = 1000
TEXTS = WORDS["simulation"]


def judged(key: str, random: np.random.Generator, on_bound: Sequence[bool]) -> Verdict:
    """The verdict of a claim's rule on made-up rows."""
    sweep = CLAIMS[key].sweep
    return CLAIMS[key].verdict(sweep, MAKERS[key](random, sweep, on_bound))


def false_by_a_hair(random: np.random.Generator, parts: int) -> list[bool]:
    """One of the parts, by chance, lies on its bound."""
    return list(one_on_bound(parts))[random.integers(parts)]


def tables(count: int, random: np.random.Generator, kind: str) -> list[dict[str, Verdict]]:
    """So many tables of verdicts on all claims: all `false` by a hair, all `true` by a hair, or all `clear`ly true."""
    world = {
        "false": lambda parts: false_by_a_hair(random, parts), "true": all_on_bound, "clear": all_clear,
    }[kind]  # fmt: skip
    return [{key: judged(key, random, world(PARTS[key])) for key in CLAIMS} for _ in tqdm(range(count), desc=kind, disable=None)]


def shares(some: Sequence[Mapping[str, Verdict]], word: str) -> dict[str, float]:
    """In which share of the tables each claim has this word, each claim by itself, where it is hardest to get."""
    return {key: float(np.mean([words({key: one[key]}, len(CLAIMS))[key] == word for one in some])) for key in CLAIMS}


def family(some: Sequence[Mapping[str, Verdict]], word: str) -> float:
    """In which share of the tables, judged together, any claim has this word."""
    return float(np.mean([word in words(one, len(CLAIMS)).values() for one in some]))


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of so many (Wilson 1927)."""
    z = 1.96
    middle, half = share + z**2 / (2 * count), z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return float((middle - half) / (1 + z**2 / count)), float((middle + half) / (1 + z**2 / count))


def table(count: int, random: np.random.Generator) -> str:
    """A Markdown table: how often each claim's rule wrongly agrees, wrongly disagrees, and agrees where it should; and how often
    any of all is wrong."""
    false, true, clear = (tables(count, random, kind) for kind in ("false", "true", "clear"))
    columns = [(false, AGREES), (true, DISAGREES), (clear, AGREES)]
    by_claim = [shares(*column) for column in columns]
    head = row(*(TEXTS[name] for name in ("claim", "seeds", "agrees", "disagrees", "power")))
    lines = [
        row(CLAIMS[key].name, f"{CLAIMS[key].sweep.seeds}", *(_written(one[key], count) for one in by_claim)) for key in CLAIMS
    ]
    together = [_written(family(*column), count) for column in columns[:2]]
    return "\n".join([head, row(*["---"] * 5), *lines, row(f"**{TEXTS['family']}**", "", *together, "")])


def _written(share: float, count: int) -> str:
    """A share in percent with its interval."""
    low, high = (f"{100 * end:.1f}" for end in wilson(share, count))
    return fill(TEXTS["share"], share=f"{100 * share:.1f}", low=low, high=high)


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog=COMMAND, description="Try the rules of verdicts on made-up rows and print their errors."
    )
    parser.add_argument("--tables", type=int, default=TABLES, help=f"made-up tables of all claims of each kind ({TABLES})")
    parser.add_argument("--write", action="store_true", help="replace the table in docs/evidence.md")
    options = parser.parse_args(arguments)
    if options.tables < 1:
        parser.error("--tables takes a number of 1 or more")
    text = table(options.tables, np.random.default_rng(0))
    print(text)
    if options.write:
        about = {"command": f"{COMMAND} --tables {options.tables} --write", "tables": f"{options.tables:,}"}
        note = fill(TEXTS["note"], date=f"{datetime.date.today():%d %B %Y}", level=f"{100 * LEVEL:.0f}", **about)
        write("simulation", f"{note}\n\n{text}")


if __name__ == "__main__":
    main()
