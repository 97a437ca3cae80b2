"""A page inside another one: what its link chooses, the code that puts it there, and how its picture fits into a frame."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnviz.config.experiment import Experiment
from bnviz.web.export.saved_page import PLAYING, page_of
from bnviz.web.site import embedded, links
from tests.web.test_network import SIZES

FILE, GEOMETRY = "web/player/embedding.js", "web/player/geometry.js"
ADDRESS = "https://example.org/lab/gamma-beta?batch_size=4&changes=20%3Alearning_rate%3D1&step=30"


def test_the_code_opens_the_page_in_a_frame(desk):
    code = desk.call(FILE, "frame", f"{ADDRESS}&panels=fan", 'γ "and" <β>')
    assert re.fullmatch(r"<iframe( \w+=\"[^\"<]*\"| allowfullscreen)+></iframe>", code)
    attributes = {name: unescape(text) for name, text in re.findall(r'(\w+)="([^"]*)"', code)}
    assert (
        attributes["src"] == f"{ADDRESS}&embed=true" and attributes["title"] == 'γ "and" <β>' and attributes["loading"] == "lazy"
    )
    assert int(attributes["width"]) > int(attributes["height"]) > 0


def test_the_way_out_leads_to_the_same_place_of_the_whole_page(desk):
    inside = f"{ADDRESS}&embed=true&embed_options=dark_theme&panels=network"
    assert parse_qs(urlsplit(desk.call(FILE, "wholePageAddress", inside)).query) == parse_qs(urlsplit(ADDRESS).query)
    assert desk.call(FILE, "wholePageAddress", "http://127.0.0.1:8501/?embed=true") == "http://127.0.0.1:8501/"


@pytest.mark.parametrize(("text", "panels"), [("", ()), ("network,fan", ("network", "fan")), (" fan , fan,,x ", ("fan", "x"))])
def test_a_link_names_what_is_shown_and_nobody_complains_on_a_whole_page(text, panels):
    link = links.parse({"panels": [text], "batch_size": ["4"]}, Experiment())
    assert link.panels == panels and link.experiment.batch_size == 4 and link.problems == ()


def test_what_is_no_panel_is_named_with_those_that_there_are():
    assert embedded.choose_panels((), ["fan", "shift"]) == ({"network"}, [])
    assert embedded.choose_panels(("shift", "network"), ["fan", "shift"]) == ({"network", "shift"}, [])
    names, bad = embedded.choose_panels(("shift", "fun"), ["fan", "shift"])
    assert names == {"shift"} and "`panels = fun` (there is no such chart; the charts are network, fan, shift)" in links.message(
        bad
    )
    assert embedded.choose_panels(("fun",), ["fan"])[0] == {"network"}


def test_a_link_to_a_panel_that_has_moved_says_where_it_is():
    names, [bad] = embedded.choose_panels(("lag", "scatter"), ["scatter"], {"lag": "/elsewhere?panels=errors"})
    assert names == {"scatter"} and "/elsewhere?panels=errors" in bad.reason


@pytest.mark.parametrize("lesson", PLAYING)
def test_panels_that_have_moved_are_where_the_page_says(lesson):
    page = page_of(lesson)
    for name, address in page.moved.items():
        assert name not in {panel["id"] for panel in page.panels(page.default)}
        path, _, query = address.partition("?")
        other = page_of(path.strip("/").replace("-", "_"))
        assert set(query.removeprefix("panels=").split(",")) <= {panel["id"] for panel in other.panels(other.default)}


@given(SIZES, st.integers(0, 1200))
@settings(deadline=None, max_examples=60)
def test_the_picture_is_as_high_as_its_frame_as_far_as_it_can(desk, sizes, room):
    heights = {one: desk.call(GEOMETRY, "arrange", {**sizes, "room": one})["height"] for one in (0, room, 10_000)}
    assert heights[room] == pytest.approx(min(max(room, heights[0]), heights[10_000]))
