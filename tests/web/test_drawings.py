"""What is on show, what feeds draw of it and how far axes reach, on a small real recording, against plain NumPy."""

import functools

import numpy as np
import pytest
import torch
from scipy import stats

from bnviz.config.experiment import Experiment
from bnviz.record import ndjson
from bnviz.train import loop
from bnviz.web import words

torch.set_num_threads(1)

SMALL = Experiment(dataset="mnist1d", width=16, hidden_layers=3, steps=150, snapshot_every=1, batch_size=16)
CHOICE = {"layer": 2, "tap": "activation", "unit": 3, "target": 0.5}
ARMS = {"none": {"label": "", "name": "", "colour": ""}, "batch": {"label": "batch norm", "name": "", "colour": ""}}
LAST = SMALL.steps  # the newest snapshot's index
ROWS = 14  # ridges, as in feeds.js


@functools.cache
def messages():
    return [loop.header(SMALL), *filter(None, loop.train(SMALL))]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("drawings") / "run.ndjson"
    path.write_bytes(b"".join(map(ndjson.line, messages())) + ndjson.end("finished", "", 1.0))
    return str(path)


@pytest.fixture
def look(desk, recording):
    """Look at the recording with other choices than CHOICE, at `place`; what is on show."""
    data = {"arms": ARMS, "words": {}, "shared": words.shared()["player"], "data": {"held_out": "signals"}, "prediction": None}

    def looked(place=LAST, moving=False, lines=10_000, **choice):
        return desk.ask("look", recording=recording, data=data, choice=CHOICE | choice, place=place, moving=moving, lines=lines)

    return looked


def frames():
    return messages()[1:]


def recorded(key, arm="batch", tap="activation", layer=2):
    """A measure of every snapshot."""
    return [frame["arms"][arm][key][tap][layer - 1] for frame in frames()]


def edges(tap="activation"):
    return messages()[0]["edges"][tap].astype(float)


# --- what is on show


@pytest.mark.parametrize("lines", [0, 1])
def test_without_a_snapshot_nothing_is_on_show(look, lines):
    assert look(place=0, lines=lines) is None
    assert look(place=0, lines=2)["frameIndex"] == 0


@pytest.mark.parametrize("place, expected", [(-3, 0), (0, 0), (7.9, 7), (10_000, LAST)])
def test_a_place_that_is_not_there_shows_the_nearest_snapshot(look, place, expected):
    view = look(place=place)
    assert (view["frameIndex"], view["frame"]["step"]) == (expected, expected)


def test_only_what_plays_lies_between_two_snapshots(look):
    assert look(place=7.25, moving=True)["blend"] == pytest.approx(0.25)
    assert look(place=7.25)["blend"] == 0


def test_choices_that_the_run_does_not_have_become_those_nearest(look):
    view = look(layer=8, unit=99)
    assert (view["layer"], view["unit"]) == (SMALL.hidden_layers, 0)
    assert look(unit="auto")["unit"] == 0
    assert look(unit="pooled")["unit"] == "pooled"


def test_the_arm_that_is_compared_is_the_headers_second(look):
    view = look()
    assert (view["compared"], view["norm"], view["ended"]) == ("batch", "batch norm", True)
    assert look(lines=50)["ended"] is False


# --- feeds


def test_a_line_of_one_number_a_snapshot_is_what_was_recorded(desk, look):
    look(place=20)
    line = desk.ask("feed", kind="scalar", arm="none", key="train_loss")
    assert line["x"] == list(range(21))
    assert line["y"] == pytest.approx([frame["arms"]["none"]["train_loss"] for frame in frames()[:21]])


def test_a_line_of_the_chosen_layer_and_signal_is_what_was_recorded(desk, look):
    look(tap="linear", layer=3)
    line = desk.ask("feed", kind="series", arm="batch", key="shift_from_first")
    assert line["y"] == pytest.approx(recorded("shift_from_first", tap="linear", layer=3))


