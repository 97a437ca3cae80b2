"""All lessons as plain files, for any host of files and for a folder on a disk: pages that play what was recorded before.

    index.html, covariate-shift.html, …      a page each; query parameters are those of the app's links
    files/                                   player and style sheet, and Plotly
    recordings/<page>/<id>.js                a run or a sweep, and what its page says of it
    bnviz-….whl                              the package, for people who record their own networks

A page opened from a disk may load scripts and nothing else, so all that a page needs is a script: it hands over what it holds,
packed as in a page that was saved as one file.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from bnviz import api
from bnviz.config.experiment import FIELDS, BadField, Experiment
from bnviz.config.fields import format_value
from bnviz.config.sweep import Sweep
from bnviz.data import DATA_SETS
from bnviz.engine import Engine
from bnviz.files import atomic_write
from bnviz.lessons import LESSONS, SWEEPING, address, groups
from bnviz.plural import counted
from bnviz.record import evidence, ndjson
from bnviz.record.store import COMPLETE_STATUSES, Recording, Store
from bnviz.web import assets, tracking, words
from bnviz.web.export import own_page
from bnviz.web.export.markup import head, html
from bnviz.web.export.packing import pack, split_arrays
from bnviz.web.export.saved_page import FOLDER, page_data, page_of, script
from bnviz.web.own import gallery, wheel
from bnviz.web.own.data import page_data as page_data_of_own
from bnviz.web.player import messages
from bnviz.web.site import board, links, live_edits
from bnviz.web.site.form import Form, Question
from bnviz.web.site.page import Page
from bnviz.web.site.sweep_page import Scene
from bnviz.web.site.watch import Rows

MARK = "bnviz-site.json"  # what a folder has that holds such a site
VARIED = ("batch_size",)  # settings whose marks are all recorded, unless others are requested
OWN = "own.html"  # the page of people's own networks, which needs no recording of ours
TEXTS = words.shared()["static"]
ADDRESSES = {"files": "files", "plotly": "files/plotly.min.js"}


class Unwritable(ValueError):
    """A folder that holds something else; the message says so."""


@dataclass(frozen=True)
class Plan:
    """What a page of the site shows: runs of one lesson, or its sweeps, each once."""

    lesson: str
    runs: tuple[Experiment, ...] = ()
    scenes: tuple[Scene, ...] = ()
    presets: Mapping[str, Experiment] = field(default_factory=dict)

    @property
    def page(self) -> Form:
        return self.scenes[0].page if self.scenes else page_of(self.lesson)

    @property
    def size(self) -> int:
        """How many recordings it needs."""
        return len(self.runs) + len(self.scenes)

    def file(self, id: str) -> str:
        """Where a recording lies in the site."""
        return f"recordings/{address(self.lesson)}/{id}.js"


def plan_site(lessons: Sequence[str], varied: Sequence[str] = VARIED, changes: Mapping[str, Any] | None = None) -> list[Plan]:
    """What there is to record for these lessons: presets, and every mark of the `varied` settings that the page has in view.

    `changes` are made to every run that is played, and to none of a sweep.
    """
    return [
        _plan_of_sweeps(lesson) if lesson in SWEEPING else _plan(page_of(lesson), varied, changes or {}) for lesson in lessons
    ]


def _plan(page: Page, varied: Sequence[str], changes: Mapping[str, Any]) -> Plan:
    presets = {key: page.default.replace(**{**values, **changes}) for key, values in page.presets.items()}
    others = (_possible(page.default, {**values, **changes}) for values in _marks(page, varied))
    return Plan(page.lesson, tuple(dict.fromkeys([*presets.values(), *filter(None, others)])), presets=presets)


def _marks(page: Page, varied: Sequence[str]) -> Iterator[dict[str, Any]]:
    for name in varied:
        if name in page.main:
            yield from ({name: value} for value in FIELDS[name].marks or FIELDS[name].choices or ())


def _possible(default: Experiment, values: Mapping[str, Any]) -> Experiment | None:
    """The default with these values, if there can be such a run: not every mark suits every page."""
    try:
        experiment = default.replace(**values)
        experiment.check_changes()
    except BadField:
        return None
    return experiment


def _plan_of_sweeps(lesson: str) -> Plan:
    return Plan(lesson, scenes=tuple(import_module(f"bnviz.lessons.{lesson}.page").PAGE.scenes()))


def write(folder: Path, plans: Sequence[Plan], workers: int | None = None) -> int:
    """Record what is planned and write the site; returns its size in bytes.

    A page appears when all is there that it needs. Raises Unwritable, OSError, TooExpensive and `api.Failed`.
    """
    claim(folder)
    _write_files(folder)
    with (
        api.computing(Store.from_environment(), workers) as engine,
        tqdm(total=sum(plan.size for plan in plans), unit=" recordings", disable=None) as bar,
    ):
        for number, plan in enumerate(plans, start=1):
            options = list(_boards(plan, engine, folder, bar) if plan.scenes else _runs(plan, engine, folder, bar))
            _write(folder / file_of(plan.lesson), _page(plan, options, plans).encode())
            if bar.disable:  # without a terminal, which a bar needs
                done = f"page {number} of {len(plans)}, {counted(plan.size, 'recordings')}"
                print(f"{file_of(plan.lesson)}: {done}", file=sys.stderr, flush=True)
    write_own(folder, plans)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def file_of(lesson: str) -> str:
    """The file of a lesson's page."""
    return "index.html" if lesson == next(iter(LESSONS)) else f"{address(lesson)}.html"


