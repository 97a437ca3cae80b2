"""What a worker of a Dask cluster computes: the same lines as `bnviz.engine.worker`, sent as Dask events while it trains."""

from __future__ import annotations

import time
import zlib
from typing import Any

from distributed import Status, Worker, get_worker

from bnviz.engine.worker import begin
from bnviz.record.ndjson import is_end

SEND_SECONDS = 0.05  # between events of one task, for each costs the scheduler


def compute(command: dict[str, Any], topic: str) -> None:
    """Send the lines of what a command asks for; runs in the thread of a Dask task.

    They go as events [key of the task, index of the first line, lines, address of the worker]. A cancelled task would go on
    running, so every step looks whether it is still wanted.
    """
    worker = get_worker()
    key = str(worker.get_current_task())
    lines: list[bytes] = []
    sent, due = 0, 0.0
    for line in begin(command):
        if not _is_wanted(worker, key):
            return
        if line is not None:
            lines.append(line)
        if lines and (time.monotonic() >= due or is_end(lines[-1])):
            worker.log_event(topic, [key, sent, zlib.compress(b"".join(lines), 1), worker.address])
            sent, due = sent + len(lines), time.monotonic() + SEND_SECONDS
            lines.clear()


def _is_wanted(worker: Worker, key: str) -> bool:
    task = worker.state.tasks.get(key)
    return task is not None and task.state == "executing" and worker.status not in (Status.closing, Status.closed, Status.failed)
