"""Paints the picture of users' own networks at one snapshot: a strip of all layers, and a window of some.

strip     a cell for each layer and network, coloured by how far the layer has moved since the snapshot before
window    a row for each network, a column for each of a few layers: units on top, their histogram below them; layers are named
          once above their column, or in every row where networks call them differently
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bnviz import numerals
from bnviz.web import words
from bnviz.web.constants import TALL_HISTOGRAM
from bnviz.web.picture.canvas import Canvas, Colour, Point
from bnviz.web.picture.card import shorten
from bnviz.web.picture.own_arrays import OwnArrays, OwnSeries
from bnviz.web.picture.own_layers import module_name
from bnviz.web.picture.painter import GRID, QUIET, TEXT
from bnviz.web.picture.places import Box

MOST_COLUMNS = 5
SIDE, GAP, CELL = 130, 28, 12  # pixels: names of networks, between columns, the height of a cell of the strip
SCORED_SIDE, NAME = 236, 24  # pixels: names of networks with what they have learnt, the height of a layer's name
SCORE_SIZE, SCORE_GAP = 13, 9  # pixels: letters of what a network has learnt, and between its columns
UNITS = 30  # pixels: the height of a layer's units
MOST_DOTS = 66  # units of a layer that are drawn
LOST = (0xC6, 0x28, 0x28)  # of a layer with values that are not finite


class OwnPainter:
    """Paints snapshots of one recording at the same places; `layer`, counted from 1, is the highlighted one."""

    def __init__(self, arrays: OwnArrays, layer: int, texts: Mapping[str, str], colours: Mapping[str, Colour], size: Point):
        self.arrays, self.layer, self.texts, self.colours = arrays, layer, texts, colours
        self.width, self.height = size
        self.columns = arrays.window(layer, MOST_COLUMNS)
        self.side = SCORED_SIDE if any(_is_scored(series) for series in arrays.series.values()) else SIDE
        self.names_differ = len({self._names(arm) for arm in arrays.arms}) > 1
        self._ranges = {number: arrays.range(number) for number in self.columns}
        self._peaks = {number: arrays.peak(number) for number in self.columns}

    def paint(self, canvas: Canvas, number: int) -> None:
        """Paint the snapshot of that number."""
        strip = CELL * len(self.arrays.arms)
        top = strip + 38 - (NAME if self.names_differ else 0)
        row_height = (self.height - top) / len(self.arrays.arms)
        for row, arm in enumerate(self.arrays.arms):
            self._strip(canvas, self.arrays.series[arm], row * CELL, number, self.colours[arm])
            self._row(canvas, arm, Box(0, top + row * row_height, self.width, row_height), number)
        if not self.names_differ:
            self._heads(canvas, self.arrays.arms[0], strip + 26)
        self._mark(canvas, strip)

    def _row(self, canvas: Canvas, arm: str, row: Box, number: int) -> None:
        """A network: what it is called and has learnt, and the layers of the window."""
        colour, step, head = self.colours[arm], self._step(), NAME if self.names_differ else 0
        self._arm(canvas, arm, row.y + head, number, colour)
        if head:
            self._heads(canvas, arm, row.y + head - 12)
        for place, layer in enumerate(self.columns):
            box = Box(self.side + place * step, row.y + head, step - GAP, row.height - 18 - head)
            self._layer(canvas, self.arrays.series[arm], layer, box, number, colour)

    def _step(self) -> float:
        """From column to column."""
        return (self.width - self.side) / len(self.columns)

    def _names(self, arm: str) -> tuple[str, ...]:
        """What a network calls the layers of the window."""
        return tuple(layer_name(self.arrays.arm_layers[arm][layer - 1], self.texts) for layer in self.columns)

    def _strip(self, canvas: Canvas, series: OwnSeries, y: float, number: int, colour: Colour) -> None:
        """How far each layer has moved; a red frame where values are not finite."""
        step = self.width / len(self.arrays.layers)
        for place in range(len(self.arrays.layers)):
            box = Box(place * step, y, step - 1, CELL - 1)
            moved = series.step[number, place]
            canvas.box(box, GRID, 0.5)
            canvas.box(box, colour, min(1.0, moved / self.arrays.far) if np.isfinite(moved) else 0.0)
            if series.lost[number, place]:
                canvas.frame(box, LOST, thick=2)

    def _mark(self, canvas: Canvas, height: float) -> None:
        """Which layers of the strip are in the window."""
        step = self.width / len(self.arrays.layers)
        if len(self.columns) < len(self.arrays.layers):
            canvas.frame(Box(self.columns[0] * step - step - 1, -2, step * len(self.columns) + 1, height + 3), TEXT, 0.6)

    def _heads(self, canvas: Canvas, arm: str, y: float) -> None:
        """The names of layers, each above its column."""
        for place, (layer, name) in enumerate(zip(self.columns, self._names(arm), strict=True)):
            weight, step = 700 if layer == self.layer else 400, self._step()
            canvas.text(self.side + place * step, y, shorten(canvas, name, 15, step - GAP, weight), 15, TEXT, weight=weight)

    def _arm(self, canvas: Canvas, arm: str, y: float, number: int, colour: Colour) -> None:
        """What a network is called, and what it has learnt so far."""
        canvas.text(0, y + 16, shorten(canvas, arm, 16, self.side - 14, 700), 16, colour, weight=700)
        rows = scores_told(self.arrays.series[arm], number, self.texts)
        x = 0.0
        for column in zip(*rows, strict=True):
            for place, text in enumerate(column):
                canvas.text(x, y + 38 + 18 * place, text, SCORE_SIZE, TEXT if place else QUIET)
            x += max(canvas.width_of(text, SCORE_SIZE) for text in column) + SCORE_GAP

    def _layer(self, canvas: Canvas, series: OwnSeries, layer: int, box: Box, number: int, colour: Colour) -> None:
        """A layer: its units, and the histogram of all of their values, dotted that of the untrained network."""
        self._units(canvas, series, layer, box._replace(height=UNITS), number, colour)
        inside = Box(box.x, box.y + UNITS + 4, box.width, box.height - UNITS - 4)
        canvas.box(Box(inside.x, inside.bottom, inside.width, 1), GRID)
        if series.lost[number, layer - 1]:
            canvas.frame(inside, LOST, thick=1.5)
        outline = self._outline(series.heights[number, layer - 1], layer, inside)
        canvas.area(outline, colour, 0.3)
        canvas.line(outline, colour, thick=1.5)
        canvas.dots(self._outline(series.heights[0, layer - 1], layer, inside), TEXT, 0.75)
        low, high = self._ranges[layer]
        canvas.text(inside.x, inside.bottom + 12, shown(low), 10, QUIET)
        canvas.text(inside.right, inside.bottom + 12, shown(high), 10, QUIET, align="right")

    def _units(self, canvas: Canvas, series: OwnSeries, layer: int, box: Box, number: int, colour: Colour) -> None:
        """Units as dots: the farther each has moved since the snapshot before, the stronger."""
        count = min(MOST_DOTS, len(self.arrays.layers[layer - 1]["units"]))
        columns = max(1, min(count, math.ceil(math.sqrt(count * box.width / box.height))))
        pitch = min(box.width / columns, box.height / math.ceil(count / columns), 12)
        for unit in range(count):
            x, y = box.x + (unit % columns + 0.5) * pitch, box.y + (unit // columns + 0.5) * pitch
            moved = series.motion[number, layer - 1, unit]
            if np.isfinite(moved):
                canvas.disc(x, y, 0.4 * pitch, colour, 0.12 + 0.88 * min(1.0, moved / (2 * self.arrays.far)))
            canvas.disc(x, y, 0.4 * pitch, colour, 0.4, ring=0.7)

    def _outline(self, heights: np.ndarray, layer: int, box: Box) -> list[Point]:
        """A density as an outline that begins and ends on the axis."""
        (low, high), edges = self._ranges[layer], self.arrays.edges[layer - 1]
        middles = (edges[:-1] + edges[1:]) / 2
        visible = (low <= middles) & (middles <= high) & np.isfinite(heights)
        if not visible.any():
            return []
        across = box.x + box.width * (middles[visible] - low) / (high - low)
        up = box.bottom - box.height * np.minimum(1, TALL_HISTOGRAM * heights[visible] / self._peaks[layer])
        return [(float(across[0]), box.bottom), *zip(across.tolist(), up.tolist(), strict=True), (box.right, box.bottom)]


def _is_scored(series: OwnSeries) -> bool:
    """Whether there is a loss or an accuracy to tell, at any snapshot."""
    return any(np.isfinite(values).any() for scores in series.scores.values() for values in scores.values())


def scores_told(series: OwnSeries, number: int, texts: Mapping[str, str]) -> list[list[str]]:
    """The loss and the accuracy of a network at a snapshot, as rows of a table with a column for each view that was measured.
    The first row names the views. Nothing if nothing was measured."""
    written = {"loss": numerals.two_digits, "accuracy": numerals.percent}
    known = {view: {name: scores[name][number] for name in written} for view, scores in series.scores.items()}
    views = [view for view, scores in known.items() if np.isfinite([*scores.values()]).any()]
    rows = [
        [texts[name], *(write(known[view][name]) if np.isfinite(known[view][name]) else "" for view in views)]
        for name, write in written.items()
    ]
    told = [row for row in rows if any(row[1:])]
    return [["", *(texts[f"in_{view}"] for view in views)], *told] if told else []


def layer_name(layer: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    """A layer's name in words."""
    return words.fill(texts["module"], name=module_name(layer))


def shown(value: float) -> str:
    """An end of an axis."""
    return numerals.two_digits(value) if 1e-3 <= abs(value) < 1e4 else f"{value:.1e}" if value else "0"
