"""What a recording holds: every key of every line, its shape, its unit and what it says.

The table in docs/recording.md, the types that the scripts in the browser are checked against (`bnviz/web/player/schema.d.ts`)
and a test that reads real recordings are made from these declarations (`bnviz/documents.py`). Keys that a measure adds to a
snapshot are declared with the measure (`bnviz.measures.registry`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from bnviz import normalizers
from bnviz.normalizers.spec import LAYER, Quantity

Kind = Literal["number", "text", "list", "object"]

# About how many bytes a value of an array takes in a compressed recording (`bnviz.record.size`), measured over many runs.
EXACT = 4.2  # a number that is not rounded
ROUNDED = 2.2  # one that is
BIN = 0.8  # a bin of a histogram of many values
SPARSE_BIN = 0.3  # a bin of one unit's histogram; most bins are empty
FEW = 1.0  # a count that is 0 more often than not


@dataclass(frozen=True)
class Key:
    """One key: `name`, `what` it says, and how its value looks.

    `shape` names the sizes of an array, separated by commas ("layers, bins"), and is empty for a single value. With `by_tap` the
    value is an object that holds such an array for each tap; with `parts` it is an object with these keys. Not every line has
    an `optional` key; `when` says which ones do. `since` is the first format that has it. `value_bytes` is about how many bytes a
    value of the array takes in a compressed recording.
    """

    name: str
    what: str
    shape: str = ""
    unit: str = ""
    kind: Kind = "number"
    by_tap: bool = False
    parts: tuple[Key, ...] = ()
    optional: bool = False
    when: str = ""
    since: int = 1
    value_bytes: float = EXACT

    @property
    def sizes(self) -> list[str]:
        """The names of the array's sizes, or the sizes themselves."""
        return [size.strip() for size in self.shape.split(",") if size.strip()]


def text(name: str, what: str, **more: Any) -> Key:
    """A key whose value is a text."""
    return Key(name, what, kind="text", **more)


def json_list(name: str, what: str, **more: Any) -> Key:
    """A key whose value is a plain JSON list."""
    return Key(name, what, kind="list", **more)


def by_tap(name: str, what: str, shape: str = "layers", unit: str = "", **more: Any) -> Key:
    """A key that holds an array for each tap."""
    return Key(name, what, shape, unit, by_tap=True, **more)


HEADER = (
    text("type", "`header`"),
    Key("format", "version of this description"),
    text("id", "sixteen hex digits, a hash of the format and of every field"),
    Key("experiment", "every field of the experiment", kind="object"),
    text("contents", "SHA-256 of the file of an own data set. It is part of the id", optional=True, when="only of own data sets"),
    json_list("arms", "the networks that train: `none`, then the compared one, then requested others"),
    Key("hidden_layers", "how many hidden layers there are"),
    json_list("taps", "`linear` z, `normalized` (what enters the nonlinearity), `activation` a"),
    by_tap("edges", "edges of the histograms, the same for all arms, layers and steps", "bins+1"),
    Key("probe_size", "number of held-out examples on which distributions are measured"),
    Key("total_steps", "steps of the whole run"),
    Key("classes", "number of classes, or of numbers to predict"),
    json_list("watched_units", "units with their own histograms, counted from 0"),
    json_list("percentiles", "which percentiles are recorded", unit="%"),
    Key("group_size", "examples that training normalizes together, before any change", unit="examples"),
    Key("versions", "releases of `bnviz`, `torch` and `python` that computed it", kind="object"),
)

SNAPSHOT = (
    text("type", "`snapshot`"),
    Key("index", "0 is the untrained network, the last one the trained network"),
    Key("step", "steps taken before it"),
    Key("epoch", "examples trained on before it, in passes over all of them"),
    Key("group_size", "examples of the next minibatch that are normalized together, before any change", unit="examples"),
    Key("arms", "for each arm the keys of the next table", kind="object"),
)


def _parameter(quantity: Quantity) -> Key:
    """The key of what a normalizer learns."""
    what, shape = f"{quantity.symbol} of each unit, rounded like `unit_mean`", "layers, width"
    if quantity.shape == LAYER:
        what, shape = f"{quantity.symbol} of each layer", "layers"
    return Key(quantity.name, what, shape, optional=True, when="while the arm has it", value_bytes=ROUNDED)


