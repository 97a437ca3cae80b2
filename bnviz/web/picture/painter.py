"""Paints the picture of the two networks at one snapshot, as bnviz/web/player/painter.js does in the browser on a light page."""

from __future__ import annotations

import numpy as np

from bnviz import numerals
from bnviz.normalizers import SPECS
from bnviz.web import words
from bnviz.web.constants import MIN_LINE_OPACITY, TALL_HISTOGRAM
from bnviz.web.figures import COLOURS, arm_styles
from bnviz.web.picture.canvas import Canvas, Colour, Point, rgb
from bnviz.web.picture.places import Box, Column, Places
from bnviz.web.picture.recording_arrays import RecordingArrays

TEXT, BACKGROUND = rgb("#1F2730"), rgb("#FFFFFF")  # of the light page: .streamlit/config.toml
QUIET = rgb("#666C72")  # 68 % of it
GRID = rgb("#E0E1E3")  # 14 %
EXACT = (BACKGROUND, TEXT)  # however few colours a file has


class Painter:
    """Paints snapshots of one recording at the same places; `layer`, counted from 1, is the highlighted one."""

    def __init__(self, arrays: RecordingArrays, places: Places, layer: int):
        self.arrays, self.places, self.layer = arrays, places, layer
        self.texts = words.shared()["player"]
        self.styles = arm_styles(arrays.experiment)
        self.watched_count = len(arrays.header["watched_units"])

    def paint(self, canvas: Canvas, number: int) -> None:
        """Paint the snapshot of that number."""
        self._layers(canvas)
        for row, arm in enumerate(self.arrays.arms):
            colour = rgb(COLOURS[arm])
            self._input(canvas, row)
            self._name(canvas, arm, row, number, colour)
            for place in range(len(self.places.columns) + 1):
                self._lines(canvas, arm, row, place, number, colour)
            for column in self.places.columns:
                self._units(canvas, arm, row, column, number, colour)
                self._histogram(canvas, arm, row, column, number, colour)
            self._output(canvas, arm, row, number, colour)

    def _layers(self, canvas: Canvas) -> None:
        """The names of the layers; the highlighted one, from top to bottom."""
        places = self.places
        for layer, x, width in places.columns:
            is_chosen = layer == self.layer
            if is_chosen:
                canvas.box(Box(x - 4, 0, width + 8, places.height), TEXT, 0.09, radius=6)
                canvas.box(Box(x - 4, 0, width + 8, 20), TEXT, radius=6)
            name = str(layer) if places.slim else words.fill(self.texts["layer_number"], number=layer)
            canvas.text(x + width / 2, 15, name, 13.5, BACKGROUND if is_chosen else TEXT, weight=600, align="center")

    def _input(self, canvas: Canvas, row: int) -> None:
        places = self.places
        middle = places.input.y + row * places.pitch + places.watched.height / 2
        size = 10 if places.slim else 12
        canvas.text(places.input.x + places.input.width / 2, middle + 4, self.texts["input"], size, TEXT, align="center")

    def _name(self, canvas: Canvas, arm: str, row: int, number: int, colour: Colour) -> None:
        """What the network is called; as long as its normalizer is off it is as the other one."""
        name = self.styles[arm]["name"]
        if row and self.arrays.series[arm].normalizers[number] == "none":
            name = words.fill(self.texts["not_yet"], norm=self.styles[arm]["label"])
        y = self.places.watched.y - 6 + row * self.places.pitch
        canvas.text(0, y, name, 11 if self.places.slim else 13, colour, weight=600)

    def _lines(self, canvas: Canvas, arm: str, row: int, place: int, number: int, colour: Colour) -> None:
        """From one layer to the next: the more the lower one changes, the stronger; on them the share that passes on."""
        places, columns = self.places, self.places.columns
        start = columns[place - 1].x + columns[place - 1].width if place else places.input.right - 4
        end = columns[place].x if place < len(columns) else places.output.x + (-2 if places.slim else 4)
        layer = columns[place - 1].layer if place else 0
        top, height = places.watched.y + row * places.pitch + 2, places.watched.height + places.others.height
        for low in (0.1, 0.5, 0.9):
            for high in (0.1, 0.5, 0.9):
                ends = [(start + 1, top + low * height), (end - 1, top + high * height)]
                canvas.line(ends, colour, self._change(arm, layer, number))
        if 0 < place < len(columns) and columns[place].layer == layer + 1 and not places.slim:
            share = self.arrays.passed_on(arm, number, layer)
            box = places.passed(row, place - 1)
            label = "" if share is None else f"×{numerals.digits(share, 1 if share < 10 else 0)}"
            canvas.text(box.x + box.width / 2, box.bottom - 4, label, 11, TEXT, align="center")

    def _change(self, arm: str, layer: int, number: int) -> float:
        """How strongly a layer's change is drawn: an opacity. The input has number 0, and does not change."""
        change = self.arrays.series[arm].change[number][layer - 1] if layer else 0.0
        return (
            MIN_LINE_OPACITY + 0.75 * min(1.0, (change / self.arrays.typical_change) ** 0.5)
            if np.isfinite(change)
            else MIN_LINE_OPACITY
        )

    def _units(self, canvas: Canvas, arm: str, row: int, column: Column, number: int, colour: Colour) -> None:
        """Units as squares, those with numbers of their own as discs: the farther each has moved, the stronger its colour."""
        lost = self.arrays.series[arm].diverged[number]
        for unit, strength in enumerate(self.arrays.strength(arm, number)[column.layer - 1]):
            box = self.places.unit(row, column, unit, self.watched_count)
            if not box.width:
                break
            if lost or not np.isfinite(strength):
                _hollow(canvas, box, unit < self.watched_count)
            else:
                _filled(canvas, box, unit < self.watched_count, TEXT, 0.12)
                _filled(canvas, box, unit < self.watched_count, colour, float(strength))

    def _histogram(self, canvas: Canvas, arm: str, row: int, column: Column, number: int, colour: Colour) -> None:
        """What a layer hands on: density, the values of exactly 0 as a bar beside it, dotted the untrained one."""
        series, layer = self.arrays.series[arm], column.layer - 1
        box = self.places.histogram_of(row, column)
        inside = box
        canvas.box(Box(box.x, box.bottom, box.width, 1), GRID)
        if self.arrays.has_atom:
            bar = self.places.zeros(row, column)
            inside = Box(bar.right + 2, box.y, box.width - bar.width - 2, box.height)
            high = bar.height * float(series.zeros[number][layer])
            share = Box(bar.x, bar.bottom - high, bar.width, high)
            canvas.box(share, colour, 0.3)
            canvas.frame(share, colour, thick=1.5)
        outline = self._outline(series.heights[number][layer], inside)
        canvas.area(outline, colour, 0.3)
        canvas.line(outline, colour, thick=1.5)
        canvas.dots(self._outline(series.heights[0][layer], inside), TEXT, 0.75)
        self._labels(canvas, box, inside, column.layer, row)

    def _labels(self, canvas: Canvas, box: Box, inside: Box, layer: int, row: int) -> None:
        """What is counted, and below the lower network the ends of the axis."""
        slim = box.width < 90
        is_chosen = layer == self.layer
        size, weight = 10 if slim else 13, 700 if is_chosen else 400
        canvas.text(box.right, box.y + (30 if slim else 32), self.tap(layer), size, TEXT, weight=weight, align="right")
        if row != 1:
            return
        low, high = self.arrays.range
        zero = max(low, 0.0)
        canvas.text(box.right, box.bottom + 11, numerals.two_digits(high), 10, QUIET, align="right")
        at = inside.x + inside.width * (zero - low) / (high - low)
        canvas.text(at, box.bottom + 11, numerals.digits(zero, 0), 10, QUIET, align="center")

    def tap(self, layer: int) -> str:
        """A signal as the lecture writes it."""
        if self.arrays.tap == "normalized":
            return words.fill(self.texts["normalized_of"], layer=layer, symbol=SPECS[self.arrays.arms[1]].symbol)
        return f"{'z' if self.arrays.tap == 'linear' else 'a'}[{layer}]"

    def _outline(self, heights: np.ndarray, box: Box) -> list[Point]:
        """A density as an outline that begins and ends on the axis; all histograms have the same axes."""
        low, high = self.arrays.range
        middles = (self.arrays.edges[:-1] + self.arrays.edges[1:]) / 2
        visible = (low <= middles) & (middles <= high)
        across = box.x + box.width * (middles[visible] - low) / (high - low)
        up = box.bottom - box.height * np.minimum(1, TALL_HISTOGRAM * heights[visible] / self.arrays.peak)
        if not len(across):
            return []
        return [(float(across[0]), box.bottom), *zip(across.tolist(), up.tolist(), strict=True), (box.right, box.bottom)]

    def _output(self, canvas: Canvas, arm: str, row: int, number: int, colour: Colour) -> None:
        """What the network has learnt so far."""
        places = self.places
        x = places.output.x + places.output.width / 2
        middle = places.output.y + row * places.pitch + (places.watched.height + places.others.height) / 2
        score, label = self.scored(arm, number)
        canvas.text(x, middle + 4, score, 12 if places.slim else 20, colour, weight=700, align="center")
        canvas.text(x, middle + (16 if places.slim else 20), label, 9 if places.slim else 11, TEXT, align="center")

    def scored(self, arm: str, number: int) -> tuple[str, str]:
        """A network's score at a snapshot, and what it is called: the share of right answers, or the loss."""
        if self.arrays.series[arm].diverged[number]:
            return "×", self.texts["output_lost"]
        accuracy, loss = self.arrays.score(arm, number)
        if accuracy is None:
            return numerals.digits(loss, numerals.LOSS_PLACES), self.texts["output_loss"]
        return numerals.percent(accuracy), self.texts["output_right"]


def _filled(canvas: Canvas, box: Box, disc: bool, colour: Colour, opacity: float) -> None:
    inset = 1 if box.width > 5 else 0.5
    if disc:
        canvas.disc(box.x + box.width / 2, box.y + box.height / 2, box.width / 2 - inset, colour, opacity)
    else:
        canvas.box(box.inside(inset), colour, opacity)


def _hollow(canvas: Canvas, box: Box, disc: bool) -> None:
    """A unit without any finite value left."""
    if disc:
        canvas.disc(box.x + box.width / 2, box.y + box.height / 2, box.width / 2 - 1.5, TEXT, 0.35, ring=1)
    else:
        canvas.frame(box.inside(1.5), TEXT, 0.35)
