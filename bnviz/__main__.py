"""The command line: the app, and recordings and sweeps without a browser.

    bnviz serve --open
    bnviz run --batch-size 4 --out tiny.ndjson
    bnviz sweep --axis batch_size --values 2,4,8 --seeds 5 --out sweep.csv
    bnviz export tiny.ndjson --page batch-size --out tiny.html
    bnviz export tiny.ndjson --step 100 --out tiny.png
    bnviz export tiny.ndjson --out tiny.zip
    bnviz site --out folder
    bnviz view own.ndjson
    bnviz check own.ndjson

`python -m bnviz` is the same, from a checkout as well.

Exit codes: 0 recorded (a network that diverged is a result, too), 1 it failed, or `check` found something, 2 bad input or an
unwritable file, 130 interrupted. A recording appears under its name only when it is complete. A sweep's rows appear as they
finish, and the same command goes on from there.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from tqdm.auto import tqdm

from bnviz import __version__, api
from bnviz.config.cost import TooExpensive
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.fields import BadField, Field
from bnviz.config.sweep import MAXIMUM_SEEDS, trainable_arms
from bnviz.data import OWN
from bnviz.data.own import log_problems
from bnviz.files import atomic_write
from bnviz.lessons import LESSONS, SWEEPING, address
from bnviz.measures import budget
from bnviz.plural import counted
from bnviz.record import csv_files, ndjson
from bnviz.terminal import printable

SEEDS = Field("seeds", int, 5, "Seeds", "How many seeds, counting up from --seed.", low=1, high=MAXIMUM_SEEDS)
WORKERS = Field(
    "workers",
    int,
    None,
    "Workers",
    "How many processes compute. By default BNVIZ_WORKERS or, if that is not set, one for each core, four at most.",
    low=1,
    high=256,
)

PORT = Field("port", int, None, "Port", "The port to listen at. By default the first free one from 8501 on.", low=1, high=65535)

PROCESSES = Field(
    "processes", int, None, "Processes", "How many web processes, behind one port. More than one needs nginx.", low=1, high=64
)

VIEW_PORT = Field(
    "port", int, None, "Port", "The port to listen at, on this machine alone. By default a free one.", low=1, high=65535
)

EXPORTS = {  # what a recording can be made into
    ".html": "page", ".png": "picture", ".gif": "moving picture", ".zip": "script with its data", ".ipynb": "notebook",
    ".csv": "series",
}  # fmt: skip
OF_PAGES = (".html", ".png", ".gif")  # of them, what shows a lesson
SHOWN_IN = {"page": OF_PAGES, "step": (".png",), "layer": (".png", ".gif")}  # what shows what an option chooses


class Unusable(Exception):
    """A file that nothing can be made of; the message says why."""


class Parser(argparse.ArgumentParser):
    """argparse, but a mistake is answered with one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {printable(message)}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code, or raises SystemExit with it."""
    _replace_unprintable()
    parser = parsers()
    options = vars(parser.parse_args(arguments))
    command, parser, out = options.pop("command"), options.pop("parser"), options.get("out")
    try:
        with _terminable():
            return command(options) or 0
    except BrokenPipeError:  # the reader of standard output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (TooExpensive, BadField, Unusable, csv_files.OtherContents) as error:
        parser.error(str(error))
    except OSError as error:
        name = "standard output" if out == "-" else out
        parser.error("; ".join([f"cannot write {name}: {error.strerror or error}", *_notes(error)]))
    except api.Failed as error:
        print(f"{parser.prog}: {'; '.join([str(error), *_notes(error)])}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, SystemExit) as error:
        if notes := _notes(error):
            print(f"{parser.prog}: {'; '.join(['interrupted', *notes])}", file=sys.stderr)
        return error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else 130
    return 0


def _replace_unprintable() -> None:
    """Print question marks for letters that the output cannot have: on Windows, Greek ones in a file."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _notes(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])


