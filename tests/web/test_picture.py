"""Pictures drawn on the server: the same places, numbers and words as in the browser's; other steps and runs look otherwise."""

import io
import json
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bnviz.config.experiment import Experiment
from bnviz.config.fields import BadField
from bnviz.engine import worker
from bnviz.lessons import LESSONS, SWEEPING
from bnviz.record import ndjson
from bnviz.web.export import picture
from bnviz.web.export.validation import InvalidRecording
from bnviz.web.figures import COLOURS
from bnviz.web.picture import animation, card, cards, letters
from bnviz.web.picture.canvas import Canvas, dashes, few_colours, rgb
from bnviz.web.picture.painter import BACKGROUND, GRID, QUIET, TEXT, Painter
from bnviz.web.picture.places import Box, arrange
from bnviz.web.picture.recording_arrays import RecordingArrays
from bnviz.web.player import messages
from bnviz.web.routes import preview
from bnviz.web.site import links
from tests import ROOT

SMALL = Experiment(width=16, steps=60, snapshot_every=5, dataset="mnist1d", train_size=200)
RUNS = {
    "usual": SMALL,
    "late": SMALL.replace(batch_norm_from=30, hidden_layers=3),
    "diverging": SMALL.replace(changes="20:times_w2=1000", learning_rate=0.05, seed=3),
    "numbers": SMALL.replace(dataset="linear-map", activation="tanh", compare="layer"),
}
WIDTH = 900


@pytest.fixture(scope="module")
def recording():
    recordings = {}

    def of(name):
        if name not in recordings:
            recordings[name] = b"".join(line for line in worker.record(RUNS[name]) if line)
        return recordings[name]

    return of


@given(st.integers(320, 1500), st.integers(2, 50), st.sampled_from([8, 16, 64, 128, 256]), st.integers(1, 2))
@settings(deadline=None, max_examples=40)
def test_everything_stands_where_it_does_in_the_browser(desk, width, layers, units, focus):
    sizes = {"width": width, "layers": layers, "units": units, "watched": 8, "chosen": focus}
    browser, places = desk.call("web/player/geometry.js", "arrange", sizes), arrange(width, layers, units, 8, focus)
    for name in ("width", "height", "slim", "pitch"):
        assert getattr(places, name) == pytest.approx(browser[name]), name
    for name in ("watched", "others", "histogram", "input", "output"):
        assert getattr(places, name)._asdict() == pytest.approx(browser[name]), name
    assert [column._asdict() for column in places.columns] == [pytest.approx(column) for column in browser["columns"]]
    assert places.watched_grid._asdict() == pytest.approx(browser["watchedGrid"])
    assert places.others_grid._asdict() == pytest.approx(browser["othersGrid"])


class Notes(Canvas):
    """A canvas that notes what is drawn, as the desk's brush does."""

    def __init__(self):
        super().__init__(10, 10, BACKGROUND)
        self.words, self.boxes, self.discs, self.outlines = [], [], [], []

    def text(self, x, y, words, *_, **__):
        if words and y != 15:  # names of layers are buttons in the browser
            self.words.append((words, x, y))

    def box(self, box, colour, opacity=1.0, radius=0):
        if not radius:  # of the column that stands out
            self.boxes.append((*box, opacity))

    def disc(self, x, y, radius, colour, opacity=1.0, ring=0):
        if not ring:
            self.discs.append((x, y, radius, opacity))

    def area(self, points, *_):
        self.outlines.append(points)


