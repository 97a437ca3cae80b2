"""table.js and tables.js: a chart's numbers in tables, against the recording that they come from."""

import csv
import dataclasses
import io
from importlib import import_module

import numpy as np
import pytest

from bnviz.lessons import LESSONS
from bnviz.lessons.does_it_hold.claims import CLAIMS
from bnviz.lessons.does_it_hold.panels import panels as claim_panels
from bnviz.lessons.live_shift.page import PAGE
from bnviz.lessons.regularization.page import PAGE as SIZES
from bnviz.lessons.regularization.panels import panels as size_panels
from bnviz.record import ndjson
from bnviz.web import words
from bnviz.web.figures import axis, layer_curves, layout
from bnviz.web.player import messages
from bnviz.web.site import links

FILE = "web/player/table.js"
TITLES = {"name": "without", "x": "step", "y": "loss"}
LIVE = [lesson for lesson in LESSONS if (words.PACKAGE / "lessons" / lesson / "story.js").exists()]
SMALL = {"steps": 40, "width": 16, "train_size": 200, "batch_size": 16, "snapshot_every": 2, "hidden_layers": 3}
CHOICE = {"layer": 2, "tap": "activation", "unit": 3, "target": 0.5}
NAMES = {"none": "without batch norm", "batch": "with batch norm"}


# --- tables as such


def test_a_point_is_a_row_if_it_has_both_numbers(desk):
    trace = {"x": [0, 1, None, 2], "y": [2.5, None, 3, 1]}
    assert desk.call(FILE, "pointsOf", trace, TITLES) == [{"key": "step", "at": [0, 2], "columns": {"without, loss": [2.5, 1]}}]


def test_parts_with_one_key_are_one_table_by_rows_and_columns(desk):
    first = {"key": "step", "at": [4, 0], "columns": {"a": [1, 2]}}
    second = {"key": "step", "at": [2, 4, "at first"], "columns": {"b": [5, None, 7], "a": [8, 1, 9]}}
    other = {"key": "unit", "at": [1], "columns": {"a": [3]}}
    nothing = {"key": "bin", "at": [], "columns": {"a": []}}
    assert desk.call(FILE, "joinTables", [first, second, other, nothing]) == [
        {"key": "step", "columns": ["a", "b"], "rows": [["at first", 9, 7], [0, 2, None], [2, 8, 5], [4, 1, None]]},
        {"key": "unit", "columns": ["a"], "rows": [[1, 3]]},
    ]


def test_columns_that_differ_are_never_one(desk):
    parts = [{"key": "step", "at": [0, 2], "columns": {"a": [value, 1]}} for value in (5, 6, 5, 7)]
    [table] = desk.call(FILE, "joinTables", parts)
    assert table == {"key": "step", "columns": ["a", "a (2)", "a (3)"], "rows": [[0, 5, 6, 7], [2, 1, 1, 1]]}


@pytest.mark.parametrize("length", [1, 150, 151, 5001])
def test_a_page_shows_all_rows_or_one_in_so_many_and_says_so(desk, length):
    rows = [[step, *[0] * 132] for step in range(length)]
    page_rows = desk.call(FILE, "visibleRows", {"key": "step", "columns": ["a"] * 132, "rows": rows})
    steps = [row[0] for row in page_rows["rows"]]
    assert len(steps) * 133 <= 25_000 and steps[-1] == length - 1
    assert set(np.diff(steps)) <= {page_rows["every"]} and steps[0] < page_rows["every"]


def test_a_file_can_be_read_and_holds_all_rows_and_digits(desk):
    table = {"key": 'the "step"', "columns": ["a, b", "c"], "rows": [["at first", None, 12345678], [4, 0.123456789, -1e-9]]}
    read = list(csv.reader(io.StringIO(desk.call(FILE, "csv", table))))
    assert read == [['the "step"', "a, b", "c"], ["at first", "", "12345678"], ["4", "0.1234568", "-1e-9"]]


# --- the page at /, against its recording


@pytest.fixture(scope="module")
def experiment():
    return PAGE.default.replace(**SMALL)


