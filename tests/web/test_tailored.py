"""Links of teachers: what they leave out, that it lasts, and the page that makes them."""

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from bnviz.config.experiment import Experiment
from bnviz.lessons import LESSONS, SWEEPING, address
from bnviz.web import words
from bnviz.web.export.worksheet import worksheet
from bnviz.web.site import tailored, teachers
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
    assert not page.button_group and full_page.button_group


def test_without_settings_the_experiment_of_the_link_stays(stage):  # noqa: F811
    page = visit(batch_size="8", steps="400", hide="settings")
    page.run()
    page.run()
    assert settings(page) == {} and stage.experiment == Experiment(batch_size=8, steps=400)


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


def test_a_locked_setting_cannot_be_turned_in_the_player_either(monkeypatch):
    from bnviz.web.site import widgets as site_widgets

    monkeypatch.setattr(tailored, "now", lambda: Tailoring(lock=("batch_size",)))
    same = site_widgets.edit(Experiment(), {"do": "set", "name": "batch_size", "value": 4, "step": 40}, Experiment())
    assert same == Experiment()


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
    assert page.code[0].value.endswith("batch-size?pages=batch-size&lock=seed")


def test_the_worksheet_asks_what_the_pages_ask():
    sheet = worksheet()
    for lesson in LESSONS:
        texts = words.catalogue(lesson)
        for text in texts.get("predictions", {}).values():
            assert f"☐ {text}" in sheet
        if texts.get("presets"):
            assert f"({'/' if lesson == 'live_shift' else '/' + address(lesson)})" in sheet
    assert sheet.count("☐") > 20 and "{" not in sheet
    assert "<h2>Watch a[2] shift (/)</h2>" in teachers.printable()


def test_parts_and_pages_that_can_be_named_are_those_that_there_are():
    assert set(tailored.KINDS["pages"]) == {address(lesson) for lesson in LESSONS} and SWEEPING
    assert tailored.parse({"hide": " claim , claim,"}) == (Tailoring(hide=("claim",)), [])
