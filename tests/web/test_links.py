"""Links that were made once open for good."""

from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bnviz.config.experiment import FIELDS
from bnviz.config.fields import format_value
from bnviz.lessons import LESSONS, SWEEPING, address
from bnviz.web.site import links, teachers
from bnviz.web.site.tailored import Tailoring
from bnviz.web.tracking import is_tracking

LINK_LINES = Path(__file__).with_name("links.txt").read_text(encoding="utf-8").splitlines()
LINKS = [line.split("\t") for line in LINK_LINES if line and not line.startswith("#")]
LESSON = {address(lesson): lesson for lesson in LESSONS} | {"": next(iter(LESSONS))}


def page_for(lesson, claim):
    """The page as it is when this link is opened."""
    page = import_module(f"bnviz.lessons.{lesson}.page")
    return page.form(page.CLAIMS[claim]) if claim else page.PAGE


@pytest.mark.parametrize(("link", "expected"), [(link, expected) for link, *expected in LINKS], ids=[link for link, *_ in LINKS])
def test_a_link_of_an_earlier_release_means_what_it_meant(link, expected):
    parts = urlsplit(link)
    parameters, lesson = parse_qs(parts.query), LESSON[parts.path.strip("/")]
    page = page_for(lesson, parameters.get("claim", [""])[0])
    own = page.own if lesson in SWEEPING else None
    result = links.parse(parameters, page.default, own, page.cards)
    assert result.problems == ()
    meant = dict(one.split("=", 1) for one in expected)
    settings = {name: text for name, text in meant.items() if not name.startswith("@")}
    assert result.experiment == page.default.replace(**{name: FIELDS[name].parse(text) for name, text in settings.items()})
    places = {name.removeprefix("@"): text for name, text in meant.items() if name.startswith("@")}
    assert result.skip == (places.pop("skip", "0") == "1")
    default = {name: format_value(field.default) for name, field in (own or {}).items()}
    assert {name: format_value(value) for name, value in result.view.items()} == {
        name: text for name, text in places.items() if text != default.get(name)
    }


TRACKED = "utm_source=mail&utm_medium=x&UTM_Campaign=y&fbclid=1&gclid=2&gad_source=1&msclkid=3&_ga=4&mc_cid=5&igsh=6&si=7"


def test_what_only_says_where_a_visitor_comes_from_is_ignored_without_a_word():
    page = page_for("batch_size", "")
    tracked, plain = (
        links.parse(parse_qs(query), page.default)
        for query in (f"{TRACKED}&batch_size=8&fbclid=again&layer=3", "batch_size=8&layer=3")
    )
    assert tracked == plain and tracked.experiment.batch_size == 8 and tracked.problems == ()
    assert links.parse({"utm": ["1"]}, page.default).problems, "a name that is only alike is named as ever"


def test_no_setting_and_no_place_is_taken_for_one_of_those():
    others = ("skip", "panels", "pages", "hide", "lock", "claim", "seeds", "embed", "embed_options")
    assert not [name for name in (*FIELDS, *links.VIEW, *others) if is_tracking(name)]


def test_a_teachers_link_does_not_pass_it_on():
    link = teachers.link(
        f"https://lab.example/?{TRACKED}&seed=7", Tailoring(hide=("presets",)), "https://lab.example/for-teachers"
    )
    assert link == "https://lab.example/?seed=7&hide=presets"
