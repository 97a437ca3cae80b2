"""Python and JavaScript agree, without a browser: whatever a panel names is there, and every story can tell every kind of run."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from bnviz import numerals
from bnviz.config.arms import original
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.lessons import LESSONS
from bnviz.measures.registry import measures
from bnviz.record import ndjson, schema
from bnviz.web import words
from bnviz.web.player import messages
from bnviz.web.site import links

LIVE = [lesson for lesson in LESSONS if (words.PACKAGE / "lessons" / lesson / "story.js").exists()]
PAGES = {lesson: import_module(f"bnviz.lessons.{lesson}.page").PAGE for lesson in LIVE}
SMALL = {"steps": 12, "width": 16, "train_size": 96, "batch_size": 16, "snapshot_every": 2}
EVERYTHING = {"look_inside": "yes", "gradient_shift": "yes", "microscope": "yes", "fixed_scales": "yes"}
NOTHING = {"look_inside": "no", "gradient_shift": "no", "microscope": "no", "fixed_scales": "no", "hold_from": 0}
COMPARED = list(FIELDS["compare"].choices) if "compare" in FIELDS else ["batch"]
RUNS = {  # what a page may be asked to tell
    "default": {},
    "numbers": {"dataset": "linear-map", "activation": "identity"},
    "cats": {"dataset": "cats", "coats": "mixed"},
    "held": {"hold_from": 6},
    "diverging": {"learning_rate": 10.0, "hidden_layers": 6, "width": 64},
    "idle": {"activation": "sigmoid", "initialization": "small", "learning_rate": 0.001},
    "nothing": NOTHING,
    "two layers": {"hidden_layers": 2},
    "SkipInit": {"skip_connections": "skipinit"},
    **{f"compared with {arm}": {"compare": arm} for arm in COMPARED if arm != "batch"},
}
EVERY_LESSONS = ("default",)  # kinds that every lesson tells also in `make test`
PROGRESS = (0, 7.5, 10**6)  # snapshots at which a run is told
DIVERGED = {"one is gone": {"none"}, "the other is gone": {"batch", "fixed"}, "all are gone": {"none", "batch", "fixed"}}  # arms
# What must not be said of a network that has diverged: numbers that nothing stands for.
DEAD = re.compile(r"(?i)not? finite|(?<![\d.])0\W% (without|with)|100\W% of the layer|accuracy 0\W%|\bneither network shows")
# A minus that is a hyphen, one before zero, and two ends of a range that are one number.
ODD_NUMBER = re.compile(r"(?<![\w-])-[\d.]|[−-]0(?:\.0+)?(?![\d.])|\b(?:between|from) ([\d.,−]+) (?:and|to) \1(?![\d.,])")
MALFORMED = re.compile(ODD_NUMBER.pattern + r"|undefined|NaN|Infinity|\bnull\b|\[object|\{\w+\}|\[\[|  |[a-z)][.;:!?][A-Z]")


def variants(page):
    """The experiments whose panels are looked at: presets, and small runs of every kind."""
    presets = [page.default.replace(**changes) for changes in page.presets.values()]
    return [*presets, *(small(page, changes) for changes in RUNS.values())]


def small(page, changes):
    """A short run of the page's own kind."""
    return page.default.replace(**{**SMALL, "hold_from": min(page.default.hold_from, 6), **changes})


def pairs():
    """A lesson and a kind of run: all kinds of the first lesson, and of each other one every second. Of those, what is not in
    `EVERY_LESSONS`, nor one of six, is slow."""
    for place, lesson in enumerate(LIVE):
        for number, name in enumerate(RUNS, place):
            quick = place == 0 or name in EVERY_LESSONS or number % 6 == 0
            if quick or number % 2 == 0:
                yield pytest.param(lesson, name, id=f"{lesson}-{name}", marks=() if quick else pytest.mark.slow)


def choice_of(desk, lesson, place, unit):
    """What a visitor has chosen on a lesson's page; another layer and tap at every place."""
    return {"layer": 2 + place, "tap": ndjson.TAPS[place % 3], "unit": unit, "target": 0.5, **choices(desk, lesson)}


def alternate_unit(*places):
    """A unit, or all units pooled, so that any two values of two of the places meet both."""
    return (0, "pooled")[sum(places) % 2]


def braces(panel):
    """The names that stand in braces in the panel's texts."""
    titles = [axis["title"]["text"] for name, axis in panel["layout"].items() if re.match("[xy]axis", name)]
    return {name for text in (panel["title"], panel["caption"], *titles) for name in words.braces(text)}


def keys(parts):
    """Names of keys, those inside objects too."""
    return {name for key in parts for name in (key.name, *keys(key.parts))}