def parsers() -> Parser:
    """The parser; what it parses has the command, a function of the other options, and the command's own parser."""
    parser = Parser(_program_name(), description="A laboratory for the question why batch norm works.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"bnviz {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="command", required=True)
    _add_serve(commands)
    _add_run(commands)
    _add_sweep(commands)
    _add_export(commands)
    _add_site(commands)
    _add_view(commands)
    _add_check(commands)
    return parser


def _program_name() -> str:
    """The words that started this program: the installed command, or the module."""
    return "bnviz" if Path(sys.argv[0]).stem == "bnviz" else "python -m bnviz"


def _add_serve(commands: argparse._SubParsersAction) -> None:
    about = "serve the app, for this machine's browser and for others"
    settings = "Environment variables (STREAMLIT_…) change other settings of the server, BNVIZ_… those of the app: see README."
    parser = commands.add_parser("serve", help=about, description=f"{about}. {settings}", allow_abbrev=False)
    parser.set_defaults(command=serve, parser=parser)
    _add(parser, PORT)
    _add(parser, PROCESSES)
    parser.add_argument(
        "--host", metavar="ADDRESS", default=argparse.SUPPRESS, help="address to listen at, as 127.0.0.1; by default all"
    )
    parser.add_argument("--base-path", metavar="PATH", default=argparse.SUPPRESS, help="prefix of all addresses, as lab")
    parser.add_argument("--open", action="store_true", help="open the page in this machine's browser")


def _add_run(commands: argparse._SubParsersAction) -> None:
    about = "train the same network without and with batch norm, or another normalizer, and write the recording (NDJSON)"
    parser = commands.add_parser("run", help=about, description=about, allow_abbrev=False)
    parser.set_defaults(command=run, parser=parser)
    for field in FIELDS.values():
        _add(parser, field, default=field.default)
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=_file(".ndjson"),
        required=True,
        help="file to write (.ndjson), or - for standard output",
    )


def _add_sweep(commands: argparse._SubParsersAction) -> None:
    about = "train many networks that differ in one setting and the seed, and write a row for each (CSV)"
    limits = (
        "Rows are written as they finish and are sorted by value, arm and seed at the end. If FILE already holds rows of this "
        "sweep, they are kept, so the same command continues after an interruption. Unlike on a shared server, there is no limit "
        "on the computing time."
    )
    parser = commands.add_parser("sweep", help=about, description=f"{about}. {limits}", allow_abbrev=False)
    parser.set_defaults(command=sweep, parser=parser)
    parser.add_argument("--axis", metavar="NAME", type=_axis, required=True, help="the setting that varies, such as batch_size")
    parser.add_argument("--values", metavar="LIST", required=True, help="its values, separated by commas")
    _add(parser, SEEDS, default=SEEDS.default)
    csv_file = "file to write (.csv), or - for standard output"
    arms_help = f"separated by commas, from {', '.join(trainable_arms())}; default {','.join(api.ARMS)}"
    parser.add_argument(
        "--arms", metavar="LIST", type=lambda text: text.split(","), default=api.ARMS, help=f"networks, {arms_help}"
    )
    _add(parser, WORKERS)
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=_file(".csv"),
        required=True,
        help=csv_file,
    )
    for field in FIELDS.values():
        _add(parser, field)


def _add_export(commands: argparse._SubParsersAction) -> None:
    about = "write a recorded run as a page that plays offline, a picture, a plain PyTorch script, a notebook, or a table"
    parser = commands.add_parser("export", help=about, description=about, allow_abbrev=False)
    parser.set_defaults(command=export, parser=parser)
    parser.add_argument("recording", metavar="RECORDING", help="file that `run` has written (.ndjson)")
    pages = [address(lesson) for lesson in LESSONS if lesson not in SWEEPING]
    parser.add_argument(
        "--page", metavar="NAME", choices=pages, help=f"whose page or picture, of {', '.join(pages)}; default {pages[0]}"
    )
    parser.add_argument("--step", metavar="NUMBER", help="which step a picture (.png) shows; default the last one")
    layer_help = (
        "which layer a picture (.png, .gif) is about: in your own network its module, as encoder.norm, by default that of the "
        "first finding; in the lab's networks its number"
    )
    parser.add_argument("--layer", metavar="NAME", help=layer_help)
    kinds = ", ".join(f"{ending} ({kind})" for ending, kind in EXPORTS.items())
    help_text = f"file to write: {kinds}, or - for the page on standard output"
    parser.add_argument("--out", metavar="FILE", type=_file(*EXPORTS), required=True, help=help_text)


def _add_site(commands: argparse._SubParsersAction) -> None:
    about = "record the presets of all lessons and write their pages as plain files, for any host of files or a disk"
    parser = commands.add_parser("site", help=about, description=about, allow_abbrev=False)
    parser.set_defaults(command=site, parser=parser)
    pages = [address(lesson) for lesson in LESSONS]
    help_text = f"pages to write, of {', '.join(pages)}; all if left out"
    parser.add_argument("--page", metavar="NAME", dest="pages", nargs="+", choices=pages, default=pages, help=help_text)
    vary_help = "settings to record at every mark, if the page shows them; default batch_size"
    parser.add_argument("--vary", metavar="NAME", nargs="*", type=_axis, default=["batch_size"], help=vary_help)
    _add(parser, WORKERS)
    parser.add_argument("--out", metavar="FOLDER", required=True, help="folder to write; made if it is not there")


