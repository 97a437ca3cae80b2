"""The command line: ``python -m bnviz run --batch-size 4 --out tiny.ndjson`` records one experiment without a browser.

Exit codes: 0 recorded (a network that diverged is a result, too), 1 the recording failed, 2 bad input or an unwritable
file, 130 interrupted. A recording appears under its name only when it is complete.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn

from bnviz import __version__, recording
from bnviz.experiment import FIELDS, BadField, Experiment, Field, TooExpensive


class Parser(argparse.ArgumentParser):
    """argparse, but a mistake is answered with one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


class Failed(Exception):
    """The recording ended without a result; the text says why."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code, or raises SystemExit with it."""
    parser, run_parser = parsers()
    options = vars(parser.parse_args(arguments))
    try:
        experiment = Experiment(**{name: options[name] for name in FIELDS})
        experiment.check_cost()
        with _terminable(), destination(options["out"]) as file:
            record(experiment, file)
    except BrokenPipeError:  # whoever read standard output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (TooExpensive, BadField) as error:
        run_parser.error(str(error))
    except OSError as error:
        run_parser.error(f"cannot write {options['out']}: {error.strerror or error}")
    except Failed as error:
        print(f"{run_parser.prog}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def parsers() -> tuple[Parser, Parser]:
    """The parser, and the one of the command ``run``."""
    parser = Parser("python -m bnviz", description="A laboratory for why batch norm works.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"bnviz {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="command", required=True)
    about = "train one network without and with batch norm and write the recording (NDJSON)"
    run = commands.add_parser("run", help=about, description=about, allow_abbrev=False)
    for field in FIELDS.values():
        _add(run, field)
    run.add_argument("--out", metavar="FILE", type=_file, required=True, help="where to write: a name in .ndjson, or -")
    return parser, run


def _add(parser: argparse.ArgumentParser, field: Field) -> None:
    among = f"One of {', '.join(field.choices)}" if field.choices else f"{field.low:g} to {field.high:g}"
    parser.add_argument(
        "--" + field.name.replace("_", "-"),
        dest=field.name,
        type=_reader(field),
        default=field.default,
        metavar="NAME" if field.choices else "NUMBER",
        help=f"{field.help} {among}; default {field.default}.".replace("%", "%%"),
    )


def _reader(field: Field) -> Callable[[str], object]:
    def read(text: str) -> object:
        try:
            return field.parse(text)
        except BadField as error:
            raise argparse.ArgumentTypeError(f"{error.value!r}: {error.reason}") from None

    return read


def _file(text: str) -> str:
    if text != "-" and not text.endswith(".ndjson"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a name that ends in .ndjson, or -")
    return text


@contextlib.contextmanager
def destination(out: str) -> Iterator[BinaryIO]:
    """A file to write to. It becomes `out` only if the block succeeds; else nothing of it stays. Raises OSError."""
    if out == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(out)
    if path.is_dir():
        raise IsADirectoryError(0, "it is a folder")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM unwind like Ctrl-C, so that half a file goes away."""

    def stop(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def record(experiment: Experiment, file: BinaryIO) -> None:
    """Write the experiment's recording to `file`; raises Failed."""
    from bnviz import worker  # loads PyTorch, which a mistake on the command line need not wait for

    last = b""
    for last in _with_progress(filter(None, worker.record(experiment)), experiment.snapshots):
        file.write(last)
    if not recording.is_end(last):
        raise Failed("the recording broke off")
    if recording.status(last) == "failed":
        raise Failed(f"the run failed: {next(recording.read([last]))['message']}")


def _with_progress(lines: Iterable[bytes], snapshots: int) -> Iterator[bytes]:
    """The lines, while a bar grows on a terminal; elsewhere nothing is shown."""
    if not sys.stderr.isatty():
        yield from lines
        return
    try:
        for count, line in enumerate(lines):  # the header is line 0
            share = min(1.0, count / snapshots)
            print(f"\r[{'#' * round(30 * share):30}] {share:4.0%}", end="", file=sys.stderr, flush=True)
            yield line
    finally:
        print(file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
