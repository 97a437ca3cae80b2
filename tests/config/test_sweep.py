"""The value of a sweep: its places, its runs, what may be stacked, and rows laid out."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnviz.config.cost import TooExpensive
from bnviz.config.experiment import Experiment
from bnviz.config.fields import BadField
from bnviz.config.sweep import (
    FIRST_SECONDS,
    STACK_RUNS,
    STACK_SECONDS,
    Curve,
    Run,
    Sweep,
    canonical_run,
    changes,
    grid,
    stacks,
    sweep_over,
)

BASE = Experiment(steps=20, width=8, train_size=100)
SMALL = sweep_over(BASE, "ghost_batch_size", (4, 8, 16), seeds=2)


def test_every_value_arm_and_seed_has_a_place():
    cells = SMALL.cells()
    assert len(cells) == 3 * 2 * 2 == len({(cell.point, cell.curve, cell.seed) for cell in cells})
    for cell in cells:
        assert cell.run.experiment.seed == cell.seed and cell.run.arm == cell.curve
        assert cell.run.experiment.ghost_batch_size == (SMALL.values[cell.point] if cell.curve == "batch" else 0)


def test_where_the_axis_means_nothing_to_an_arm_one_run_serves_all_points():
    runs = SMALL.runs()
    assert len(runs) == 3 * 2 + 2 and len(set(runs)) == len(runs)
    assert len([run for run in runs if run.arm == "none"]) == 2


def test_seeds_begin_with_the_base_s_own():
    sweep = sweep_over(BASE.replace(seed=40), "batch_size", (2,), seeds=3)
    assert sorted({run.experiment.seed for run in sweep.runs()}) == [40, 41, 42]


def test_curves_and_points_may_change_several_fields():
    curve = Curve("noisy labels", "batch", changes(label_noise=0.3))
    sweep = Sweep(BASE, "batch_size", (changes(batch_size=4, steps=100), changes(batch_size=8, steps=50)), (curve,), 1)
    assert [(run.experiment.batch_size, run.experiment.steps, run.experiment.label_noise) for run in sweep.runs()] == [
        (4, 100, 0.3), (8, 50, 0.3)
    ]  # fmt: skip
    assert sweep.values == (4, 8)


def test_what_only_a_look_inside_knows_is_left_out():
    observed = BASE.replace(snapshot_every=9, gradient_shift="yes", hold_from=5, look_inside="yes", fixed_scales="yes")
    assert canonical_run(observed, "batch") == Run(BASE, "batch")
    assert canonical_run(BASE.replace(ghost_batch_size=8), "layer") == canonical_run(BASE, "layer")
    assert canonical_run(BASE.replace(ghost_batch_size=8), "noisy-batch") != canonical_run(BASE, "noisy-batch")


def test_the_id_depends_on_everything_and_on_nothing_else():
    same = sweep_over(BASE, "ghost_batch_size", [4, 8, 16], seeds=2)
    assert same.id == SMALL.id and len(SMALL.id) == 16 and int(SMALL.id, 16) >= 0
    others = [
        dataclasses.replace(SMALL, seeds=3), sweep_over(BASE, "ghost_batch_size", [4, 8], seeds=2),
        sweep_over(BASE, "ghost_batch_size", [4, 8, 16], ["batch"], 2), dataclasses.replace(SMALL, measures=("landscape",)),
        sweep_over(BASE.replace(momentum=0.5), "ghost_batch_size", [4, 8, 16], seeds=2),
    ]  # fmt: skip
    assert len({SMALL.id, *(other.id for other in others)}) == 1 + len(others)


BAD = [
    ({"axis": "colour"}, "axis"), ({"axis": "seed"}, "axis"), ({"seeds": 0}, "seeds"), ({"seeds": 21}, "seeds"),
    ({"seeds": True}, "seeds"), ({"seeds": 2.5}, "seeds"), ({"points": ()}, "values"),
    ({"points": (changes(width=8),)}, "values"),
    ({"points": (changes(ghost_batch_size=4), changes(ghost_batch_size=4))}, "values"), ({"curves": ()}, "arms"),
    ({"curves": (Curve("x", "magic"),)}, "arms"), ({"curves": (Curve("x", "none-held"),)}, "arms"),
    ({"base": BASE.replace(seed=9999)}, "seed"),
]  # fmt: skip


@pytest.mark.parametrize("change, field", BAD, ids=str)
def test_what_cannot_be_swept_is_named(change, field):
    with pytest.raises(BadField) as caught:
        dataclasses.replace(SMALL, **change)
    assert caught.value.field == field


@pytest.mark.parametrize("axis, values", [("batch_size", (1,)), ("batch_size", ("4",)), ("learning_rate", (math.nan,))])
def test_values_are_checked_by_their_field(axis, values):
    with pytest.raises(BadField) as caught:
        sweep_over(BASE, axis, values)
    assert caught.value.field == axis


def test_a_sweep_that_costs_too_much_is_refused_with_advice():
    SMALL.check_cost()
    with pytest.raises(TooExpensive, match="fewer seeds"):
        sweep_over(Experiment(steps=5000, width=256), "batch_size", (256, 512), seeds=20).check_cost()


experiments = st.builds(
    lambda **fields: BASE.replace(**fields),
    batch_size=st.sampled_from([2, 8, 200]),
    width=st.sampled_from([8, 16]),
    seed=st.integers(0, 30),
    learning_rate=st.sampled_from([0.1, 0.2]),
)


@given(st.lists(st.builds(canonical_run, experiments, st.sampled_from(["none", "batch"])), unique=True), st.integers(0, 10))
def test_stacks_are_a_partition_of_one_shape_each(runs, first):
    groups = stacks(runs, first)
    assert sorted(run.id for stack in groups for run in stack) == sorted(run.id for run in runs)
    for stack in groups:
        assert 1 <= len(stack) <= STACK_RUNS and len({run.shape for run in stack}) == 1


def test_stacks_take_about_as_long_as_they_should_and_the_first_ones_less():
    runs = sweep_over(Experiment(batch_size=256, steps=240), "learning_rate", (0.1, 0.2, 0.3), seeds=5).runs()
    groups = stacks(runs, first=5)
    longest = [max(sum(run.seconds() for run in stack) for stack in part) for part in (groups[:2], groups[2:])]
    assert longest[0] <= 1.5 * FIRST_SECONDS < longest[1] <= 1.2 * STACK_SECONDS
    assert {run for stack in groups[:2] for run in stack} <= set(runs[:5])  # what comes first is trained first


def test_many_small_runs_make_stacks_that_fit_into_memory():
    runs = sweep_over(BASE, "learning_rate", [0.01 * place for place in range(1, 11)], seeds=5).runs()
    assert len(stacks(runs)) == len(runs) / STACK_RUNS


def test_the_grid_puts_every_number_in_its_place():
    cells = SMALL.cells()
    rows = [{"curve": cell.curve, "point": cell.point, "seed": cell.seed} for cell in cells]
    for row in rows:
        row["value"] = 100 * (row["curve"] == "batch") + 10 * row["point"] + row["seed"]
    rows[0]["value"] = None
    expected = np.array([[[np.nan, 1], [10, 11], [20, 21]], [[100, 101], [110, 111], [120, 121]]])
    np.testing.assert_array_equal(grid(SMALL, rows[::-1], "value"), expected)
    assert np.isnan(grid(SMALL, [], "value")).all()
