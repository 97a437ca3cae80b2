"""A picture of one step of a run to be shared: what it is, the two networks at that step, and the numbers of both."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from bnviz import numerals
from bnviz.config.experiment import Experiment
from bnviz.web import words
from bnviz.web.figures import COLOURS
from bnviz.web.picture import HEIGHT, WIDTH
from bnviz.web.picture.canvas import Canvas, Colour, few_colours, rgb
from bnviz.web.picture.painter import BACKGROUND, EXACT, QUIET, TEXT, Painter
from bnviz.web.picture.places import Box, Places, arrange
from bnviz.web.picture.recording_arrays import RecordingArrays
from bnviz.web.site import live_edits

MARGIN = 44
SCALES = (1.15, 1.1, 1.05, 1.0, 0.95, 0.9)  # of the networks: the first one that fits, for letters are read on small previews
PICTURE, FOOT = 134, 566  # where the networks begin, and where they have to end
LINES = 8  # of words, where there is no picture
COLOURS_KEPT = 128  # of a picture with few colours and their shades


def card(arrays: RecordingArrays, number: int, title: str, usual: Experiment, layer: int) -> bytes:
    """The PNG of the snapshot of that number; `usual` is what the settings are compared with, `layer` the highlighted one."""
    canvas = Canvas(WIDTH, HEIGHT, BACKGROUND)
    layer = min(layer, arrays.header["hidden_layers"])
    places, scale = fit(arrays, layer)
    painter = Painter(arrays, places, layer)
    painter.paint(canvas.translate(MARGIN, PICTURE).scale(scale), number)
    _head(canvas, title, settings(arrays.experiment, usual), step_of(arrays, number))
    _line(canvas, HEIGHT - 36, shift_sentence(painter, number))
    return png(canvas.finished())


def fit(arrays: RecordingArrays, layer: int) -> tuple[Places, float]:
    """The places of the networks, and how large to draw them so that there is room for them."""
    tried = ((place_networks(arrays, (WIDTH - 2 * MARGIN) / scale, layer), scale) for scale in SCALES)
    return next((places, scale) for places, scale in tried if PICTURE + places.height * scale <= FOOT)


def place_networks(arrays: RecordingArrays, width: float, layer: int) -> Places:
    """The places of the networks of a arrays in that width."""
    return arrange(width, arrays.header["hidden_layers"], arrays.experiment.width, len(arrays.header["watched_units"]), layer)


def words_alone(title: str, text: str) -> bytes:
    """The PNG of a page without such a picture: its title and its first words."""
    canvas, room = Canvas(WIDTH, HEIGHT, BACKGROUND), WIDTH - 2 * MARGIN
    for place, arm in enumerate(("none", "batch")):
        canvas.box(Box(MARGIN + place * room / 2, MARGIN, room / 2, 8), rgb(COLOURS[arm]))
    canvas.text(MARGIN, 150, shorten(canvas, title, 60, room, 700), 60, TEXT, weight=700)
    for place, line in enumerate(wrap(canvas, text, 30, room)[:LINES]):
        canvas.text(MARGIN, 225 + 44 * place, line, 30, TEXT)
    canvas.text(MARGIN, HEIGHT - MARGIN, words.shared()["frame"]["title"], 24, QUIET)
    return png(canvas.finished())


def wrap(canvas: Canvas, text: str, size: float, width: float) -> list[str]:
    """A text in lines that are no wider."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if canvas.width_of(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _head(canvas: Canvas, title: str, settings: str, step: str) -> None:
    """Two rows: at their left what it is, at their right whose and when."""
    right, brand = WIDTH - MARGIN, words.shared()["frame"]["title"]
    room = right - MARGIN - 40
    canvas.text(right, 70, brand, 22, QUIET, align="right")
    canvas.text(MARGIN, 72, shorten(canvas, title, 42, room - canvas.width_of(brand, 22), 700), 42, TEXT, weight=700)
    canvas.text(right, 112, step, 24, TEXT, weight=600, align="right")
    canvas.text(MARGIN, 112, shorten(canvas, settings, 24, room - canvas.width_of(step, 24, 600)), 24, QUIET)


def _line(canvas: Canvas, y: float, parts: Sequence[tuple[str, Colour]]) -> None:
    """Words in several colours, one after another."""
    x = float(MARGIN)
    for text, colour in parts:
        weight = 400 if colour == TEXT else 600
        canvas.text(x, y, text, 22, colour, weight=weight)
        x += canvas.width_of(text, 22, weight)


def shift_sentence(painter: Painter, number: int) -> list[tuple[str, Colour]]:
    """How far the highlighted layer has moved in both networks; what an arm's name says is in its colour."""
    arrays, layer = painter.arrays, painter.layer
    parts = [(words.fill(words.shared()["picture"]["moved"][arrays.motion], name=painter.tap(layer)) + " ", TEXT)]
    for place, arm in enumerate(arrays.arms):
        series = arrays.series[arm]
        shift = sigmas((series.change if arrays.motion == "example" else series.shift)[number][layer - 1])
        parts += [(f"{', ' if place else ''}{painter.styles[arm]['name']} ", TEXT), (shift, rgb(COLOURS[arm]))]
    return parts


def settings(experiment: Experiment, usual: Experiment) -> str:
    """What is not as usual, in words."""
    if experiment == usual:
        return words.shared()["picture"]["usual"]
    differences = live_edits.differences(experiment, usual)
    return differences[:1].upper() + differences[1:]


def step_of(arrays: RecordingArrays, number: int) -> str:
    return words.fill(words.shared()["player"]["position"], step=arrays.steps[number], total=arrays.header["total_steps"])


def sigmas(value: float) -> str:
    """As the player writes it (words.js)."""
    if not abs(value) < float("inf"):
        return words.shared()["picture"]["not_finite"]
    return f"{numerals.two_digits(value)} σ"


def shorten(canvas: Canvas, text: str, size: float, width: float, weight: int = 400) -> str:
    """As much of a text as there is room for."""
    if canvas.width_of(text, size, weight) <= width:
        return text
    length = next(n for n in range(len(text) - 1, -1, -1) if canvas.width_of(text[:n] + "…", size, weight) <= width or not n)
    return text[:length].rstrip(" ,") + "…"


def png(image: Image.Image) -> bytes:
    """A PNG of few colours: a third of the bytes, without a visible difference."""
    file = io.BytesIO()
    few_colours(image, COLOURS_KEPT, EXACT).save(file, "PNG", optimize=True)
    return file.getvalue()
