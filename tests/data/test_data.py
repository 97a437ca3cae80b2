import numpy as np
import pytest

from bnviz.data import DATA_SETS, FOLDER, load

LABELLED = [name for name, entry in DATA_SETS.items() if entry.loss == "cross-entropy"]


@pytest.mark.parametrize("name", LABELLED)
def test_a_data_set_is_what_the_table_says(name):
    entry, split = DATA_SETS[name], load(name)
    assert split.x_train.shape == (entry.train_size, entry.features)
    assert split.x_test.shape == (entry.test_size, entry.features)
    assert split.x_train.dtype == split.x_test.dtype == np.float32
    assert split.y_train.dtype == split.y_test.dtype == np.int64
    assert len(split.y_train) == len(split.x_train) and len(split.y_test) == len(split.x_test)
    assert set(split.y_train) == set(split.y_test) == set(range(entry.classes))


@pytest.mark.parametrize("name", list(DATA_SETS))
def test_inputs_are_standardized_with_the_training_part(name):
    split = load(name)
    assert split.x_train.mean(dtype=np.float64) == pytest.approx(0, abs=1e-4)
    assert split.x_train.std(dtype=np.float64) == pytest.approx(1, abs=1e-4)
    assert abs(split.x_test.mean()) < 0.1 and abs(split.x_test.std() - 1) < 0.1
    assert np.isfinite(split.x_train).all() and np.isfinite(split.x_test).all()


@pytest.mark.parametrize("name", LABELLED)
def test_any_prefix_of_the_training_part_has_every_class(name):
    """`train_size` takes the first examples, so they must not be sorted by class."""
    shares = np.bincount(load(name).y_train[:500]) / 500
    assert shares.min() > 0.5 / DATA_SETS[name].classes


def test_training_and_test_parts_share_no_example():
    for name in DATA_SETS:
        split = load(name)
        assert not {row.tobytes() for row in split.x_train} & {row.tobytes() for row in split.x_test}, name


def test_loaded_arrays_are_shared_and_read_only():
    assert load("spirals") is load("spirals")
    for array in load("spirals"):
        with pytest.raises(ValueError):
            array[0] = 0


def test_spirals_are_the_same_whenever_they_are_made():
    assert all(np.array_equal(a, b) for a, b in zip(load("spirals"), DATA_SETS["spirals"].load(), strict=True))


def test_spirals_need_more_than_a_line():
    split = load("spirals")
    x, y = np.c_[split.x_train, np.ones(len(split.x_train))], 2 * split.y_train - 1
    line = np.linalg.lstsq(x, y, rcond=None)[0]
    assert ((x @ line > 0) == (y > 0)).mean() < 0.75


def test_unknown_data_sets_are_an_error():
    with pytest.raises(KeyError):
        load("imagenet")


def test_archives_come_with_their_licences():
    for name in ("fashion-mnist", "mnist1d"):
        assert "licen" in (FOLDER / f"LICENSE-{name}").read_text(encoding="utf-8").lower()


def test_the_linear_map_is_one_matrix_for_training_and_testing():
    entry, split = DATA_SETS["linear-map"], load("linear-map")
    assert split.x_train.shape == (entry.train_size, entry.features) and split.y_train.shape == (entry.train_size, entry.classes)
    matrix = np.linalg.lstsq(split.x_train, split.y_train, rcond=None)[0]
    assert np.allclose(split.x_test @ matrix, split.y_test, atol=1e-4)
    assert split.y_train.dtype == np.float32 and 0.5 < split.y_train.std() < 2
