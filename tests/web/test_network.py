"""The picture of the two networks: where everything stands, and how far units move."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

GEOMETRY, MOTION = "web/player/geometry.js", "web/player/motion.js"
WATCHED_UNITS = 8
SIZES = st.fixed_dictionaries({
    "width": st.integers(320, 1500), "layers": st.integers(2, 25), "units": st.sampled_from([8, 16, 64, 128, 256]),
    "watched": st.just(WATCHED_UNITS), "chosen": st.integers(1, 2), "small": st.booleans(),
})  # fmt: skip


@pytest.fixture(scope="module")
def geometry(desk):
    return lambda name, *arguments: desk.call(GEOMETRY, name, *arguments)


@given(SIZES)
@settings(deadline=None, max_examples=60)
def test_columns_stand_beside_each_other_within_the_picture(geometry, sizes):
    layout = geometry("arrange", sizes)
    edges = [(column["x"], column["x"] + column["width"]) for column in layout["columns"]]
    assert all(left < right for left, right in edges)
    assert all(right < left for (_, right), (left, _) in zip(edges, edges[1:], strict=False))
    assert edges[0][0] >= layout["input"]["width"] and edges[-1][1] <= layout["output"]["x"] + 1e-6
    assert sizes["chosen"] in [column["layer"] for column in layout["columns"]]
    assert layout["histogram"]["y"] + layout["histogram"]["height"] + layout["pitch"] <= layout["height"]


@given(SIZES, st.data())
@settings(deadline=None, max_examples=60)
def test_a_point_in_a_unit_is_that_unit(geometry, sizes, data):
    layout = geometry("arrange", sizes)
    row, unit = data.draw(st.integers(0, 1)), data.draw(st.integers(0, sizes["units"] - 1))
    column = data.draw(st.sampled_from(layout["columns"]))
    box = geometry("unitBox", layout, row, column, unit, WATCHED_UNITS)
    if box is None:
        assert sizes["small"] and unit >= WATCHED_UNITS
        return
    assert column["x"] - 1e-6 <= box["x"] and box["x"] + box["width"] <= column["x"] + column["width"] + 1e-6
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    target = geometry("hit", layout, *middle, {"units": sizes["units"], "watched": WATCHED_UNITS})
    assert target == {"row": row, "layer": column["layer"], "unit": unit}


@given(SIZES, st.data())
@settings(deadline=None, max_examples=60)
def test_a_point_in_a_mark_is_that_mark_and_covers_no_unit(geometry, sizes, data):
    layout = geometry("arrange", sizes)
    row, place = data.draw(st.integers(0, 1)), data.draw(st.integers(0, len(layout["columns"]) - 2))
    column, following = layout["columns"][place : place + 2]
    both = {"zeros": True, "passed": True}
    at = lambda box: geometry("markAt", layout, box["x"] + box["width"] / 2, box["y"] + box["height"] - 1, both)  # noqa: E731
    bar, between = geometry("zerosBox", layout, row, column), geometry("passedBox", layout, row, place)
    target = {"row": row, "layer": column["layer"], "unit": None}
    assert at(bar) == {**target, "mark": "zeros"}
    follows = following["layer"] == column["layer"] + 1
    assert at(between) == ({**target, "mark": "passed"} if follows else None)
    assert column["x"] + column["width"] <= between["x"] and between["x"] + between["width"] <= following["x"] + 1e-6
    assert geometry("markAt", layout, bar["x"] + 1, bar["y"] + 1, {"zeros": False, "passed": True}) is None
    units = [geometry("unitBox", layout, row, column, unit, WATCHED_UNITS) for unit in range(sizes["units"])]
    assert all(unit is None or unit["y"] + unit["height"] <= bar["y"] + 1e-6 for unit in units)


@given(st.integers(2, 25), st.integers(2, 25), st.integers(1, 25))
@settings(deadline=None)
def test_layers_that_fit_are_spread_evenly_and_the_chosen_one_is_among_them(geometry, count, most, focus):
    focus = min(focus, count)
    layers = geometry("evenlySpaced", count, most, focus)
    assert len(layers) == min(count, most) and focus in layers
    assert layers == sorted(set(layers)) and layers[0] >= 1 and layers[-1] <= count


def inside(outline, point):
    """Whether a point is in a polygon: a ray to the right crosses its outline an odd number of times."""
    (x, y), crossings = point, 0
    for (x1, y1), (x2, y2) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            crossings += 1
    return crossings % 2 == 1


def test_the_curtain_leaves_what_layer_2_hands_on(geometry):
    layout = geometry("arrange", {"width": 1300, "layers": 5, "units": 64, "watched": 8, "chosen": 2})
    outline = geometry("curtain", layout)
    covers = partial(inside, outline)
    first, second, third = layout["columns"][:3]
    for row in (0, 1):
        middle = [geometry("histogramBox", layout, row, column) for column in (first, second, third)]
        centres = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in middle]
        assert [covers(centre) for centre in centres] == [True, False, False]
        units = [geometry("unitBox", layout, row, column, 3, 8) for column in (first, second, third)]
        assert [covers((box["x"] + 3, box["y"] + 3)) for box in units] == [True, True, False]
    assert geometry("curtain", geometry("arrange", {"width": 1300, "layers": 2, "units": 64, "watched": 8, "chosen": 1})) is None


def snapshot(mean, std, shift):
    by_tap = lambda values: {"activation": [list(map(float, values))]}  # noqa: E731
    return {"arms": {"none": {"unit_mean": by_tap(mean), "unit_std": by_tap(std), "shift_step": {"activation": shift}}}}


def test_motion_is_the_distance_of_normal_distributions(desk):
    rng = np.random.default_rng(0)
    means, stds = rng.normal(size=(2, 5)), rng.uniform(0.5, 2, size=(2, 5))
    before, now = (snapshot(mean, std, []) for mean, std in zip(means, stds, strict=True))
    scale = desk.call(MOTION, "layerStd", before, "none", "activation", 1)
    assert scale == pytest.approx(np.sqrt((stds[0] ** 2).mean()))
    motion = desk.call(MOTION, "unitMotion", before, now, "none", "activation", 1, scale)
    # W2 between normals by coupling quantiles: the root mean square of their differences
    grid = (np.arange(20000) + 0.5) / 20000
    quantiles = [norm.ppf(grid[:, None], mean, std) for mean, std in zip(means, stds, strict=True)]
    assert motion == pytest.approx(np.sqrt(((quantiles[1] - quantiles[0]) ** 2).mean(0)) / scale, rel=1e-3)


def test_the_share_that_passes_on_is_of_the_last_few_snapshots(desk):
    frames = [snapshot([0], [1], shift) for shift in ([9, 9], [1, 3], [2, 2], [1, 1], [0, 2], [4, 0], [1, 1])]
    view = {"frames": frames, "tap": "activation", "motion": "distribution"}
    shares = [desk.call(MOTION, "passedOn", {**view, "frameIndex": index}, "none", 1) for index in (6, 1, 0)]
    assert shares == [pytest.approx(6 / 8), pytest.approx(3), None]


@pytest.mark.parametrize("own, all_, far", [
    ([0.2, 0.05], 0.15, 0.15),  # one scale for both
    ([1e9, 0.1], 5.6, 0.1),  # the first one flies apart
    ([0.1, 1e9], 5.6, 0.1),
    ([5.6, 0.13], 4.0, 0.13),  # a snapshot after the start it is about to
    ([0.0005, 0.05], 0.04, 0.04),  # the first one stands still: the second says what is usual
    ([40.0, 50.0], 45.0, 45.0),
])  # fmt: skip
def test_a_network_that_flies_apart_does_not_hide_how_the_other_moves(desk, own, all_, far):
    assert desk.call(MOTION, "common", own, all_) == far
