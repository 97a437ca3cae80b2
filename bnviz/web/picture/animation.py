"""A run as a moving picture for slides: the two networks from the first step to the last, as a GIF."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from bnviz.web import words
from bnviz.web.picture.canvas import Canvas, few_colours
from bnviz.web.picture.card import place_networks, shorten, step_of
from bnviz.web.picture.painter import BACKGROUND, EXACT, GRID, TEXT, Painter
from bnviz.web.picture.places import Box
from bnviz.web.picture.recording_arrays import RecordingArrays

WIDTH, MARGIN = 1000, 12  # pixels
HEAD = 44  # above the networks
FRAMES = 80  # at most; a run that has more snapshots leaves some out
FRAME_MS, LAST_MS = 110, 2500  # how long each is seen
COLOURS_KEPT = 96


def animation(arrays: RecordingArrays, title: str, layer: int) -> bytes:
    """The GIF of a whole run; `layer` is the highlighted one."""
    return gif(list(_frames(arrays, title, layer)))


def gif(frames: list[Image.Image]) -> bytes:
    """The GIF of these pictures; the last one stays longer."""
    palette = _palette(frames)
    first, *others = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    file = io.BytesIO()
    times = [FRAME_MS] * len(others) + [LAST_MS]
    first.save(file, "GIF", save_all=True, append_images=others, duration=times, loop=0, optimize=True)
    return file.getvalue()


def _frames(arrays: RecordingArrays, title: str, layer: int) -> Iterator[Image.Image]:
    layer, room = min(layer, arrays.header["hidden_layers"]), WIDTH - 2 * MARGIN
    title = words.fill(words.shared()["picture"]["title"][arrays.motion], title=title)
    places = place_networks(arrays, room, layer)
    painter = Painter(arrays, places, layer)
    for number in frame_numbers(len(arrays)):
        canvas = Canvas(WIDTH, round(places.height) + HEAD + 6, BACKGROUND).translate(MARGIN, 0)
        head(canvas, title, step_of(arrays, number), room, arrays.steps[number] / max(1, arrays.header["total_steps"]))
        painter.paint(canvas.translate(0, HEAD), number)
        yield canvas.finished()


def head(canvas: Canvas, title: str, step: str, room: float, share: float) -> None:
    """What a frame is of, its step, and a bar that says which share of the run is over."""
    canvas.text(room, 24, step, 16, TEXT, weight=600, align="right")
    canvas.text(0, 24, shorten(canvas, title, 18, room - 40 - canvas.width_of(step, 16, 600), 700), 18, TEXT, weight=700)
    canvas.box(Box(0, 34, room, 3), GRID)
    canvas.box(Box(0, 34, room * share, 3), TEXT)


def frame_numbers(count: int) -> list[int]:
    """The numbers of the snapshots that are shown: at even distances, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, FRAMES)).round().astype(int)).tolist()


def _palette(frames: list[Image.Image]) -> Image.Image:
    """One set of colours for all frames, from a few of them: unchanged parts then need not be stored again."""
    few = [frames[round(place)] for place in np.linspace(0, len(frames) - 1, 4)]
    width, height = few[0].size
    sheet = Image.new("RGB", (width, height * len(few)))
    for place, frame in enumerate(few):
        sheet.paste(frame, (0, place * height))
    return few_colours(sheet, COLOURS_KEPT, EXACT)
