"""Pictures of a recording of a user's own network: one step of it (PNG), and all of it as an animation (GIF)."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image

from bnviz.web import words
from bnviz.web.picture import HEIGHT, WIDTH
from bnviz.web.picture import animation as animations
from bnviz.web.picture.canvas import Canvas, rgb
from bnviz.web.picture.card import MARGIN, png, shorten, sigmas
from bnviz.web.picture.own_arrays import OwnArrays
from bnviz.web.picture.own_painter import OwnPainter, layer_name
from bnviz.web.picture.painter import BACKGROUND, QUIET, TEXT
from bnviz.web.picture.palette import colours_of

PICTURE, FOOT = 134, 584  # of a card: where the networks begin, and where they end
ANIMATION_HEIGHT = 420  # pixels, of the networks in an animation


def own_card(arrays: OwnArrays, number: int, layer: int, name: str) -> bytes:
    """The PNG of the snapshot of that number; `layer`, counted from 1, is the highlighted one, `name` is the recording's."""
    canvas, room = Canvas(WIDTH, HEIGHT, BACKGROUND), WIDTH - 2 * MARGIN
    _painter(arrays, layer, room, FOOT - PICTURE).paint(canvas.translate(MARGIN, PICTURE), number)
    step, right, title = _step(arrays, number), WIDTH - MARGIN, _title(arrays, name)
    file = shorten(canvas, "" if name == title else name, 22, room / 3)
    canvas.text(right, 70, file, 22, QUIET, align="right")
    canvas.text(MARGIN, 72, shorten(canvas, title, 34, room - 40 - canvas.width_of(file, 22), 700), 34, TEXT, weight=700)
    canvas.text(right, 112, step, 24, TEXT, weight=600, align="right")
    moved = shorten(canvas, _moved(arrays, number, layer), 22, room - 40 - canvas.width_of(step, 24, 600))
    canvas.text(MARGIN, 112, moved, 22, QUIET)
    return png(canvas.finished())


def own_animation(arrays: OwnArrays, layer: int, name: str) -> bytes:
    """The GIF of the whole recording; as `own_card`."""
    return animations.gif(list(_frames(arrays, layer, name)))


def _frames(arrays: OwnArrays, layer: int, name: str) -> Iterator[Image.Image]:
    room, head = animations.WIDTH - 2 * animations.MARGIN, animations.HEAD
    painter = _painter(arrays, layer, room, ANIMATION_HEIGHT)
    for number in animations.frame_numbers(len(arrays)):
        canvas = Canvas(animations.WIDTH, ANIMATION_HEIGHT + head + 6, BACKGROUND).translate(animations.MARGIN, 0)
        share = arrays.steps[number] / max(1, arrays.steps[-1])
        animations.head(canvas, _title(arrays, name), _step(arrays, number), room, share)
        painter.paint(canvas.translate(0, head), number)
        yield canvas.finished()


def _painter(arrays: OwnArrays, layer: int, width: float, height: float) -> OwnPainter:
    colours = {arm: rgb(colour) for arm, colour in colours_of(arrays.arms).items()}
    return OwnPainter(arrays, layer, words.own()["picture"], colours, (width, height))


def _title(arrays: OwnArrays, name: str) -> str:
    """What the recording is called: its title, else its file."""
    return str(arrays.header.get("title") or name or words.own()["title"])


def _step(arrays: OwnArrays, number: int) -> str:
    return words.fill(words.own()["picture"]["step"], step=arrays.steps[number], last=arrays.steps[-1])


def _moved(arrays: OwnArrays, number: int, layer: int) -> str:
    """How far the highlighted layer has moved, in every network, each by the network's own name for it."""
    texts, several = words.own()["picture"], len(arrays.arms) > 1
    names = {arm: layer_name(arrays.arm_layers[arm][layer - 1], texts) for arm in arrays.arms}
    shifts = {arm: sigmas(float(series.shift[number, layer - 1])) for arm, series in arrays.series.items()}
    if len(set(names.values())) > 1:
        told = "; ".join(words.fill(texts["moved_of"], arm=arm, layer=names[arm], moved=shifts[arm]) for arm in arrays.arms)
        return words.fill(texts["moved_each"], signal=texts[arrays.tap], moved=told)
    told = ", ".join(f"{arm} {shift}" if several else shift for arm, shift in shifts.items())
    return words.fill(texts["moved"], layer=names[arrays.arms[0]], signal=texts[arrays.tap], moved=told)
