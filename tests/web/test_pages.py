"""The pages' controls, links and presets, in Streamlit's own test harness; the engine and the player are stand-ins."""

import dataclasses
import re

import pytest
from streamlit.testing.v1 import AppTest

from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.fields import format_value
from bnviz.lessons import LESSONS
from bnviz.lessons.live_shift.page import PAGE
from bnviz.measures import budget
from bnviz.record.store import Store
from bnviz.web import words
from bnviz.web.site import links, pace
from bnviz.web.site.presets import KEY
from tests import ROOT
from tests.fields import OTHER
from tests.web.settings import settings

PRESETS = PAGE.presets
MAIN = ROOT / "bnviz" / "frame.py"


class Stage:
    """A stand-in for engine, figures and player that remembers what the page asked of them."""

    def __init__(self):
        self.requested, self.plotted, self.mounted, self.released = [], [], [], []
        self.trouble, self.store, self.pinned = None, Store(), None

    def notice(self):
        return self.trouble

    def request(self, experiment, visitor=""):
        budget.check(experiment)
        self.requested.append(experiment)
        return experiment.id

    def release(self, id):
        self.released.append(id)

    def live_shift(self, experiment):
        self.plotted.append(experiment)
        return [{"id": "fan", "title": "Fan"}]

    def mount(self, run, panels, view, **more):
        self.mounted.append((run, view))
        self.beside = more["beside"]
        if self.pinned is not None:  # in the player, since
            more["on_beside"](self.pinned)

    @property
    def experiment(self):
        assert self.mounted[-1][0] == self.plotted[-1].id == self.requested[-1].id
        return self.requested[-1]

    @property
    def view(self):
        return self.mounted[-1][1]


@pytest.fixture
def stage(monkeypatch):
    stage = Stage()
    monkeypatch.setattr("bnviz.engine.shared", lambda: stage)
    monkeypatch.setattr("bnviz.web.player.mount", stage.mount)
    monkeypatch.setattr("bnviz.lessons.live_shift.page.PAGE", dataclasses.replace(PAGE, panels=stage.live_shift))
    return stage


def visit(**parameters):
    """The page, opened cold with these query parameters."""
    page = AppTest.from_file(str(MAIN), default_timeout=60)
    page.query_params.update(parameters)
    page.run()
    assert not page.exception
    return page


def change(page, name, value):
    settings(page)[name].set_value(value).run()
    assert not page.exception


def shown_values(page):
    return {name: widget.value for name, widget in settings(page).items()}


