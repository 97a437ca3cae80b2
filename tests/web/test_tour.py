"""What drives a tour, as far as it needs no page: where it points, how far it scrolls, where playing begins."""

import pytest

TOUR, POINTING = "web/player/core/tour-core.js", "web/player/pointing.js"
FREE = {"top": 100, "bottom": 600}
FRAMES = [{"step": step} for step in (0, 1, 2, 10, 20)]


@pytest.mark.parametrize(
    ("part", "by"),
    [
        ({"top": 150, "bottom": 400}, 0),  # in view
        ({"top": 40, "bottom": 300}, -60),  # covered above
        ({"top": 500, "bottom": 700}, 100),  # covered below
        ({"top": 300, "bottom": 1300}, 200),  # too high for any place: its top counts
    ],
)
def test_it_scrolls_no_further_than_it_must(desk, part, by):
    assert desk.call(POINTING, "scrollBy", part, FREE) == by


@pytest.mark.parametrize(
    ("place", "start", "again", "expected"),
    [(0, 10, False, 3), (4, 10, False, 4), (4, 10, True, 3), (2.5, 2, False, 2.5), (1, 99, False, 4)],
)
def test_playing_begins_at_a_step_or_goes_on(desk, place, start, again, expected):
    assert desk.call(TOUR, "startOf", FRAMES, place, start, again) == expected


def test_layers_that_are_not_in_the_picture_are_not_pointed_at(desk):
    sizes = {"width": 1000, "layers": 5, "units": 64, "watched": 8, "chosen": 2}
    geometry = desk.call("web/player/geometry.js", "arrange", sizes)
    second = desk.call(POINTING, "boxOf", geometry, {"layers": [2, 2]})
    third = desk.call(POINTING, "boxOf", geometry, {"layers": [3, 5]})
    assert 0 < second["x"] < second["x"] + second["width"] <= third["x"] + 20
    assert third["width"] > 2.5 * second["width"] and second["height"] == geometry["height"]
    assert desk.call(POINTING, "boxOf", geometry, {"layers": [6, 7]}) is None
    assert desk.call(POINTING, "boxOf", geometry, {"scores": True})["x"] > third["x"]


def test_an_experiment_is_known_by_all_of_its_fields(desk):
    usual = {"seed": 0, "steps": 600, "changes": ""}
    values = {"changes": "300:batch_size=4"}
    assert desk.call(TOUR, "isThis", values, {"usual": usual, "experiment": {**usual, **values}})
    assert not desk.call(TOUR, "isThis", values, {"usual": usual, "experiment": usual})
    assert not desk.call(TOUR, "isThis", values, {"usual": usual, "experiment": {**usual, **values, "seed": 1}})


@pytest.mark.parametrize(("search", "card"), [("?tour=3", 3), ("", None), ("?tour=x", None), ("?a=1&tour=10", 10)])
def test_the_address_names_a_card(desk, search, card):
    assert desk.call("web/player/core/address.js", "cardIn", f"http://localhost/{search}") == card
