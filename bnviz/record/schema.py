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
SPARSE_BIN = 0.3  # a bin of one unit's histogram, most of which are empty
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
    text("contents", "SHA-256 of an own data set's file, which is part of the id", optional=True, when="if it is one"),
    json_list("arms", "the networks that train: `none`, then the one it is compared with, then others that were asked for"),
    Key("hidden_layers", "how many hidden layers there are"),
    json_list("taps", "`linear` z, `normalized` (what enters the nonlinearity), `activation` a"),
    by_tap("edges", "edges of the histograms, the same for all arms, layers and steps", "bins+1"),
    Key("probe_size", "how many held-out examples the distributions are measured on"),
    Key("total_steps", "steps of the whole run"),
    Key("classes", "classes to tell apart, or numbers to predict"),
    json_list("watched_units", "the units that have histograms of their own, counted from 0"),
    json_list("percentiles", "which percentiles are recorded", unit="%"),
    Key("group_size", "examples that are normalized together in training, before anything changes", unit="examples"),
    Key("versions", "releases of `bnviz`, `torch` and `python` that computed it", kind="object"),
)

SNAPSHOT = (
    text("type", "`snapshot`"),
    Key("index", "0 is the untrained network, the last one the trained network"),
    Key("step", "steps taken before it"),
    Key("epoch", "examples trained on before it, in passes over all of them"),
    Key("group_size", "examples that are normalized together in the coming minibatch, before any change", unit="examples"),
    Key("arms", "for each arm the keys of the next table", kind="object"),
)


def _parameter(quantity: Quantity) -> Key:
    """The key of what a normalizer learns."""
    what, shape = f"{quantity.symbol} of each unit, rounded like `unit_mean`", "layers, width"
    if quantity.shape == LAYER:
        what, shape = f"{quantity.symbol} of each layer", "layers"
    return Key(quantity.name, what, shape, optional=True, when="while the arm has it", value_bytes=ROUNDED)


LOSS = "nats or squared error"
DIVERGED_AT = "the first step whose loss was no finite number"
_SEEN = "over the minibatches since the last snapshot; of the untrained network, on the first minibatch"
_ROUNDED = ", in steps of a power of two, 1/128 to 1/64 of their root mean square over the layer, so that it compresses"
_POOLED = "of all units of the layer together"
_ALL = "with `counts`, `underflow` and `overflow` all values"
ARM = (
    text("normalizer", "what normalizes it here, a key of `NORMALIZERS`; `none` where nothing does"),
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
    by_tap("nonfinite", f"values that are no finite number: {_ALL}", unit="values", value_bytes=FEW),
    by_tap("zeros", "values of exactly 0, which are in `counts`, too: ReLU's share", unit="values", value_bytes=FEW),
    by_tap("mean", f"mean {_POOLED}"),
    by_tap("std", f"standard deviation {_POOLED}"),
    by_tap("percentiles", f"percentiles {_POOLED}, those in the header", "layers, percentiles"),
    by_tap("shift_from_first", "how far units' distributions have moved from the untrained network: a shift", unit="σ"),
    by_tap("shift_step", "the same from the snapshot before, in σ of then", unit="σ"),
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
        "what stands out: `kind`, `arm`, `layer`, `step`, `numbers`, `certainty` and the `sentence`",
        optional=True,
        when="in recordings of your own network",
    ),
)

# A recording of a network of one's own (`bnviz.record`): keys of its header, and what an arm's part has beyond or instead of ARM.
# There each key is there only if it could be measured. Arrays are as wide as the widest layer: NaN or 0 where one is narrower.

