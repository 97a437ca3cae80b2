"""What an experiment may cost: the same estimates for every page, limits with advice, and measures that carry their own cost."""

import dataclasses
import importlib

import pytest

from bnviz.config.cost import MAXIMUM_BYTES, MAXIMUM_SECONDS, MAXIMUM_SNAPSHOTS, TooExpensive
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import canonical_run
from bnviz.measures import budget, registry

ESTIMATES = {  # seconds that were measured against when they were chosen
    "live_shift": 6.355215359999999,
    "covariate_shift": 8.285914624,
    "gamma_beta": 10.49423616,
    "independence": 10.952116479999999,
    "batch_size": 10.918339071999998,
    "regularization": 4.08616704,
}
EVERYTHING = {
    "gradient_shift": "yes", "look_inside": "yes", "hold_from": 10, "microscope": "yes", "dataset": "cats", "width": 48,
    "batch_size": 100, "hidden_layers": 7,
}  # fmt: skip


@pytest.mark.parametrize("lesson", ESTIMATES)
def test_a_page_s_default_is_estimated_as_it_was(lesson):
    page = importlib.import_module(f"bnviz.lessons.{lesson}.page").PAGE
    assert budget.seconds(page.default) == pytest.approx(ESTIMATES[lesson], rel=1e-9)


def test_other_estimates_are_what_they_were():
    assert budget.seconds(Experiment(**EVERYTHING)) == pytest.approx(46.9455611136, rel=1e-9)
    assert canonical_run(Experiment(), "batch").seconds() == pytest.approx(0.30414336, rel=1e-9)


def test_a_measure_costs_what_it_says_as_often_as_it_is_taken(monkeypatch):
    snapshots = Experiment().snapshots
    monkeypatch.setattr(budget, "live_measures", lambda: ())
    before = budget.seconds(Experiment())
    extra = registry.LiveMeasure("extra", "nowhere:nothing", (), "always", every=4, seconds=lambda experiment: 0.01)
    off = dataclasses.replace(extra, applies_to=lambda experiment: False)
    monkeypatch.setattr(budget, "live_measures", lambda: (extra, off))
    assert budget.seconds(Experiment()) == pytest.approx(before + 2 * snapshots * 0.01 / 4)


def test_bytes_are_those_of_the_arms_and_measures_that_there_are():
    both = budget.recording_bytes(Experiment())
    assert budget.recording_bytes(Experiment(fixed_scales="yes")) == pytest.approx(1.5 * both, rel=0.15)
    assert both < budget.recording_bytes(Experiment(gradient_shift="yes")) < 1.1 * both
    assert budget.recording_bytes(Experiment(microscope="yes")) > 1.1 * both
    assert budget.recording_bytes(Experiment(batch_norm_from=50)) > 0.95 * both  # it comes to have γ and β
    assert both / Experiment().snapshots < budget.recording_bytes(Experiment(steps=0)) < 2 * both / Experiment().snapshots


def test_the_default_is_cheap_and_the_extremes_are_refused_with_advice():
    budget.check(Experiment())
    with pytest.raises(TooExpensive, match=rf"more than the {MAXIMUM_SNAPSHOTS} .*snapshot_every"):
        budget.check(Experiment(steps=5000, snapshot_every=1))
    with pytest.raises(TooExpensive, match=rf"150 MB, more than the {MAXIMUM_BYTES / 1e6:.0f} MB .*raise snapshot_every"):
        budget.check(Experiment(hidden_layers=50, width=8, batch_size=2, steps=1490, snapshot_every=1))
    with pytest.raises(TooExpensive, match=rf"more than the {MAXIMUM_SECONDS:.0f} s .*lower steps"):
        budget.check(Experiment(steps=5000, snapshot_every=40, width=256, batch_size=512, hidden_layers=8))