@pytest.fixture
def tables(desk, recorded, experiment):
    """The tables of a panel of a run, at `place` and with other choices than CHOICE, and the snapshots up to there."""

    def look(panel, page=PAGE, place=10**6, run=experiment, service=None, **choice):
        path, panels = recorded(run), page.panels(run)
        data = messages.player_data(run.id, run, panels, links.VIEW, page.lesson)
        own = desk.ask("choices", story=page.lesson)
        desk.ask(
            "look", recording=path, story=page.lesson, data=data, choice={**CHOICE, **own, **choice}, place=place, service=service
        )
        with open(path, "rb") as file:
            header, *rest = ndjson.read(file.readlines())
        result = desk.ask("tables", panel=next(one for one in panels if one["id"] == panel))
        return result, header, [one for one in rest if one["type"] == "snapshot"][: place + 1]

    return look


def column(table, name):
    return np.array([row[1 + table["columns"].index(name)] for row in table["rows"]], float)


def keys(table):
    return [row[0] for row in table["rows"]]


@pytest.mark.parametrize("unit", [3, "pooled"])
def test_every_unit_has_a_column_of_its_means_at_every_step(tables, unit):
    [table], _, frames = tables("fan", unit=unit, place=20)
    assert table["key"] == "step" and keys(table) == [frame["step"] for frame in frames]
    assert len(table["columns"]) == 2 * SMALL["width"]
    for arm, name in NAMES.items():
        for number in range(SMALL["width"]):
            expected = [frame["arms"][arm]["unit_mean"]["activation"][1][number] for frame in frames]
            assert column(table, f"{name}, unit {number + 1}, mean a[2]") == pytest.approx(expected, nan_ok=True)


def test_five_layers_have_five_columns(desk, tables, experiment):
    _, _, frames = tables("fan", run=experiment.replace(hidden_layers=5), layer=4)
    traces = layer_curves("batch", "gradient_norm", 5, "%{y:.2f}")
    panel = {"data": traces, "layout": layout(xaxis=axis("step"), yaxis=axis("‖∂L/∂W‖", fit="layers:gradient_norm"))}
    [table] = desk.ask("tables", panel=panel)
    assert table["columns"] == [f"with batch norm, layer {number}, ‖∂L/∂W‖" for number in range(1, 6)]
    recorded = np.array([frame["arms"]["batch"]["gradient_norm"][:5] for frame in frames], float)
    assert np.array([row[1:] for row in table["rows"]], float) == pytest.approx(recorded)
    assert desk.ask("feed", **traces[-1]["feed"])["y"] == pytest.approx(recorded[:, 3])
    both = np.array([[frame["arms"][arm]["gradient_norm"][:5] for arm in NAMES] for frame in frames], float)
    for kind, values in (("layers", both), ("layer", both[:, :, 3])):
        low, high = desk.ask("range", kind=f"{kind}:gradient_norm")
        assert (low, high) == pytest.approx((values.min() - 0.05 * np.ptp(values), values.max() + 0.05 * np.ptp(values)))


def test_percentiles_have_a_column_each(tables):
    [table], header, frames = tables("bands", unit="pooled")
    for place, percent in enumerate(header["percentiles"]):
        name = f"with batch norm, {percent}th percentile of a[2], all units pooled"
        assert column(table, name) == pytest.approx(
            [frame["arms"]["batch"]["percentiles"]["activation"][1][place] for frame in frames]
        )


def test_what_is_said_of_the_middle_is_of_the_unit_that_is_drawn(desk, tables, experiment):
    [table], _, frames = tables("bands")
    texts = desk.ask("speak", panels=[one for one in PAGE.panels(experiment) if one["id"] == "bands"])
    middle = {arm: column(table, f"{name}, 50th percentile of a[2], unit 4")[-1] for arm, name in NAMES.items()}
    assert f"unit 4, median {middle['none']:.2f}" in texts[-1] and f"unit 4, median {middle['batch']:.2f}" in texts[-1]
    for arm, zeros in ((arm, frames[-1]["arms"][arm]["unit_zeros"]["activation"][1][3]) for arm in NAMES):
        assert (middle[arm] == 0) == (zeros >= 256)


