import dataclasses
import json
import math

import pytest

from bnviz.config.experiment import (
    FIELDS,
    BadField,
    Experiment,
    from_texts,
)
from tests.fields import OTHER


def test_id_of_the_default_experiment_is_pinned():
    assert Experiment().id == "e35c29a746372b09", "old links and stored recordings would be lost: raise FORMAT if so meant"


def test_every_field_changes_the_id():
    # These fields count only where there is a switch, or noise.
    special = {"switch_examples": Experiment(batch_norm_from=60), "probe_noise": Experiment(compare="noisy-batch", seed=3)}
    bases = {name: special.get(name, Experiment()) for name in FIELDS}
    changed = {name: base.replace(**{name: OTHER[name]}).id for name, base in bases.items()}
    assert len({Experiment().id, *(one.id for one in special.values()), *changed.values()}) == len(FIELDS) + 3


def test_equal_experiments_have_one_id():
    assert Experiment(learning_rate=1).id == Experiment(learning_rate=1.0).id
    assert Experiment(momentum=-0.0).id == Experiment(momentum=0.0).id
    assert json.dumps(dataclasses.asdict(Experiment(learning_rate=1))) == json.dumps(
        dataclasses.asdict(Experiment(learning_rate=1.0))
    )


def test_experiments_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Experiment().seed = 2


def test_every_row_of_the_table_can_be_shown_and_its_default_is_valid():
    for field in FIELDS.values():
        assert field.label and field.help.endswith((".", ")"))
        assert field.check(field.default) == field.default
        assert field.parse(str(field.default)) == field.default
        assert all(field.check(mark) == mark for mark in field.marks)
        assert field.choices or field.canonical or field.default in field.marks or field.name in ("seed", "example")


@pytest.mark.parametrize("name", [field.name for field in FIELDS.values() if field.kind is not str])
def test_both_ends_of_a_range_belong_to_it(name):
    field = FIELDS[name]
    assert (field.parse(str(field.low)), field.parse(f" {field.high} ")) == (field.low, field.high)
    for outside in (field.low - 1, field.high + 1):
        with pytest.raises(BadField, match=name):
            field.check(outside)


BAD = [
    "",
    " ",
    "nan",
    "-inf",
    "inf",
    "1e999",
    "9" * 5000,
    "9" * 300,
    "x",
    "true",
    "None",
    "1,5",
    "٣",
    "1_0",
    "0x10",
    "[1]",
]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name in FIELDS for text in BAD if text.strip() or name != "changes"])
def test_a_bad_text_is_named_and_replaced_by_the_default(name, text):
    experiment, bad = from_texts({name: text})
    assert experiment == Experiment()
    (error,) = bad
    assert error.field == name and name in str(error) and "expected" in error.reason
    assert len(str(error)) < 400


def test_whole_numbers_want_whole_numbers():
    for text in ("1.5", "64.0", "1e2"):
        assert [error.field for error in from_texts({"batch_size": text})[1]] == ["batch_size"]


def test_what_is_readable_is_read_beside_what_is_not():
    experiment, bad = from_texts({"batch_size": "8", "seed": "?", "color": "red", "activation": "tanh", "learning_rate": "1e-2"})
    assert experiment == Experiment(batch_size=8, activation="tanh", learning_rate=0.01)
    assert {error.field: error.reason for error in bad}["color"] == "there is no such setting"
    assert [error.field for error in bad] == ["seed", "color"]


def test_bad_values_fall_back_to_the_default_that_is_given():
    assert from_texts({"seed": "?"}, Experiment(seed=7, width=8))[0] == Experiment(seed=7, width=8)


@pytest.mark.parametrize(
    "field, value",
    [
        ("seed", True),
        ("momentum", False),
        ("seed", 1.0),
        ("seed", "1"),
        ("learning_rate", math.nan),
        ("learning_rate", None),
        pytest.param("seed", 10**5000, id="seed-huge"),
        pytest.param("learning_rate", 10**5000, id="learning_rate-huge"),
        ("dataset", ["fashion"]),
        ("dataset", None),
        ("dataset", "imagenet"),
    ],
)
def test_values_of_another_type_or_size_are_refused(field, value):
    with pytest.raises(BadField) as caught:
        Experiment(**{field: value})
    assert caught.value.field == field and len(str(caught.value)) < 200


def test_batches_never_exceed_the_examples():
    experiment = Experiment(dataset="mnist1d", train_size=100, batch_size=512)
    assert (experiment.examples, experiment.batch) == (100, 100)
    assert Experiment(dataset="mnist1d").examples == 4000


@pytest.mark.parametrize(
    "batch, ghost, groups",
    [(64, 0, 1), (64, 1, 1), (64, 64, 1), (64, 128, 1), (64, 16, 4), (64, 10, 6), (64, 33, 1), (2, 2, 1)],
)
def test_ghost_groups_are_never_smaller_than_asked(batch, ghost, groups):
    experiment = Experiment(batch_size=batch, ghost_batch_size=ghost)
    assert experiment.groups == groups
    assert groups == 1 or batch // groups >= ghost


def test_snapshots_come_at_every_early_step_then_now_and_then_and_at_the_end():
    experiment = Experiment(steps=50, snapshot_every=4)
    due = [step for step in range(51) if experiment.snapshot_due(step)]
    assert due == [*range(17), *range(20, 50, 4), 50]
    assert experiment.snapshots == len(due)
    assert 150 <= Experiment().snapshots <= 170


def test_notes_say_nothing_of_ordinary_settings():
    assert Experiment(batch_size=50).notes() == []
    assert Experiment(batch_size=50, ghost_batch_size=25).notes() == []


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"dataset": "mnist1d", "batch_size": 50, "train_size": 4500}, "MNIST-1D has 4000 training examples"),
        ({"train_size": 100, "batch_size": 512}, "every step uses all 100 examples"),
        (
            {"batch_size": 50, "train_size": 120},
            "After 2 minibatches of 50, the training set is shuffled again. What is left over, 20",
        ),
        (
            {"batch_size": 64, "train_size": 65},
            "is left over, 1 example, waits until then, so that every minibatch has the same size. An epoch counts as 65",
        ),
        ({"batch_size": 10, "ghost_batch_size": 7}, "uses 1 group of 10 examples"),
        ({"batch_size": 50, "ghost_batch_size": 1}, "A single example has no variance"),
        ({"batch_size": 50, "ghost_batch_size": 50}, "has no effect"),
        ({"batch_size": 50, "ghost_batch_size": 64}, "has no effect"),
        ({"batch_size": 50, "ghost_batch_size": 16}, "3 groups of 16 or 17 examples"),
    ],
)
def test_a_note_explains_each_setting_that_means_something_else(changes, words):
    (note,) = Experiment(**changes).notes()
    assert words in note and note.endswith(".")
