"""Generated files, so that nothing is declared twice: `python -m bnviz.documents` updates them.

The tables of docs/recording.md and the types of the scripts in the browser come from the schema of a recording and from the
measures; docs/evidence.md lists the files with the rows of claims; each lesson's types of its sentences, and the worksheet, come
from the catalogues. Settings of the server for `streamlit run app.py` are those of `bnviz serve`. A test fails where a file is
out of date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from bnviz.lessons import LESSONS
from bnviz.lessons.does_it_hold.claims import CLAIMS
from bnviz.measures.registry import live_measures, measures
from bnviz.record import evidence, schema
from bnviz.record.schema import Key
from bnviz.web import words
from bnviz.web.export.worksheet import worksheet

PACKAGE = Path(__file__).parent
RECORDING = PACKAGE.parent / "docs" / "recording.md"
EVIDENCE = PACKAGE.parent / "docs" / "evidence.md"
WORKSHEET = PACKAGE.parent / "docs" / "worksheet.md"
SERVE_SETTINGS = PACKAGE / "serve" / ".streamlit" / "config.toml"
SETTINGS = PACKAGE.parent / ".streamlit" / "config.toml"
CONSTANTS_SOURCE = PACKAGE / "web" / "constants.py"
NUMERALS_SOURCE = PACKAGE / "numerals.py"
CONSTANTS = PACKAGE / "web" / "player" / "constants.js"
SCHEMA_TYPES = PACKAGE / "web" / "player" / "schema.d.ts"
_LISTS = {"type": '"header"', "arms": "string[]", "taps": "Tap[]", "watched_units": "number[]", "percentiles": "number[]"}
_LAYERS = """{
    name: string;
    kind: string;
    normalizer: string;
    source: string;
    repeat: number;
    momentum: number | null;
    idle_bias: boolean;
    width: number;
    units: number[];
    values: number;
    tap_values?: number[];
    bounds?: [number, number];
  }[]"""
GENERATED_NOTE = "// Made by `make documents` from {source}: change that and make it again."


def generate_all() -> dict[Path, str]:
    """Every generated file, with its contents."""
    return {
        RECORDING: recording_page(RECORDING.read_text(encoding="utf-8")),
        EVIDENCE: filled(EVIDENCE.read_text(encoding="utf-8"), EVIDENCE.name, {"rows": table_of_files()}),
        WORKSHEET: worksheet(),
        SETTINGS: settings(),
        SCHEMA_TYPES: recording_types(),
        CONSTANTS: constants_module(),
        **lessons_types(),
    }


def constants_module() -> str:
    """bnviz/web/player/constants.js: the constants of bnviz/web/constants.py and of bnviz/numerals.py, with their comments."""
    sources = (CONSTANTS_SOURCE, NUMERALS_SOURCE)
    lines = [line for one in sources for line in one.read_text(encoding="utf-8").splitlines()]
    numbers = (re.fullmatch(r"(\w+) = ([\d.]+)(?:  # (.+))?", line) for line in lines)
    exports = (f"export const {one[1]} = {one[2]};{f' // {one[3]}' if one[3] else ''}" for one in numbers if one)
    return "\n".join(
        ["// @ts-check", GENERATED_NOTE.format(source="bnviz/web/constants.py and bnviz/numerals.py"), "", *exports, ""]
    )


def settings() -> str:
    """.streamlit/config.toml, which Streamlit reads beside app.py."""
    note = "# Made by `make documents` from bnviz/serve/.streamlit/config.toml: change that and make it again."
    return f"{note}\n{SERVE_SETTINGS.read_text(encoding='utf-8')}"


# docs/recording.md


def recording_page(page: str) -> str:
    """docs/recording.md with its tables regenerated."""
    tables = {
        "header": table(schema.HEADER),
        "snapshot": table(schema.SNAPSHOT),
        "arm": table(schema.ARM),
        "end": table(schema.END),
        "own-header": table(schema.OWN_HEADER),
        "own-arm": table(schema.OWN_ARM),
        "sweep-header": table(schema.SWEEP_HEADER),
        "row": table(schema.ROW),
        "progress": table(schema.PROGRESS),
        "measures": measure_tables(),
    }
    return filled(page, RECORDING.name, tables)


def filled(page: str, file: str, tables: Mapping[str, str]) -> str:
    """The page, called `file`, with these tables, each between `<!-- table NAME -->` and `<!-- end -->`. Raises ValueError."""
    for name, text in tables.items():
        begin, end = f"<!-- table {name} -->\n", "<!-- end -->"
        if page.count(begin) != 1:
            raise ValueError(f"{file} has {page.count(begin)} places for the table {name}")
        before, rest = page.split(begin)
        page = f"{before}{begin}\n{text}\n\n{rest[rest.index(end) :]}"
    return page


def measure_tables() -> str:
    """A table for each measure, with when it is taken."""
    return "\n\n".join(f"**`{one.name}`**: {one.when}.\n\n{table(one.keys)}" for one in live_measures())


def table(keys: Iterable[Key]) -> str:
    """A Markdown table of keys; the keys of an object follow it, with dots in front."""
    rows = "\n".join(_rows(keys, ""))
    return f"| key | shape | unit | what |\n|---|---|---|---|\n{rows}"


def _rows(keys: Iterable[Key], before: str) -> Iterable[str]:
    for key in keys:
        shape = f"[{key.shape}]" if key.shape else ""
        shape = f"per tap {shape}" if key.by_tap else shape
        when = f" ({key.when})" if key.when else ""
        since = f" (since format {key.since})" if key.since > 1 else ""
        yield f"| {before}`{key.name}` | {shape} | {key.unit} | {key.what}{when}{since} |"
        yield from _rows(key.parts, f"{before}… ")


# docs/evidence.md


def table_of_files() -> str:
    """A Markdown table of the claims, each with the file of its rows and what their order means."""
    lines = (
        [claim.name, evidence.path(sweep).name.removesuffix(evidence.SUFFIX), sweep.axis, listed(sweep.values)]
        + [listed(one.name for one in sweep.curves), f"{sweep.seeds} from {sweep.base.seed}"]
        for claim in CLAIMS.values()
        for sweep in [claim.sweep]
    )
    head = ["claim", "file", "setting", "values", "curves", "seeds"]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *lines])


def listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


# types


def recording_types() -> str:
    """TypeScript's declarations of a recording as the player decodes it."""
    own = [key for key in schema.OWN_ARM if key.name not in schema.names(schema.ARM)]
    keys = (*schema.ARM, *(key for one in live_measures() for key in one.keys), *own)
    optional = {key.name for one in measures() for key in one.keys} | schema.names(own)
    parts = {
        "Header": interface(schema.HEADER, **_LISTS),
        "OwnHeader": interface(schema.OWN_HEADER, **_LISTS, layers=_LAYERS, parameters="string[]", probe_size="number | null"),
        "ArmPart": interface(merge_keys(keys), all_optional=optional),
        "Snapshot": interface(schema.SNAPSHOT, type='"snapshot"', arms="Record<string, ArmPart>"),
        "End": interface(schema.END, type='"end"', status='"finished" | "diverged" | "stopped" | "failed"'),
    }
    declarations = "\n\n".join(f"export interface {name} {body}" for name, body in parts.items())
    return f"""{GENERATED_NOTE.format(source="bnviz/record/schema.py and the measures")}

export type Tap = "linear" | "normalized" | "activation";

/** A decoded typed array: the last axis of every array in a recording. */
export type Row = Float32Array | Float64Array | Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array;

{declarations}

export type Message = Header | Snapshot | End;
"""