def _add_view(commands: argparse._SubParsersAction) -> None:
    about = "show recordings of your own networks, or of the lab's, in the browser; files that still grow are followed"
    parser = commands.add_parser("view", help=about, description=about, allow_abbrev=False)
    parser.set_defaults(command=view, parser=parser)
    parser.add_argument("recordings", metavar="FILE", nargs="+", type=Path, help="recordings (.ndjson)")
    _add(parser, VIEW_PORT)
    parser.add_argument("--no-open", action="store_true", help="print the address, and open no browser")


def _add_check(commands: argparse._SubParsersAction) -> None:
    about = "print findings about recordings of your own networks (bnviz.record); the exit code is 1 if there is more than notes"
    parser = commands.add_parser("check", help=about, description=about, allow_abbrev=False)
    parser.set_defaults(command=check, parser=parser)
    help_text = "file that bnviz.record has written, or still writes (.ndjson)"
    parser.add_argument("recordings", metavar="RECORDING", nargs="+", help=help_text)


def _add(parser: argparse.ArgumentParser, field: Field, default: object = argparse.SUPPRESS) -> None:
    """A flag for a field. Without a default it is left out of the options unless it is given."""
    default_text = "" if field.default in (None, "") else f"; default {field.default}"
    parser.add_argument(
        "--" + field.name.replace("_", "-"),
        dest=field.name,
        type=_reader(field),
        default=default,
        metavar="NAME" if field.choices else "TEXT" if field.canonical else "NUMBER",
        help=f"{field.help} {field.range}{default_text}.".replace("%", "%%"),
    )


def _reader(field: Field) -> Callable[[str], object]:
    def read(text: str) -> object:
        try:
            return field.parse(text)
        except BadField as error:
            if field.name == "dataset":  # a file may be why
                log_problems(OWN.problems)
            raise argparse.ArgumentTypeError(f"{error.value!r}: {error.reason}") from None

    return read


def _axis(text: str) -> str:
    name = text.replace("-", "_")
    if name not in FIELDS or name == "seed":
        raise argparse.ArgumentTypeError(f"{text!r}: expected a setting other than the seed, such as batch_size (all: --help)")
    return name