def claim(folder: Path) -> None:
    """Make the folder; raises Unwritable if it holds anything but such a site."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / MARK).exists():
        raise Unwritable(f"{folder} holds something else: name an empty folder, or a new one")
    _write(folder / MARK, json.dumps({"made_by": "bnviz"}).encode())


def _write(path: Path, contents: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(contents)


def _write_files(folder: Path) -> None:
    """What all pages share."""
    stories = [f"lessons/{lesson}/story.js" for lesson in LESSONS if lesson not in SWEEPING]
    parts = {
        **assets.bundle(["web/player/player.js", "web/player/board.js", "web/own/own.js", *stories]),
        "loaders": {name: assets.loader(name) for name in assets.MAINS},
    }
    _write(folder / "files" / "player.js", _data_script("player", {"files": parts}))
    _write(folder / "files" / "plotly.min.js", assets.plotly_js().read_bytes())
    style = "".join((FOLDER / name).read_text(encoding="utf-8") for name in ("saved_page.css", "static_site.css"))
    _write(folder / "files" / "site.css", style.encode())


def _data_script(name: str, values: Mapping[str, Any], /, **packs: bytes) -> bytes:
    """A script that hands over, by name, values as packed JSON and `packs` as they are, packed."""
    parts = {key: pack(json.dumps(value).encode()) for key, value in values.items()}
    parts |= {key: pack(contents) for key, contents in packs.items()}
    return f"bnvizSite.take({json.dumps(name)}, {json.dumps(parts)});\n".encode()


# runs


def _runs(plan: Plan, engine: Engine, folder: Path, bar: tqdm) -> Iterator[dict[str, Any]]:
    """Record the runs of a page; what the page is told of each."""
    page = page_of(plan.lesson)
    for experiment, recording in _record(plan.runs, engine):
        data = {**page_data(page, experiment), "before": _others(experiment, plan.runs), "addresses": ADDRESSES}
        lines, arrays = split_arrays(b"".join(recording.lines()))
        _write(folder / plan.file(experiment.id), _data_script(experiment.id, {"data": data}, lines=lines, arrays=arrays))
        bar.update()
        yield option_of_run(page, experiment)


def option_of_run(page: Page, experiment: Experiment) -> dict[str, Any]:
    """What a page is told of a run."""
    return _option(experiment.id, links.parameters(experiment, {}, page.default), page.question_of(experiment))


def _option(id: str, parameters: Mapping[str, str], question: Question | None) -> dict[str, Any]:
    """What the page is told of a recording: its id, the query parameters that name it, and what is asked of it."""
    return {"id": id, "parameters": parameters, "question": question.text if question else ""}


def _record(experiments: Iterable[Experiment], engine: Engine) -> Iterator[tuple[Experiment, Recording]]:
    """Recordings in this order; each worker makes one at a time. Raises Failed."""
    queue: deque[tuple[Experiment, Recording]] = deque()
    for experiment in experiments:
        queue.append((experiment, _start(engine, engine.request(experiment))))
        if len(queue) > engine.workers()[1]:
            yield queue[0][0], _wait(queue.popleft()[1])
    for experiment, recording in queue:
        yield experiment, _wait(recording)


def _start(engine: Engine, id: str) -> Recording:
    recording = engine.recording(id)
    assert recording is not None  # it was asked for just now
    return recording


def _wait(recording: Recording) -> Recording:
    """When its end has come. Raises Failed if it is a bad one."""
    more = threading.Event()
    with recording.subscribe(more.set):
        while not recording.ended:
            more.wait()
            more.clear()
    if recording.status not in COMPLETE_STATUSES:
        raise api.Failed(json.loads(recording.lines(-1)[0]).get("message") or recording.status)
    return recording


def _others(experiment: Experiment, runs: Sequence[Experiment]) -> list[dict[str, Any]]:
    """The other runs of the page: any of them may have been on show before."""
    return [live_edits.earlier_run(one, experiment) for one in runs if one != experiment]


# sweeps


def _boards(plan: Plan, engine: Engine, folder: Path, bar: tqdm) -> Iterator[dict[str, Any]]:
    """Compute the sweeps of a page; what the page is told of each."""
    for scene in plan.scenes:
        id = _id(plan, scene)
        _write(folder / plan.file(id), _data_script(id, {"data": _board(scene, id, _rows(scene.sweep, engine))}))
        bar.update()
        yield _option(id, scene.parameters, scene.page.question)


def _rows(sweep: Sweep, engine: Engine) -> Rows:
    """The rows that the release has shipped, or else those that are computed now."""
    if shipped := evidence.read(sweep):
        return shipped.fill(sweep)
    recording = _wait(_start(engine, engine.sweep(sweep)))
    return [line for line in ndjson.read(recording.lines()) if line["type"] == "row"]


def _id(plan: Plan, scene: Scene) -> str:
    """Several claims may judge the same sweep."""
    return f"{scene.sweep.id}-{plan.scenes.index(scene)}"


def _board(scene: Scene, id: str, rows: Rows) -> dict[str, Any]:
    """What the board is told of a sweep that has ended, and the words around it."""
    page = scene.page
    answers = {
        guess: html(page.answer(scene.sweep, rows, guess)) for guess in page.words.get("predictions", ()) if page.answer
    }  # fmt: skip
    return {
        **messages.board_data(id, "ended", page.panels(scene.sweep, rows), len(rows)),
        "addresses": ADDRESSES,
        "verdict": html(page.verdict(scene.sweep, rows)),
        "origin": html(board.origin(shipped)) if (shipped := evidence.read(scene.sweep)) else "",
        "answers": answers,
        "limits": html(page.limits_text(scene.sweep.base)),
    }


# a page


def _page(plan: Plan, options: list[dict[str, Any]], plans: Sequence[Plan]) -> str:
    """The HTML of a lesson's page."""
    catalogue, question = words.catalogue(plan.lesson), plan.page.question
    page = {
        "lesson": address(plan.lesson),
        "kind": "board" if plan.scenes else "player",
        "options": options,
        "presets": _presets(plan),
        "settings": [] if plan.scenes else _settings(plan),
        "fields": list(FIELDS),
        "views": [*links.VIEW, links.SKIP.name],
        "tracking": tracking.NAMES,
        "predictions": question.predictions if question else {},
        "texts": {key: TEXTS[key] for key in ("nearest", "usual", "unknown", "alone", "lost")},
    }
    texts = {
        "title": catalogue["title"],
        "skip": words.shared()["player"]["skip"],
        "noscript": TEXTS["noscript"],
        "try": words.shared()["controls"]["presets"],
    }
    parts = {
        "head": head(catalogue["title"], '<link rel="stylesheet" href="files/site.css">'),
        "navigation": _navigation(plan, plans),
        "claim": html(catalogue["claim"]),
        "limits": "" if plan.scenes else html(plan.page.limits_text(plan.runs[0])),
        "server": html(TEXTS["server"]),
        "credit": html(_credit(plan)),
        "page": json.dumps(page).replace("<", "\\u003c"),
        "script": script("static_site.js"),
    }
    template = (FOLDER / "static_site.html").read_text(encoding="utf-8")
    return words.fill(template, **{name: escape(text) for name, text in texts.items()}, **parts)


