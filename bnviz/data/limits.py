"""How large an own data set may be, and the error that says what is wrong with a file."""

from __future__ import annotations

MOST_BYTES = 100 * 10**6  # of a file, unpacked
MOST_ROWS = 20_000  # training and test examples together
FEWEST_TRAIN, FEWEST_TEST = 16, 4
MOST_FEATURES = 3072  # an image of 32 × 32 pixels in colour
MOST_VALUES = 10_000_000  # rows × features: 40 MB in single precision
MOST_CLASSES = 100  # or numbers to predict
LARGEST = 1e30  # of all numbers: squares of larger ones are infinite in single precision


class BadData(ValueError):
    """Contents that no data set can be made of. `place` says where in the file, as `row 17, column "width"`; it may be empty."""

    def __init__(self, reason: str, place: str = ""):
        super().__init__(f"{place}: {reason}" if place else reason)
        self.reason, self.place = reason, place


def check_rows(rows: int) -> None:
    """Raise BadData for too many examples, training and test ones together."""
    if rows > MOST_ROWS:
        raise BadData(f"more than {MOST_ROWS:,} rows, the limit")


def check_parts(train: int, test: int) -> None:
    """Raise BadData for too few or too many examples of either part."""
    check_rows(train + test)
    if train < FEWEST_TRAIN or test < FEWEST_TEST:
        needed = f"at least {FEWEST_TRAIN} and {FEWEST_TEST} are needed"
        raise BadData(f"{train} training and {test} test examples, and {needed}")


def check_features(features: int, rows: int = 0) -> None:
    """Raise BadData for too many features, or for too many in so many rows."""
    if not features:
        raise BadData("no features")
    if features > MOST_FEATURES:
        raise BadData(f"{features:,} features, and the limit is {MOST_FEATURES:,}")
    if features * rows > MOST_VALUES:
        raise BadData(f"{rows:,} rows of {features:,} features are more than {MOST_VALUES:,} numbers, the limit")


def check_classes(classes: int, noun: str = "classes") -> None:
    """Raise BadData for too many outputs of a network."""
    if classes > MOST_CLASSES:
        raise BadData(f"{classes:,} {noun}, and the limit is {MOST_CLASSES}")
