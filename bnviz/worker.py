"""A worker process: many runs that take turns on one torch thread.

    python -m bnviz.worker

Standard input carries one JSON command a line, ``{"run": key, "experiment": {…}}`` or ``{"stop": key}``; a key is any
text without a space, chosen by the sender. A run with a ``"question": {…}`` answers it (`bnviz.training.by_hand`) in place of a
training's snapshots. Standard output carries ``ready`` and then ``<key> <recorded line>``. When
standard input ends, the parent has ended, however it did, and so does the worker, at once.
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
from collections.abc import Callable, Generator
from time import perf_counter
from types import ModuleType
from typing import Any, BinaryIO

from bnviz import recording
from bnviz.experiment import Experiment

TURN_SECONDS = 0.03
STOPPED = "The run was stopped."


def load_training() -> ModuleType:
    """`bnviz.training`, with torch on one thread (more would reorder sums). The first call takes seconds."""
    import torch

    torch.set_num_threads(1)
    from bnviz import training

    return training


class Stopwatch:
    """Seconds spent inside ``with stopwatch:`` blocks."""

    seconds = 0.0

    def __enter__(self) -> None:
        self._begin = perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += perf_counter() - self._begin


class Stopped(Exception):
    """Thrown into `record` to end a run early."""


def record(experiment: Experiment, training: Any = None, question: dict | None = None) -> Generator[bytes | None]:
    """The lines of a recording as they are made, and None after every step without one.

    An answer to a question is a recording, too: header, answer, end.

    Whatever happens in training, the last line is an end; its seconds are those spent computing, not those waited.
    """
    watch = Stopwatch()
    try:
        ending = yield from _train(experiment, training, question, watch)
    except Stopped:
        ending = "stopped", STOPPED
    except Exception as error:
        traceback.print_exc()
        ending = "failed", _one_line(error)
    yield recording.end(*ending, watch.seconds)


def _train(experiment: Experiment, training: Any, question: dict | None, watch: Stopwatch) -> Generator[bytes | None]:
    """Header and snapshots of `record`; returns the end's status and message."""
    with watch:
        training = training or load_training()
        first = recording.line(training.header(experiment))
        steps = training.by_hand(experiment, **question) if question else training.train(experiment)
    yield first
    while True:
        with watch:
            try:
                message = next(steps)
            except StopIteration as done:
                return done.value
            line = message and recording.line(message)
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
            lines = record(Experiment(**command["experiment"]), self._training, command.get("question"))
            self._runs.append((command["run"], lines))
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
                if recording.is_end(line):
                    return
            if perf_counter() >= turn_ends:
                self._runs.append((key, lines))
                return


def _stop(lines: Generator[bytes | None]) -> bytes:
    """End a run's `record` now; returns its last line."""
    try:
        return lines.throw(Stopped())
    except Stopped:  # it had not begun, so nothing in it could catch this
        return recording.end("stopped", STOPPED, 0.0)


def serve(commands: BinaryIO, output: BinaryIO, load: Callable[[], Any] = load_training) -> None:
    """Work until `commands` ends, and then end the process. `load` gives the module that trains."""
    inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read_commands, args=(commands, inbox), daemon=True).start()

    def write(key: str, line: bytes) -> None:
        output.write(key.encode() + b" " + line)
        output.flush()

    turns = Turns(write, load())
    output.write(b"ready\n")
    output.flush()
    while True:
        while not turns or not inbox.empty():
            turns.command(inbox.get())  # blocks while there is nothing to compute
        turns.next()


def _read_commands(commands: BinaryIO, inbox: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Runs in its own thread, so that the parent's end is noticed in the middle of a training step, too."""
    for line in commands:
        inbox.put(json.loads(line))
    os._exit(0)


def main(load: Callable[[], Any] = load_training) -> None:
    """Serve the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the parent ends us
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints goes to the log, not between the lines
    with contextlib.suppress(BrokenPipeError):  # the parent ended while we wrote
        serve(sys.stdin.buffer, output, load)
    os._exit(0)


if __name__ == "__main__":
    main()