RECORDED = keys((*schema.ARM, *(key for measure in measures() for key in measure.keys)))


@pytest.mark.parametrize("lesson", LIVE)
def test_what_a_panel_names_is_there(desk, lesson):
    names = desk.ask("names", story=lesson)
    for experiment in variants(PAGES[lesson]):
        for panel in PAGES[lesson].panels(experiment):
            feeds = [trace["feed"] for trace in panel["data"]]
            fits = {axis["fit"] for axis in panel["layout"].values() if isinstance(axis, dict) and axis.get("fit")}
            where = f"{lesson}, {panel['id']}"
            assert {feed["kind"] for feed in feeds} <= set(names["feeds"]), where
            assert {feed["arm"] for feed in feeds if "arm" in feed} <= set(experiment.arms), where
            assert {feed["key"] for feed in feeds if "key" in feed} <= RECORDED, where
            scoped = {fit for fit in fits if fit.startswith(("layer:", "layers:"))}  # any measure of layers
            assert {fit.partition(":")[2] for fit in scoped} <= RECORDED and fits - scoped <= set(names["fits"]), where
            assert braces(panel) <= set(names["captions"]), where
            lines = {feed["kind"] for feed in feeds} & {"scalar", "layer", "series"}  # which have a text alternative already
            assert lines or {panel["id"], panel["id"].split("-")[0]} & set(names["alternatives"]), where
            assert panel.get("control", "target") in names["controls"], where


@pytest.mark.parametrize("lesson", LIVE)
def test_a_lesson_says_all_of_its_words(lesson):
    folder = words.PACKAGE / "lessons" / lesson
    scripts = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.js"))
    unsaid = {key for key in words.catalogue(lesson).get("story", {}) if not re.search(rf'"{key}"|\b{key}\b', scripts)}
    assert not unsaid


