"""The check of a verdict on other training sets, on made-up rows of which it is known how much the sets differ."""

import math

import numpy as np
import pytest

from bnviz.judge.intervals import over_seeds
from bnviz.judge.verdict import AGREES, CANNOT_TELL
from bnviz.lessons.does_it_hold.claims import CLAIMS
from bnviz.lessons.does_it_hold.training_sets import at_places, between_sets, main, resampled, table, with_other_sets
from tests.lessons.test_does_it_hold_claims import made_up

TINY = CLAIMS["tiny-rates"]


def scattered(std, mean=0.0, seeds=20):
    """Values of exactly this mean and standard deviation."""
    values = np.random.default_rng(0).normal(size=seeds)
    return mean + std * (values - values.mean()) / values.std(ddof=1)


def test_sets_differ_by_what_seeds_do_not_explain():
    shared, own = over_seeds(scattered(0.03)), over_seeds(scattered(0.05))
    between = between_sets(shared, own)
    assert between == pytest.approx(0.04) and between_sets(own, shared) == 0
    included = with_other_sets(shared, between)
    assert included.error == pytest.approx(math.hypot(0.03 / math.sqrt(20), 0.04)) and included.mean == shared.mean


def gaining(std):
    """Rows in which batch norm loses two points, give or take as much from seed to seed."""
    gains = scattered(std, -0.02)
    return lambda curve, rate, seed: 0.7 + (round(gains[seed], 3) if curve == "batch" else 0)


def test_a_table_has_both_verdicts_and_how_far_sets_differ():
    sweep = at_places(TINY.sweep, ["0.01"])
    verdicts = [TINY.judge(one, made_up(one, gaining(std))) for one, std in ((sweep, 0.005), (resampled(sweep), 0.1))]
    _, _, part, words = table(TINY, *verdicts).splitlines()
    name, bound, shared, own, between, included = part.strip("| ").split(" | ")
    assert (name, bound) == ("gain in accuracy at rate 0.01", "below 0.01") and float(between) == pytest.approx(0.1, rel=0.06)
    means, lows = zip(*(map(float, one.split(" to ")[0].split(" (")) for one in (shared, own, included)), strict=True)
    assert means == pytest.approx([-0.02] * 3, abs=1e-3)
    assert lows[0] > lows[1] > lows[2]  # a single set is worse known than the mean of twenty
    assert words.index(AGREES) < words.index(CANNOT_TELL)


def test_every_seed_draws_its_own_set_at_the_same_places():
    sweep = at_places(TINY.sweep, ["0.003"])
    runs, others = sweep.runs(), resampled(sweep).runs()
    assert {run.experiment.learning_rate for run in runs} == {0.003} and len(runs) == len(others) == 40
    assert {run.experiment.bootstrap for run in others} == {"yes"} and not {run.id for run in runs} & {run.id for run in others}


def test_a_place_that_is_not_there_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["tiny-rates", "--at", "0.5"])
    assert "0.003" in capsys.readouterr().err
