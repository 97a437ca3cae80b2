"""Links that were made once open for good."""

from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bnviz.config.experiment import FIELDS
from bnviz.config.fields import format_value
from bnviz.lessons import LESSONS, SWEEPING, address
from bnviz.web.site import links

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
