"""Claims and charts with their words, which the lesson's catalogue holds by the claim's key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from bnviz.config.sweep import Sweep
from bnviz.judge.claim import Chart, Claim, Row, Values
from bnviz.judge.findings import chance, edges, enumeration, trains
from bnviz.judge.table import Table
from bnviz.judge.verdict import Verdict
from bnviz.web import words
from bnviz.web.figures import NAMES

WORDS = words.catalogue("does_it_hold")
GUIDES: Mapping[str, str] = WORDS["guides"]


def claim_texts(key: str) -> Mapping[str, Any]:
    """A claim's words."""
    own = WORDS["claims"][key]
    return {**claim_texts(own["shares"]), **own} if "shares" in own else own


def fill(key: str, sentence: str, **values: object) -> str:
    """A sentence of a claim's verdict with its braces filled in."""
    return words.fill(claim_texts(key)[sentence], **values)


def part_name(key: str, part: str, **values: object) -> str:
    """What a part of a claim's verdict is called, before its number."""
    return words.fill(claim_texts(key)["parts"][part], **values)


def row_name(key: str, name: str, **values: object) -> str:
    """What a row of a claim's table of numbers is called."""
    return words.fill(claim_texts(key)["rows"][name], **values)


def numbers(key: str, rows: Iterable[tuple[str, ...]], **values: object) -> Table:
    """A claim's table of numbers; `values` fill the names of its columns."""
    return Table(tuple(words.fill(column, **values) for column in claim_texts(key)["columns"].values()), tuple(rows))


def at_edges(sweep: Sweep, best_rates: np.ndarray) -> str:
    """A sentence about the curves whose best point is the first or the last that was tried; nothing if there is none."""
    names = [NAMES[name] for name in edges(sweep, best_rates)]
    return words.fill(WORDS["notes"]["edges"], networks=enumeration(names)) if names else ""


def claim(key: str, *, sweep: Sweep, verdict: Callable[[Sweep, list[Row]], Verdict], charts: tuple[Chart, ...]) -> Claim:
    """The claim of that key."""
    texts = {name: claim_texts(key)[name] for name in ("name", "says", "published", "source", "checked", "limits")}
    return Claim(key=key, sweep=sweep, verdict=verdict, charts=charts, **texts)


def training_guides(sweep: Sweep) -> dict[str, float]:
    """Lines in a chart of final accuracy: from where on a network counts as trained, and chance."""
    return {GUIDES["trains"]: trains(sweep), GUIDES["chance"]: chance(sweep)}


def chart(
    key: str, name: str, values: Values, form: str = ".1%", braces: Mapping[str, object] | None = None, **more: Any
) -> Chart:
    """One of a claim's charts; `braces` are what fills its texts, and `more` are further fields of a Chart."""
    texts = {part: words.fill(text, **(braces or {})) for part, text in claim_texts(key)["charts"][name].items()}
    return Chart(texts["title"], texts["caption"], texts["y"], values, form, **more)
