"""A canvas in the units of a picture, with smooth edges by supersampling."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from PIL import Image, ImageColor, ImageDraw

from bnviz.web.picture import letters
from bnviz.web.picture.places import Box

SUPERSAMPLING = 2  # in each direction
TOLERANCE = 8  # of 255: Pillow looks up the nearest of few colours no finer than that
Point = tuple[float, float]
Colour = tuple[int, int, int]
ANCHORS = {"left": "ls", "center": "ms", "right": "rs"}  # Pillow's words for it, on the base line


class Canvas:
    """A picture of `width` × `height` pixels. Lengths are in units of `scale` pixels."""

    def __init__(self, width: int, height: int, background: Colour, scale: float = 1.0):
        self.factor = scale * SUPERSAMPLING
        self._image = Image.new("RGB", (width * SUPERSAMPLING, height * SUPERSAMPLING), background)
        self._draw = ImageDraw.Draw(self._image, "RGBA")  # colours with an opacity are mixed with what is below
        self._origin = (0.0, 0.0)

    def translate(self, x: float, y: float) -> Canvas:
        """The same picture, with its origin there."""
        other = object.__new__(Canvas)
        other.__dict__.update(self.__dict__, _origin=(self._origin[0] + x, self._origin[1] + y))
        return other

    def scale(self, scale: float) -> Canvas:
        """The same picture, with units of so many pixels from its origin on."""
        other = object.__new__(Canvas)
        ratio = self.factor / (scale * SUPERSAMPLING)
        other.__dict__.update(
            self.__dict__, factor=scale * SUPERSAMPLING, _origin=(self._origin[0] * ratio, self._origin[1] * ratio)
        )
        return other

    def finished(self) -> Image.Image:
        """The picture at its final size."""
        return self._image.reduce(SUPERSAMPLING)

    def _at(self, points: Iterable[Point]) -> list[Point]:
        left, top = self._origin
        return [((x + left) * self.factor, (y + top) * self.factor) for x, y in points]

    def box(self, box: Box, colour: Colour, opacity: float = 1.0, radius: float = 0) -> None:
        """A filled rectangle."""
        (left, top), (right, bottom) = self._at([(box.x, box.y), (box.right, box.bottom)])
        if right - left < 1 or bottom - top < 1:
            return
        left, top, right, bottom = (math.floor(place + 0.5) for place in (left, top, right, bottom))
        corners = (left, top, right - 1, bottom - 1)  # Pillow draws the last row and column, too
        if radius:
            self._draw.rounded_rectangle(corners, radius * self.factor, fill=mixed(colour, opacity))
        else:
            self._draw.rectangle(corners, fill=mixed(colour, opacity))

    def frame(self, box: Box, colour: Colour, opacity: float = 1.0, thick: float = 1.0) -> None:
        """An empty rectangle."""
        (left, top), (right, bottom) = self._at([(box.x, box.y), (box.right, box.bottom)])
        if right - left >= 1 and bottom - top >= 1:
            lines = max(1, round(thick * self.factor))
            self._draw.rectangle((left, top, right, bottom), outline=mixed(colour, opacity), width=lines)

    def disc(self, x: float, y: float, radius: float, colour: Colour, opacity: float = 1.0, ring: float = 0) -> None:
        """A filled circle round a point, or a ring so thick."""
        ((left, top),) = self._at([(x, y)])
        reach = radius * self.factor
        corners = (left - reach, top - reach, left + reach, top + reach)
        if ring:
            self._draw.ellipse(corners, outline=mixed(colour, opacity), width=max(1, round(ring * self.factor)))
        else:
            self._draw.ellipse(corners, fill=mixed(colour, opacity))

    def line(self, points: Sequence[Point], colour: Colour, opacity: float = 1.0, thick: float = 1.0) -> None:
        """A line from point to point."""
        if len(points) < 2:
            return
        self._draw.line(self._at(points), fill=mixed(colour, opacity), width=max(1, round(thick * self.factor)), joint="curve")

    def dots(self, points: Sequence[Point], colour: Colour, opacity: float, on: float = 1.5, off: float = 2.5) -> None:
        """A dotted line from point to point."""
        for piece in dashes(points, on, off):
            self.line(piece, colour, opacity)

    def area(self, points: Sequence[Point], colour: Colour, opacity: float = 1.0) -> None:
        """A filled outline."""
        if len(points) < 2:
            return
        self._draw.polygon(self._at(points), fill=mixed(colour, opacity))

    def text(self, x: float, y: float, words: str, size: float, colour: Colour, weight: int = 400, align: str = "left") -> None:
        """Words on a base line; `align` says which end of them x is."""
        (place,) = self._at([(x, y)])
        self._draw.text(place, words, colour, letters.font(size * self.factor, weight), ANCHORS[align])

    def width_of(self, words: str, size: float, weight: int = 400) -> float:
        """How wide words are."""
        return self._draw.textlength(words, letters.font(size * self.factor, weight)) / self.factor


def rgb(colour: str) -> Colour:
    """Red, green and blue of a colour as CSS writes it."""
    return ImageColor.getrgb(colour)[:3]


def mixed(colour: Colour, opacity: float) -> tuple[int, int, int, int]:
    """A colour with an opacity, 0…1."""
    return (*colour, round(255 * opacity))


def few_colours(image: Image.Image, count: int, exact: Sequence[Colour]) -> Image.Image:
    """The picture in so many colours; those in `exact` are not replaced by a mean of what is near them."""
    reduced = image.quantize(count, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    flat = reduced.getpalette() or []
    palette = [tuple(flat[place : place + 3]) for place in range(0, len(flat), 3)]
    for colour in exact:
        apart = [max(abs(a - b) for a, b in zip(other, colour, strict=True)) for other in palette]
        palette = [colour if far <= max(TOLERANCE, min(apart)) else other for other, far in zip(palette, apart, strict=True)]
    reduced.putpalette([part for colour in palette for part in colour])
    return reduced


def dashes(points: Sequence[Point], on: float, off: float) -> list[list[Point]]:
    """The strokes of a dotted line: `on` long, `off` apart, measured along the line."""
    strokes: list[list[Point]] = []
    remaining, drawing = on, True
    for (x, y), (to_x, to_y) in zip(points, points[1:], strict=False):
        length = ((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5
        start = 0.0
        while start < length:
            distance = min(remaining, length - start)
            if drawing:
                ends = [(x + (to_x - x) * share / length, y + (to_y - y) * share / length) for share in (start, start + distance)]
                strokes.append(ends)
            start, remaining = start + distance, remaining - distance
            if remaining <= 1e-9:
                drawing = not drawing
                remaining = on if drawing else off
    return strokes
