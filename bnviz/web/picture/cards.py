"""The lessons' own cards, for previews of links whose run is not in the cache: `make cards` draws those that are out of date.

Each shows the default run of its lesson; a lesson with a sweep, and the page of people's own networks, have their words alone. A
card names what it was drawn of, in a text chunk of the PNG. So it is drawn again when that has changed, and not because another
processor rounds differently: training amplifies such differences until they show. Cards that are named in the arguments are
drawn in any case.
"""

from __future__ import annotations

import hashlib
import sys
import zlib
from pathlib import Path

from bnviz.engine import worker
from bnviz.lessons import LESSONS, SWEEPING
from bnviz.web.export import picture
from bnviz.web.export.saved_page import page_of
from bnviz.web.picture.card import words_alone
from bnviz.web.picture.texts import OWN, texts_of

PACKAGE = Path(__file__).parents[2]
WITHOUT_RUN = {*SWEEPING, OWN}  # pages whose card has words alone
SHARE = 0.5  # of the run: the step of the card
_HEADER_BYTES = 33  # of a PNG: its signature and the chunk IHDR, after which other chunks may come


def path_of(page: str) -> Path:
    """Of a lesson, or of OWN."""
    return PACKAGE / ("web/own" if page == OWN else f"lessons/{page}") / "card.png"


def draw(lesson: str) -> bytes:
    """The PNG of a lesson, whose default run is trained, or of OWN."""
    if lesson in WITHOUT_RUN:
        png = words_alone(*texts_of(lesson))
    else:
        default = page_of(lesson).default
        recording = b"".join(line for line in worker.record(default) if line)
        png = picture.still(lesson, recording, {"step": str(round(SHARE * default.steps))})
    return png[:_HEADER_BYTES] + source_chunk(lesson) + png[_HEADER_BYTES:]


def source_chunk(lesson: str) -> bytes:
    """The chunk tEXt (PNG specification, 11.3.4.3) that names what the lesson's card is drawn of: its run and its words."""
    run = "" if lesson in WITHOUT_RUN else page_of(lesson).default.id
    source = hashlib.sha256("\n".join([run, *texts_of(lesson)]).encode()).hexdigest()
    body = b"tEXtSource\0" + source.encode()
    return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def is_current(lesson: str) -> bool:
    """Whether the lesson's card is there and was drawn of what it would be drawn of now."""
    path = path_of(lesson)
    return path.exists() and source_chunk(lesson) in path.read_bytes()


def main(lessons: list[str]) -> None:
    """Write the cards of these lessons, or all that are out of date."""
    for lesson in lessons or [lesson for lesson in (*LESSONS, OWN) if not is_current(lesson)]:
        path_of(lesson).write_bytes(draw(lesson))


if __name__ == "__main__":
    main(sys.argv[1:])
