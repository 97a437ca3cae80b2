"""A page inside another one: what its link chooses, the code that puts it there, and how its picture fits into a frame."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnviz.config.experiment import Experiment
from bnviz.lessons.live_shift.page import PAGE
from bnviz.web.export.saved_page import PLAYING, page_of
from bnviz.web.site import embedded, links
from tests.web.test_network import SIZES

FILE, GEOMETRY = "web/player/embedding.js", "web/player/geometry.js"
TITLES = {"fan": "The mean of every unit", "shift": "How far {tap} has moved"}
ADDRESS = "https://example.org/lab/gamma-beta?batch_size=4&changes=20%3Alearning_rate%3D1&step=30"


def test_the_code_opens_the_page_in_a_frame(desk):
    code = desk.call(FILE, "frame", f"{ADDRESS}&panels=fan", 'γ "and" <β>')
    assert re.fullmatch(r"<iframe( \w+=\"[^\"<]*\"| allowfullscreen)+></iframe>", code)
    attributes = {name: unescape(text) for name, text in re.findall(r'(\w+)="([^"]*)"', code)}
    assert (
        attributes["src"] == f"{ADDRESS}&embed=true" and attributes["title"] == 'γ "and" <β>' and attributes["loading"] == "lazy"
    )
    assert int(attributes["width"]) > int(attributes["height"]) > 0


def test_the_code_for_a_comparison_has_a_chart_that_shows_it(desk):
    panels = PAGE.panels_in_order(Experiment())
    charts = desk.call(FILE, "comparisonCharts", f"{ADDRESS}&beside=batch_size%3D256", panels)
    assert charts and desk.call(FILE, "comparisonCharts", ADDRESS, panels) == []
    code = desk.call(FILE, "frame", f"{ADDRESS}&beside=batch_size%3D256", "", charts)
    query = parse_qs(urlsplit(unescape(re.search('src="([^"]*)"', code)[1])).query)
    assert query["panels"] == [f"network,{charts[0]}"] and query["beside"] == ["batch_size=256"] and 'height="660"' in code


def test_the_way_out_leads_to_the_same_place_of_the_whole_page(desk):
    inside = f"{ADDRESS}&embed=true&embed_options=dark_theme&panels=network"
    assert parse_qs(urlsplit(desk.call(FILE, "wholePageAddress", inside)).query) == parse_qs(urlsplit(ADDRESS).query)
    assert desk.call(FILE, "wholePageAddress", "http://127.0.0.1:8501/?embed=true") == "http://127.0.0.1:8501/"


@pytest.mark.parametrize(("text", "panels"), [("", ()), ("network,fan", ("network", "fan")), (" fan , fan,,x ", ("fan", "x"))])
def test_a_link_names_what_is_shown_and_nobody_complains_on_a_whole_page(text, panels):
    link = links.parse({"panels": [text], "batch_size": ["4"]}, Experiment())
    assert link.panels == panels and link.experiment.batch_size == 4 and link.problems == ()


def test_what_is_no_panel_is_named_with_those_that_there_are():
    assert embedded.choose_panels((), TITLES) == ({"network"}, [])
    assert embedded.choose_panels(("shift", "network"), TITLES) == ({"network", "shift"}, [])
    names, bad = embedded.choose_panels(("shift", "fun"), TITLES)
    told = "`panels = fun` (there is no such chart; the charts are network, the-mean-of-every-unit, how-far-has-moved)"
    assert names == {"shift"} and told in links.message(bad)
    assert embedded.choose_panels(("fun",), TITLES)[0] == {"network"}


@pytest.mark.parametrize(
    ("name", "panel"),
    [
        ("The mean of every unit", "fan"),
        ("the-mean-of-every-unit", "fan"),
        ("fan", "fan"),
        ("How far a[2] has moved", "shift"),
        ("how-far-has-moved", "shift"),
        ("the-mean-of-every", "network"),
    ],
)
def test_panels_are_called_by_their_titles_and_as_in_links_of_earlier_releases(name, panel):
    assert embedded.choose_panels((name,), TITLES)[0] == {panel}


@pytest.mark.parametrize("lesson", PLAYING)
def test_no_two_panels_of_a_page_have_the_same_name(lesson):
    page = page_of(lesson)
    titles = {panel["id"]: panel["title"] for panel in page.panels(page.default)}
    for panel in page.panels_in_order(page.default):
        assert embedded.choose_panels((panel["name"],), titles) == ({panel["id"]}, [])


def test_a_link_to_a_panel_that_has_moved_says_where_it_is():
    names, [bad] = embedded.choose_panels(("lag", "scatter"), {"scatter": "How much"}, {"lag": "/elsewhere?panels=errors"})
    assert names == {"scatter"} and "/elsewhere?panels=errors" in bad.reason


@pytest.mark.parametrize("lesson", PLAYING)
def test_panels_that_have_moved_are_where_the_page_says(lesson):
    page = page_of(lesson)
    for name, address in page.moved.items():
        assert name not in {panel["id"] for panel in page.panels(page.default)}
        path, _, query = address.partition("?")
        other = page_of(path.strip("/").replace("-", "_"))
        names = {panel["name"] for panel in other.panels_in_order(other.default)}
        assert set(query.removeprefix("panels=").split(",")) <= names


@given(SIZES, st.integers(0, 1200))
@settings(deadline=None, max_examples=60)
def test_the_picture_is_as_high_as_its_frame_as_far_as_it_can(desk, sizes, room):
    heights = {one: desk.call(GEOMETRY, "arrange", {**sizes, "room": one})["height"] for one in (0, room, 10_000)}
    assert heights[room] == pytest.approx(min(max(room, heights[0]), heights[10_000]))
