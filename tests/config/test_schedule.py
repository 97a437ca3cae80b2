"""The rising rate that does what weight decay does, against plain arithmetic; and ids that late fields leave alone."""

import dataclasses

import pytest

from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.schedule import shrinkage
from bnviz.config.sweep import sweep_over


def test_without_momentum_a_step_shrinks_by_rate_times_decay():
    assert shrinkage(0.1, 0.05, 0.0) == pytest.approx(1 - 0.005)
    assert shrinkage(0.1, 0.0, 0.9) == pytest.approx(1)


@pytest.mark.parametrize("momentum", [0.3, 0.9])
def test_with_momentum_it_is_how_weights_without_a_gradient_shrink_in_the_long_run(momentum):
    weight, velocity = 1.0, 0.0
    for _ in range(3000):
        velocity = momentum * velocity + 0.02 * weight
        before, weight = weight, weight - 0.05 * velocity
    assert weight / before == pytest.approx(shrinkage(0.05, 0.02, momentum), rel=1e-9)


@pytest.mark.parametrize("rate, decay, momentum", [(1.0, 1.0, 0.0), (0.1, 0.1, 0.9), (10.0, 10.0, 0.0)])
def test_weights_that_would_swing_through_0_have_no_rising_rate(rate, decay, momentum):
    assert shrinkage(rate, decay, momentum) is None
    experiment = Experiment(learning_rate=rate, weight_decay=decay, momentum=momentum, rising="yes")
    assert experiment.arms == ("none", "batch")
    (note,) = experiment.notes()
    assert "no rising learning rate does the same" in note


def test_networks_with_a_rising_rate_are_the_other_two_once_more():
    assert Experiment(rising="yes", compare="rms").arms == ("none", "rms", "none-rising", "rms-rising")


def test_late_fields_leave_ids_alone_until_they_say_something():
    """As they were before there was weight decay."""
    assert Experiment().id == "e35c29a746372b09" and Experiment(width=32, changes="5:times_w2=1000").id == "b4f266a6b6dec406"
    late = {name: field for name, field in FIELDS.items() if field.late}
    new = {"trainable", "skip_connections", "accumulate", "switch_examples", "three_views", "evaluation_coats", "probe_noise"} | {
        "bootstrap"
    }
    assert {"weight_decay", "rate_growth", "rising", "epsilon", "precision"} | new == set(late)
    other = sweep_over(Experiment(weight_decay=0.1), "width", [8])
    assert other.id != sweep_over(Experiment(), "width", [8]).id
    assert Experiment(weight_decay=0.0).id == Experiment().id


SWITCH, NOISE = {"switch_examples": ("test", "training")}, {"probe_noise": ("omitted", "included")}
OLD = {  # ids of experiments from before fields that say what they did, with that and what new ones do
    "ccec4f62459cfde0": ({"batch_norm_from": 100}, SWITCH),
    "1225878350860721": ({"changes": "50:compare=none", "scale_start": "keep"}, SWITCH),
    "2c01647a9970a472": ({"compare": "noisy-batch"}, NOISE),
    "7b78efb4b9336bb4": ({"compare": "noisy-batch", "batch_norm_from": 100}, SWITCH | NOISE),
    "a70796d10dd2e82d": ({"changes": "50:compare=noisy-batch"}, SWITCH | NOISE),
}


@pytest.mark.parametrize("id, settings, differences", [(id, *case) for id, case in OLD.items()])
def test_an_old_recording_keeps_its_id_and_a_new_one_has_another(id, settings, differences):
    new = Experiment(**settings)
    header = {name: value for name, value in dataclasses.asdict(new).items() if name not in differences}
    old = Experiment.of_recording(header)
    assert old.id == id != new.id
    assert {name: (getattr(old, name), getattr(new, name)) for name in differences} == differences
    assert Experiment.of_recording(dataclasses.asdict(old)) == old and Experiment.of_recording(dataclasses.asdict(new)) == new


@pytest.mark.parametrize("settings", [{}, {"compare": "layer", "batch_norm_from": 50}, {"batch_norm_from": 50, "steps": 50}])
def test_where_no_batch_statistics_are_switched_there_is_one_experiment(settings):
    """Its id is what it was: `switch_examples` says nothing about it."""
    one, other = Experiment(**settings), Experiment(**settings, switch_examples="test")
    assert one == other and "switch_examples" not in one.identity_fields