LOSS = "nats or squared error"
DIVERGED_AT = "the first step whose loss was not finite"
_SEEN = "over the minibatches since the last snapshot; at step 0 the first, without dropout or noise"
_ROUNDED = ", rounded to a power of two from 1/128 to 1/64 of the layer's root mean square, which compresses well"
_POOLED = "of all units of the layer together"
_ALL = "with `counts`, `underflow` and `overflow` they add up to all values"
ARM = (
    text("normalizer", "its normalizer at this snapshot, a key of `NORMALIZERS`; `none` without one"),
    Key("train_loss", f"mean loss {_SEEN}", unit=LOSS),
    Key("train_accuracy", f"share of right answers {_SEEN}; `null` where numbers are predicted", unit="share"),
    Key(
        "probe_loss",
        "loss on the probe, normalized with the probe's own statistics (training view)",
        unit=LOSS,
    ),
    Key("test_loss", "loss on the held-out examples, with running statistics (evaluation view)", unit=LOSS),
    Key("test_accuracy", "share of right answers there; `null` where numbers are predicted", unit="share"),
    by_tap("counts", f"histogram {_POOLED}", "layers, bins", "values", value_bytes=BIN),
    by_tap("underflow", "values below the first bin", unit="values", value_bytes=FEW),
    by_tap("overflow", "values above the last bin", unit="values", value_bytes=FEW),
    by_tap("nonfinite", f"values that are not finite: {_ALL}", unit="values", value_bytes=FEW),
    by_tap("zeros", "values of exactly 0, as from ReLU. They are in `counts`, too", unit="values", value_bytes=FEW),
    by_tap("mean", f"mean {_POOLED}"),
    by_tap("std", f"standard deviation {_POOLED}"),
    by_tap("percentiles", f"percentiles {_POOLED}, those in the header", "layers, percentiles"),
    by_tap("shift_from_first", "how far units' distributions have moved from the untrained network: a shift", unit="σ"),
    by_tap("shift_step", "the same from the snapshot before, in σ at that snapshot", unit="σ"),
    by_tap("unit_mean", f"mean of each unit{_ROUNDED}", "layers, width", value_bytes=ROUNDED),
    by_tap("unit_std", "standard deviation of each unit, rounded alike", "layers, width", value_bytes=ROUNDED),
    by_tap("unit_counts", "histogram of each watched unit", "layers, watched, bins", "values", value_bytes=SPARSE_BIN),
    by_tap("unit_zeros", "values of exactly 0 of each watched unit", "layers, watched", "values", value_bytes=FEW),
    Key("gradient_norm", "‖∂loss/∂W‖ of the last step, over all its minibatches, output layer last", "layers+1"),
    Key("diverged_at", DIVERGED_AT, optional=True, when="once the arm has diverged"),
    *map(_parameter, normalizers.parameters()),
)

END = (
    text("type", "`end`"),
    text("status", "`finished`, `diverged`, `stopped` or `failed`"),
    text("message", "a sentence, or nothing"),
    Key("seconds", "computing time", unit="s"),
    json_list(
        "findings",
        "findings, each with `kind`, `arm`, `layer`, `step`, `numbers`, `certainty` and its `sentence`",
        optional=True,
        when="in recordings of your own network",
    ),
    Key(
        "not_looked_for",
        "findings that nothing was recorded for, each with the reason, as in `bnviz/judge/network/words.toml`",
        kind="object",
        optional=True,
        when="in recordings of your own network",
    ),
)

# A recording of an own network (`bnviz.record`): keys of its header, and keys of an arm's part beside or instead of those of ARM.
# A key is missing if it could not be measured. Arrays are as wide as the widest layer; narrower layers are padded with NaN or 0.

_SHARED = {key.name: key for key in HEADER}
OWN_HEADER = (
    *(_SHARED[name] for name in ("type", "format")),
    text("id", "sixteen hex digits, drawn at random"),
    text("title", "name of the recording", optional=True, when="if it was given"),
    json_list("arms", "names of the networks that train, 1 to 4; `model` for a single one"),
    Key("hidden_layers", "how many layers are recorded"),
    json_list(
        "taps",
        "`linear`: input of a normalizer; `normalized`: its output; `activation`: input of the next layer",
    ),
    by_tap("edges", "edges of each layer's histograms, the same for all arms and steps; outer bins are wider", "layers, bins+1"),
    json_list(
        "layers",
        "the layers of the first arm, in the order of calls: see the table below",
    ),
    Key(
        "arm_layers",
        "the layers of other arms, by the name of the arm",
        kind="object",
        optional=True,
        when="if they differ",
    ),
    Key("layers_found", "number of layers, empty ones included. Of more than 64, 64 are recorded, spread evenly"),
    Key("arm_layers_found", "the same for other arms, by name", kind="object", optional=True, when="if they differ"),
    text("view", "the view of distributions: `training`, or `evaluation` if the probe cannot be measured as in training"),
    Key("probe_size", "number of examples on which distributions are measured, or `null`"),
    Key("total_steps", "steps of the whole training, or `null` if they were not given"),
    Key("classes", "number of classes, or `null`"),
    json_list("watched_units", "recorded units with their own histograms, counted from 0"),
    _SHARED["percentiles"],
    json_list("parameters", "names of the weights that have gradients and updates, at most 64, of the first arm"),
    Key(
        "arm_parameters",
        "the same for other arms, by name",
        kind="object",
        optional=True,
        when="if they differ",
    ),
    _SHARED["versions"],
)