def merge_keys(keys: Iterable[Key]) -> list[Key]:
    """The keys, each name once: a measure may record a key of every snapshot more finely."""
    return list({key.name: key for key in reversed(list(keys))}.values())[::-1]


def interface(keys: Iterable[Key], all_optional: Iterable[str] = (), indent: str = "", **types: str) -> str:
    """The body of an interface with these keys; `types` says more than the schema knows."""
    lines = [_member(key, key.optional or key.name in all_optional, indent + "  ", types.get(key.name)) for key in keys]
    return "{\n" + "\n".join(lines) + f"\n{indent}}}"


def _member(key: Key, optional: bool, indent: str, override: str | None) -> str:
    unit = f" [{key.unit}]" if key.unit else ""
    mark = "?" if optional else ""
    return f"{indent}/** {key.what}{unit} */\n{indent}{key.name}{mark}: {override or _type(key, indent)};"


def _type(key: Key, indent: str) -> str:
    if key.parts:
        return interface(key.parts, indent=indent)
    rows = "Row" + "[]" * (len(key.sizes) - 1) if key.sizes else _plain(key)
    return f"Record<Tap, {rows}>" if key.by_tap else rows


def _plain(key: Key) -> str:
    return {"number": "number", "text": "string", "list": "any[]", "object": "Record<string, any>"}[key.kind]


def lessons_types() -> dict[Path, str]:
    """The types of every lesson's sentences that its story says."""
    catalogues = {lesson: words.catalogue(lesson) for lesson in LESSONS}
    return {
        PACKAGE / "lessons" / lesson / "words.d.ts": lesson_types(catalogue)
        for lesson, catalogue in catalogues.items()
        if "story" in catalogue
    }


def lesson_types(catalogue: Mapping[str, Mapping[str, str]]) -> str:
    """The sentences of a lesson's story, and of its tour if it has one."""
    tour = f"\n{_interface('Tour', catalogue['tour'])}" if "tour" in catalogue else ""
    return sentence_types(catalogue["story"]) + tour


def sentence_types(sentences: Mapping[str, str]) -> str:
    """The interface `Words`: for each sentence the names in its braces."""
    return f"{GENERATED_NOTE.format(source='words.toml')}\n\n{_interface('Words', sentences)}"


def _interface(name: str, sentences: Mapping[str, str]) -> str:
    body = "\n".join(f"  {key}: {_values(text)};" for key, text in sentences.items())
    return f"export interface {name} {{\n{body}\n}}\n"


def _values(text: str) -> str:
    """The type of what fills a template."""
    return f"{{{'; '.join(f'{name}: string | number' for name in words.braces(text))}}}"


def main() -> None:
    """Write what has changed."""
    for path, text in generate_all().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(PACKAGE.parent)}")


if __name__ == "__main__":
    main()
