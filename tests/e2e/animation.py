"""The animation in the README: the page at /, a frame for each snapshot, while batch norm is switched on in mid-run.

`python -m tests.e2e.animation docs/front-page.gif` records it anew. No frame depends on how fast the machine is.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from bnviz.web.picture.animation import gif
from tests.e2e.lab import Lab, launch, serve

SETTINGS = {"batch_norm_from": 100, "steps": 200, "charts": "front"}
SIZE = {"width": 1300, "height": 960}
SHRINK = 1.3  # pixels of the page to one of the animation
DRAWN = "d.state !== 'playing' && p.querySelector('.bnviz-scrub').value === '{index}'"
SEEK = """(index) => {
  const scrub = document.querySelector('.bnviz-scrub');
  scrub.value = index;
  scrub.dispatchEvent(new Event('input'));
}"""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"


def frames(lab: Lab) -> Iterator[Image.Image]:
    """The page at every second snapshot."""
    last = int(lab.page.get_attribute(".bnviz-scrub", "max"))
    for index in [*range(0, last, 2), last]:
        lab.page.evaluate(SEEK, str(index))
        lab.wait(DRAWN.format(index=index))
        lab.page.evaluate(PAINTED)
        picture = Image.open(io.BytesIO(lab.page.screenshot())).convert("RGB")
        yield picture.resize((round(picture.width / SHRINK), round(picture.height / SHRINK)), Image.Resampling.LANCZOS)


def main(path: Path) -> None:
    with serve() as server, sync_playwright() as playwright, launch(playwright) as browser:
        lab = Lab(browser.new_page(viewport=SIZE), server)
        lab.open(**SETTINGS).trained()
        path.write_bytes(gif(list(frames(lab))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
