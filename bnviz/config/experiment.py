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
from typing import Any

from bnviz.config.arms import COMPARED, held
from bnviz.config.fields import OBSERVATION, RUN, SHAPE, BadField, Field, choice, number
from bnviz.data import DATA_SETS
from bnviz.data.coats import COATS

FORMAT = 1  # of recordings; part of every id, so a new format never meets an old recording
PROBE_SIZE = 512
WATCHED_UNITS = 8


YES_NO = {"no": "no", "yes": "yes"}


@dataclass(frozen=True)
class Experiment:
    """One paired run: the same network trained without and with a normalizer, batch norm by default, on the same minibatches."""

    dataset: str = choice(
        SHAPE,
        "fashion",
        {name: data.label for name, data in DATA_SETS.items()},
        "Data set",
        "What the network learns to tell apart. All are small enough to train within seconds.",
    )
    activation: str = choice(
        SHAPE,
        "relu",
        {"relu": "ReLU", "tanh": "tanh", "sigmoid": "sigmoid", "identity": "identity (a linear net)"},
        "Activation",
        "The nonlinearity g in a = g(z). Saturating ones suffer most when their input wanders off.",
    )
    hidden_layers: int = number(
        SHAPE, 5, 2, 25, "Hidden layers", "How many hidden layers the network has; the lecture draws five.", (2, 3, 4, 5, 6, 8)
    )
    width: int = number(SHAPE, 64, 8, 256, "Hidden width", "Units in every hidden layer.", (8, 16, 32, 64, 128, 256))
    initialization: str = choice(
        RUN,
        "he",
        {"he": "He", "pytorch": "PyTorch default", "small": "small normal", "xavier": "Xavier"},
        "Initialization",
        "How weights start: He (variance 2/inputs, made for ReLU), PyTorch's default (uniform, variance 1/(3·inputs)), "
        "normal with standard deviation 0.01, or Xavier (variance 2/(inputs + outputs), made for linear units).",
    )
    learning_rate: float = number(
        RUN, 0.1, 0.0001, 10.0, "Learning rate",
        "How far each step of SGD goes. Raise it to see which arm breaks first.",
        (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
    )  # fmt: skip
    momentum: float = number(
        SHAPE, 0.0, 0.0, 0.99, "SGD momentum",
        "How much of the last update SGD carries over. (Not batch norm's own momentum, which is fixed at PyTorch's 0.1 "
        "and there weights the new statistic.)",
        (0.0, 0.5, 0.8, 0.9, 0.95, 0.99),
    )  # fmt: skip
    batch_size: int = number(
        SHAPE, 64, 2, 1024, "Batch size",
        "Examples in a minibatch. SGD averages its gradient over these few, and batch norm takes mean and variance from them: "
        "the fewer, the noisier both.",
        (2, 4, 8, 16, 32, 64, 128, 256, 512),
    )  # fmt: skip
    ghost_batch_size: int = number(
        RUN, 0, 0, 512, "Ghost batch size (0: off)",
        "Normalize groups of about this many examples apart, while SGD still averages over the whole minibatch. "
        "It separates batch norm's noise, which these groups set, from the gradient's, which the minibatch sets. "
        "0 uses the whole minibatch.",
        (0, 2, 4, 8, 16, 32, 64, 128, 256),
        only_with_statistics=True,
    )  # fmt: skip
    label_noise: float = number(
        RUN, 0.0, 0.0, 1.0, "Label noise",
        "Share of training labels replaced by random ones. A network that fits them has memorized.",
        (0.0, 0.1, 0.2, 0.3, 0.5, 1.0),
    )  # fmt: skip
    dropout: float = number(
        RUN, 0.0, 0.0, 0.9, "Dropout",
        "Share of activations set to zero at random in every hidden layer while training, in both arms.",
        (0.0, 0.1, 0.2, 0.3, 0.5, 0.7),
    )  # fmt: skip
    train_size: int = number(
        SHAPE, 5000, 16, 5000, "Training examples",
        "How many training examples to use; a data set that has fewer gives all it has.",
        (100, 500, 1000, 2000, 5000),
    )  # fmt: skip
    steps: int = number(
        SHAPE, 600, 10, 5000, "Steps",
        "Minibatches to train on, the same ones for both arms.",
        (100, 200, 400, 600, 1000, 2000, 5000),
    )  # fmt: skip
    snapshot_every: int = number(
        OBSERVATION, 4, 1, 100, "Steps between snapshots",
        "How often the distributions are measured; the first steps are measured one by one.",
        (1, 2, 4, 10, 20, 50),
    )  # fmt: skip
    seed: int = number(
        RUN, 0, 0, 9999, "Seed",
        "Chooses initial weights, minibatches, label noise and dropout. Try another before you believe a result.",
    )  # fmt: skip

    statistics_momentum: float = number(
        RUN, 0.1, 0.001, 1.0, "Batch norm's momentum",
        "How much of each minibatch's mean and variance goes into the running ones (PyTorch's sense: the weight of the new "
        "statistic). Training never uses the running ones, evaluation does.",
        (0.001, 0.01, 0.03, 0.1, 0.3, 1.0),
        only_with_statistics=True,
    )  # fmt: skip
    fixed_scales: str = choice(
        OBSERVATION, "no", YES_NO, "Third arm with γ = 1, β = 0 fixed",
        "Trains a third network whose batch norm may not scale and move, to see what learnable γ and β buy.",
    )  # fmt: skip
    gradient_shift: str = choice(
        OBSERVATION, "no", YES_NO, "Measure gradient shift",
        "At every snapshot, take the gradient of each layer before and after the layers below it took their step on the same "
        "minibatch (Santurkar et al. 2018).",
    )  # fmt: skip
    hold_from: int = number(
        OBSERVATION, 0, 0, 5000, "Hold layers 1 and 2 from step (0: off)",
        "Trains both networks a second time, with layers 1 and 2 held still from this step on.",
        (0, 10, 50, 100, 200, 400),
    )  # fmt: skip

    look_inside: str = choice(
        OBSERVATION, "no", YES_NO, "Look inside batch norm",
        "At every snapshot, measure ẑ before γ and β act on it, and the network with running statistics against the batch's own.",
    )  # fmt: skip
    coats: str = choice(
        SHAPE, "black", COATS, "Coats of the animals",
        "How the animals of the data set Cats look in training: all black, only the cats black (so that colour gives them away), "
        "or every coat from black to fully coloured.",
    )  # fmt: skip
    microscope: str = choice(
        OBSERVATION, "no", YES_NO, "Noise microscope",
        "Now and then, put one held-out example among ever new minibatch-mates, 1 to 511 of them, and look how far it scatters, "
        "beside dropout that scatters it as much; and how far mean and variance of such minibatches scatter.",
    )  # fmt: skip
    example: int = number(
        OBSERVATION, 0, 0, PROBE_SIZE - 1, "Watched example",
        "Which of the held-out examples the noise microscope watches. It was in no minibatch of the training.",
    )  # fmt: skip

    compare: str = choice(
        OBSERVATION, "batch", COMPARED, "Compared with",
        "Which normalizer the second network has. The first one has none.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        for field in FIELDS.values():
            object.__setattr__(self, field.name, field.check(getattr(self, field.name)))

    @property
    def id(self) -> str:
        """Sixteen hex digits: a hash of the format version and of every field."""
        canonical = json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

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
        )

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

    def snapshot_due(self, step: int) -> bool:
        """Whether a snapshot is taken before `step`: every step at first, then every `snapshot_every`, and at the end."""
        return step <= 4 * self.snapshot_every or step % self.snapshot_every == 0 or step == self.steps

    @property
    def snapshots(self) -> int:
        return sum(self.snapshot_due(step) for step in range(self.steps + 1))

    def notes(self) -> list[str]:
        """Sentences about settings that do not mean quite what they say."""
        notes = []
        if FIELDS["train_size"].default != self.train_size > self.examples:
            notes.append(f"{DATA_SETS[self.dataset].label} has {self.examples} training examples; all are used.")
        if self.coats != FIELDS["coats"].default and not DATA_SETS[self.dataset].painted:
            notes.append(f"{DATA_SETS[self.dataset].label} has no animals, so their coats change nothing.")
        if self.batch_size > self.batch:
            notes.append(f"The batch is larger than the data set: every step uses all {self.batch} examples.")
        remainder = self.examples % self.batch
        if remainder and self.examples < 10 * self.batch:
            notes.append(
                f"An epoch is {self.examples // self.batch} minibatches of {self.batch}; the {remainder} examples left over "
                "wait for the next shuffle, so that every batch gives its statistics the same number of examples."
            )
        if self.ghost_batch_size == 1:
            notes.append("One example has no variance, so a ghost batch of 1 counts as off.")
        elif self.ghost_batch_size >= self.batch:
            notes.append("The ghost batch is no smaller than the minibatch, so it changes nothing.")
        elif self.ghost_batch_size and self.batch % self.ghost_batch_size:
            notes.append(
                f"{self.batch} examples do not divide into groups of {self.ghost_batch_size}: batch norm uses {self.groups} "
                f"groups of {self.batch // self.groups} or one more."
            )
        return notes


def _table() -> dict[str, Field]:
    kinds = {"str": str, "int": int, "float": float}
    return {
        field.name: Field(field.name, kinds[str(field.type)], field.default, **field.metadata)
        for field in dataclasses.fields(Experiment)
    }


FIELDS: dict[str, Field] = _table()


def from_texts(texts: Mapping[str, str], default: Experiment | None = None) -> tuple[Experiment, list[BadField]]:
    """Read what is readable: the experiment with every bad value replaced by `default`'s, and the bad ones with reasons."""
    values, bad = {}, []
    for name, text in texts.items():
        try:
            if name not in FIELDS:
                raise BadField(name, text, "there is no such setting")
            values[name] = FIELDS[name].parse(text)
        except BadField as error:
            bad.append(error)
    return (default or Experiment()).replace(**values), bad
