"""Links of teachers: what they leave out, that it lasts, and the page that makes them."""

from importlib import import_module

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from bnviz.config import changes
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.lessons import LESSONS, SWEEPING, address
from bnviz.web import words
from bnviz.web.export.worksheet import worksheet
from bnviz.web.site import pace, presets, tailored, teachers, widgets
from bnviz.web.site.presets import KEY
from bnviz.web.site.tailored import Tailoring
from tests.web.settings import settings
from tests.web.test_pages import MAIN, PRESETS, stage, visit  # noqa: F401  (a fixture)

HERE = "https://example.org/lab/for-teachers"


@pytest.mark.usefixtures("stage")
def test_parts_are_left_out_and_the_run_is_the_same(stage):  # noqa: F811
    full_page = visit(batch_size="8")
    assert full_page.caption and "batch_size" in settings(full_page)
    page = visit(batch_size="8", hide="claim,presets,more,limits")
    assert stage.experiment == Experiment(batch_size=8)
    claim = words.catalogue("live_shift")["claim"]
    assert claim in [one.value for one in full_page.markdown] and claim not in [one.value for one in page.markdown]
    assert set(settings(page)) == {"batch_size", "learning_rate", "activation", "dataset"}
    assert KEY in {one.key for one in full_page.button_group} and KEY not in {one.key for one in page.button_group}


def test_without_settings_the_experiment_of_the_link_stays(stage):  # noqa: F811
    page = visit(batch_size="8", steps="400", hide="settings")
    page.run()
    page.run()
    assert settings(page) == {} and stage.experiment == Experiment(batch_size=8, steps=400)


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize("lock, shown", [("", True), ("seed", True), ("batch_size", False), ("steps", False)])
def test_what_a_new_batch_size_keeps_is_asked_where_it_can_change(lock, shown):
    page = visit(lock=lock)
    keep = words.shared()["pace"]["another"]
    assert any(keep in one.value for one in page.caption) == shown == (pace.KEY in {one.key for one in page.button_group})
    assert any("epochs of" in one.value for one in page.caption)


@pytest.mark.usefixtures("stage")
def test_a_setting_is_locked_and_others_are_not():
    page = visit(learning_rate="0.3", lock="learning_rate,steps")
    assert {name: one.disabled for name, one in settings(page).items() if name in ("learning_rate", "steps", "batch_size")} == {
        "learning_rate": True, "steps": True, "batch_size": False,
    }  # fmt: skip


def test_a_locked_setting_stays_as_the_link_has_it_on_every_page_and_in_every_preset(stage):  # noqa: F811
    page = visit(batch_size="8", lock="batch_size")
    for other in ("batch-size", "gamma-beta", "live-shift"):
        page._page_hash = calc_hash(other)  # AppTest.switch_page knows files only
        page.run()
        assert not page.exception and settings(page)["batch_size"].value == 8, other
    page.button_group(key=KEY).set_value("fast").run()
    assert stage.experiment == Experiment(**{**PRESETS["fast"], "batch_size": 8})
    assert page.query_params["batch_size"] == "8"


@pytest.mark.usefixtures("stage")
def test_it_stands_in_the_address_for_good_and_names_that_there_are_not_are_told():
    page = visit(lock="batch_size,colour", pages="live-shift", hide="presets")
    assert "colour" in page.warning[0].value and "batch_size" in page.warning[0].value
    page.select_slider(key="learning_rate").set_value(1.0).run()
    assert {name: page.query_params[name] for name in tailored.KINDS} == {
        "lock": "batch_size", "pages": "live-shift", "hide": "presets",
    }  # fmt: skip


def test_a_lock_without_a_value_locks_what_is_usual_and_presets_that_change_it_are_off(stage):  # noqa: F811
    page = visit(lock="batch_size")
    barred = page.button_group(key=f"{KEY} barred")
    names = words.catalogue("live_shift")["presets"]
    assert barred.disabled and barred.options == [names[key]["name"] for key, one in PRESETS.items() if "batch_size" in one]
    assert page.button_group(key=KEY).options == [names[key]["name"] for key, one in PRESETS.items() if "batch_size" not in one]
    assert any("Set by your teacher: Batch size." in one.value for one in page.caption)
    page._page_hash = calc_hash("batch-size")
    page.run()
    assert settings(page)["batch_size"].value == 64, "that page has another default"


@pytest.fixture
def open_locked(monkeypatch):
    """Has a visit begin with a link to a page that locks a setting."""

    def open_locked(experiment, name):
        monkeypatch.setattr(tailored.st, "session_state", {})
        monkeypatch.setattr(tailored, "now", lambda: Tailoring(lock=(name,)))
        return tailored.lock(experiment)

    return open_locked


PAGES = [import_module(f"bnviz.lessons.{lesson}.page").PAGE for lesson in LESSONS if lesson != "does_it_hold"]  # has no settings


