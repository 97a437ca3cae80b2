"""How many live runs one web process can record: workers replay a real recording for many runs at once, each at its pace.

python -m benchmarks.recording
"""

from __future__ import annotations

import itertools
import json
import os
import select
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import Row, table
from bnviz.config.experiment import Experiment
from bnviz.engine import worker
from bnviz.engine.local import LocalEngine
from bnviz.record.ndjson import is_end
from bnviz.record.piece import Piece
from bnviz.record.store import Recording, Store

PACE = 25  # snapshots a second and run
SECONDS = 4
WORKERS = 2
LINES = "BNVIZ_REPLAYED"  # the environment variable that names the file of lines to replay
KEEPS_UP = 0.95  # of the snapshots that were due


def replay() -> None:
    """Be a worker that has these lines at hand, for as many runs as it is asked for, again and again, until it is killed."""
    header, *snapshots = Path(os.environ[LINES]).read_bytes().splitlines(keepends=True)
    first, pieces = Piece.of(header), [Piece.of(line) for line in snapshots]
    keys, tail, start = [], b"", 0.0
    sys.stdout.buffer.write(b"ready\n")
    for turn in itertools.count():
        commands = (tail + (os.read(0, 1 << 20) if _readable() else b"")).split(b"\n")
        tail = commands.pop()
        for command in commands:
            keys.append(json.loads(command)["run"])
            first.write(sys.stdout.buffer, keys[-1])
        start = start or time.monotonic()
        for key in keys:
            pieces[turn % len(pieces)].write(sys.stdout.buffer, key)
        time.sleep(max(0.0, start + (turn + 1) / PACE - time.monotonic()))


def _readable() -> bool:
    return bool(select.select([0], [], [], 0)[0])


def record_runs(runs: int) -> tuple[float, float]:
    """The share of the due snapshots that were recorded of so many runs, and the processor's share that this process took."""
    engine = LocalEngine(Store(), WORKERS, (sys.executable, "-m", "benchmarks.recording", "--replay"))
    try:
        candidates = [engine.recording(engine.request(Experiment(seed=seed))) for seed in range(runs)]
        recordings = [one for one in candidates if one is not None]
        while not all(len(one) > 1 for one in recordings):
            time.sleep(0.05)
        before, start, busy = sum(map(len, recordings)), time.monotonic(), time.process_time()
        time.sleep(SECONDS)
        elapsed = time.monotonic() - start
        share = (sum(map(len, recordings)) - before) / (runs * PACE * elapsed)
        return share, (time.process_time() - busy) / elapsed
    finally:
        engine.close()


def packing(lines: list[bytes]) -> float:
    """Seconds of this process for a snapshot that it would have to compress itself."""
    recording, start = Recording("peer"), time.process_time()
    for line in lines:
        recording.append(line)
    return (time.process_time() - start) / len(lines)


def rows() -> Iterator[Row]:
    """All rows of this subject."""
    lines = [line for line in worker.record(Experiment(steps=100)) if line and not is_end(line)]
    with TemporaryDirectory() as folder:
        os.environ[LINES] = str(Path(folder) / "lines")
        Path(os.environ[LINES]).write_bytes(b"".join(lines))
        kept_up, share = 0, 0.0
        for runs in (50, 100, 150, 200):
            share_recorded, busy = record_runs(runs)
            if share_recorded < KEEPS_UP:
                break
            kept_up, share = runs, busy
    peer = 1 / (PACE * packing(lines[1:]))
    what = f"live runs that one web process records at {PACE} snapshots/s each"
    ours = f"{kept_up}, with {share:.0%} of a core"
    yield Row(what, f"compressing in it, a core busy with nothing else: {peer:.0f}", ours, f"{kept_up / peer:.1f}", "≥ 100")


if __name__ == "__main__":
    if "--replay" in sys.argv:
        replay()
    print(table(list(rows())))