def test_a_ridgeline_is_a_histogram_at_each_step_drawn(tables):
    [table], header, frames = tables("ridges", place=12)
    edges = header["edges"]["activation"].astype(float)
    assert keys(table)[0] == "exactly 0" and keys(table)[1:] == pytest.approx((edges[1:] + edges[:-1]) / 2)
    assert table["key"] == "a[2], unit 4: middle of the bin"
    for arm, name in NAMES.items():
        names = [one for one in table["columns"] if one.startswith(name)]
        assert f"{name}, share at step 0" in names and f"{name}, share at step {frames[-1]['step']}" in names
        for one in names:
            part = next(frame for frame in frames if one.endswith(f"step {frame['step']}"))["arms"][arm]
            counts, zeros = part["unit_counts"]["activation"][1][3], part["unit_zeros"]["activation"][1][3]
            shares = column(table, one)
            assert shares[0] == pytest.approx(zeros / 512) and shares.sum() == pytest.approx(counts.sum() / 512)
            rest = counts.astype(float)
            rest[np.searchsorted(edges, 0, side="right") - 1] -= zeros
            assert shares[1:] == pytest.approx(rest / 512)


def test_a_heat_map_is_percentiles_layer_by_layer_and_the_share_of_zeros(tables):
    [table], header, frames = tables("layers-batch")
    assert len(table["columns"]) == SMALL["hidden_layers"] * 4
    for layer in range(1, SMALL["hidden_layers"] + 1):
        parts = [frame["arms"]["batch"] for frame in frames]
        zeros = [part["zeros"]["activation"][layer - 1] / 512 / SMALL["width"] for part in parts]
        assert column(table, f"with batch norm, share of a[{layer}] at exactly 0") == pytest.approx(zeros)
        middle = [part["percentiles"]["activation"][layer - 1][1] for part in parts]
        assert column(table, f"with batch norm, 50th percentile of a[{layer}]") == pytest.approx(middle)


def test_lines_that_are_simply_drawn_are_columns(tables):
    [table], _, frames = tables("learning")
    assert table["columns"] == [f"{name}, {key}" for key in ("training loss", "test accuracy") for name in NAMES.values()]
    losses = [frame["arms"]["none"]["train_loss"] for frame in frames]
    assert column(table, "without batch norm, training loss") == pytest.approx(losses)


def test_dots_are_rows_by_unit(tables):
    by_key = {table["key"]: table for table in tables("noise")[0]}
    assert set(by_key) == {"unit", "step"}
    assert len(by_key["unit"]["columns"]) == 4 and set(keys(by_key["unit"])) <= set(range(1, SMALL["width"] + 1))
    assert "expected by sampling theory (σ)" in by_key["step"]["columns"]


# --- every page


@pytest.mark.parametrize("lesson", LIVE)
@pytest.mark.parametrize("unit", [1, "pooled"])
def test_every_chart_of_every_lesson_has_a_table(tables, lesson, unit):
    page = import_module(f"bnviz.lessons.{lesson}.page").PAGE
    run = page.default.replace(**{**SMALL, "steps": 16}, hold_from=min(page.default.hold_from, 8))
    for panel in page.panels(run):
        result = tables(panel["id"], page=page, run=run, unit=unit)[0]
        if panel.get("asks"):
            continue  # empty until somebody asks the server
        assert result, panel["id"]
        for table in result:
            where = f"{panel['id']}, {table['key']}: {table['columns']}"
            assert table["key"] and table["rows"] and len({str(key) for key in keys(table)}) == len(table["rows"]), where
            assert all(name and name[0] != "," for name in table["columns"]), where
            has_values = [any(row[1 + place] is not None for row in table["rows"]) for place in range(len(table["columns"]))]
            assert any(has_values), where


def test_what_is_moved_by_hand_is_a_histogram_and_a_score(tables):
    """The server's answer stands in the view's service."""
    page = import_module("bnviz.lessons.gamma_beta.page").PAGE
    before, after = ({"counts": [100, 300, 112], "zeros": zeros, "test_accuracy": zeros / 100} for zeros in (60, 70))
    moved = {"place": {"initial": {"gamma": 1, "beta": 0}}, "target": {"gamma": 2, "beta": 0}}
    service = {"answer": {"before": before, "after": after}, **moved}
    run = page.default.replace(**SMALL)
    assert tables("hand", page=page, run=run)[0] == []
    shares, scores = tables("hand", page=page, run=run, service=service)[0]
    assert keys(shares)[0] == "exactly 0" and keys(shares)[1:4] == sorted(keys(shares)[1:4])
    assert column(shares, "share, set by hand")[:4] == pytest.approx(np.array([70, 30, 300, 112]) / 512)
    assert scores["rows"] == [["as learnt", 0.6], ["by hand", 0.7]]