_SHARED = {key.name: key for key in HEADER}
OWN_HEADER = (
    *(_SHARED[name] for name in ("type", "format")),
    text("id", "sixteen hex digits, drawn at random"),
    text("title", "what people call the recording", optional=True, when="if they do"),
    json_list("arms", "the networks that train, 1 to 4, as they were named; `model` for a single one"),
    Key("hidden_layers", "how many layers are recorded"),
    json_list(
        "taps",
        "`linear`: what goes into a normalizer; `normalized`: what comes out; `activation`: what the next layer gets of it",
    ),
    by_tap("edges", "edges of each layer's histograms, the same for all arms and steps; wider far out", "layers, bins+1"),
    json_list(
        "layers",
        "of the first arm, in the order of calls: `name` as in `named_modules`; `kind` and `normalizer`, its classes, nothing "
        "where nothing normalizes; `source`, the module with weights before the normalizer; `repeat`, which call of the "
        "module, from 0; `momentum` of running statistics, or `null`; `idle_bias`, whether a normalizer that subtracts means "
        "gets what a source with a bias gives; `width` in units; `units`, the numbers of the recorded ones; `tap_values`, how "
        "many values of each unit are recorded at each tap, over examples and positions; `values`, the fewest of these, as "
        "many as older recordings have at every tap",
    ),
    Key(
        "arm_layers",
        "the same of arms whose layers are of other kinds, by name",
        kind="object",
        optional=True,
        when="if some are",
    ),
    Key("layers_found", "how many layers there are, empty ones included; of more than 64, 64 are recorded, spread evenly"),
    Key("arm_layers_found", "the same of arms that have others, by name", kind="object", optional=True, when="if some have"),
    text("view", "`training`, or `evaluation` where the probe cannot be seen as in training: what distributions are of"),
    Key("probe_size", "how many examples the distributions are measured on, or `null`"),
    Key("total_steps", "steps of the whole training, or `null` where nobody said so"),
    Key("classes", "classes to tell apart, or `null`"),
    json_list("watched_units", "which of the recorded units have histograms of their own, counted from 0"),
    _SHARED["percentiles"],
    json_list("parameters", "names of the weights that have gradients and updates, at most 64, of the first arm"),
    Key(
        "arm_parameters",
        "the same of arms whose weights have other names, by name",
        kind="object",
        optional=True,
        when="if some do",
    ),
    _SHARED["versions"],
)

OWN_ARM = (
    Key("train_loss", "mean of the losses that `step` was given since the last snapshot; `null` if none"),
    Key(
        "nonfinite_loss_step",
        "the first step since the last snapshot whose training loss was NaN or infinite",
        optional=True,
        when="if there is one",
    ),
    json_list(
        "nonfinite_losses",
        "which losses of this snapshot are `null` because they are NaN or infinite, and not because nobody knows them",
        optional=True,
        when="if some are",
    ),
    Key("probe_accuracy", "share of right answers on the probe, as in training; `null` without classes", unit="share"),
    Key("evaluation_loss", "loss on the probe in evaluation: with running statistics, without dropout"),
    Key("evaluation_accuracy", "share of right answers there; `null` without classes", unit="share"),
    Key("recomputed_loss", "the same, with statistics recomputed over some batches", when="if they were asked for"),
    Key("recomputed_accuracy", "share of right answers there", unit="share", when="if they were asked for"),
    Key("gradient_norm", "‖gradient‖ of each weight that the header lists for the arm; NaN where it has none", "parameters"),
    Key("update_ratio", "‖change‖ / ‖weights‖ in the last step, of the same; NaN where it is not known", "parameters"),
    Key(
        "running_mean_error",
        "how far running means lie from the probe's, root mean square over units; NaN without",
        "layers",
        "σ",
    ),
    Key("running_std_error", "the same of running standard deviations", "layers", "σ"),
    Key("updates_seen", "updates that running statistics have seen; NaN without", "layers", "steps"),
    Key("dead_units", "share of recorded units whose activation is 0 for all examples; NaN where not known", "layers", "share"),
    Key(
        "saturated_units",
        "share whose activation spreads less than 1/50 of what they get, times the steepest slope; NaN where it is pooled",
        "layers",
        "share",
    ),
    Key(
        "normalized_together",
        "values of a unit that are normalized together in training; NaN where not known",
        "layers",
        "values",
    ),
    Key(
        "idle_bias",
        "1 where adding 1 to the bias before a normalizer changes no output, as in training; 0 for all others",
        "layers",
        when="in the first snapshots",
    ),
    Key("frozen", "1 where batch norm trained with running statistics, 0 where not; NaN where the layer has none", "layers"),
)

SWEEP_HEADER = (
    text("type", "`header`"),
    Key("format", "version of this description"),
    text("id", "sixteen hex digits"),
    Key("sweep", "`base` (every field), `axis`, `points`, `values`, `curves`, `seeds`, `measures`", kind="object"),
    Key("total_rows", "how many rows there will be"),
    Key("versions", "releases that compute it", kind="object"),
)

_ENDING = "at the end, evaluation view"
ROW = (
    text("type", "`row`"),
    Key("point", "which point of the axis, counted from 0"),
    Key("value", "the point's value of the field `axis`", kind="object"),
    text("curve", "which curve"),
    Key("seed", "which seed"),
    text("run", "the run's id; a run that serves several points has a row at each"),
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
    Key("share", "of the estimated work that is done since the sweep was last begun", unit="share"),
    Key("seconds", "how long that took", unit="s"),
)


def names(keys: Iterable[Key]) -> set[str]:
    """The names of keys."""
    return {key.name for key in keys}