def test_measures_taken_now_and_then_leave_no_gaps(desk, look):
    look(tap="linear")
    line = desk.ask("feed", kind="series", arm="batch", key="mean_noise", tap="linear")
    measured_frames = [frame for frame in frames() if "mean_noise" in frame["arms"]["batch"]]
    assert line["x"] == [frame["step"] for frame in measured_frames]
    assert len(measured_frames) > 0


def test_lines_of_units_are_thinned_keep_the_newest_and_end_in_gaps(desk, look):
    look()
    lines = desk.ask("feed", kind="units", arm="batch", key="unit_mean")
    x, y = np.array(lines["x"], float), np.array(lines["y"], float)
    gaps = np.flatnonzero(np.isnan(x))
    assert len(gaps) == SMALL.width and gaps[-1] == len(x) - 1
    assert np.array_equal(gaps, np.flatnonzero(np.isnan(y)))
    assert gaps[0] <= 120 and x[gaps[0] - 1] == LAST
    expected = np.array(recorded("unit_mean"))[x[: gaps[0]].astype(int)]
    assert y[~np.isnan(y)].reshape(SMALL.width, -1) == pytest.approx(expected.T)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_units_percentile_is_read_off_its_histogram(desk, look, place):
    look(place=10, tap="linear")
    share = messages()[0]["percentiles"][place] / 100
    values = desk.ask("feed", kind="percentile", arm="batch", place=place)["y"]
    for value, counts in zip(values, np.array(recorded("unit_counts", tap="linear"))[:11, 3], strict=True):
        assert stats.rv_histogram((counts, edges("linear"))).cdf(value) == pytest.approx(share, abs=1e-6)


def test_a_percentile_of_a_unit_is_0_as_long_as_so_many_values_are(desk, look):
    """What ReLU has set to 0 is taken out, so that nothing of it is smeared over the bin that holds 0."""
    within = set()
    for unit in range(8):
        look(unit=unit)
        for place, share in enumerate(np.array(messages()[0]["percentiles"]) / 100):
            values = desk.ask("feed", kind="percentile", arm="none", place=place)["y"]
            zeros = np.array(recorded("unit_zeros", "none"))[:, unit] / SMALL.probe_size
            exact = [value == 0 for value in values]
            assert exact == (share <= zeros).tolist()
            within |= set(exact)
            step = exact.index(False) if False in exact else None
            if step is not None:
                rest = np.array(recorded("unit_counts", "none")[step][unit], float)
                rest[np.searchsorted(edges(), 0, side="right") - 1] -= zeros[step] * SMALL.probe_size
                above = stats.rv_histogram((rest, edges())).cdf(values[step])
                assert zeros[step] + (1 - zeros[step]) * above == pytest.approx(share, abs=1e-6)
    assert within == {True, False}


def test_percentiles_of_all_units_are_those_recorded(desk, look):
    look(unit="pooled")
    assert desk.ask("feed", kind="percentile", arm="none", place=1)["y"] == pytest.approx(
        [three[1] for three in recorded("percentiles", "none")]
    )


@pytest.mark.parametrize("tap", ["activation", "linear"])
def test_each_column_of_a_heat_map_is_the_last_histogram_before_it(desk, look, tap):
    look(place=100, tap=tap)
    heat = desk.ask("feed", kind="heat", arm="batch", layer=2)
    z = np.array(heat["z"], float).T
    zero = np.searchsorted(edges(tap), 0, side="right") - 1
    assert heat["y"] == pytest.approx((edges(tap)[1:] + edges(tap)[:-1]) / 2)
    for step, column in zip(heat["x"], z, strict=True):
        if step > 100:
            assert np.isnan(column).all()
            continue
        counts = np.array(recorded("counts", tap=tap)[int(step)], float)
        counts[zero] -= recorded("zeros", tap=tap)[int(step)]
        assert column == pytest.approx(counts / max(1, counts.max()))