def test_remedies_are_a_row_each_that_was_tried(tables):
    """What the buttons have asked for stands in the view's service."""
    page = import_module("bnviz.lessons.train_and_eval.page").PAGE
    outcomes = [{"minibatch": 0.9, "running": score, "recomputed": 0.8, "colour": "#123456"} for score in (0.3, 0.7)]
    remedy = {"values": {}, "label": "remedy_batches", "size": 64}
    service = {"base": {"outcome": outcomes[0]}, "tried": {"batches": {"remedy": remedy, "outcome": outcomes[1]}}}
    run = page.default.replace(**SMALL)
    [table] = tables("remedies", page=page, run=run, service=service)[0]
    assert len(table["columns"]) == 2 and "64" in table["rows"][1][0]
    assert [row[1:] for row in table["rows"]] == [pytest.approx([0.9, 0.3]), pytest.approx([0.9, 0.7])]


SEEDS = 3


def test_a_sweep_has_a_column_for_its_mean_its_interval_and_every_seed(desk):
    sweep = dataclasses.replace(CLAIMS["same-score"].sweep, seeds=SEEDS)
    sweep = dataclasses.replace(sweep, base=sweep.base.replace(seed=5))
    by_curve = {"none": 0.7, "batch": 0.75}
    scores = [by_curve[cell.curve] + 0.01 * cell.point + 0.001 * cell.run.experiment.seed for cell in sweep.cells()]
    rows = [made_up_row(sweep, *one) for one in zip(sweep.cells(), scores, strict=True)]
    axis, over_steps, _ = claim_panels(CLAIMS["same-score"], sweep, rows)
    [table] = desk.ask("tables", panel=axis, board=True)
    assert table["key"] == axis["layout"]["xaxis"]["title"]["text"] and keys(table) == list(sweep.values)
    assert len(table["columns"]) == 2 * (3 + SEEDS)
    with_it = {part: column(table, f"with batch norm, test accuracy: {part}") for part in ("mean over seeds", "seed 5", "seed 7")}
    assert with_it["seed 7"] == pytest.approx([0.757, 0.767, 0.777, 0.787])
    assert with_it["mean over seeds"] == pytest.approx([0.756, 0.766, 0.776, 0.786])
    low, high = (
        column(table, f"without batch norm, test accuracy: {end} end of the 95 % interval") for end in ("lower", "upper")
    )
    assert (low + high) / 2 == pytest.approx([0.706, 0.716, 0.726, 0.736]) and (high > low).all()
    [steps] = desk.ask("tables", panel=over_steps, board=True)
    assert steps["key"] == "step" and keys(steps) == CHECKPOINTS and len(steps["columns"]) == 2 * (3 + SEEDS)


CHECKPOINTS = [0, 50, 100, 150]


def made_up_row(sweep, cell, score):
    place = {"curve": cell.curve, "point": cell.point, "value": sweep.values[cell.point], "seed": cell.run.experiment.seed}
    series = {
        "test_accuracies": [score] * 4,
        "population_accuracies": [score] * 4,
        "train_losses": [1.0, 0.5, 0.2, 0.1],
        "checkpoints": CHECKPOINTS,
    }
    return {"type": "row", "run": cell.run.id, **place, **series, "train_accuracy": score + 0.1, "test_accuracy": score}


def test_sizes_of_ghost_batches_are_rows(desk):
    sweep = SIZES.sweep(SIZES.default, {"seeds": SEEDS})
    rows = [made_up_row(sweep, cell, 0.7 + 0.001 * cell.run.experiment.seed) for cell in sweep.cells()]
    for panel in size_panels(sweep, rows):
        [table] = desk.ask("tables", panel=panel, board=True)
        assert table["rows"] and len(set(table["columns"])) == len(table["columns"]), panel["id"]
        if panel["id"] == "test":
            assert keys(table) == sorted(sweep.values)
            dropout = [name for name in table["columns"] if name.startswith("dropout") and name.endswith("seed 1")]
            assert column(table, dropout[0]) == pytest.approx([0.701] * len(sweep.values))
        if panel["id"] == "compared":
            assert all(isinstance(key, str) for key in keys(table))
            assert not any("None" in name for name in table["columns"])