def test_no_container_has_the_key_of_a_setting_or_of_a_player():
    """Streamlit refuses a page on which two elements have one key, and settings have the names of fields."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "bnviz").rglob("*.py")]
    keys = [key for source in sources for key in re.findall(r'container\(key="([^"]+)"', source)]
    assert len(keys) > 10 and len(set(keys)) == len(keys)
    assert not set(keys) & {*FIELDS, *LESSONS, "own"}


def test_first_visit_shows_the_default_experiment(stage):
    page = visit()
    assert stage.experiment == Experiment()
    assert stage.view == links.VIEW
    assert shown_values(page) == {name: FIELDS[name].default for name in (*PAGE.main, *PAGE.more)}
    assert page.query_params == {}
    assert not page.warning and not page.error


def test_a_visitor_is_told_when_something_is_wrong_with_who_computes(stage):
    stage.trouble = "The cluster does not answer; this machine computes instead."
    assert any(stage.trouble in caption.value for caption in visit().caption)


def test_every_widget_changes_the_run_and_the_address(stage):
    page, expected = visit(), Experiment()
    offered = {name: OTHER[name] for name in (*PAGE.main, *PAGE.more)}
    for name, value in offered.items():
        change(page, name, value)
        expected = expected.replace(**{name: value})
        assert stage.experiment == expected
        assert page.query_params == links.parameters(expected, {}, Experiment())
    cold = visit(**page.query_params)
    assert stage.experiment == expected
    assert shown_values(cold) == offered


def test_going_back_to_the_default_empties_the_address(stage):
    page = visit(batch_size="8")
    change(page, "batch_size", 64)
    assert page.query_params == {}


@pytest.mark.parametrize("names", [set(FIELDS) - {"changes"}, {"changes"}])  # which change what settings show
def test_every_field_can_be_linked_to(stage, names):
    changes = {name: OTHER[name] for name in names}
    page = visit(**{name: format_value(value) for name, value in changes.items()})
    assert stage.experiment == Experiment(**changes)
    for name, value in shown_values(page).items():
        assert names == {"changes"} or value == OTHER[name], name
    assert not page.warning


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("learning_rate", "0.07", 0.07),
        ("learning_rate", "1.0", 1.0),
        ("learning_rate", "1e-2", 0.01),
        ("learning_rate", "0.123456789012345", 0.123456789012345),
        ("batch_size", "48", 48),
        ("batch_size", " 048 ", 48),
        ("width", "33", 33),
        ("seed", "9999", 9999),
    ],
)
def test_a_good_value_between_the_marks_is_kept(stage, name, text, value):
    page = visit(**{name: text})
    assert stage.experiment == Experiment(**{name: value})
    assert shown_values(page)[name] == value
    assert page.query_params == {name: format_value(value)}
    change(page, "steps", 200)
    assert stage.experiment == Experiment(**{name: value}, steps=200)
    change(page, name, FIELDS[name].default)
    assert stage.experiment == Experiment(steps=200)
    assert not page.warning


BAD = {
    "unknown": ("bogus", "3"),
    "out of range": ("batch_size", "1"),
    "too large": ("batch_size", "100000"),
    "negative": ("steps", "-5"),
    "nan": ("learning_rate", "nan"),
    "infinite": ("learning_rate", "1e999"),
    "huge": ("seed", "9" * 5000),
    "huger": ("learning_rate", "9" * 5000),
    "underscore": ("seed", "1_0"),
    "fraction": ("batch_size", "3.5"),
    "word": ("batch_size", "many"),
    "choice": ("activation", "swish"),
    "label of a choice": ("activation", "ReLU"),
    "empty": ("learning_rate", ""),
    "empty choice": ("dataset", ""),
    "repeated": ("batch_size", ["2", "4"]),
    "markdown": ("dataset", "[x](http://example.com) `![](y)` <b>"),
    "zero byte": ("dataset", "\x00"),
    "step beyond the end": ("step", "601"),
    "layer 0": ("layer", "0"),
    "layer beyond the net": ("layer", "6"),
    "tap": ("tap", "output"),
    "unit": ("unit", "8"),
    "unit word": ("unit", "all"),
    "motion": ("motion", "weights"),
    "target": ("target", "1.5"),
    "target nan": ("target", "nan"),
    "tour": ("tour", "11"),
    "tour 0": ("tour", "0"),
    "tour word": ("tour", "three"),
    "repeated view": ("layer", ["1", "2"]),
}


def neighbours(name):
    """Good parameters beside a bad one."""
    return {key: value for key, value in {"momentum": "0.9", "tap": "linear"}.items() if key != name}


@pytest.mark.parametrize(("name", "text"), BAD.values(), ids=BAD)
def test_a_bad_parameter_is_named_once_and_replaced_and_its_neighbours_are_kept(name, text):
    texts = {name: text if isinstance(text, list) else [text], **{key: [value] for key, value in neighbours(name).items()}}
    link = links.parse(texts, Experiment(), cards=PAGE.cards)
    message = links.message(link.problems)
    assert message.count(f"`{name} = ") == 1 and len(message) < 400
    assert link.experiment == Experiment(momentum=0.9)
    assert link.view == ({} if name == "tap" else {"tap": "linear"})


@pytest.mark.parametrize("bad", ["unknown", "huge", "repeated", "markdown", "unit word"])
def test_the_page_names_a_bad_parameter_once_and_keeps_its_neighbours(stage, bad):
    name, text = BAD[bad]
    good = neighbours(name)
    page = visit(**{name: text}, **good)
    assert len(page.warning) == 1
    assert page.warning[0].value.count(f"`{name} = ") == 1
    assert stage.experiment == Experiment(momentum=0.9)
    assert stage.view == links.VIEW | ({} if name == "tap" else {"tap": "linear"})
    assert page.query_params == good


def test_the_message_stays_until_something_is_changed(stage):
    page = visit(batch_size="1")
    page.run()
    assert len(page.warning) == 1
    change(page, "learning_rate", 0.3)
    assert not page.warning
    change(page, "learning_rate", 0.1)
    assert not page.warning


def test_many_bad_parameters_make_one_short_message(stage):
    page = visit(batch_size="1", **{f"bogus{number}": "x" * 1000 for number in range(200)})
    assert len(page.warning) == 1
    assert len(page.warning[0].value) < 1500
    assert "and 195 more" in page.warning[0].value
    assert stage.experiment == Experiment()


def test_streamlits_own_parameters_are_not_bad(stage):
    page = visit(embed="true", embed_options="dark_theme")
    assert not page.warning


def test_view_parameters_reach_the_player(stage):
    place = {
        "step": "120",
        "layer": "3",
        "tap": "normalized",
        "unit": "pooled",
        "target": "0.8",
        "motion": "example",
        "charts": "all",
        "time": "epochs",
        "tour": "3",
    }
    page = visit(batch_size="8", **place)
    assert stage.view == {
        "step": 120,
        "layer": 3,
        "tap": "normalized",
        "unit": "pooled",
        "target": 0.8,
        "motion": "example",
        "charts": "all",
        "time": "epochs",
        "tour": 3,
        "beside": None,
    }
    assert page.query_params == {"batch_size": "8", **place}
    page.run()
    assert stage.view["step"] == 120


def test_another_experiment_keeps_the_place_as_far_as_it_has_it(stage):
    page = visit(step="120", layer="4", unit="5", tour="3")
    change(page, "batch_size", 8)
    assert stage.view == links.VIEW | {"layer": 4, "unit": 5}
    assert page.query_params == {"batch_size": "8", "layer": "4", "unit": "5"}
    change(page, "hidden_layers", 3)
    assert stage.view == links.VIEW | {"unit": 5}
    assert not page.warning


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_the_experiment_and_says_what_to_look_for(stage, name):
    page = visit(width="32", seed="3")
    assert page.button_group(key=KEY).value is None
    page.button_group(key=KEY).set_value(name).run()
    assert not page.exception
    assert stage.experiment == Experiment(**PRESETS[name])
    assert page.query_params == links.parameters(Experiment(**PRESETS[name]), {}, Experiment())
    assert any(PAGE.words["presets"][name]["look"] in caption.value for caption in page.caption)
    change(page, "seed", 5)
    assert page.button_group(key=KEY).value is None
    assert not any(PAGE.words["presets"][name]["look"] in caption.value for caption in page.caption)


def test_a_preset_reached_by_link_is_shown_as_chosen(stage):
    assert visit(learning_rate="1").button_group(key=KEY).value == "fast"


def test_pressing_the_chosen_preset_again_changes_nothing(stage):
    page = visit(learning_rate="1")
    page.button_group(key=KEY).set_value(None).run()
    assert stage.experiment == Experiment(learning_rate=1.0)
    assert page.button_group(key=KEY).value == "fast"


def test_presets_are_affordable():
    for preset in PRESETS.values():
        budget.check(Experiment(**preset))


def test_too_expensive_is_refused_with_the_reason_and_the_last_run_stays(stage):
    page = visit(batch_size="8")
    change(page, "snapshot_every", 1)
    change(page, "steps", 5000)
    assert len(page.error) == 1 and "5001 snapshots" in page.error[0].value
    assert stage.experiment == Experiment(batch_size=8, snapshot_every=1)
    change(page, "steps", 1000)
    assert not page.error
    assert stage.experiment == Experiment(batch_size=8, snapshot_every=1, steps=1000)


def test_too_expensive_link_shows_the_default_run(stage):
    page = visit(steps="5000", width="256", step="4000", layer="7", hidden_layers="8")
    assert len(page.error) == 1 and "The default run is shown instead" in page.error[0].value
    assert stage.experiment == Experiment()
    assert stage.view == links.VIEW | {"layer": 5}
    assert shown_values(page)["width"] == 256


def test_notes_about_the_experiment_are_shown(stage):
    page = visit(ghost_batch_size="128")
    assert any("not smaller than the minibatch" in caption.value for caption in page.caption)


def test_links_and_their_reading_agree():
    experiment = Experiment(**OTHER)
    place = {"step": 8, "layer": 3, "tap": "linear", "unit": 4, "target": 0.5}
    link = links.parse({name: [text] for name, text in links.parameters(experiment, place, Experiment()).items()}, Experiment())
    assert (link.experiment, link.view, link.problems) == (experiment, place, ())


def test_minus_nothing_is_nothing():
    assert links.parse({"momentum": ["-0"]}, Experiment()).experiment.id == Experiment().id


def test_a_bad_value_is_named_as_it_was_written():
    assert "`learning_rate = 1e999`" in links.message(links.parse({"learning_rate": ["1e999"]}, Experiment()).problems)


def test_another_page_reads_its_own_link():
    def script():
        import streamlit as st

        from bnviz.config.experiment import Experiment
        from bnviz.web.site import links, widgets

        page = st.radio("page", ["one", "other"])
        if link := links.opened(page, Experiment()):
            widgets.load(link.experiment)
        experiment = widgets.experiment()
        links.write(experiment, Experiment())
        widgets.row(["batch_size"], [])
        st.text(experiment.batch_size)

    page = AppTest.from_function(script)
    page.query_params["batch_size"] = "8"
    assert page.run().text[0].value == "8"
    page.select_slider(key="batch_size").set_value(16).run()
    page.query_params["batch_size"] = "4"
    assert page.run().text[0].value == "16"  # the browser lags behind: the widget counts
    page.query_params["batch_size"] = "2"
    assert page.radio[0].set_value("other").run().text[0].value == "2"
    assert not page.exception


def values_to_compare(page, name):
    """The button group with the other values of a setting."""
    return next(group for group in page.button_group if group.key.startswith(f"compare {name} "))


def test_another_run_is_compared_with_by_one_press_and_let_go_by_another(stage):
    page = visit(batch_size="8")
    assert stage.beside is None
    values_to_compare(page, "batch_size").set_value(256).run()
    assert page.query_params == {"batch_size": "8", "beside": "batch_size=256"} and not page.exception
    assert (stage.beside["run"], stage.beside["label"], stage.beside["own"]) == (
        Experiment(batch_size=256).id, "Batch size 256", "Batch size 8"
    )  # fmt: skip
    assert values_to_compare(page, "batch_size").value == 256 and stage.mounted[-1][0] == Experiment(batch_size=8).id
    values_to_compare(page, "batch_size").set_value(None).run()
    assert stage.beside is None and page.query_params == {"batch_size": "8"}


def epochs_line(page):
    return next(caption.value for caption in page.caption if "epochs of" in caption.value)


def test_a_comparison_keeps_the_examples_seen_like_the_run_on_show(stage):
    page = visit(batch_size="8", beside="batch_size=256")
    assert (stage.mounted[-1][0], stage.beside["label"]) == (Experiment(batch_size=8).id, "Batch size 256")
    next(group for group in page.button_group if group.key == pace.KEY).set_value(pace.EXAMPLES).run()
    assert stage.mounted[-1][0] == Experiment(batch_size=8, steps=4800, snapshot_every=32).id
    assert stage.beside["run"] == Experiment(batch_size=256, steps=150, snapshot_every=1).id, "what was compared follows"
    assert stage.beside["label"] == "Batch size 256, Steps 150" and stage.beside["epochs"] == pytest.approx(7.68)
    assert "4800 steps of 8 examples: 7.7 epochs of 5,000" in epochs_line(page)
    assert values_to_compare(page, "batch_size").value == 256
    values_to_compare(page, "batch_size").set_value(128).run()
    assert stage.beside["run"] == Experiment(batch_size=128, steps=300, snapshot_every=2).id and not page.exception

    page = visit(**page.query_params)  # the link says as much, though nobody has chosen here
    values_to_compare(page, "batch_size").set_value(256).run()
    assert stage.beside["epochs"] == pytest.approx(7.68)


def test_a_value_is_compared_again_after_it_was_dismissed_in_the_player(stage):
    page = visit(batch_size="8", beside="batch_size=32")
    texts = words.shared()["compare"]
    assert page.get("popover")[1].proto.popover.label == "Compared: Batch size 32"
    assert any(texts["where"] in caption.value for caption in page.caption)
    del page.query_params["beside"]  # as the player writes it
    values_to_compare(page, "batch_size").set_value(None).run()  # a press on the value that is still marked
    assert stage.beside["run"] == Experiment(batch_size=32).id and page.query_params["beside"] == "batch_size=32"
    stage.pinned = ""
    page.run()
    assert "beside" not in page.query_params
    stage.pinned = None
    page.run()
    assert values_to_compare(page, "batch_size").value is None and stage.beside is None
    assert page.get("popover")[1].proto.popover.label == texts["open"]
    stage.pinned = "batch_size=4"
    page.run()
    assert page.query_params["beside"] == "batch_size=4"
    stage.pinned = "batch_size=banana"
    page.run()
    assert "beside" not in page.query_params and not page.exception


def test_a_setting_that_is_locked_is_not_compared(stage):
    page = visit(lock="batch_size")
    names = {group.key.split()[1] for group in page.button_group if group.key.startswith("compare ")}
    assert names == {"learning_rate", "activation", "dataset"}


def test_the_usual_run_is_compared_with_too(stage):
    page = visit(batch_size="8")
    values_to_compare(page, "batch_size").set_value(64).run()
    assert stage.beside["run"] == Experiment().id and page.query_params["beside"] == "batch_size=64"