def _file(*endings: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text != "-" and not text.endswith(endings):
            raise argparse.ArgumentTypeError(f"{text!r}: expected a file name that ends in {', '.join(endings)}, or -")
        return text

    return read


def serve(options: dict) -> None:
    """Serve the app."""
    from bnviz.serve import command  # loads Streamlit, which nothing else need wait for
    from bnviz.web.compat import BadSetting

    try:
        command.serve(options)
    except BadSetting as error:
        raise Unusable(str(error)) from None


def view(options: dict) -> None:
    """Show recordings in the browser."""
    for path in options["recordings"]:
        if not path.is_file():
            raise Unusable(f"{path}: there is no such file")
    from bnviz.serve.view import view as serve_player  # loads a server, which nothing else need wait for

    try:
        serve_player(options["recordings"], options.get("port"), opens=not options["no_open"])
    except OSError as error:
        raise Unusable(f"cannot listen at port {options.get('port')}: {error.strerror or error}") from None


def run(options: dict) -> None:
    """Record one experiment."""
    experiment = Experiment(**{name: options[name] for name in FIELDS})
    experiment.check_changes()
    budget.check(experiment)
    with destination(options["out"]) as file:
        record(experiment, file)


def sweep(options: dict) -> None:
    """Compute a sweep."""
    field, texts = FIELDS[options["axis"]], options["values"].split(",")
    api.sweep(**{**options, "values": [field.parse(text.strip()) for text in texts]})


def export(options: dict) -> None:
    """Write a file that is made of a recording; the ending of its name says which."""
    from bnviz.record.check import Damaged
    from bnviz.record.own_check import OtherFile
    from bnviz.web.export.validation import ExportError, check_recording

    source, ending = Path(options["recording"]), Path(options["out"]).suffix or ".html"
    for name, endings in SHOWN_IN.items():
        if options[name] is not None and ending not in endings:
            raise Unusable(f"--{name} {options[name]}: expected together with an --out that ends in {', '.join(endings)}")
    try:
        recording = source.read_bytes()
        make = _own_maker(ending, recording, options)
        if make is None:
            check_recording(recording)
            make = _maker(ending, options)
        contents = make(recording, source.name)
    except OSError as error:
        raise Unusable(f"cannot read {source}: {error.strerror or error}") from None
    except (ExportError, Damaged, OtherFile) as error:
        raise Unusable(f"{source}: {error}") from None
    except (BadField, Unusable):
        raise
    except Exception as error:  # a damaged file may look whole, and still make no sense
        raise Unusable(f"{source}: this recording cannot be exported ({_one_line(error)})") from error
    with destination(options["out"]) as file:
        file.write(contents)


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _own_maker(ending: str, recording: bytes, options: Mapping[str, Any]) -> Callable[[bytes, str], bytes] | None:
    """The same for a recording of an own network; None for any other. Raises Unusable."""
    from bnviz.web.export import own_files, own_page

    if not own_page.is_own(recording):
        return None
    if ending[1:] not in own_files.ENDINGS:
        kinds = ", ".join(f"{kind} (.{one})" for one, kind in own_files.ENDINGS.items())
        raise Unusable(f"a recording of your own network can be made into {kinds}, not into {ending}")
    if options["page"]:
        raise Unusable(f"--page {options['page']}: expected for a recording of the lab, and this one is of your own network")
    place = _given({"step": options["step"], "module": options["layer"]})
    return lambda contents, file: own_files.make(contents, file, ending[1:], place)


def _given(options: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in options.items() if text is not None}


def _maker(ending: str, options: Mapping[str, Any]) -> Callable[[bytes, str], bytes]:
    """What makes a file with this ending of a recording and of the name of the recording's file."""
    from bnviz.web.export.files import FILES

    for kind in FILES.values():
        if ending == kind.ending:
            return kind.make
    from bnviz.web.export import picture  # these load Streamlit, which nothing else need wait for
    from bnviz.web.export.saved_page import saved_page

    lesson = (options["page"] or next(iter(LESSONS))).replace("-", "_")
    place = _given({"step": options["step"], "layer": options["layer"]})
    if ending == ".png":
        return lambda recording, _: picture.still(lesson, recording, place)
    if ending == ".gif":
        return lambda recording, _: picture.animated(lesson, recording, place)
    return lambda recording, _: saved_page(lesson, recording)


def site(options: dict) -> None:
    """Write the static site."""
    from bnviz.web.export import static_site  # loads Streamlit, which a mistake need not wait for

    logging.getLogger("streamlit").setLevel(logging.ERROR)  # it would warn that no server runs
    folder = Path(options["out"])
    try:
        static_site.claim(folder)
    except static_site.Unwritable as error:
        raise Unusable(str(error)) from None
    plans = static_site.plan_site([page.replace("-", "_") for page in options["pages"]], options["vary"])
    size = static_site.write(folder, plans, options.get("workers"))
    recordings = counted(sum(plan.size for plan in plans), "recordings")
    print(f"{folder / static_site.file_of(plans[0].lesson)}: {recordings}, {size / 1e6:.1f} MB")


def check(options: dict) -> int:
    """Print the findings about recordings; 1 if there is more than notes."""
    from bnviz.recorder import report

    is_found = False
    for name in options["recordings"]:
        try:
            found, text = report.check(Path(name))
        except OSError as error:
            raise Unusable(f"cannot read {name}: {error.strerror or error}") from None
        except report.Unreadable as error:
            raise Unusable(f"{name}: {error}") from None
        print(text)
        is_found = is_found or any(one.severity == "warning" for one in found)
    return int(is_found)


@contextlib.contextmanager
def destination(out: str) -> Iterator[BinaryIO]:
    """A file to write to. It becomes `out` only if the block succeeds; else nothing of it stays. Raises OSError."""
    if out == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with atomic_write(Path(out)) as file:
        yield file


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
    from bnviz.engine import worker  # loads PyTorch, which a mistake on the command line need not wait for

    last, total = b"", experiment.snapshots + 2  # with the header and the end
    with tqdm(filter(None, worker.record(experiment)), total=total, unit=" lines", disable=None) as lines:
        for last in lines:
            file.write(last)
    if not ndjson.is_end(last):
        raise api.Failed("the recording broke off")
    if ndjson.status(last) == "failed":
        raise api.Failed(f"the run failed: {next(ndjson.read([last]))['message']}")


if __name__ == "__main__":
    sys.exit(main())
