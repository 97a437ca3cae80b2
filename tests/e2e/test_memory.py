"""How much memory a page takes with the largest recording that is accepted."""

import gzip
from pathlib import Path

import pytest

from bnviz.config.cost import MAXIMUM_BYTES
from bnviz.config.experiment import Experiment, to_texts
from bnviz.measures import budget
from bnviz.record import ndjson, version
from bnviz.train import loop

MOST_MB = 200  # of the 300 that a page may take: the run that it is compared with may be as large
DEEP = Experiment(hidden_layers=50, width=8, batch_size=2, train_size=100, snapshot_every=1)
MANY_ARMS = {"hold_from": 2, "fixed_scales": "yes", "rising": "yes", "weight_decay": 0.005}
SMALL = Experiment(dataset="spirals", hidden_layers=2, width=8, batch_size=16, train_size=100, snapshot_every=1, **MANY_ARMS)
REAL_STEPS = 6  # so many are trained; what they measure is repeated


def largest(experiment):
    """The experiment with as many steps as are accepted."""
    steps = max(steps for steps in range(0, 1490, 10) if budget.recording_bytes(experiment.replace(steps=steps)) <= MAXIMUM_BYTES)
    budget.check(longest := experiment.replace(steps=steps))
    return longest


def store_recording(experiment, folder: Path) -> float:
    """Write a recording of all of its steps, whose snapshots are those of the first few again and again; returns megabytes."""
    short = experiment.replace(steps=REAL_STEPS)
    snapshots = [message for message in loop.train(short) if message]
    body = [ndjson.line(loop.header(experiment))]
    for index in range(experiment.snapshots):
        body.append(ndjson.line({**snapshots[1 + index % REAL_STEPS], "index": index, "step": index, "epoch": index / 10}))
    contents = gzip.compress(b"".join([*body, ndjson.end("finished", "", 1.0)]), 4)
    (folder / f"{experiment.id}-{version.results_version()}.ndjson.gz").write_bytes(contents)
    return len(contents) / 1e6


def heap_mb(page):
    """What the page's scripts hold, arrays included, garbage collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    session.detach()
    return (usage["usedSize"] + usage["backingStorageSize"]) / 1e6


@pytest.mark.slow
@pytest.mark.parametrize("kind", [DEEP, SMALL], ids=["many layers", "many arrays"])
def test_the_largest_recording_that_is_accepted_fits_into_a_page(kind, recordings, visit):
    experiment = largest(kind)
    size = store_recording(experiment, recordings)
    assert size > 0.5 * MAXIMUM_BYTES / 1e6  # estimates err high
    lab = visit().open(**to_texts(experiment, Experiment()))
    lab.wait(f"d.trainedStep === '{experiment.steps}'")
    lab.press("End")
    lab.wait("d.state === 'ended'")
    used = heap_mb(lab.page)
    print(f"{experiment.snapshots} snapshots, {size:.1f} MB compressed: {used:.0f} MB")
    assert used < MOST_MB
