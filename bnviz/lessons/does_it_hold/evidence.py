"""Run every claim's sweep and print a table of what was published, what came out, and the verdict.

python -m bnviz.lessons.does_it_hold.evidence [--pilot] [--write] [CLAIM …]

With --write, the table in docs/evidence.md is replaced; of claims that are named, only their rows are.
With --pilot, other seeds are run, a few of each claim, and the table says how many the verdict needs. With BNVIZ_STORE, the runs'
rows are kept there, so that a stop costs none.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterable
from pathlib import Path

from bnviz import api, machine
from bnviz.config.sweep import Sweep
from bnviz.engine import Engine, worker_count
from bnviz.engine.local import LocalEngine
from bnviz.judge.claim import Claim
from bnviz.judge.verdict import Verdict
from bnviz.lessons.does_it_hold.claims import CLAIMS, table
from bnviz.lessons.does_it_hold.pilot import pilot_of, table_of_seeds
from bnviz.record.rows import Rows
from bnviz.record.store import Store

DOCUMENT = Path(__file__).parents[3] / "docs" / "evidence.md"
COMMAND = "python -m bnviz.lessons.does_it_hold.evidence"


def run(engine: Engine, claim: Claim, sweep: Sweep) -> Verdict:
    """The verdict of a sweep on a claim."""
    return claim.judge(sweep, api.compute_rows(engine, sweep, claim.name))


def markers(name: str) -> tuple[str, str]:
    """The markers around the table of that name."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def write(name: str, text: str) -> None:
    """Put `text` between the markers of that name in docs/evidence.md; without markers, at its end."""
    begin, end = markers(name)
    old = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else "# Evidence\n"
    before, _, rest = old.partition(begin)
    _, _, after = rest.partition(end)
    DOCUMENT.write_text(f"{before.rstrip()}\n\n{begin}\n{text}\n{end}\n{after.lstrip(chr(10))}", encoding="utf-8")


def merged(new: str) -> str:
    """The document's table of verdicts with the rows of a new one, which replace its own or are added."""
    begin, end = markers("table")
    old = DOCUMENT.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0].splitlines()
    rows = {_claim_of(line): line for line in (*old, *new.splitlines()) if _claim_of(line)}
    head = new.splitlines()[:2]
    return "\n".join([*head, *(rows[claim.name] for claim in CLAIMS.values() if claim.name in rows)])


def _claim_of(line: str) -> str:
    """The claim that a row of the table is of: the bold name that it begins with, without its full stop."""
    return line.split("**")[1].removesuffix(".") if line.startswith("| **") else ""


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bnviz.lessons.does_it_hold.evidence", description="Run the claims' sweeps and print their table."
    )
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help=f"some of {', '.join(CLAIMS)}; all if none is named")
    parser.add_argument("--pilot", action="store_true", help="run the pilot's seeds, and say how many the verdicts need")
    parser.add_argument("--write", action="store_true", help="replace the table in docs/evidence.md, or the claims' rows in it")
    options = parser.parse_args(arguments)
    if unknown := [key for key in options.claims if key not in CLAIMS]:
        parser.error(f"there is no claim {', '.join(unknown)}; there are {', '.join(CLAIMS)}")
    if options.pilot and options.write and options.claims:
        parser.error("the pilot's table is written for all claims together")
    engine = LocalEngine(Store(), worker_count(), rows=Rows.from_environment())
    try:
        results = {key: _result(engine, CLAIMS[key], options.pilot) for key in options.claims or CLAIMS}
    finally:
        engine.close()
    today = f"{datetime.date.today():%d %B %Y}"
    name, text = ("seeds", table_of_seeds(results)) if options.pilot else ("table", table(results, today))
    print(text)
    if options.write:
        command = f"{COMMAND}{' --pilot' if options.pilot else ''} --write"
        text = merged(text) if options.claims else text
        write(name, f"Made by `{command}` on {today}: {machine.in_words()}.\n\n{text}")


def _result(engine: Engine, claim: Claim, pilot: bool) -> Verdict:
    return run(engine, claim, pilot_of(claim) if pilot else claim.sweep)


if __name__ == "__main__":
    main()