def density(step, arm="batch"):
    """Smoothed shares of unit 3's values in each bin, but for those of exactly 0."""
    counts = np.array(recorded("unit_counts", arm)[step][3], float)
    counts[np.searchsorted(edges(), 0, side="right") - 1] -= recorded("unit_zeros", arm)[step][3]
    return np.convolve(np.pad(counts, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid") / 512


def outline(ridge):
    """The first closed line of a ridge: x, y."""
    end = ridge["x"].index(None)
    return np.array(ridge["x"][:end]), np.array(ridge["y"][:end])


def test_a_ridge_is_the_smoothed_density_on_its_step(desk, look):
    look(place=40)
    x, y = outline(desk.ask("feed", kind="ridge-front", arm="batch"))
    centres, heights = (edges()[1:] + edges()[:-1]) / 2, density(40)
    tallest = desk.ask("tallest", arm="batch")
    scale = 2.2 * SMALL.steps / ROWS / tallest
    assert (y[0], y[-1]) == (40, 40)
    expected = np.interp(x[1:-1], centres, np.minimum(heights, 1.4 * tallest))
    assert (40 - y[1:-1]) / scale == pytest.approx(expected, abs=1e-9)
    assert edges()[0] <= x.min() and x.max() <= edges()[-1]
    outside = np.delete(heights, np.searchsorted(centres, x[1:-1]))
    assert (outside == 0).all()


def test_a_ridge_on_its_way_lies_between_two_snapshots(desk, look):
    look(place=40.5, moving=True)
    x, y = outline(desk.ask("feed", kind="ridge-front", arm="batch"))
    tallest = desk.ask("tallest", arm="batch")
    expected = np.interp(x[1:-1], (edges()[1:] + edges()[:-1]) / 2, (density(40) + density(41)) / 2)
    assert y[0] == 40.5
    assert (40.5 - y[1:-1]) * tallest * ROWS / 2.2 / SMALL.steps == pytest.approx(np.minimum(expected, 1.4 * tallest), abs=1e-9)


# --- axis ranges


def test_ridges_are_as_high_as_90_in_100_densities(desk, look):
    look()
    peaks = sorted(density(step).max() for step in range(LAST + 1))
    assert desk.ask("tallest", arm="batch") == pytest.approx(peaks[int(0.9 * (len(peaks) - 1))])


def test_an_axis_reaches_all_values_of_the_whole_run_whatever_is_on_show(desk, look):
    look(place=0)
    low, high = desk.ask("range", kind="shift_from_first")
    values = [*recorded("shift_from_first", "none"), *recorded("shift_from_first", "batch")]
    assert low == 0 and high == pytest.approx(1.05 * max(values))


def test_an_axis_grows_with_what_arrives(desk, look):
    look(lines=6, target=0.3)  # a choice that no other test has looked at
    before = desk.ask("range", kind="shift_from_first")[1]
    look(target=0.3)
    assert desk.ask("range", kind="shift_from_first")[1] > before


def test_ranges_of_choices_long_past_are_forgotten(desk, look):
    for target in np.linspace(0.2, 0.9, 250):
        look(target=float(target))
        desk.ask("range", kind="test_accuracy")
    assert desk.ask("remembered") <= 200
    low, high = desk.ask("range", kind="test_accuracy")
    assert low < min(frame["arms"]["none"]["test_accuracy"] for frame in frames())
    assert 0.9 < high <= 1.02


# --- words


def test_braces_are_filled_from_the_names_of_what_is_on_show(desk, look):
    look(tap="linear", layer=3, unit=4)
    assert desk.ask("fill", text="{tap} of {unit} in {layer}, {norm}.{thick} {else}") == (
        "z[3] of unit 5 in layer 3, batch norm. The thick line is unit 5. {else}"
    )
    look(unit="pooled")
    assert desk.ask("fill", text="{unit}.{thick} {held_out}") == "all units pooled. signals"
