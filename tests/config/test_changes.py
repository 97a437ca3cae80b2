"""Changes on the way: their text, whether they are possible, and what they make of an experiment's course."""

import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnviz.config import course
from bnviz.config.changes import BREAKS, KNOBS, MAX_CHANGES, Change, canonical, rejection_reason
from bnviz.config.experiment import FIELDS, BadField, Experiment, change_fields, from_texts, parse_changes
from bnviz.config.fields import LIVE
from bnviz.config.sweep import Run, check_no_live_changes, sweep_over
from bnviz.train.stacked import Stack


def values(field):
    if field.choices:
        return st.sampled_from(list(field.choices))
    if field.kind is int:
        return st.integers(int(field.low), int(field.high))
    return st.floats(field.low, field.high).map(lambda value: value + 0.0).filter(lambda value: value or field.low == 0)


def change(name):
    return st.builds(Change, st.integers(1, 4999), st.just(name), values(change_fields()[name]))


CHANGE = st.sampled_from(list(change_fields())).flatmap(change)
CHANGES = st.lists(CHANGE, max_size=MAX_CHANGES)


@given(CHANGES)
def test_a_text_says_exactly_the_last_of_the_changes_for_each_step_and_name(changes):
    result = parse_changes(canonical(changes))
    assert {(one.step, one.name): one.value for one in result} == {(one.step, one.name): one.value for one in changes}
    assert [(one.step, one.name) for one in result] == sorted({(one.step, one.name) for one in changes})


@given(CHANGES, st.text(" ", max_size=2))
def test_any_way_of_writing_them_is_one_text(changes, space):
    text = f"{space};{space}".join(f"{one.step:05}{space}:{space}{one.name}{space}={space}{one.value}" for one in changes)
    assert FIELDS["changes"].canonical(text) == canonical(changes) == FIELDS["changes"].canonical(canonical(changes))
    assert Experiment(changes=text).id == Experiment(changes=canonical(changes)).id


@given(st.text(st.sampled_from("0123456789:=;.-_ e" + string.ascii_lowercase + "٣\n"), max_size=60))
def test_any_other_text_is_refused_with_a_reason(text):
    try:
        assert FIELDS["changes"].canonical(FIELDS["changes"].canonical(text)) == FIELDS["changes"].canonical(text)
    except BadField as error:
        assert error.field == "changes" and "expected" in error.reason and "\n" not in str(error) and len(str(error)) < 300


def test_numbers_are_written_as_links_write_them():
    text = "200:learning_rate=1.0; 50:batch_size=008;200:dropout=0.50;50:times_w2=-1e1;200:learning_rate=1e-2"
    assert FIELDS["changes"].canonical(text) == "50:batch_size=8;50:times_w2=-10;200:dropout=0.5;200:learning_rate=0.01"


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("200", "'200', expected step:name=value"),
        ("200:learning_rate", "expected step:name=value"),
        ("200:color=3", "expected one of learning_rate, batch_size"),
        ("0:learning_rate=1", "step: expected a whole number from 1 to 4999"),
        ("5000:learning_rate=1", "step: expected"),
        ("1.5:learning_rate=1", "step: expected"),
        ("200:learning_rate=99", "learning_rate: expected a number from 0.0001 to 10"),
        ("200:batch_size=1", "batch_size: expected"),
        ("200:compare=nothing", "compare: expected one of none, batch"),
        ("200:times_w3=0", "times_w3: expected a factor other than 0"),
        ("200:times_w3=1001", "times_w3: expected"),
        ("200:times_w3=nan", "times_w3: expected"),
        ("200:times_w51=2", "expected one of"),
        ("200:times_w03=2", "expected one of"),
        ("200:freeze_layer=52", "freeze_layer: expected"),
        ("200:input_noise=-1", "input_noise: expected"),
        ("200:seed=1", "expected one of"),
        ("", "expected step:name=value"),
    ],
)
def test_the_reason_names_the_part_that_is_wrong(part, words):
    with pytest.raises(BadField) as caught:
        Experiment(changes=f"5:batch_size=8;{part}")
    assert words in caught.value.reason and caught.value.field == "changes"
    assert f"in {part!r}" in caught.value.reason


def test_there_may_be_eight_and_not_nine():
    eight = ";".join(f"{step}:dropout=0.1" for step in range(1, 9))
    assert len(parse_changes(eight)) == MAX_CHANGES
    with pytest.raises(BadField, match="at most 8"):
        parse_changes(eight + ";9:dropout=0.1")


def test_every_value_at_the_edge_is_possible():
    for name, field in change_fields().items():
        for value in field.choices or (field.low, field.high):
            assert parse_changes(f"1:{name}={value}")[0].value == value
    assert set(change_fields()) == {*KNOBS, *BREAKS}


IMPOSSIBLE = {"600:dropout=0.1": "too late", "5:times_w7=2": "does not have", "5:freeze_layer=7": "does not have"}


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_an_impossible_change_is_refused_in_a_link_and_ignored_afterwards(text):
    experiment, (bad,) = from_texts({"changes": f"3:dropout=0.1;{text}", "width": "32"})
    assert experiment == Experiment(width=32) and bad.field == "changes" and IMPOSSIBLE[text] in bad.reason and text in bad.reason
    longer = Experiment(steps=700, hidden_layers=7, changes=f"3:dropout=0.1;{text}")
    longer.check_changes()
    assert longer.notes() == [] and len(longer.possible_changes) == 2
    shorter = longer.replace(steps=600, hidden_layers=5)
    (note,) = shorter.notes()
    assert text in note and note.endswith(".") and [str(one) for one in shorter.possible_changes] == ["3:dropout=0.1"]


