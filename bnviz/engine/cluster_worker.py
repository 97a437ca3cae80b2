"""What a worker of a Dask cluster computes: the same lines as `bnviz.engine.worker`, sent as Dask events while it trains."""

from __future__ import annotations

import time
from typing import Any

from distributed import Status, Worker, get_worker

from bnviz.engine.worker import lines_for
from bnviz.record.piece import Piece

SEND_SECONDS = 0.05  # between events of one task, for each costs the scheduler


def compute(command: dict[str, Any], topic: str) -> None:
    """Send the lines of what a command asks for; runs in the thread of a Dask task.

    They go as events [key of the task, index of the first line, pieces, address of the worker]. A cancelled task would go on
    running, so every step looks whether it is still wanted.
    """
    worker = get_worker()
    key = str(worker.get_current_task())
    pieces: list[Piece] = []
    sent, due, checksum = 0, 0.0, 0
    for line in lines_for(command):
        if not _is_wanted(worker, key):
            return
        if line is not None:
            pieces.append(Piece.of(line, checksum))
            checksum = pieces[-1].after
        if pieces and (time.monotonic() >= due or pieces[-1].is_end):
            worker.log_event(topic, [key, sent, [tuple(piece) for piece in pieces], worker.address])
            sent, due = sent + len(pieces), time.monotonic() + SEND_SECONDS
            pieces.clear()


def _is_wanted(worker: Worker, key: str) -> bool:
    task = worker.state.tasks.get(key)
    return task is not None and task.state == "executing" and worker.status not in (Status.closing, Status.closed, Status.failed)
