"""Jinja2 templates of exported files, in this folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
)


def rendered(name: str, values: Mapping[str, object]) -> str:
    """The text of the template `name`, a file of this folder; raises jinja2.UndefinedError for a name that `values` lack."""
    return _ENVIRONMENT.get_template(name).render(values)


def rendered_text(template: str, values: Mapping[str, object]) -> str:
    """The same of a template that is no file."""
    return _ENVIRONMENT.from_string(template).render(values)
