"""A worker process: many runs that take turns on one torch thread.

    python -m bnviz.engine.worker

Standard input carries one JSON command a line, ``{"run": key, "experiment": {…}}`` or ``{"stop": key}``; a key is any
text without a space, chosen by the sender. A run with a ``"question": {…}`` answers it (`bnviz.train.loop.answer`) in place of a
training's snapshots; one with a ``"stack": [[{…}, arm], …]`` in place of the experiment trains these runs of a sweep together
and writes their rows. Standard output carries ``ready``, then pieces (`bnviz.record.piece`) under their keys, and between steps
``alive``, about once a second. When standard input ends, the parent has ended, however it did, and so does the worker, at once.

With ``--background`` it takes only what processor time nobody else wants; else the web process still comes first.
"""

from __future__ import annotations

import contextlib
import ctypes
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
from bnviz.record import ndjson
from bnviz.record.piece import Piece

TURN_SECONDS = 0.03
# By how much more of niceness than the web process: whoever opens a page waits, whoever watches a run sees its beginning.
BEHIND = machine.fitting(5, small=10)
ALIVE_SECONDS = 1.0
READY, ALIVE = b"ready\n", b"alive\n"  # heads that are no piece's
AHEAD = 16  # lines that may wait to be written
STOPPED = "The run was stopped."


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


class Stopped(Exception):
    """Thrown into `record` to end a run early."""


# A message, or its line if that is at hand; None after a step without one. Returns status and message.
Messages = Generator[dict[str, Any] | bytes | None, None, tuple[str, str]]


def record(experiment: Experiment, training: Any = None, question: dict | None = None) -> Generator[bytes | None]:
    """The lines of a recording as they are made, and None after every step without one.

    An answer to a question is a recording, too: header, answer, end.

    Whatever happens in training, the last line is an end; its seconds are those spent computing, not those waited.
    """

    def messages() -> Messages:
        trainers = training or load_training()
        yield trainers.header(experiment)
        return (yield from trainers.answer(experiment, **question) if question else trainers.train(experiment))

    return _lines(messages())


def record_stack(runs: Sequence[Run], measures: Sequence[str] = (), training: Any = None) -> Generator[bytes | None]:
    """The rows of a sweep's runs that train together, as `record` gives a run: header, rows, end."""

    def messages() -> Messages:
        trainers = training or load_training()
        yield {"type": "header", "runs": [run.id for run in runs]}
        return (yield from trainers.train_stack(runs, measures))

    return _lines(messages())


def _lines(messages: Messages) -> Generator[bytes | None]:
    watch = Stopwatch()
    try:
        ending = yield from _watched(messages, watch)
    except Stopped:
        ending = "stopped", STOPPED
    except Exception as error:
        traceback.print_exc()
        ending = "failed", _one_line(error)
    yield ndjson.end(*ending, watch.seconds)


def _watched(messages: Messages, watch: Stopwatch) -> Generator[bytes | None, None, tuple[str, str]]:
    """The messages as lines, while the watch counts what they take."""
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


class Turns:
    """Runs in a circle, each of which computes for `seconds` of wall time before the next one may."""

    def __init__(self, write: Callable[[str, bytes], None], training: Any = None, seconds: float = TURN_SECONDS):
        self._write, self._training, self._seconds = write, training, seconds
        self._runs: deque[tuple[str, Generator[bytes | None]]] = deque()

    def __len__(self) -> int:
        return len(self._runs)

    def command(self, command: dict[str, Any]) -> None:
        """Add or stop a run; stopping one that has ended does nothing."""
        if "run" in command:
            self._runs.append((command["run"], begin(command, self._training)))
            return
        for key, lines in [run for run in self._runs if run[0] == command["stop"]]:
            self._runs.remove((key, lines))
            self._write(key, _stop(lines))

    def next(self) -> None:
        """Give one run its turn."""
        key, lines = self._runs.popleft()
        turn_ends = perf_counter() + self._seconds
        for line in lines:
            if line is not None:
                self._write(key, line)
                if ndjson.is_end(line):
                    return _give_memory_back()
            if perf_counter() >= turn_ends:
                self._runs.append((key, lines))
                return


def _give_memory_back() -> None:
    """What a run has freed, to the system: glibc would keep it, a hundred megabytes and more after many different runs."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


class Outlet:
    """Compresses lines and writes them to a pipe in a thread of its own, since neither needs the interpreter that trains."""

    def __init__(self, output: BinaryIO):
        self._output = output
        self._lines: queue.Queue[tuple[str, bytes] | None] = queue.Queue(AHEAD)
        self._said = perf_counter()
        threading.Thread(target=self._write_all, daemon=True).start()

    def write(self, key: str, line: bytes) -> None:
        """Have the next line of a recording written; waits if nobody has read the last ones."""
        self._lines.put((key, line))

    def alive(self) -> None:
        """Say now and then that the process goes on: to be called between steps, by the thread that takes them."""
        if perf_counter() - self._said >= ALIVE_SECONDS:
            self._said = perf_counter()
            self._lines.put(None)

    def _write_all(self) -> None:
        checksums: dict[str, int] = {}
        with contextlib.suppress(BrokenPipeError):  # the parent ended while we wrote
            while True:
                if (taken := self._lines.get()) is None:
                    self._output.write(ALIVE)
                    self._output.flush()
                    continue
                key, line = taken
                piece = Piece.of(line, checksums.pop(key, 0))
                if not piece.is_end:
                    checksums[key] = piece.after
                piece.write(self._output, key)
        os._exit(0)


def begin(command: dict[str, Any], training: Any = None) -> Generator[bytes | None]:
    """The lines of what a command asks for."""
    if "stack" in command:
        runs = [Run(Experiment(**experiment), arm) for experiment, arm in command["stack"]]
        return record_stack(runs, command["measures"], training)
    return record(Experiment(**command["experiment"]), training, command.get("question"))


def _stop(lines: Generator[bytes | None]) -> bytes:
    """End a run's `record` now; returns its last line."""
    try:
        return lines.throw(Stopped()) or b""
    except Stopped:  # it had not begun, so nothing in it could catch this
        return ndjson.end("stopped", STOPPED, 0.0)


def serve(commands: BinaryIO, output: BinaryIO, load: Callable[[], Any] = load_training) -> None:
    """Work until `commands` ends, and then end the process. `load` gives the module that trains."""
    inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read_commands, args=(commands, inbox), daemon=True).start()

    outlet = Outlet(output)
    turns = Turns(outlet.write, load())
    output.write(READY)
    output.flush()
    while True:
        while not turns or not inbox.empty():
            turns.command(inbox.get())  # blocks while there is nothing to compute
        turns.next()
        outlet.alive()


def _read_commands(commands: BinaryIO, inbox: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Runs in its own thread, so that the parent's end is noticed in the middle of a training step, too."""
    for line in commands:
        inbox.put(json.loads(line))
    os._exit(0)


def main(load: Callable[[], Any] = load_training) -> None:
    """Serve the process that started this one."""
    os.nice(19 if "--background" in sys.argv else BEHIND)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the parent ends us
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints goes to the log, not between the lines
    with contextlib.suppress(BrokenPipeError):  # the parent ended while we wrote
        serve(sys.stdin.buffer, output, load)
    os._exit(0)


if __name__ == "__main__":
    main()