OWN_ARM = (
    Key("train_loss", "mean of the losses given to `step` since the last snapshot; `null` without any"),
    Key(
        "nonfinite_loss_step",
        "the first step since the last snapshot whose training loss was NaN or infinite",
        optional=True,
        when="if there is such a step",
    ),
    json_list(
        "nonfinite_losses",
        "losses of this snapshot that are `null` because they are NaN or infinite",
        optional=True,
        when="if there are any",
    ),
    Key("probe_accuracy", "share of right answers on the probe, as in training; `null` without classes", unit="share"),
    Key("evaluation_loss", "loss on the probe in evaluation: with running statistics, without dropout"),
    Key("evaluation_accuracy", "share of right answers there; `null` without classes", unit="share"),
    Key("recomputed_loss", "the same, with statistics recomputed over some batches", when="if requested"),
    Key("recomputed_accuracy", "share of right answers there", unit="share", when="if requested"),
    Key("gradient_norm", "‖gradient‖ of each weight that the header lists for the arm; NaN without a gradient", "parameters"),
    Key("update_ratio", "‖change‖ / ‖weight‖ of each of these in the last step; NaN if unknown", "parameters"),
    Key(
        "running_mean_error",
        "distance of running means from the probe's, root mean square over units; NaN without running means",
        "layers",
        "σ",
    ),
    Key("running_std_error", "the same for running standard deviations", "layers", "σ"),
    Key("updates_seen", "number of updates of running statistics; NaN without them", "layers", "steps"),
    Key("dead_units", "share of recorded units whose activation is 0 for all examples; NaN if unknown", "layers", "share"),
    Key(
        "saturated_units",
        "share whose activation spreads less than 1/50 of their input times the steepest slope; NaN if it is pooled",
        "layers",
        "share",
    ),
    Key(
        "units_at_bounds",
        "share of units with 95 % of the activation within 1/100 of its range from a bound; NaN without bounds",
        "layers",
        "share",
        optional=True,
        when="if a layer has `bounds`",
    ),
    Key(
        "normalized_together",
        "values of a unit that training normalizes together; NaN if unknown",
        "layers",
        "values",
    ),
    Key(
        "idle_bias",
        "1 if adding 1 to the bias before a normalizer changes no output in the training view, else 0",
        "layers",
        when="in the first snapshots",
    ),
    Key("frozen", "1 if batch norm trained with running statistics, else 0; NaN without batch norm", "layers"),
)

SWEEP_HEADER = (
    text("type", "`header`"),
    Key("format", "version of this description"),
    text("id", "sixteen hex digits"),
    Key("sweep", "`base` (every field), `axis`, `points`, `values`, `curves`, `seeds`, `measures`", kind="object"),
    Key("total_rows", "number of rows of the complete sweep"),
    Key("versions", "releases that compute it", kind="object"),
)

_ENDING = "at the end, evaluation view"
ROW = (
    text("type", "`row`"),
    Key("point", "which point of the axis, counted from 0"),
    Key("value", "the point's value of the field `axis`", kind="object"),
    text("curve", "which curve"),
    Key("seed", "which seed"),
    text("run", "the run's id. A run of several points has a row at each"),
    text("arm", "which network"),
    Key("train_accuracy", "on all training examples, labels as trained, running statistics", unit="share"),
    Key("train_loss", "mean over the minibatches since the last checkpoint", unit=LOSS),
    Key("test_accuracy", _ENDING, unit="share"),
    Key("test_loss", _ENDING, unit=LOSS),
    Key("best_test_accuracy", "the best at any checkpoint", unit="share"),
    Key("diverged_at", f"{DIVERGED_AT}, or `null`"),
    json_list("checkpoints", "the steps at which accuracy was measured"),
    json_list("test_accuracies", "test accuracy at each checkpoint", unit="share"),
    json_list("train_losses", "training loss up to each checkpoint"),
)

PROGRESS = (
    text("type", "`progress`"),
    Key("share", "of the estimated work since the sweep was last started", unit="share"),
    Key("seconds", "time since then", unit="s"),
)


def names(keys: Iterable[Key]) -> set[str]:
    """The names of keys."""
    return {key.name for key in keys}