@pytest.mark.parametrize(("lesson", "name"), list(pairs()))
def test_a_story_tells_every_kind_of_run(desk, recorded, lesson, name):
    """With every guess at the end and once before it, of one unit or of all in turn."""
    page = PAGES[lesson]
    experiment = small(page, RUNS[name])
    panels = page.panels(experiment)
    for place, prediction in enumerate([None, *page.words.get("predictions", {})]):
        data = messages.player_data(experiment.id, experiment, panels, links.VIEW, lesson, prediction)
        run = list(RUNS).index(name)
        early = PROGRESS[(run + place) % 2], alternate_unit(run // 2, place // 2)
        for progress, unit in (early, (PROGRESS[-1], alternate_unit(run, place))):
            choice = choice_of(desk, lesson, place, unit)
            desk.ask("look", recording=recorded(experiment), story=lesson, data=data, choice=choice, place=progress, moving=True)
            texts = desk.ask("speak", panels=panels)
            malformed = [text for text in texts if MALFORMED.search(text)]
            assert not malformed, malformed


@pytest.mark.parametrize(("lesson", "name"), [*((lesson, "default") for lesson in LIVE), ("independence", "numbers")])
def test_how_well_a_network_does_is_one_number(desk, recorded, lesson, name):
    """The picture and the page's sentences, if they give it, have the same average of the last snapshots."""
    page = PAGES[lesson]
    experiment = small(page, RUNS[name] | ({"learning_rate": 0.01} if name == "numbers" else {}))
    panels = page.panels(experiment)
    data = messages.player_data(experiment.id, experiment, panels, links.VIEW, lesson, None)
    frames = [one for one in ndjson.read(Path(recorded(experiment)).read_bytes().splitlines()) if one["type"] == "snapshot"]
    key, form = ("test_accuracy", numerals.percent) if name == "default" else ("test_loss", lambda loss: numerals.digits(loss, 3))
    for place in (4, len(frames) - 1):
        choice = choice_of(desk, lesson, place % 3, 0)
        desk.ask("look", recording=recorded(experiment), story=lesson, data=data, choice=choice, place=place)
        told = " ".join(desk.ask("speak", panels=panels)).replace("\N{NO-BREAK SPACE}", "")
        gives_scores = "average of" in told  # a lesson need not, but if it does, then these
        painted = [words.replace("\N{NO-BREAK SPACE}", "") for words, *_ in desk.ask("paint", width=900)["words"]]
        for arm in experiment.arms[:2]:
            recent = [frame["arms"][arm][key] for frame in frames[max(0, place - 4) : place + 1]]
            score = form(np.mean(recent)).replace(" ", "")
            assert score in painted and (score in told or not gives_scores), (arm, place, score)


@pytest.fixture(scope="module")
def buried(recorded):
    """The path of a recording whose named arms diverge at the sixth snapshot: from then on no number of theirs is finite."""

    def bury(experiment, arms):
        path = Path(recorded(experiment)).with_suffix("." + "-".join(sorted(arms)))
        if not path.exists():
            messages = list(ndjson.read(path.with_suffix(".ndjson").read_bytes().splitlines(keepends=True)))
            for message in messages:
                if message["type"] == "snapshot" and message["index"] > 5:
                    parts = message["arms"]
                    message["arms"] = {arm: dead(part) if dies(arm, arms) else part for arm, part in parts.items()}
            path.write_bytes(b"".join(map(ndjson.line, messages)))
        return str(path)

    return bury


def dies(arm, arms):
    return original(arm) in arms


def dead(part):
    """What is recorded of an arm, with no number in it that is finite, but for counts."""
    if isinstance(part, dict):
        return {key: dead(one) for key, one in part.items()}
    if isinstance(part, np.ndarray) and part.dtype.kind == "f":
        return np.full_like(part, np.nan)
    return float("nan") if isinstance(part, float) else part


@pytest.mark.parametrize("name", DIVERGED)
@pytest.mark.parametrize("lesson", LIVE)
def test_a_story_knows_that_a_network_is_dead(desk, buried, lesson, name):
    page = PAGES[lesson]
    experiment = small(page, {})
    panels = page.panels(experiment)
    recording = buried(experiment, DIVERGED[name])
    for place, prediction in enumerate([None, *page.words.get("predictions", {})]):
        data = messages.player_data(experiment.id, experiment, panels, links.VIEW, lesson, prediction)
        choice = choice_of(desk, lesson, place, alternate_unit(list(DIVERGED).index(name), place))
        desk.ask("look", recording=recording, story=lesson, data=data, choice=choice, place=10**6)
        headline, *texts = desk.ask("speak", panels=panels)
        wrong = [text for text in (headline, *texts) if DEAD.search(text) or MALFORMED.search(text)]
        assert not wrong, wrong
        dies_here = DIVERGED[name] & ({"batch"} if lesson == "gamma_beta" else {"none", "batch"})
        assert not dies_here or "diverged" in headline


@pytest.mark.parametrize("name", RUNS)
def test_the_first_headline_is_short_and_says_who_learns_better(desk, recorded, name):
    """Whatever has moved how far: both test accuracies, or losses, stand beside it, at every step but the first."""
    page = PAGES["live_shift"]
    experiment = small(page, RUNS[name])
    data = messages.player_data(experiment.id, experiment, [], links.VIEW, "live_shift", None)
    frames = [
        message
        for message in ndjson.read(Path(recorded(experiment)).read_bytes().splitlines(keepends=True))
        if message["type"] == "snapshot"
    ]
    for tap in ndjson.TAPS:
        for progress in (0, 5, 10**6):
            choice = {"layer": 2, "tap": tap, "unit": 0, "target": 0.5}
            frame = desk.ask(
                "look", recording=recorded(experiment), story="live_shift", data=data, choice=choice, place=progress
            )["frame"]
            [headline, _] = desk.ask("speak", panels=[])
            text = headline.replace("\N{NO-BREAK SPACE}", "")
            assert 10 <= len(text.split()) <= 35, headline
            if "moved" in text and frame["step"]:
                for arm in experiment.arms[:2]:
                    recent = [one["arms"][arm] for one in frames if one["step"] <= frame["step"]][-5:]
                    means = {key: [one[key] for one in recent] for key in ("test_accuracy", "test_loss")}
                    accuracy, loss = (None if None in values else sum(values) / len(values) for values in means.values())
                    assert (f"{loss:.3f}" if accuracy is None else f"{100 * accuracy:.0f}%") in text, headline


def test_no_cause_is_named_before_it_is_tested(desk, recorded):
    experiment = Experiment(**{**SMALL, "steps": 60}, ghost_batch_size=2)
    data = messages.player_data(experiment.id, experiment, [], links.VIEW, "live_shift", None)
    choice = {"layer": 2, "tap": "activation", "unit": 0, "target": 0.5}
    desk.ask("look", recording=recorded(experiment), story="live_shift", data=data, choice=choice, place=10**6)
    [headline, _] = desk.ask("speak", panels=[])
    assert re.search("learns worse|has not learnt", headline) and "nois" not in headline


def choices(desk, lesson):
    return desk.ask("choices", story=lesson)


def test_experiments_of_this_file_are_what_they_say():
    assert Experiment(**SMALL, **EVERYTHING).arms[:2] == ("none", "batch")
    assert all(set(changes) <= set(FIELDS) for changes in RUNS.values())