@pytest.mark.parametrize(
    ("name", "tap", "motion"),
    [
        ("usual", "normalized", "example"),
        ("late", "linear", "distribution"),
        ("diverging", "activation", "example"),
        *((name, "activation", "distribution") for name in RUNS),
    ],
)
def test_all_that_is_drawn_and_said_is_what_the_browser_paints(desk, recording, tmp_path, name, tap, motion):
    experiment, path = RUNS[name], tmp_path / "run.ndjson"
    path.write_bytes(recording(name))
    data = messages.player_data(experiment.id, experiment, [], links.VIEW, "live_shift", None)
    choice = {"layer": 2, "tap": tap, "unit": "pooled", "target": 0.5, "motion": motion}
    film = RecordingArrays(recording(name).splitlines(keepends=True), tap, motion)
    painter = Painter(film, arrange(WIDTH, film.header["hidden_layers"], experiment.width, 8, 2), 2)
    assert film.series["none"].diverged.any() == (name == "diverging")
    for number in (0, 1, len(film) // 2, len(film) - 1):
        desk.ask("look", recording=str(path), story="live_shift", data=data, choice=choice, place=number)
        browser, notes = desk.ask("paint", width=WIDTH), Notes()
        painter.paint(notes, number)
        assert (film.typical_change, film.peak, *film.range) == pytest.approx(
            (browser["far"], browser["peak"], *browser["range"])
        )
        texts = [[plain(words), *place] for words, *place in browser["words"]]
        assert sorted(notes.words) == [(words, pytest.approx(x), pytest.approx(y)) for words, x, y in sorted(texts)]
        for kind in ("boxes", "discs"):
            np.testing.assert_allclose(ordered(getattr(notes, kind)), ordered(browser[kind]), atol=1e-6)
        assert len(notes.outlines) == len(browser["outlines"])
        for outline, other in zip(notes.outlines, browser["outlines"], strict=True):
            np.testing.assert_allclose(np.reshape(outline, (-1, 2)), np.reshape(other, (-1, 2)), atol=1e-6)


def plain(words):
    """The letters that stand in for those that the font has not."""
    return words.replace("\N{NO-BREAK SPACE}", " ").replace("✕", "×")


def ordered(rows):
    rows = np.round(np.array(rows, dtype=float), 6)
    return rows[np.lexsort(rows.T[::-1])]


def test_a_unit_has_its_colour():
    """What is drawn over what, in the end: an opacity of 1/2 is the mean of the colours."""
    canvas = Canvas(40, 20, BACKGROUND)
    canvas.box(Box(0, 0, 20, 20), rgb(COLOURS["none"]))
    canvas.scale(2).translate(10, 0).disc(5, 5, 4, rgb(COLOURS["batch"]), 0.5)
    image = canvas.finished()
    assert image.getpixel((10, 10)) == rgb("#E06C1F") and image.getpixel((39, 0)) == (255, 255, 255)
    assert image.getpixel((30, 10)) == pytest.approx([(255 + part) / 2 for part in rgb("#2F7FD1")], abs=1)


def test_few_colours_keep_those_that_count():
    shades = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50, 3), dtype=np.uint8))
    shades.paste(TEXT, (0, 0, 5, 5))
    assert few_colours(shades, 16, (TEXT,)).convert("RGB").getpixel((2, 2)) == TEXT


def test_the_colours_are_those_of_the_light_page():
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]["light"]
    assert (rgb(theme["textColor"]), rgb(theme["backgroundColor"])) == (TEXT, BACKGROUND)
    for mixed, share in ((QUIET, 0.68), (GRID, 0.14)):
        expected = [share * dark + (1 - share) * light for dark, light in zip(TEXT, BACKGROUND, strict=True)]
        assert mixed == pytest.approx(expected, abs=1)


def test_the_letters_are_those_of_the_page():
    """Should this fail after an upgrade of Streamlit, pictures have other letters, and no Greek: see FILES."""
    font = letters.font(20, 700)
    assert font.getname()[0].startswith("SourceSans")
    lacking = bytes(font.getmask("\ue000"))
    assert [letter for letter in "aγβσẑµ×–…²[]%" if bytes(font.getmask(letter)) == lacking] == []


def test_a_dotted_line_is_made_of_strokes_along_it():
    strokes = dashes([(0, 0), (0, 10), (10, 10)], on=3, off=2)
    lengths = [sum(np.hypot(x - to_x, y - to_y) for (x, y), (to_x, to_y) in [stroke]) for stroke in strokes]
    assert sum(lengths) == pytest.approx(12) and max(lengths) <= 3 + 1e-9
    assert strokes[2] == [(0, 10), (3, 10)]


def decoded_image(contents):
    return Image.open(io.BytesIO(contents))


def test_a_card_is_of_its_run_and_step(recording):
    first, again = (picture.still("live_shift", recording("usual"), {"step": "30"}) for _ in range(2))
    assert first == again and decoded_image(first).size == (preview.WIDTH, preview.HEIGHT) == (card.WIDTH, card.HEIGHT)
    others = [
        picture.still("live_shift", recording("usual"), {"step": "35"}),
        picture.still("live_shift", recording("usual"), {"step": "30", "layer": "3"}),
        picture.still("live_shift", recording("usual"), {"step": "30", "tap": "linear"}),
        picture.still("live_shift", recording("usual"), {"step": "30", "motion": "example"}),
        picture.still("gamma_beta", recording("usual"), {"step": "30"}),
        picture.still("live_shift", recording("late"), {"step": "30"}),
    ]
    assert len({first, *others}) == 7
    last = picture.still("live_shift", recording("usual"), {"step": "60"})
    assert picture.still("live_shift", recording("usual"), {}) == last


@given(st.integers(2, 25), st.sampled_from([8, 64, 256]), st.integers(1, 2))
def test_the_networks_have_room_on_a_card(layers, units, focus):
    film = SimpleNamespace(header={"hidden_layers": layers, "watched_units": range(8)}, experiment=Experiment(width=units))
    places, scale = card.fit(film, focus)
    assert card.PICTURE + places.height * scale <= card.FOOT and places.width * scale == pytest.approx(
        card.WIDTH - 2 * card.MARGIN
    )


def test_a_card_says_how_the_run_differs():
    usual = Experiment()
    assert card.settings(usual, usual) == "The usual settings of this page"
    text = card.settings(usual.replace(batch_size=4, activation="tanh"), usual)
    assert sorted(text.split(", ")) == ["Activation tanh", "Batch size 4"]