@pytest.mark.parametrize("name", FIELDS)
def test_no_preset_and_no_edit_of_any_page_changes_a_locked_setting(open_locked, name):
    """A preset is permitted if and only if it leaves the setting as it is; so is each of the player's edits."""
    for page in PAGES:
        link = open_locked(page.default.replace(**dict(zip([name], some_values(name)[-1:], strict=False))), name)
        knob = name in changes.KNOBS
        for preset in presets.locked_choices(page).values():
            turned = knob and any(change.name == name for change in preset.experiment.possible_changes)
            assert tailored.permits(preset.experiment) == (getattr(preset.experiment, name) == getattr(link, name) and not turned)
        edits = [{"do": "experiment", "values": {name: value}} for value in some_values(name)]
        if knob:
            edits += [{"do": "set", "name": name, "value": value, "step": 5} for value in some_values(name)]
        for edit in edits:
            assert widgets.edit(link, edit, page.default) in (link, page.default.replace(**{name: getattr(link, name)}))


def some_values(name):
    field = FIELDS[name]
    return list(field.choices or field.marks)[:3] if name != "changes" else []


@pytest.mark.parametrize(
    "edit",
    [
        {"do": "set", "name": "batch_size", "value": 4, "step": 40},
        {"do": "remove", "name": "batch_size", "step": 50},
        {"do": "move", "name": "batch_size", "step": 50, "to": 60},
        {"do": "from_start", "name": "batch_size", "step": 50},
        {"do": "experiment", "values": {"batch_size": 4}},
        {"do": "experiment", "values": {"changes": "9:batch_size=4"}},
    ],
)
def test_a_locked_setting_cannot_be_turned_in_the_player_either(open_locked, edit):
    link = open_locked(Experiment(changes="50:batch_size=8"), "batch_size")
    assert widgets.edit(link, edit, Experiment()) == link
    free = {"do": "set", "name": "learning_rate", "value": 1.0, "step": 40}
    assert widgets.edit(link, free, Experiment()).changes == "40:learning_rate=1;50:batch_size=8"


def test_links_to_other_pages_take_the_lock_along(open_locked, monkeypatch):
    open_locked(Experiment(batch_size=8), "batch_size")
    pages = {"batch-size": "Batch size", "gamma-beta": "γ and β"}
    assert list(tailored.onward(pages)) == ["batch-size?lock=batch_size&batch_size=8", "gamma-beta?lock=batch_size&batch_size=8"]
    monkeypatch.setattr(tailored, "now", lambda: Tailoring(pages=("gamma-beta",)))
    assert tailored.onward(pages) == {"gamma-beta?pages=gamma-beta": "γ and β"}
    monkeypatch.setattr(tailored, "now", Tailoring)
    assert tailored.onward(pages) == pages


@pytest.mark.parametrize(
    ("start", "tailoring", "expected"),
    [
        ("", Tailoring(), "https://example.org/lab/"),
        ("", Tailoring(lock=("batch_size",)), "https://example.org/lab/?lock=batch_size"),
        (
            "/?batch_size=8&step=120",
            Tailoring(hide=("presets", "more")),
            "https://example.org/lab/?batch_size=8&step=120&hide=presets,more",
        ),
        (
            "https://example.org/lab/gamma-beta?unit=3&lock=seed",
            Tailoring(pages=("gamma-beta",)),
            "https://example.org/lab/gamma-beta?unit=3&pages=gamma-beta",
        ),
        ("/gamma-beta?unit=3", Tailoring(pages=("batch-size",)), "https://example.org/lab/batch-size?pages=batch-size"),
    ],
)
def test_a_link_is_built(start, tailoring, expected):
    assert teachers.link(start, tailoring, HERE) == expected


def test_the_page_builds_a_link_from_what_is_chosen():
    page = AppTest.from_file(str(MAIN.parents[1] / "pages" / "for_teachers.py"), default_timeout=60).run()
    page.multiselect(key="teachers pages").set_value(["batch-size"])
    page.multiselect(key="teachers lock").set_value(["seed"]).run()
    assert not page.exception
    assert page.code[0].value.endswith("batch-size?pages=batch-size&lock=seed") and not page.button
    page.multiselect(key="teachers lock").set_value(["batch_size"]).run()
    page.button[0].click().run()  # ghost batches undo a locked batch size
    assert page.code[0].value.endswith("&lock=batch_size,ghost_batch_size") and not page.button


def test_the_worksheet_asks_what_the_pages_ask():
    sheet = worksheet()
    for lesson in LESSONS:
        texts = words.catalogue(lesson)
        for text in texts.get("predictions", {}).values():
            assert f"☐ {text}" in sheet
        if texts.get("presets"):
            assert f"({'/' if lesson == 'live_shift' else '/' + address(lesson)})" in sheet
    assert sheet.count("☐") > 20 and "{" not in sheet
    printed = teachers.printable()
    assert "<h2>Watch a[2] shift (/)</h2>" in printed
    assert printed.count("<hr") == sheet.count("\n____") and "height:9mm" in printed  # lines with room to write


def test_parts_and_pages_that_can_be_named_are_those_that_there_are():
    assert set(tailored.KINDS["pages"]) == {address(lesson) for lesson in LESSONS} and SWEEPING
    assert tailored.parse({"hide": " claim , claim,"}) == (Tailoring(hide=("claim",)), [])
