"""Where the last runs of this process stood at some of their snapshots, so that one that begins alike goes on from there.

What has been said up to then is kept, too. Whatever is not here any more is computed again, which gives the very same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache

from bnviz.config import course
from bnviz.config.experiment import Experiment

if TYPE_CHECKING:
    from bnviz.train.loop import Training

RUNS = 4  # that are remembered
PLACES = 8  # in each of them, evenly spread: as much of a run may have to be trained again

Snapshot = dict[str, Any]


@dataclass
class Past:
    """What is remembered of a run: its snapshots so far, and copies of its state, by step."""

    experiment: Experiment
    snapshots: list[Snapshot] = field(default_factory=list)
    copies: dict[int, Training] = field(default_factory=dict)

    def note(self, training: Training, snapshot: Snapshot) -> None:
        """Remember a snapshot, and the state right after it if it is time for that."""
        self.snapshots.append(snapshot)
        last = max(self.copies, default=0)
        if training.step and training.step - last >= self.experiment.steps / PLACES and training.step < self.experiment.steps:
            self.copies[training.step] = training.copy()

    def best(self, experiment: Experiment) -> int:
        """The last step from which a run of `experiment` can go on; 0 if there is none."""
        shared = course.shared_until(self.experiment, experiment)
        return max((step for step in self.copies if step <= shared), default=0)


PASTS: LRUCache[str, Past] = LRUCache(RUNS)  # by run


def begun(experiment: Experiment) -> tuple[Past, Training | None]:
    """What another run has done of this one already: the past that is theirs alike, and a training that stands at its end."""
    known = max(PASTS.values(), key=lambda past: past.best(experiment), default=None)
    step = known.best(experiment) if known else 0
    if known is None or step == 0:
        return Past(experiment), None
    copies = {place: copy for place, copy in known.copies.items() if place <= step}
    snapshots = [snapshot for snapshot in known.snapshots if snapshot["step"] <= step]
    return Past(experiment, snapshots, copies), copies[step].resume(experiment)


def remember(past: Past) -> None:
    """Keep a run's past, also if it was stopped; the run that was used least lately is forgotten for it."""
    PASTS[past.experiment.id] = past