def test_what_fits_is_what_the_network_has():
    assert (
        rejection_reason(Change(599, "times_w6", 2.0), 600, 5) is None
        and rejection_reason(Change(599, "freeze_layer", 6), 600, 5) is None
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch_norm_from": 600}, "never gets its normalizer"),
        ({"batch_norm_from": 50, "scale_start": "keep", "compare": "layer"}, "layer norm"),
        ({"scale_start": "keep", "changes": "50:compare=rms"}, "RMS norm"),
    ],
)
def test_a_note_says_what_has_another_effect(settings, words):
    (note,) = Experiment(**settings).notes()
    assert words in note and note.endswith(".")


def test_networks_that_nobody_trains_need_no_note():
    assert Experiment(steps=0).notes() == []


def test_snapshots_come_at_every_step_after_a_change_and_none_before():
    plain = Experiment(snapshot_every=50)
    changed = plain.replace(changes="333:dropout=0.1;410:momentum=0.5", batch_norm_from=500)
    more = {step for step in range(601) if changed.snapshot_due(step)} - {step for step in range(601) if plain.snapshot_due(step)}
    assert more == {*range(334, 342), *range(411, 419), *range(501, 509)}


def test_what_is_in_force():
    experiment = Experiment(changes="100:learning_rate=1;100:batch_size=8;200:learning_rate=0.5;200:compare=none;300:compare=rms")
    rates = [course.experiment_at(experiment, step).learning_rate for step in (0, 99, 100, 199, 200, 599)]
    assert rates == [0.1, 0.1, 1.0, 1.0, 0.5, 0.5]
    assert [steps for steps, _ in course.stages(experiment)] == [100, 100, 100, 300]
    names = [[course.normalizer(experiment, arm, step) for step in (0, 199, 200, 299, 300)] for arm in ("none", "batch")]
    assert names == [["none"] * 5, ["batch", "batch", "none", "none", "rms"]]
    late = experiment.replace(batch_norm_from=250)
    assert [course.normalizer(late, "batch", step) for step in (0, 249, 250, 300)] == ["none", "none", "none", "rms"]
    later = Experiment(batch_norm_from=250)
    assert [course.normalizer(later, "batch-held", step) for step in (0, 249, 250)] == ["none", "none", "batch"]


@pytest.mark.parametrize(
    ("one", "other", "step"),
    [
        ({}, {}, 600),
        ({}, {"changes": "200:dropout=0.1"}, 200),
        ({"changes": "100:momentum=0.5;200:dropout=0.2"}, {"changes": "100:momentum=0.5;200:dropout=0.1"}, 200),
        ({"changes": "100:momentum=0.5"}, {"changes": "200:dropout=0.1"}, 100),
        ({"changes": "900:momentum=0.5"}, {}, 600),
        ({}, {"batch_norm_from": 200}, -1),
        ({"batch_norm_from": 100}, {"batch_norm_from": 200}, 100),
        ({"batch_norm_from": 700}, {"batch_norm_from": 800}, 600),
        ({"batch_norm_from": 100}, {"batch_norm_from": 100, "scale_start": "keep"}, 100),
        ({"changes": "50:compare=none"}, {"changes": "50:compare=none", "scale_start": "keep"}, 50),
        ({}, {"scale_start": "keep"}, 600),
        ({"batch_norm_from": 100}, {"batch_norm_from": 100, "switch_examples": "test"}, 100),
        ({"changes": "50:compare=none"}, {"changes": "50:compare=none", "switch_examples": "test"}, 50),
        ({"changes": "50:compare=noisy-batch"}, {"changes": "50:compare=noisy-batch", "probe_noise": "omitted"}, 50),
        ({"compare": "noisy-batch"}, {"compare": "noisy-batch", "probe_noise": "omitted"}, -1),
        ({}, {"seed": 1, "changes": "200:dropout=0.1"}, -1),
    ],
)
def test_how_long_two_runs_are_the_same(one, other, step):
    one, other = Experiment(**one), Experiment(**other)
    assert course.common_prefix_step(one, other) == course.common_prefix_step(other, one) == step


@pytest.mark.parametrize("settings", [{"changes": "5:dropout=0.1"}, {"batch_norm_from": 5}, {"scale_start": "keep"}])
def test_sweeps_and_stacks_refuse_what_happens_on_the_way(settings):
    experiment, (name,) = Experiment(**settings), settings
    for reject in (check_no_live_changes, lambda one: sweep_over(one, "width", (8,)), lambda one: Stack([Run(one, "none")])):
        with pytest.raises(BadField, match="nothing can change") as caught:
            reject(experiment)
        assert caught.value.field == name
    with pytest.raises(BadField, match="nothing can change"):
        sweep_over(Experiment(), name, [settings[name]])
    assert course.without_changes(experiment) == Experiment()


def test_a_larger_batch_on_the_way_costs_what_it_costs():
    from bnviz.config.cost import paired_seconds

    base, large = Experiment(batch_size=8), Experiment(batch_size=512)
    changed = paired_seconds(base.replace(changes="300:batch_size=512"))
    assert paired_seconds(base) < changed < paired_seconds(large) and math.isfinite(changed)


def test_the_role_is_told():
    from bnviz.config.experiment import FIELDS

    live = ["batch_norm_from", "scale_start", "changes", "switch_examples"]
    assert [name for name, field in FIELDS.items() if field.role == LIVE] == live