def _credit(plan: Plan) -> str:
    """Where the data come from."""
    experiments = [*plan.runs, *(scene.sweep.base for scene in plan.scenes)]
    credits = dict.fromkeys(DATA_SETS[one.dataset].credit for one in experiments)
    return words.fill(words.shared()["page"]["credit"], credit="; ".join(credits))


def _navigation(plan: Plan | None, plans: Sequence[Plan]) -> str:
    """Links to all pages, by group; without a plan the one of people's own networks is the current one."""
    texts, lessons = words.shared()["frame"], {other.lesson: other is plan for other in plans}
    parts = []
    for group, names in groups(lessons).items():
        parts.append(f"<span>{escape(texts[group])}</span>")
        parts += [_link(file_of(lesson), LESSONS[lesson], lessons[lesson]) for lesson in names]
    return "".join([*parts, _link(OWN, words.own()["title"], plan is None)])


def _link(file: str, title: str, is_current: bool) -> str:
    """A link of the navigation."""
    current = ' aria-current="page"' if is_current else ""
    return f'<a href="{file}"{current}>{escape(title)}</a>'


def write_own(folder: Path, plans: Sequence[Plan]) -> None:
    """The page of people's own networks, the recordings and programs of its gallery, and the package's wheel."""
    if wheel.name():
        _write(folder / wheel.name(), wheel.contents())
    for entry in gallery.entries():
        packed = base64.b64encode(gallery.path_of(entry["key"]).read_bytes()).decode()
        script = f"bnvizSite.take({json.dumps(entry['key'])}, {json.dumps({'recording': packed})});\n"
        _write(folder / _script_of(entry["key"]), script.encode())
        _write(folder / ADDRESSES["files"] / entry["program"], gallery.program_of(entry["key"]).read_bytes())
    _write(folder / OWN, _own_page(plans).encode())


