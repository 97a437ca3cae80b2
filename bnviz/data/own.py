"""Own data sets: the tables (.csv) and archives (.npz) in the folder that BNVIZ_DATA names, read when the program starts.

A data set is called as its file. Its inputs are standardized with mean and standard deviation of the training examples: images
and bytes as a whole, like the data sets of the lab; else each feature by itself, since features have units of their own. So are
numbers to predict. Examples are shuffled, and a table is split, with a fixed seed.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bnviz.data.arrays import read_arrays
from bnviz.data.data_set import DataSet, Split
from bnviz.data.limits import LARGEST, MOST_BYTES, BadData, check_classes, check_parts
from bnviz.data.table import read_table

SETTING = "BNVIZ_DATA"
READERS = (".csv", ".npz")
MOST_SETS = 25  # beside those of the lab
SEED = 20150211
TEST_SHARE, MOST_TESTS = 5, 1000  # of a table: every fifth row is held out, up to so many
_NAMES = re.compile(r"[^\W_][\w-]{0,39}")
_log = logging.getLogger(__name__)


class ChangedData(ValueError):
    """A data set's file holds something else than it did when its experiments got their ids."""


class OwnData(NamedTuple):
    """Data sets by name, and a sentence for each file that none could be made of."""

    sets: dict[str, DataSet]
    problems: tuple[str, ...]


def configured_folder() -> str:
    """The folder that BNVIZ_DATA names, from the root on, since workers run elsewhere; nothing if it is not set."""
    text = os.environ.get(SETTING, "").strip()
    return os.path.abspath(os.path.expanduser(text)) if text else ""


def data_sets(folder: str, taken: Collection[str] = ()) -> OwnData:
    """What lies in `folder`, none if that is empty; names that are `taken` cannot be used."""
    sets: dict[str, DataSet] = {}
    problems = []
    try:
        for path in _files(folder):
            try:
                if len(sets) >= MOST_SETS:
                    raise BadData(f"there are {MOST_SETS} own data sets already, the limit")
                sets[_name(path, {*taken, *sets})] = _data_set(path)
            except BadData as error:
                problems.append(f"{path.name}{', ' if error.place else ': '}{error}")
            except OSError as error:
                problems.append(f"{path.name}: it cannot be read ({error.strerror})")
    except OSError as error:
        problems.append(f"{SETTING} = {folder}: {error.strerror}")
    return OwnData(sets, tuple(problems))


@cache
def log_problems(problems: tuple[str, ...]) -> None:
    """Name each file that is left out, once in a process."""
    for problem in problems:
        _log.warning("left out of the data sets: %s", problem)


def _files(folder: str) -> list[Path]:
    if not folder:
        return []
    paths = (path for path in Path(folder).iterdir() if path.suffix.lower() in READERS and path.is_file())
    return sorted(path for path in paths if not path.name.startswith("."))


def _name(path: Path, taken: Collection[str]) -> str:
    """The data set's name; raises BadData if it cannot have it."""
    name = unicodedata.normalize("NFC", path.stem)
    if not _NAMES.fullmatch(name):
        raise BadData("a name of up to 40 letters, digits, - and _ is expected")
    if name in taken:
        raise BadData("there is a data set with this name already")
    return name


def _data_set(path: Path) -> DataSet:
    contents = _contents(path)
    sha256 = hashlib.sha256(contents).hexdigest()
    split = _split(path, contents)
    is_class = split.y_train.ndim == 1
    return DataSet(
        unicodedata.normalize("NFC", path.stem),
        "examples",
        features=split.x_train.shape[1],
        classes=int(max(split.y_train.max(), split.y_test.max())) + 1 if is_class else split.y_train.shape[1],
        train_size=len(split.x_train),
        test_size=len(split.x_test),
        credit=f"own data from the file {path.name}",
        load=partial(_load, path, sha256),
        loss="cross-entropy" if is_class else "squared",
        sha256=sha256,
    )


def _contents(path: Path) -> bytes:
    if (size := path.stat().st_size) > MOST_BYTES:
        raise BadData(f"{size / 1e6:,.0f} MB, and the limit is {MOST_BYTES / 1e6:.0f} MB")
    return path.read_bytes()


def _load(path: Path, sha256: str) -> Split:
    """The file's data set once more; raises ChangedData, OSError."""
    contents = _contents(path)
    if hashlib.sha256(contents).hexdigest() != sha256:
        raise ChangedData(f"{path.name} has changed since this program started: start it again")
    return _split(path, contents)


def _split(path: Path, contents: bytes) -> Split:
    """Both parts of a file, shuffled and standardized; raises BadData."""
    generator = np.random.default_rng(SEED)
    if path.suffix.lower() == ".npz":
        parts = read_arrays(contents)
    else:
        table = read_table(contents)
        order = generator.permutation(len(table.x))
        tests, trains = np.split(order, [min(len(order) // TEST_SHARE, MOST_TESTS)])
        check_parts(len(trains), len(tests))
        parts = Split(table.x[trains], table.y[trains], table.x[tests], table.y[tests])
    return Split(*_shuffled(parts, generator))


def _shuffled(parts: Split, generator: np.random.Generator) -> Iterator[np.ndarray]:
    x_train, x_test = _standardized(parts.x_train, parts.x_test)
    y_train, y_test = _targets(parts.y_train, parts.y_test)
    trains, tests = generator.permutation(len(x_train)), generator.permutation(len(x_test))
    yield from (x_train[trains], y_train[trains], x_test[tests], y_test[tests])


def _standardized(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both [examples, features] float32, with the mean and the standard deviation of the training part; what is constant is 0."""
    axis = None if train.ndim > 2 or train.dtype == np.uint8 else 0
    train, test = (part.reshape(len(part), -1).astype(np.float64) for part in (train, test))
    varies, mean, std = train.max(axis) > train.min(axis), train.mean(axis), train.std(axis)
    if not np.any(varies):
        raise BadData("the training examples are all the same")
    scale = np.where(varies & (std > 0), std, np.inf)
    train, test = (train - mean) / scale, (test - mean) / scale
    if np.abs(test).max() > LARGEST:
        raise BadData("a test example is too far from all training examples")
    return train.astype(np.float32), test.astype(np.float32)


def _targets(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels as int64 from 0, in order; or numbers, standardized."""
    if train.ndim == 2:
        return _standardized(train, test)
    names, labels = np.unique(np.concatenate([train, test]), return_inverse=True)
    check_classes(len(names))
    if len(names) < 2:
        raise BadData("there is only one class")
    return labels[: len(train)].astype(np.int64), labels[len(train) :].astype(np.int64)
