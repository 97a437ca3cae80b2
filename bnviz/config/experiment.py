"""An experiment is a frozen value, and its class is the one table of fields.

Widgets, query parameters, command-line flags, validation, the run's id, the help texts and what a stack of runs must share are
all read from here. To add a field, add one line to `Experiment`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

from bnviz.config import changes as change_texts
from bnviz.config.arms import ARMS, COMPARED, held, rising
from bnviz.config.changes import Change, canonical, rejection_reason
from bnviz.config.fields import LIVE, OBSERVATION, RUN, SHAPE, BadField, Field, choice, format_value, number, text
from bnviz.config.schedule import shrinkage
from bnviz.data import DATA_SETS
from bnviz.data.coats import COATS
from bnviz.plural import counted

FORMAT = 1  # of recordings; part of every id, so a new format never meets an old recording
PROBE_SIZE = 512
WATCHED_UNITS = 8
BINS = 48  # of every histogram
PERCENTILES = (15, 50, 85)  # of a layer's outputs, as in figure 1 of Ioffe & Szegedy 2015
CLOSELY = 8  # steps after a change, each with a snapshot


YES_NO = {"no": "no", "yes": "yes"}


@dataclass(frozen=True)
class Experiment:
    """One paired run: the same network trained without and with a normalizer, batch norm by default, on the same minibatches."""

    dataset: str = choice(
        SHAPE,
        "fashion",
        {name: data.label for name, data in DATA_SETS.items()},
        "Data set",
        "What the network learns. All data sets are small enough to train on within seconds.",
    )
    activation: str = choice(
        SHAPE,
        "relu",
        {"relu": "ReLU", "tanh": "tanh", "sigmoid": "sigmoid", "identity": "identity (a linear net)"},
        "Activation",
        "The nonlinearity g in a = g(z). Sigmoid and tanh saturate when their inputs move far from 0.",
    )
    hidden_layers: int = number(
        SHAPE, 5, 2, 50, "Hidden layers", "How many hidden layers the network has. The lecture draws five.", (2, 3, 4, 5, 6, 8)
    )
    width: int = number(SHAPE, 64, 8, 256, "Hidden width", "Units in every hidden layer.", (8, 16, 32, 64, 128, 256))
    initialization: str = choice(
        RUN,
        "he",
        {"he": "He", "pytorch": "PyTorch default", "small": "small normal", "xavier": "Xavier", "orthogonal": "orthogonal"},
        "Initialization",
        "How the weights start: He (variance 2/inputs, derived for ReLU), PyTorch's default (uniform, variance 1/(3·inputs)), "
        "normal with standard deviation 0.01, Xavier (variance 2/(inputs + outputs), derived for linear units), or a random "
        "orthogonal matrix, which preserves lengths and angles.",
    )
    learning_rate: float = number(
        RUN, 0.1, 0.0001, 10.0, "Learning rate",
        "The size of each step of SGD. Raise it to see which network fails first.",
        (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
    )  # fmt: skip
    momentum: float = number(
        SHAPE, 0.0, 0.0, 0.99, "SGD momentum",
        "How much of the last update SGD carries over to the next. Batch norm's momentum is another setting.",
        (0.0, 0.5, 0.8, 0.9, 0.95, 0.99),
    )  # fmt: skip
    batch_size: int = number(
        SHAPE, 64, 2, 1024, "Batch size",
        "Examples in a minibatch. SGD averages the gradient over them, and batch norm computes mean and variance over them. "
        "With fewer examples both are noisier.",
        (2, 4, 8, 16, 32, 64, 128, 256, 512),
    )  # fmt: skip
    ghost_batch_size: int = number(
        RUN, 0, 0, 512, "Ghost batch size (0: off)",
        "Batch norm normalizes groups of about this many examples separately, while SGD still averages over the whole "
        "minibatch. This separates batch norm's noise, which depends on the groups, from the gradient's, which depends on the "
        "minibatch. 0 uses the whole minibatch.",
        (0, 2, 4, 8, 16, 32, 64, 128, 256),
        only_with_statistics=True,
    )  # fmt: skip
    label_noise: float = number(
        RUN, 0.0, 0.0, 1.0, "Label noise",
        "Share of training labels that are replaced by random ones. A network can fit random labels only by memorizing them.",
        (0.0, 0.1, 0.2, 0.3, 0.5, 1.0),
    )  # fmt: skip
    dropout: float = number(
        RUN, 0.0, 0.0, 0.9, "Dropout",
        "Share of activations set to zero at random in every hidden layer during training, in all networks.",
        (0.0, 0.1, 0.2, 0.3, 0.5, 0.7),
    )  # fmt: skip
    train_size: int = number(
        SHAPE, 5000, 16, 5000, "Training examples",
        "How many training examples to use. If the data set has fewer, the networks use all.",
        (100, 500, 1000, 2000, 5000),
    )  # fmt: skip
    steps: int = number(
        SHAPE, 600, 0, 5000, "Steps",
        "How many minibatches to train on, the same ones for all networks. With 0 they stay untrained.",
        (100, 200, 400, 600, 1000, 2000, 5000),
    )  # fmt: skip
    snapshot_every: int = number(
        OBSERVATION, 4, 1, 100, "Steps between snapshots",
        "How often the run takes a snapshot, a set of measurements. At the beginning it takes one after every step.",
        (1, 2, 4, 10, 20, 50),
    )  # fmt: skip
    seed: int = number(
        RUN, 0, 0, 9999, "Seed",
        "Sets the initial weights, minibatches, label noise and dropout. Try another one before you believe a result.",
    )  # fmt: skip

    statistics_momentum: float = number(
        RUN, 0.1, 0.001, 1.0, "Batch norm's momentum",
        "Weight of each minibatch's mean and variance in the running statistics (as PyTorch defines momentum: the weight of the "
        "new value). Evaluation uses the running statistics, training does not.",
        (0.001, 0.01, 0.03, 0.1, 0.3, 1.0),
        only_with_statistics=True,
    )  # fmt: skip
    fixed_scales: str = choice(
        OBSERVATION, "no", YES_NO, "Third network with γ = 1, β = 0 fixed",
        "Train a third network whose batch norm cannot scale and shift, to see what learnable γ and β change.",
    )  # fmt: skip
    gradient_shift: str = choice(
        OBSERVATION, "no", YES_NO, "Measure gradient shift",
        "At every snapshot, compare the gradient of each layer before and after the layers below it take their step on the same "
        "minibatch (Santurkar et al. 2018).",
    )  # fmt: skip
    hold_from: int = number(
        OBSERVATION, 0, 0, 5000, "Hold layers 1 and 2 from step (0: off)",
        "Train both networks a second time, with layers 1 and 2 not learning from this step on.",
        (0, 10, 50, 100, 200, 400),
    )  # fmt: skip

    look_inside: str = choice(
        OBSERVATION, "no", YES_NO, "Look inside batch norm",
        "At every snapshot, measure ẑ, the values before γ and β.",
    )  # fmt: skip
    coats: str = choice(
        SHAPE, "black", COATS, "Coats of the animals",
        "How the animals of the data set Cats look in training: all black, only the cats black (so that colour reveals them), "
        "or all coats from black to fully coloured.",
    )  # fmt: skip
    microscope: str = choice(
        OBSERVATION, "no", YES_NO, "Noise microscope",
        "At some of the snapshots, put one held-out example into many random minibatches, with 1 to 511 other examples, and "
        "measure how much its values vary, next to dropout tuned to cause the same variation. Also measure how much mean and "
        "variance vary between such minibatches.",
    )  # fmt: skip
    example: int = number(
        OBSERVATION, 0, 0, PROBE_SIZE - 1, "Watched example",
        "Which held-out example the noise microscope watches. The network is never trained on it.",
    )  # fmt: skip

    compare: str = choice(
        OBSERVATION, "batch", COMPARED, "Compared with",
        "Which normalizer the second network has. The first one has none.",
    )  # fmt: skip

    batch_norm_from: int = number(
        LIVE, 0, 0, 5000, "Normalize from step (0: from the start)",
        "Until this step the second network has no normalizer either, so the two networks are identical.",
        (0, 50, 100, 200, 300, 400),
    )  # fmt: skip
    scale_start: str = choice(
        LIVE, "one", {"one": "γ = 1, β = 0", "keep": "γ and β that keep the outputs the same"}, "γ and β when switched on",
        "The values of γ and β when you switch batch norm on during a run. When you switch it off, it is simply removed, or the "
        "weights take over its effect, so that the outputs stay the same.",
    )  # fmt: skip
    changes: str = text(
        LIVE, "", lambda text: canonical(parse_changes(text)), "200:learning_rate=1;350:batch_size=8", "Changes on the way",
        "What changes while the networks train, as step:name=value, separated by semicolons. Settings that change: "
        "learning_rate, batch_size, ghost_batch_size, dropout, momentum and compare. Others break things: times_w1, times_w2, … "
        "multiply the weights of a layer, and freeze_layer stops one from learning. input_noise is added to the test inputs, "
        "input_shift to all inputs. With freeze_statistics=1, batch norm trains with its running statistics, which stay fixed.",
    )  # fmt: skip

    weight_decay: float = number(
        RUN, 0.0, 0.0, 10.0, "Weight decay",
        "λ: every step subtracts the learning rate times λ times W from the weights W of the hidden layers (an L2 penalty of "
        "λ/2 ‖W‖²). Biases, γ, β and the output layer do not decay.",
        (0.0, 0.0005, 0.005, 0.02, 0.05, 0.1),
        late=True,
    )  # fmt: skip
    rate_growth: float = number(
        RUN, 1.0, 0.9, 1.1, "Growth of the learning rate",
        "Each step multiplies the learning rate of the hidden layers' weights W by this factor. Biases, γ, β and the output "
        "layer keep their learning rate. The first step uses the learning rate times the root of the factor.",
        (0.99, 0.999, 1.0, 1.001, 1.01),
        late=True,
    )  # fmt: skip
    rising: str = choice(
        OBSERVATION, "no", YES_NO, "Train again with a rising learning rate",
        "Train both networks a second time, without weight decay. Instead, the learning rate of the hidden layers' weights rises "
        "by as much as decay would shrink them.",
        late=True,
    )  # fmt: skip
    epsilon: float = number(
        SHAPE, 1e-5, 1e-30, 1.0, "ε of the normalizer",
        "A small number that a normalizer adds to the variance before it takes the root. Unless it is far smaller than the "
        "variance, it does not cancel the scale of the weights completely.",
        (1e-30, 1e-10, 1e-5, 1e-3),
        late=True,
    )  # fmt: skip
    precision: str = choice(
        SHAPE, "single", {"single": "single (32 bits)", "double": "double (64 bits)"}, "Precision",
        "How many bits the networks use for numbers: about 7 or about 16 decimal digits.",
        late=True,
    )  # fmt: skip
    trainable: str = choice(
        SHAPE, "all", {"all": "all", "scales": "only the normalizer's (γ and β)", "output": "only the output layer's"},
        "Parameters that learn",
        "Which parameters SGD trains. All others keep their initial random values. Without a normalizer there are no γ and β, "
        "so nothing learns.",
        late=True,
    )  # fmt: skip

    skip_connections: str = choice(
        SHAPE, "none", {"none": "none", "residual": "residual", "skipinit": "SkipInit"}, "Skip connections",
        "The output of layer 2 and every later layer: g(y) alone, or their input plus g(y) (He et al. 2016), or their input plus "
        "α g(y) (SkipInit, De & Smith 2020). Each layer learns its own number α, which starts at 0. A layer that is held or "
        "frozen keeps its α. Charts show g(y).",
        late=True,
    )  # fmt: skip

    accumulate: int = number(
        SHAPE, 1, 1, 64, "Minibatches per step",
        "Gradient accumulation: each step of SGD uses the mean gradient of this many minibatches, one after another. Batch norm "
        "normalizes each minibatch by itself.",
        (1, 2, 4, 8, 16, 32),
        late=True,
    )  # fmt: skip

    switch_examples: str = choice(
        LIVE, "training", {"training": "training examples", "test": "test examples"}, "Examples for a switch",
        "The first 512 of these examples give batch norm its first statistics when you switch it on during a run. When you "
        "switch it off, they set how the weights take over its effect. Older releases took test examples.",
        late=True, formerly="test",
    )  # fmt: skip
    three_views: str = choice(
        OBSERVATION, "no", YES_NO, "Evaluate in three views",
        "At every fourth snapshot, measure a network that normalizes with statistics of the minibatch in three views: with each "
        "minibatch's own statistics, with running ones, and with ones recomputed over the training set.",
        late=True,
    )  # fmt: skip
    evaluation_coats: str = choice(
        OBSERVATION, "same", {"same": "as in training", "coloured": "all coloured"}, "Coats in evaluation",
        "How the animals of the data set Cats look on which the three views are measured.",
        late=True,
    )  # fmt: skip
    probe_noise: str = choice(
        OBSERVATION, "included", {"included": "included", "omitted": "omitted"}, "Noise on the probe",
        "Whether the noise that noisy batch norm adds in training is on the probe, too, on which distributions are measured: "
        "that of the step that comes next. Older releases omitted it.",
        late=True, formerly="omitted",
    )  # fmt: skip
    bootstrap: str = choice(
        RUN, "no", YES_NO, "Bootstrap the training set",
        "Train on as many examples as before, but drawn from them with replacement: on average 63 % of them, some several times. "
        "Each seed draws a training set of its own, as if other examples had been collected.",
        late=True,
    )  # fmt: skip

    def __post_init__(self) -> None:
        for field in FIELDS.values():
            object.__setattr__(self, field.name, field.check(getattr(self, field.name)))
        for name in self._idle_fields():
            object.__setattr__(self, name, FIELDS[name].default)

    @classmethod
    def of_recording(cls, values: Mapping[str, Any]) -> Experiment:
        """The experiment of a recording's header, which may be from before some late fields; raises TypeError, BadField."""
        unsaid = {field.name: field.unsaid for field in FIELDS.values() if field.late}
        return cls(**{**unsaid, **values})

    @cached_property
    def id(self) -> str:
        """Sixteen hex digits: a hash of the format version and of every field that counts."""
        canonical = json.dumps({"format": FORMAT, **self.identity_fields}, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    @property
    def identity_fields(self) -> dict[str, Any]:
        """The fields that make it what it is: all but those that were added late and say what was so before, or nothing.

        An own data set may have other contents elsewhere or later, so their hash is with them.
        """
        values, idle = dataclasses.asdict(self), self._idle_fields()
        said = {name: value for name, value in values.items() if not FIELDS[name].late or value != FIELDS[name].unsaid}
        counted = {name: value for name, value in said.items() if name not in idle}
        return counted | ({"contents": sha256} if (sha256 := DATA_SETS[self.dataset].sha256) else {})

    def replace(self, **changes: Any) -> Experiment:
        """This experiment with some fields changed; raises BadField."""
        return dataclasses.replace(self, **changes)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that train, keys of `bnviz.config.arms.ARMS`: the plain one, the compared one, then others."""
        return (
            "none",
            self.compare,
            *(("fixed",) if self.fixed_scales == "yes" else ()),
            *((held("none"), held(self.compare)) if self.hold_from else ()),
            *((rising("none"), rising(self.compare)) if self.rising == "yes" and self.shrinkage else ()),
        )

    @property
    def shrinkage(self) -> float | None:
        """By what weight decay alone multiplies the weights in a step; see `bnviz.config.schedule.shrinkage`."""
        return shrinkage(self.learning_rate, self.weight_decay, self.momentum)

    @property
    def examples(self) -> int:
        """Training examples there really are."""
        return min(self.train_size, DATA_SETS[self.dataset].train_size)

    @property
    def probe_size(self) -> int:
        """Held-out examples on which distributions are measured: the first PROBE_SIZE, or all where there are fewer."""
        return min(PROBE_SIZE, DATA_SETS[self.dataset].test_size)

    @property
    def watched_example(self) -> int:
        """The number of the held-out example that is watched, which must be one of the probe."""
        return min(self.example, self.probe_size - 1)

    @property
    def batch(self) -> int:
        """Examples in a minibatch, never more than there are."""
        return min(self.batch_size, self.examples)

    @property
    def groups(self) -> int:
        """Into how many ghost batches a minibatch is split: as many as have `ghost_batch_size` examples or more each."""
        return max(1, self.batch // self.ghost_batch_size) if self.ghost_batch_size >= 2 else 1

    @property
    def possible_changes(self) -> tuple[Change, ...]:
        """The changes that can happen in this experiment, by step and name; the others are ignored."""
        present = parse_changes(self.changes)
        return tuple(change for change in present if rejection_reason(change, self.steps, self.hidden_layers) is None)

    def check_changes(self) -> None:
        """Raise BadField if some of the changes cannot happen in this experiment."""
        for change, reason in self._misfits():
            raise BadField("changes", self.changes, f"{change} {reason}")

    @property
    def starts_late(self) -> bool:
        """Whether the second network gets its normalizer on the way."""
        return 0 < self.batch_norm_from < self.steps

    @cached_property
    def switches_statistics(self) -> bool:
        """Whether a normalizer with statistics of the minibatch is switched on or off on the way."""
        return any(ARMS[name].statistics for name in self._switched())

    @cached_property
    def adds_noise(self) -> bool:
        """Whether a normalizer of the compared network, now or later, adds noise in training."""
        return any(ARMS[name].noisy for name in {self.compare, *self._switched()})

    def _idle_fields(self) -> set[str]:
        """The fields that count only in other experiments: here they have their defaults, and say nothing."""
        counts = {"switch_examples": self.switches_statistics, "probe_noise": self.adds_noise}
        return {name for name, here in counts.items() if not here}

    @cached_property
    def change_steps(self) -> tuple[int, ...]:
        """The steps before which something changes."""
        late = [self.batch_norm_from] if self.starts_late else []
        return tuple(sorted({*late, *(change.step for change in self.possible_changes)}))

    def snapshot_due(self, step: int) -> bool:
        """Whether a snapshot is taken before `step`: every step at first and after changes, then every `snapshot_every`, and at
        the end."""
        if step <= 4 * self.snapshot_every or step % self.snapshot_every == 0 or step == self.steps:
            return True
        return any(0 < step - turn <= CLOSELY for turn in self.change_steps)

    @cached_property
    def snapshots(self) -> int:
        return sum(self.snapshot_due(step) for step in range(self.steps + 1))

    def notes(self) -> list[str]:
        """Sentences about settings that have another effect than their names say."""
        notes = []
        if FIELDS["train_size"].default != self.train_size > self.examples:
            notes.append(f"{DATA_SETS[self.dataset].label} has {self.examples} training examples. All of them are used.")
        if self.coats != FIELDS["coats"].default and not DATA_SETS[self.dataset].has_coats:
            notes.append(f"{DATA_SETS[self.dataset].label} has no animals, so the setting for their coats has no effect.")
        if self.batch_size > self.batch:
            notes.append(f"The batch size is larger than the training set: every step uses all {self.batch} examples.")
        remainder = self.examples % self.batch
        if remainder and self.examples < 10 * self.batch:
            notes.append(
                f"After {counted(self.examples // self.batch, 'minibatches')} of {self.batch}, the training set is shuffled "
                f"again. What is left over, {counted(remainder, 'examples')}, waits until then, so that every minibatch has the "
                f"same size. An epoch counts as {self.examples} examples."
            )
        if self.ghost_batch_size == 1:
            notes.append("A single example has no variance, so a ghost batch size of 1 counts as off.")
        elif self.ghost_batch_size >= self.batch:
            notes.append("The ghost batch size is not smaller than the minibatch, so it has no effect.")
        elif self.ghost_batch_size and self.batch % self.ghost_batch_size:
            notes.append(
                f"{self.batch} examples cannot be divided into groups of {self.ghost_batch_size}: batch norm uses "
                f"{counted(self.groups, 'groups')} of {self._group_sizes} examples."
            )
        if self.accumulate > 1:
            notes.append(
                f"Each step uses the gradient of {self.accumulate} minibatches of {self.batch} examples, "
                f"{self.accumulate * self.batch} together. Gradient shift is measured on the first of them."
            )
        if self.trainable == "scales":
            notes.append("The network without a normalizer has no γ and no β, so it learns nothing.")
        if self.rising == "yes" and not self.shrinkage:
            notes.append(
                "So much weight decay makes weights swing through 0, and no rising learning rate does the same: the networks "
                "with a rising learning rate are left out."
            )
        return notes + self._notes_on_changes()

    def _notes_on_changes(self) -> list[str]:
        notes = [f"The change {change} is ignored: it {reason}." for change, reason in self._misfits()]
        if 0 < self.steps <= self.batch_norm_from:
            notes.append(
                f"Training ends before step {self.batch_norm_from}, so the second network never gets its normalizer: "
                "the two networks are identical."
            )
        if self.scale_start == "keep" and self._unkept():
            names = " and ".join(COMPARED[name] for name in self._unkept())
            notes.append(
                f"What the network computes cannot be kept when {names} is switched on or off, for it takes each example by "
                "itself: it starts with γ = 1 and is simply removed."
            )
        return notes

    @property
    def _group_sizes(self) -> str:
        """How large ghost batches are, in words."""
        size, more = divmod(self.batch, self.groups)
        return f"{size} or {size + 1}" if more else str(size)

    def _misfits(self) -> list[tuple[Change, str]]:
        reasons = [(change, rejection_reason(change, self.steps, self.hidden_layers)) for change in parse_changes(self.changes)]
        return [(change, reason) for change, reason in reasons if reason]

    def _unkept(self) -> list[str]:
        """Those of the normalizers switched on or off on the way that do not use statistics of the minibatch."""
        return [name for name in COMPARED if name in self._switched() and not ARMS[name].statistics]

    def _switched(self) -> set[str]:
        """The normalizers that are switched on or off on the way, keys of ARMS."""
        compared = {str(change.value) for change in self.possible_changes if change.name == "compare"}
        return {self.compare, *compared} if compared or self.starts_late else set()


def _table() -> dict[str, Field]:
    kinds = {"str": str, "int": int, "float": float}
    return {
        field.name: Field(field.name, kinds[str(field.type)], field.default, **field.metadata)
        for field in dataclasses.fields(Experiment)
    }


FIELDS: dict[str, Field] = _table()


@cache
def change_fields() -> Mapping[str, Field]:
    """What may change while a run trains: see `changes.fields`."""
    return change_texts.fields(FIELDS)


@lru_cache(maxsize=256)
def parse_changes(text: str) -> tuple[Change, ...]:
    """The changes of an experiment's field `changes`; raises BadField."""
    return change_texts.parse(text, change_fields(), change_texts.steps(FIELDS))


def to_texts(experiment: Experiment, default: Experiment) -> dict[str, str]:
    """The fields that differ from `default`'s, as texts: what `from_texts` reads."""
    values = {name: getattr(experiment, name) for name in FIELDS}
    return {name: format_value(value) for name, value in values.items() if value != getattr(default, name)}


def from_texts(texts: Mapping[str, str], default: Experiment | None = None) -> tuple[Experiment, list[BadField]]:
    """Read what is readable: the experiment with every bad value replaced by `default`'s, and the bad ones with reasons."""
    values, bad = {}, []
    for name, value in texts.items():
        try:
            if name not in FIELDS:
                raise BadField(name, value, "there is no such setting")
            values[name] = FIELDS[name].parse(value)
        except BadField as error:
            bad.append(error)
    default = default or Experiment()
    experiment = default.replace(**values)
    if "changes" in values:  # what is asked for by name must be possible
        try:
            experiment.check_changes()
        except BadField as error:
            bad.append(error)
            experiment = experiment.replace(changes=default.changes)
    return experiment, bad
