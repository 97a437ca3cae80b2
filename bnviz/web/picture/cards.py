"""The lessons' own cards, for previews of links whose run is not at hand: `make cards` draws them anew.

Each shows the default run of its lesson; a lesson with a sweep has its words alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bnviz.engine import worker
from bnviz.lessons import LESSONS, SWEEPING
from bnviz.web import words
from bnviz.web.export import picture
from bnviz.web.export.saved_page import page_of
from bnviz.web.picture.card import words_alone

PACKAGE = Path(__file__).parents[2]
SHARE = 0.5  # of the run: how far it has come


def path_of(lesson: str) -> Path:
    return PACKAGE / "lessons" / lesson / "card.png"


def drawn(lesson: str) -> bytes:
    """The PNG of a lesson; trains its default run."""
    if lesson in SWEEPING:
        said = words.catalogue(lesson)
        return words_alone(said["title"], said["claim"])
    default = page_of(lesson).default
    recording = b"".join(line for line in worker.record(default) if line)
    return picture.still(lesson, recording, {"step": str(round(SHARE * default.steps))})


def main() -> None:
    """Draw those that are named, or all."""
    for lesson in sys.argv[1:] or LESSONS:
        path_of(lesson).write_bytes(drawn(lesson))


if __name__ == "__main__":
    main()
