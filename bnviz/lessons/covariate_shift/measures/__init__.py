"""Measures of this lesson: recall and shift of animals whose coats differ from those in training."""

from typing import Any

from bnviz.measures.registry import LiveMeasure
from bnviz.record.schema import FEW, SPARSE_BIN, Key, by_tap

_RECALL = "share recognized of each class, held-out animals painted from black (first row) to fully coloured (last)"
_BOTH = "on black and on coloured animals"
_STATISTICS: dict[str, Any] = {"optional": True, "when": "arms with running statistics"}
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)  # how coloured, from black
PIXEL_BINS = 32  # of brightness
MEASURES = (
    LiveMeasure(
        "coats",
        "bnviz.lessons.covariate_shift.measures.coats:coats",
        keys=(
            Key("coat_animals", "number of held-out animals; half of them are cats"),
            Key("coat_recall", _RECALL, "levels, classes", "share"),
            Key(
                "coat_recall_recomputed",
                "the same with running statistics of coloured training animals",
                "levels, classes",
                "share",
                **_STATISTICS,
            ),
            by_tap("coat_shift", "from black animals to coloured ones: `statistics.shift`", unit="σ"),
            by_tap("coat_shift_recomputed", "the same with recomputed statistics", unit="σ", **_STATISTICS),
            Key("coat_input_shift", "the same of the inputs, whose pixels are the units", unit="σ"),
            by_tap(
                "coat_counts",
                f"histogram of each watched unit {_BOTH}",
                "2, layers, watched, bins",
                "animals",
                value_bytes=SPARSE_BIN,
            ),
            by_tap("coat_zeros", "values of exactly 0 there", "2, layers, watched", "animals", value_bytes=FEW),
            Key("coat_input_counts", f"pixels by brightness from 0 to 1, {_BOTH}", "2, pixel bins", "pixels"),
        ),
        when="data set `cats`, every eighth snapshot, evaluation view",
        applies_to=lambda experiment: experiment.dataset == "cats",
        every=8,
        sizes=lambda experiment: {"levels": len(LEVELS), "pixel bins": PIXEL_BINS},
    ),
)
