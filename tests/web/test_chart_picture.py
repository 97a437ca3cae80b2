"""A chart as a picture: what stands around it, and that its own parts keep their places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

FILE = "web/player/chart-picture.js"
CHART = {
    "data": [{"x": [0], "y": [1]}],
    "layout": {
        "width": 500,
        "height": 300,
        "margin": {"t": 10, "b": 40, "l": 60},
        "annotations": [{"text": "with"}],
        "uirevision": 1,
    },
}
TEXTS = {
    "title": "Shift & <drift>",
    "caption": "One line for each unit.",
    "notes": ["step 40, learning_rate = 1", "bnviz, run 0123456789abcdef"],
    "arms": [{"name": "without batch norm", "colour": "#e06c1f"}, {"name": "with batch norm", "colour": "#2c7bd1"}],
}
THEME = {"background": "#fff", "text": "#111"}


@pytest.fixture
def layout(desk):
    return desk.call(FILE, "figureOf", CHART, TEXTS, THEME)["layout"]


def test_it_says_what_it_is_of(layout):
    own, head, foot = layout["annotations"]
    assert own == {"text": "with"}
    assert head["text"] == '<b style="font-size:17px">Shift &amp; &lt;drift></b><br>One line for each unit.'
    assert foot["text"] == (
        '<span style="color:#e06c1f">without batch norm</span> · <span style="color:#2c7bd1">with batch norm</span>'
        "<br>step 40, learning_rate = 1<br>bnviz, run 0123456789abcdef"
    )
    assert layout["paper_bgcolor"] == "#fff"


def test_the_plot_stays_as_high_as_it_was_and_the_words_get_room_of_their_own(layout):
    before, after = CHART["layout"], layout
    inner = [one["height"] - one["margin"]["t"] - one["margin"]["b"] for one in (before, after)]
    assert inner[0] == inner[1]
    _, head, foot = layout["annotations"]
    assert head["yshift"] == before["margin"]["t"] and foot["yshift"] == -before["margin"]["b"]
    assert layout["width"] == 640 and layout["margin"]["r"] == 20


def test_a_chart_without_captions_is_left_with_its_title(desk):
    figure = desk.call(FILE, "figureOf", CHART, {"title": "A", "caption": "", "notes": [], "arms": []}, THEME)
    assert [note["text"] for note in figure["layout"]["annotations"]] == ["with", '<b style="font-size:17px">A</b>']


@given(st.lists(st.text("abcdefghij", min_size=1, max_size=12), max_size=30), st.integers(12, 40))
def test_lines_hold_all_words_in_order_and_are_no_longer_than_there_is_room(desk, words, room):
    lines = desk.call(FILE, "wrap", " ".join(words), room)
    assert " ".join(lines).split() == words
    assert all(len(line) <= room for line in lines)