@pytest.mark.parametrize(("name", "text"), [("step", "61"), ("layer", "6"), ("tap", "x"), ("motion", "x"), ("step", "")])
def test_a_place_that_is_not_in_the_run_is_named(recording, name, text):
    with pytest.raises(BadField, match=name):
        picture.still("live_shift", recording("usual"), {name: text})
    with pytest.raises(InvalidRecording):
        picture.still("live_shift", recording("usual").rpartition(b'{"type":"end"')[0], {})


def test_the_picture_of_an_older_run_shows_the_one_motion_that_it_has(recording):
    lines = [json.loads(line) for line in recording("usual").splitlines()]
    for line in lines[1:-1]:
        for arm in line["arms"].values():
            del arm["unit_example_step"], arm["example_step_in_training"]
    older = b"".join(ndjson.line(line) for line in lines)
    usual = picture.still("live_shift", recording("usual"), {})
    assert picture.still("live_shift", older, {"motion": "example"}) == usual
    assert picture.still("live_shift", recording("usual"), {"motion": "example"}) != usual


@pytest.mark.parametrize("motion", links.MOTIONS)
def test_a_card_says_how_far_the_motion_goes_that_it_shows(recording, motion):
    film = RecordingArrays(recording("usual").splitlines(keepends=True), motion=motion)
    painter = Painter(film, card.place_networks(film, WIDTH, 2), 2)
    last = json.loads(recording("usual").splitlines()[-2])["arms"]
    key = {"distribution": "shift_from_first", "example": "example_step_in_training"}[motion]
    (said, _), *arms = card.shift_sentence(painter, len(film) - 1)
    assert ("since the last snapshot" in said) == (motion == "example")
    numbers = [text for text, _ in arms if text.endswith("σ")]
    assert numbers == [card.sigmas(float(ndjson.decode(last[arm][key]["activation"])[1])) for arm in film.arms]


def test_an_animation_goes_from_the_first_step_to_the_last(recording):
    animation_bytes = picture.animated("live_shift", recording("late"), {})
    film = decoded_image(animation_bytes)
    assert film.n_frames == recording("late").count(b'{"type":"snapshot"') < animation.FRAMES
    assert film.info["loop"] == 0
    frames = []
    for number in range(film.n_frames):
        film.seek(number)
        frames.append(film.convert("RGB").tobytes())
        assert film.convert("RGB").getpixel((2, 2)) == BACKGROUND
    assert len(set(frames)) == film.n_frames


@given(st.integers(1, 5000))
def test_the_frames_of_an_animation_are_few_and_reach_the_end(count):
    frame_indices = animation.frame_numbers(count)
    assert frame_indices[0] == 0 and frame_indices[-1] == count - 1 and len(frame_indices) == min(count, animation.FRAMES)
    assert all(earlier < later for earlier, later in zip(frame_indices, frame_indices[1:], strict=False))


def test_words_that_are_too_long_end_in_dots():
    canvas = Canvas(10, 10, BACKGROUND)
    short = card.shorten(canvas, "a title that does not fit", 20, 100)
    assert short.endswith("…") and canvas.width_of(short, 20) <= 100 < canvas.width_of(short[:-1] + "xx…", 20)
    assert card.shorten(canvas, "short", 20, 100) == "short"
    lines = card.wrap(canvas, "one two three four", 20, 80)
    assert " ".join(lines) == "one two three four" and all(canvas.width_of(line, 20) <= 80 for line in lines)


def test_a_run_that_trains_nothing_is_an_animation_of_one_frame():
    lines = b"".join(line for line in worker.record(SMALL.replace(steps=0)) if line)
    assert decoded_image(picture.animated("live_shift", lines, {})).n_frames == 1


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_has_a_small_card_of_its_own(lesson):
    path = cards.path_of(lesson)
    assert decoded_image(path.read_bytes()).size == (card.WIDTH, card.HEIGHT) and path.stat().st_size <= 60e3
    assert len({Path(cards.path_of(one)).read_bytes() for one in LESSONS}) == len(LESSONS)


def test_cards_are_drawn_again_only_if_their_run_or_their_words_have_changed(monkeypatch, tmp_path):
    contents = {lesson: cards.path_of(lesson).read_bytes() for lesson in LESSONS}
    assert [page for page in (*LESSONS, "own") if not cards.is_current(page)] == [], "make cards brings them up to date"
    lesson = SWEEPING[0]  # no run to train
    (tmp_path / "lessons" / lesson).mkdir(parents=True)
    monkeypatch.setattr(cards, "PACKAGE", tmp_path)
    assert not cards.is_current(lesson)
    cards.main([lesson])
    assert cards.is_current(lesson) and cards.path_of(lesson).read_bytes() == cards.draw(lesson)
    assert cards.path_of(lesson).read_bytes() == contents[lesson]
    assert Image.open(cards.path_of(lesson)).text == {"Source": Image.open(io.BytesIO(contents[lesson])).text["Source"]}
