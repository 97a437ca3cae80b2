"""A worker process: many runs scheduled round-robin on one torch thread.

    python -m bnviz.engine.worker

Standard input carries one JSON command a line, ``{"run": key, "experiment": {…}}`` or ``{"stop": key}``; a key is any text
without a space, chosen by the sender. ``"contents"`` has hashes of own data sets by name, which must be those here. A run with
a ``"question": {…}`` answers it (`bnviz.train.loop.answer`) in place of a training's snapshots; one with a ``"stack": [[{…},
arm], …]`` in place of the experiment trains these runs of a sweep together and writes their rows. Standard output carries
``ready``, then pieces (`bnviz.record.piece`) under their keys, and between steps ``alive``, about once a second. A worker that
has grown beyond its share of memory writes ``retired`` and ends; what it was still computing is for its successor. When
standard input ends, the parent has ended, however it did, and so does the worker, at once.

With ``--background`` it runs at niceness 19; else at NICENESS above the web process.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Sequence
from time import perf_counter
from types import ModuleType
from typing import Any, BinaryIO

from bnviz import machine
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Run
from bnviz.data import DATA_SETS
from bnviz.data.own import ChangedData
from bnviz.record import ndjson
from bnviz.record.piece import Piece

TIME_SLICE_SECONDS = 0.03
# Above the web process, which has people waiting for a page; viewers of a run already see its beginning.
NICENESS = machine.by_memory(5, small=10)
HEARTBEAT_SECONDS = 1.0
READY, HEARTBEAT, RETIRED = b"ready\n", b"alive\n", b"retired\n"  # lines between pieces
MEMORY_SHARE = machine.by_memory(500, small=350) * 2**20  # bytes: beyond it a worker with nothing to compute retires
MOST_MEMORY = 2 * MEMORY_SHARE  # beyond it also one in the middle of runs
MIN_RUNS = 10  # that a worker has ended before it retires: a large run would need its memory in any worker
QUEUE_SIZE = 16  # lines that may wait to be written; then training blocks
STOP_MESSAGE = "The run was stopped."


def load_training() -> ModuleType:
    """`bnviz.train.trainers`, with torch on one thread (more would reorder sums). The first call takes seconds."""
    import torch

    torch.set_num_threads(1)
    from bnviz.train import trainers

    return trainers


class Stopwatch:
    """Seconds spent inside ``with stopwatch:`` blocks."""

    seconds = 0.0

    def __enter__(self) -> None:
        self._begin = perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += perf_counter() - self._begin


class StopRun(Exception):
    """Thrown into `record` to end a run early."""


# A message or its line; None after a step without one. Returns status and message.
Messages = Generator[dict[str, Any] | bytes | None, None, tuple[str, str]]


def record(experiment: Experiment, training: Any = None, question: dict | None = None) -> Generator[bytes | None]:
    """Generate the lines of a recording, and None after every step without one.

    An answer to a question is a recording, too: header, answer, end. The last line is always an end, on failure too; its seconds
    are computing time, without waiting.
    """

    def messages() -> Messages:
        trainers = training or load_training()
        yield trainers.header(experiment)
        return (yield from trainers.answer(experiment, **question) if question else trainers.train(experiment))

    return _lines(messages())


def record_stack(runs: Sequence[Run], measures: Sequence[str] = (), training: Any = None) -> Generator[bytes | None]:
    """The rows of a sweep's runs that train as one stack, as `record` generates a run: header, rows, end."""

    def messages() -> Messages:
        trainers = training or load_training()
        yield {"type": "header", "runs": [run.id for run in runs]}
        return (yield from trainers.train_stack(runs, measures))

    return _lines(messages())


def _refusal(error: Exception) -> Messages:
    """The messages of a run that cannot begin."""
    raise error
    yield None


def _lines(messages: Messages) -> Generator[bytes | None]:
    watch = Stopwatch()
    try:
        end = yield from _timed_lines(messages, watch)
    except StopRun:
        end = "stopped", STOP_MESSAGE
    except Exception as error:
        traceback.print_exc()
        end = "failed", _one_line(error)
    yield ndjson.end(*end, watch.seconds)


def _timed_lines(messages: Messages, watch: Stopwatch) -> Generator[bytes | None, None, tuple[str, str]]:
    """The messages as lines; the watch measures the time to compute them."""
    while True:
        with watch:
            try:
                message = next(messages)
            except StopIteration as done:
                return done.value
            line = ndjson.line(message) if isinstance(message, dict) else message
        yield line


def _one_line(error: Exception) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= 300 else text[:299] + "…"


