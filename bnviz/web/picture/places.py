"""The places of everything in the picture of the two networks, in pixels: bnviz/web/player/geometry.js for Python.

input | layer 1 | layer 2 | … | output      the same columns for both networks, one network a row;
                                            in a column the units on top, their common histogram below them
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from bnviz.web.constants import MIN_COLUMN_WIDTH, NARROW_PICTURE, PASSED_HEIGHT, ZEROS_WIDTH


class Box(NamedTuple):
    """A rectangle; y counts down."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def inside(self, inset: float) -> Box:
        """The box without its edge."""
        return Box(self.x + inset, self.y + inset, self.width - 2 * inset, self.height - 2 * inset)


class Column(NamedTuple):
    """A hidden layer, counted from 1, and its place."""

    layer: int
    x: float
    width: float


class Grid(NamedTuple):
    """Squares of so many pixels, so many in a row."""

    columns: int
    size: float


@dataclass(frozen=True)
class Places:
    """All places. Boxes are those of the first network, and of a column at x = 0; the second network is `pitch` further down."""

    width: float
    height: float
    slim: bool
    columns: tuple[Column, ...]
    pitch: float
    watched: Box
    others: Box
    histogram: Box
    watched_grid: Grid
    others_grid: Grid
    input: Box
    output: Box

    def unit(self, row: int, column: Column, unit: int, watched: int) -> Box:
        """The square of a unit, counted from 0, in the network number `row`; the first `watched` ones are on top."""
        first = unit < watched
        columns, size = self.watched_grid if first else self.others_grid
        place = unit if first else unit - watched
        box = self.watched if first else self.others
        x = column.x + (column.width - columns * size) / 2 + (place % columns) * size
        return Box(x, box.y + row * self.pitch + place // columns * size, size, size)

    def histogram_of(self, row: int, column: Column) -> Box:
        return Box(column.x, self.histogram.y + row * self.pitch, column.width, self.histogram.height)

    def zeros(self, row: int, column: Column) -> Box:
        """The bar of values that are exactly 0, as high as it would be if all were."""
        box = self.histogram_of(row, column)
        return box._replace(width=ZEROS_WIDTH * box.width)

    def passed(self, row: int, place: int) -> Box:
        """Between the column number `place` and the next one: lines, and at the bottom the number that says what passes on."""
        left = self.columns[place].x + self.columns[place].width
        height = self.watched.height + self.others.height + PASSED_HEIGHT
        return Box(left, self.watched.y + row * self.pitch, self.columns[place + 1].x - left, height)


def arrange(width: float, layers: int, units: int, watched: int, focus: int) -> Places:
    """Places in a picture of that width, of networks of so many layers and units; `focus` must be among the layers on show."""
    slim = width < NARROW_PICTURE
    side, gap, header = (42, 9, 18) if slim else (84, 40, 22)
    layers_shown = evenly_spaced(layers, max(2, math.floor((width - 2 * side) / (MIN_COLUMN_WIDTH + gap))), focus)
    step = (width - 2 * side) / len(layers_shown)
    column = step - gap
    top = header + 20  # below the names of layers, and of the first network
    watched_grid = _grid(watched, column, 2 if column < 110 else 1, 18)
    watched_box = Box(0, top, column, math.ceil(watched / watched_grid.columns) * watched_grid.size)
    others = Box(0, watched_box.bottom + 3, column, 26 if slim else 36)
    histogram = Box(0, others.bottom + 4, column, 58 if slim else 84)
    pitch = histogram.bottom - header + 10
    side_box = Box(0, top, side - 8, histogram.bottom - top)
    return Places(
        width=width,
        height=histogram.bottom + pitch + 14,
        slim=slim,
        columns=tuple(Column(layer, side + place * step + gap / 2, column) for place, layer in enumerate(layers_shown)),
        pitch=pitch,
        watched=watched_box,
        others=others,
        histogram=histogram,
        watched_grid=watched_grid,
        others_grid=_filling(units - watched, column, others.height),
        input=side_box,
        output=side_box._replace(x=width - side + 8),
    )


def evenly_spaced(count: int, most: int, focus: int) -> list[int]:
    """At most `most` of the layers 1…count at even distances, `focus` among them."""
    if count <= most:
        return list(range(1, count + 1))
    layers = [1 + math.floor(place * (count - 1) / (most - 1) + 0.5) for place in range(most)]
    if focus not in layers:
        layers[min(range(most), key=lambda place: abs(layers[place] - focus))] = focus
    return layers


def _grid(count: int, width: float, lines: int, most: float) -> Grid:
    """So many squares in so many rows, no larger than `most` pixels."""
    columns = math.ceil(count / lines)
    return Grid(columns, min(most, width / columns))


def _filling(count: int, width: float, height: float) -> Grid:
    """The largest squares with which so many fill a box."""
    if count < 1:
        return Grid(1, 0)
    columns = max(1, math.ceil(math.sqrt(count * width / height)))
    while math.ceil(count / columns) * (width / columns) > height + 1e-9:
        columns += 1
    return Grid(columns, width / columns)
