"""Live edits: which experiment an edit during training asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnviz.config import course
from bnviz.config.experiment import BadField, Experiment
from bnviz.web.site import live_edits

BASE = Experiment()
RATES = st.sampled_from([0.001, 0.03, 0.1, 1.0])
STEPS = st.integers(1, 599)


def test_from_the_start_a_setting_is_the_experiments_own():
    experiment = BASE.replace(changes="200:learning_rate=1;300:batch_size=8")
    assert live_edits.set_value(experiment, "learning_rate", 0.3) == BASE.replace(learning_rate=0.3, changes="300:batch_size=8")


def test_from_a_step_on_it_is_a_change_that_replaces_later_ones():
    first = live_edits.set_value(BASE, "learning_rate", 1.0, 200)
    assert first.changes == "200:learning_rate=1"
    second = live_edits.set_value(first, "learning_rate", 0.01, 300)
    assert second.changes == "200:learning_rate=1;300:learning_rate=0.01"
    assert live_edits.set_value(second, "learning_rate", 3.0, 100).changes == "100:learning_rate=3"


def test_back_to_what_it_was_is_no_change():
    edit = live_edits.set_value(BASE, "batch_size", 8, 200)
    assert live_edits.set_value(edit, "batch_size", 64, 200) == BASE


def test_what_cannot_change_on_the_way_changes_from_the_start():
    assert live_edits.set_value(BASE, "width", 32, 200) == BASE.replace(width=32)


def test_a_ninth_change_is_refused():
    experiment = BASE
    for step in range(8):
        experiment = live_edits.set_value(experiment, "batch_size", 2 + step, 10 + step)
    with pytest.raises(BadField):
        live_edits.set_value(experiment, "learning_rate", 1.0, 300)


def test_the_normalizer_starts_at_a_step_and_goes_off_again():
    late = live_edits.apply(BASE, {"do": "start", "step": 200})
    assert late == BASE.replace(batch_norm_from=200)
    off = live_edits.apply(late, {"do": "set", "name": "compare", "value": "none", "step": 350})
    assert off == BASE.replace(batch_norm_from=200, changes="350:compare=none")
    assert [change.name for change in live_edits.all_changes(off)] == ["batch_norm_from", "compare"]
    assert live_edits.apply(off, {"do": "remove", "step": 200, "name": "batch_norm_from"}).batch_norm_from == 0


def test_a_weight_matrix_can_be_multiplied_twice():
    once = live_edits.apply(BASE, {"do": "set", "name": "times_w2", "value": 10, "step": 100})
    twice = live_edits.apply(once, {"do": "set", "name": "times_w2", "value": 10, "step": 200})
    assert twice.changes == "100:times_w2=10;200:times_w2=10"


def test_flags_move_go_and_become_the_start():
    experiment = BASE.replace(changes="200:learning_rate=1")
    place = {"step": 200, "name": "learning_rate"}
    assert live_edits.apply(experiment, {"do": "move", "to": 250, **place}).changes == "250:learning_rate=1"
    assert live_edits.apply(experiment, {"do": "move", "to": 5000, **place}).changes == "599:learning_rate=1"
    assert live_edits.apply(experiment, {"do": "remove", **place}) == BASE
    assert live_edits.apply(experiment, {"do": "from_start", **place}) == BASE.replace(learning_rate=1.0)


@given(RATES, STEPS, RATES, STEPS)
def test_runs_are_shared_until_the_first_difference(rate, step, other, later):
    one = live_edits.set_value(BASE, "learning_rate", rate, step)
    two = live_edits.set_value(one, "learning_rate", other, later)
    shared = course.common_prefix_step(one, two)
    assert shared == course.common_prefix_step(two, one)
    for moment in range(shared):
        assert course.knobs(one, moment) == course.knobs(two, moment)
    if one != two:
        assert course.knobs(one, shared) != course.knobs(two, shared)
        assert 1 <= shared < one.steps


def test_other_experiments_share_nothing():
    assert course.common_prefix_step(BASE, BASE.replace(seed=1)) < 0


@pytest.mark.parametrize("experiment", [
    BASE.replace(batch_norm_from=200, changes="100:times_w2=10;110:freeze_layer=2;120:freeze_layer=0;130:input_noise=0.5"),
    BASE.replace(changes="100:compare=none;110:compare=layer;120:dropout=0.5;140:input_noise=0"),
    BASE.replace(changes="100:input_shift=1;110:freeze_statistics=1;120:input_shift=0;130:freeze_statistics=0"),
])  # fmt: skip
def test_every_change_has_a_name_for_people(experiment):
    for change in live_edits.all_changes(experiment):
        data = live_edits.change_data(change, experiment)
        assert data["label"] and "{" not in data["label"] and "_" not in data["label"]


def test_what_a_setting_was_before_a_change_is_said(desk):
    experiment = BASE.replace(changes="100:batch_size=4;200:learning_rate=1;300:batch_size=8;400:compare=none;500:times_w2=10")
    changes = [live_edits.change_data(change, experiment) for change in live_edits.all_changes(experiment)]
    assert [one.get("before") for one in changes] == ["Batch size 64", "Learning rate 0.1", "Batch size 4", None, None]
    before = lambda step: desk.call("web/player/core/setting-changes.js", "before", changes, step)  # noqa: E731
    assert before(0) == before(99) == ["Batch size 64", "Learning rate 0.1"]
    assert before(100) == ["Learning rate 0.1", "Batch size 4"]
    assert before(299) == ["Batch size 4"]
    assert before(300) == []


def test_what_an_earlier_run_had_is_said_in_words():
    late = BASE.replace(batch_norm_from=200)
    assert live_edits.differences(BASE.replace(batch_size=8), BASE) == "Batch size 8"
    assert live_edits.differences(BASE, late) == "batch norm from the start"
    assert live_edits.differences(late, live_edits.set_value(late, "batch_size", 4, 300)) == "Batch size 64 throughout"
    assert live_edits.differences(BASE.replace(activation="tanh"), BASE) == "Activation tanh"


def test_a_whole_experiment_starts_from_the_pages_default():
    default = BASE.replace(steps=400)
    edit = {"do": "experiment", "values": {"seed": 3, "changes": "300:input_noise=1"}}
    result = live_edits.apply(BASE.replace(width=32), edit, default)
    assert result == default.replace(seed=3, changes="300:input_noise=1")


LATE = {"steps": 100, "changes": "300:batch_size=4"}


@pytest.mark.parametrize("values", [{"bogus": 1}, {"batch_size": 1}, {"changes": "9"}, LATE])
def test_an_experiment_that_cannot_be_is_refused(values):
    with pytest.raises(BadField):
        live_edits.apply(BASE, {"do": "experiment", "values": values}, BASE)
