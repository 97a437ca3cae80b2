"""How far would other training examples move a verdict? All seeds of a claim's sweep share theirs; here each draws its own.

python -m bnviz.lessons.does_it_hold.training_sets CLAIM [--at VALUE …] [--write]

With --at, only these places of the sweep's axis are run. With --write, the table in docs/evidence.md is replaced. With
BNVIZ_STORE, the runs' rows are kept there, as by `bnviz.lessons.does_it_hold.evidence`.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import math
from collections.abc import Iterable, Sequence

from bnviz import machine, numerals
from bnviz.config.sweep import Sweep
from bnviz.engine import worker_count
from bnviz.engine.local import LocalEngine
from bnviz.judge.claim import Claim
from bnviz.judge.intervals import Estimate
from bnviz.judge.verdict import Criterion, Verdict, estimate_of, words
from bnviz.lessons.does_it_hold.claims import CLAIMS
from bnviz.lessons.does_it_hold.evidence import run, write
from bnviz.lessons.does_it_hold.sentences import WORDS
from bnviz.record.rows import Rows
from bnviz.record.store import Store
from bnviz.web.markdown import row
from bnviz.web.words import fill

COMMAND = "python -m bnviz.lessons.does_it_hold.training_sets"
TEXTS = WORDS["training_sets"]


def at_places(sweep: Sweep, texts: Sequence[str]) -> Sweep:
    """The sweep at some places of its axis, as they are written; raises ValueError."""
    points = {f"{value:g}": point for point, value in zip(sweep.points, sweep.values, strict=True)}
    if unknown := [text for text in texts if text not in points]:
        raise ValueError(f"{sweep.axis} has no place {', '.join(unknown)}; there are {', '.join(points)}")
    return dataclasses.replace(sweep, points=tuple(points[text] for text in texts))


def resampled(sweep: Sweep) -> Sweep:
    """The same runs, each seed's on a bootstrap sample of the training set."""
    return dataclasses.replace(sweep, base=sweep.base.replace(bootstrap="yes"))


def between_sets(shared: Estimate, own: Estimate) -> float:
    """The standard deviation from training set to training set: that of seeds with an `own` one each, less that of seeds with a
    `shared` one."""
    return math.sqrt(max(float(own.std) ** 2 - float(shared.std) ** 2, 0.0))


def with_other_sets(shared: Estimate, between: float) -> Estimate:
    """The estimate of seeds that share a training set, with the error that another set would move all of them together."""
    return shared._replace(error=(shared.error**2 + between**2) ** 0.5)


def table(claim: Claim, shared: Verdict, own: Verdict) -> str:
    """A Markdown table of both verdicts: each part's mean with its interval on the same training examples, on others, and the
    first with the error that there are others."""
    head = row(*(TEXTS[name] for name in ("part", "bound", "shared", "own", "between", "included")))
    lines = [_line(*parts) for parts in zip(shared.parts, own.parts, strict=True)]
    verdicts = {"shared": shared, "own": own}
    said = {name: words({claim.key: one}, len(CLAIMS))[claim.key] for name, one in verdicts.items()}
    p = {name: numerals.p_value(one.p) for name, one in verdicts.items()}
    last = row(f"**{TEXTS['verdict']}**", "", *(fill(TEXTS["word"], word=said[name], p=p[name]) for name in verdicts), "", "")
    return "\n".join([head, row(*["---"] * 6), *lines, last])


def _line(shared: Criterion, own: Criterion) -> str:
    first, second = estimate_of(shared.estimate), estimate_of(own.estimate)
    bound = f"{shared.side} {shared.bound:.3g}"
    if first is None or second is None:
        return row(shared.name, bound, *[TEXTS["counted"]] * 2, "", "")
    between = between_sets(first, second)
    included = with_other_sets(first, between)
    return row(shared.name, bound, _written(first), _written(second), f"{between:.2g}", _written(included))


def _written(one: Estimate) -> str:
    """A mean with its interval."""
    mean, low, high = (f"{float(value):.3g}" for value in one.interval()[:3])
    return fill(TEXTS["interval"], mean=mean, low=low, high=high)


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog=COMMAND, description="Judge a claim on one training set and on many, and print a table."
    )
    parser.add_argument("claim", choices=CLAIMS, metavar="CLAIM", help=f"one of {', '.join(CLAIMS)}")
    parser.add_argument("--at", metavar="VALUE", nargs="+", help="run only these places of the sweep's axis")
    parser.add_argument("--write", action="store_true", help="replace the table in docs/evidence.md")
    options = parser.parse_args(arguments)
    claim = CLAIMS[options.claim]
    try:
        sweep = at_places(claim.sweep, options.at) if options.at else claim.sweep
    except ValueError as error:
        parser.error(str(error))
    engine = LocalEngine(Store(), worker_count(), rows=Rows.from_environment())
    try:
        text = table(claim, *(run(engine, claim, one) for one in (sweep, resampled(sweep))))
    finally:
        engine.close()
    print(text)
    if options.write:
        place = f" --at {' '.join(options.at)}" if options.at else ""
        about = {"command": f"{COMMAND} {claim.key}{place} --write", "date": f"{datetime.date.today():%d %B %Y}"}
        note = fill(TEXTS["note"], **about, machine=machine.in_words(), name=claim.name, seeds=sweep.seeds)
        write("training sets", f"{note}\n\n{text}")


if __name__ == "__main__":
    main()