class RoundRobin:
    """A round-robin scheduler of runs, with time slices of `seconds` of wall time."""

    def __init__(self, write: Callable[[str, bytes], None], training: Any = None, seconds: float = TIME_SLICE_SECONDS):
        self._write, self._training, self._seconds = write, training, seconds
        self._runs: deque[tuple[str, Generator[bytes | None]]] = deque()
        self.ended = 0  # how many runs have ended so far

    def __len__(self) -> int:
        return len(self._runs)

    def command(self, command: dict[str, Any]) -> None:
        """Add or stop a run; stopping one that has ended does nothing."""
        if "run" in command:
            self._runs.append((command["run"], lines_for(command, self._training)))
            return
        for key, lines in [run for run in self._runs if run[0] == command["stop"]]:
            self._runs.remove((key, lines))
            self._write(key, _stop(lines))
            self._end_run()

    def next(self) -> None:
        """Run one time slice of the next run."""
        key, lines = self._runs.popleft()
        slice_end = perf_counter() + self._seconds
        for line in lines:
            if line is not None:
                self._write(key, line)
                if ndjson.is_end(line):
                    return self._end_run()
            if perf_counter() >= slice_end:
                self._runs.append((key, lines))
                return

    def _end_run(self) -> None:
        self.ended += 1
        machine.release_memory()


def should_retire(round_robin: RoundRobin) -> bool:
    """Whether this process has grown beyond its share of memory and should make room for a fresh one."""
    if round_robin.ended < MIN_RUNS:
        return False
    return machine.resident_memory() > (MOST_MEMORY if round_robin else MEMORY_SHARE)


class LineWriter:
    """Compresses lines and writes them to a pipe, in a thread of its own, since both release the interpreter lock."""

    def __init__(self, output: BinaryIO):
        self._output = output
        self._lines: queue.Queue[tuple[str, bytes] | bytes] = queue.Queue(QUEUE_SIZE)
        self._last_heartbeat = perf_counter()
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def write(self, key: str, line: bytes) -> None:
        """Enqueue the next line of a recording; blocks while the queue is full."""
        self._lines.put((key, line))

    def heartbeat(self) -> None:
        """Send a heartbeat if one is due. The training thread calls this between steps."""
        if perf_counter() - self._last_heartbeat >= HEARTBEAT_SECONDS:
            self._last_heartbeat = perf_counter()
            self._lines.put(HEARTBEAT)

    def retire(self) -> None:
        """Write what is left, say that this worker retires, and end the process."""
        self._lines.put(RETIRED)
        self._thread.join()

    def _write_all(self) -> None:
        checksums: dict[str, int] = {}
        item: tuple[str, bytes] | bytes = b""
        with contextlib.suppress(BrokenPipeError):  # the parent ended while we wrote
            while item != RETIRED:
                item = self._lines.get()
                if isinstance(item, bytes):
                    self._output.write(item)
                    self._output.flush()
                    continue
                key, line = item
                piece = Piece.of(line, checksums.pop(key, 0))
                if not piece.is_end:
                    checksums[key] = piece.after
                piece.write(self._output, key)
        os._exit(0)


def lines_for(command: dict[str, Any], training: Any = None) -> Generator[bytes | None]:
    """The lines of the recording that a command requests; an end that says why, if its data set is not the same here."""
    for name, sha256 in command.get("contents", {}).items():
        if name not in DATA_SETS or DATA_SETS[name].sha256 != sha256:
            return _lines(_refusal(ChangedData(f"the file of {name} is another one now, or elsewhere: start the program again")))
    if "stack" in command:
        runs = [Run(Experiment(**experiment), arm) for experiment, arm in command["stack"]]
        return record_stack(runs, command["measures"], training)
    return record(Experiment(**command["experiment"]), training, command.get("question"))


def _stop(lines: Generator[bytes | None]) -> bytes:
    """End a run now; returns its last line."""
    try:
        return lines.throw(StopRun()) or b""
    except StopRun:  # the generator had not started, so it could not catch this
        return ndjson.end("stopped", STOP_MESSAGE, 0.0)


def serve(commands: BinaryIO, output: BinaryIO, load: Callable[[], Any] = load_training) -> None:
    """Serve commands until their stream ends, and then end the process. `load` returns the training module."""
    inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read_commands, args=(commands, inbox), daemon=True).start()

    writer = LineWriter(output)
    round_robin = RoundRobin(writer.write, load())
    output.write(READY)
    output.flush()
    while True:
        if should_retire(round_robin):
            writer.retire()
        if not round_robin or not inbox.empty():
            round_robin.command(inbox.get())  # blocks while there is nothing to compute
        else:
            round_robin.next()
            writer.heartbeat()


def _read_commands(commands: BinaryIO, inbox: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Read commands in a thread of its own, to notice the parent's end even in the middle of a training step."""
    for line in commands:
        inbox.put(json.loads(line))
    os._exit(0)


def main(load: Callable[[], Any] = load_training) -> None:
    """Serve the process that started this one."""
    machine.lower_priority(19 if "--background" in sys.argv else NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the parent ends us
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints goes to the log, not between the lines
    with contextlib.suppress(BrokenPipeError):  # the parent ended while we wrote
        serve(sys.stdin.buffer, output, load)
    os._exit(0)


if __name__ == "__main__":
    main()