def _script_of(key: str) -> str:
    """Where a recording of the gallery lies in the site."""
    return f"recordings/own/{key}.js"


def _own_page(plans: Sequence[Plan]) -> str:
    """The page of people's own networks. What they drop on it stays in their browser."""
    examples = [{**entry, "script": _script_of(entry["key"])} for entry in gallery.entries()]
    data = page_data_of_own()
    data |= {"addresses": ADDRESSES, "gallery": examples, "wheel": data["wheel"] and {**data["wheel"], "address": wheel.name()}}
    contents = {"data": data, "script": "files/player.js"}
    style = '<link rel="stylesheet" href="files/site.css">'
    navigation = f"<nav>{_navigation(None, plans)}</nav>"
    return own_page.page(words.own()["about"], contents, style=style, navigation=navigation)


def _presets(plan: Plan) -> list[dict[str, str]]:
    """What can be chosen by name: the page's presets, what to look for in each (HTML), and which recording it is."""
    if plan.scenes:
        return [{"name": one.name, "look": html(one.look), "id": _id(plan, one)} for one in plan.scenes]
    presets = plan.page.preset_choices
    return [
        {"name": presets[key].name, "look": html(presets[key].look), "id": experiment.id}
        for key, experiment in plan.presets.items()
    ]


def _settings(plan: Plan) -> list[dict[str, Any]]:
    """The page's settings in view that differ between runs, with their values: written as in links, and as people call them."""
    settings = []
    for setting in (FIELDS[name] for name in plan.page.main):
        values = {getattr(one, setting.name) for one in plan.runs}
        if len(values) > 1:
            order = [value for value in setting.choices or () if value in values] or sorted(values)
            options = [{"value": format_value(value), "label": setting.value_label(value)} for value in order]
            default = format_value(getattr(plan.page.default, setting.name))
            more = {"slides": not setting.choices, "options": options, "default": default}
            settings.append({"name": setting.name, "label": setting.label, **more})
    return settings
