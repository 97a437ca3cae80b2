"""The worked examples of CONTRIBUTING.md, made from its very text in a copy of the project, and run."""

import re
import shutil
import subprocess
import sys

import pytest

from bnviz.config.experiment import Experiment
from bnviz.record import ndjson
from tests import ROOT

pytestmark = pytest.mark.slow  # it trains, and starts pytest on a copy of the project

BLOCK = re.compile(r"^```\w+ (add-to |append-to )?(\S+)(?: (after|before) ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE_END = re.compile(r"\n([)}\]])\n")
OPEN = """
import dataclasses, sys
from types import SimpleNamespace
from streamlit.testing.v1 import AppTest
from bnviz import engine
from bnviz.record.store import Store
from bnviz.web import player
mounted = []
engine.shared = lambda: SimpleNamespace(request=lambda one, visitor: one.id, notice=lambda: None, store=Store())
player.mount = lambda **arguments: mounted.append(arguments)
page = AppTest.from_file("pages/hello.py", default_timeout=60)
page.query_params["compare"] = "rms"
page.run()
assert not page.exception and not page.warning, page
assert page.header[0].value == "Hello" and page.select_slider(key="learning_rate")
(data,) = mounted
assert (data["lesson"], data["experiment"].compare, [panel["id"] for panel in data["panels"]]) == ("hello", "rms", ["loss"])
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project with everything that CONTRIBUTING.md adds to it."""
    folder = tmp_path_factory.mktemp("copy") / "bnviz"
    ignore = shutil.ignore_patterns("__pycache__", ".git", ".venv", ".*_cache", ".hypothesis", "node_modules", "benchmarks")
    shutil.copytree(ROOT, folder, ignore=ignore)
    (folder / "bnviz" / "lessons" / "hello").mkdir()
    (folder / "bnviz" / "lessons" / "hello" / "__init__.py").write_text('"""The lesson at /hello."""\n', encoding="utf-8")
    for verb, name, side, anchor, text in BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(insert(text, verb.strip() or side, anchor, before), encoding="utf-8")
    run(folder, "-m", "bnviz.documents")
    return folder


def insert(text, where, anchor, before):
    """A file's text with a block in it: in its first table, at its end, after or before a line, or in its place."""
    if where == "add-to":
        return TABLE_END.sub(lambda end: f"\n{text}{end[1]}\n", before, count=1)
    if where == "append-to":
        return f"{before}\n\n{text}"
    if anchor:
        (line,) = re.findall(rf"^ *{re.escape(anchor)}\n", before, re.MULTILINE)
        return before.replace(line, line + text if where == "after" else text + line)
    return text


def run(folder, *arguments):
    environment = {"PYTHONPATH": str(folder), "PATH": "", "HOME": str(folder)}
    process = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


CONTRACT, NORMALIZERS, TOUR = (
    "tests/web/test_contract.py",
    "tests/web/test_normalizers.py",
    "tests/lessons/test_live_shift_tour.py",
)
SELECTIONS = (  # of tests: of the lesson and the panel, of the normalizer, of the card
    "(hello or live_shift) and (names or words or default or rms or diverging)",
    "scale or whole",
    "text_for_every_card or every_sentence or short_enough or can_be or begin_alike or (tells_every and 7-default)",
)


@pytest.fixture(scope="module")
def results(copy):
    """What pytest says of the tests that look at the examples, a line each: one process, because each takes seconds to start."""
    selection = " or ".join(f"({one})" for one in SELECTIONS)
    return run(copy, "-m", "pytest", "-vv", "-p", "no:cacheprovider", "-k", selection, CONTRACT, NORMALIZERS, TOUR)


def count_of_passes(results, file, part=""):
    """How many tests of a file, with this in their names, have passed."""
    return len(re.findall(rf"^{file}::.*{part}.* PASSED", results, re.MULTILINE))


def test_the_example_is_short(copy):
    lines = [
        line
        for name in ("page.py", "story.js")
        for line in (copy / "bnviz/lessons/hello" / name).read_text(encoding="utf-8").splitlines()
    ]
    assert len([line for line in lines if line]) <= 22


def test_the_page_opens(copy):
    run(copy, "-c", OPEN)


def test_its_panels_and_words_pass_the_contract(results):
    assert count_of_passes(results, CONTRACT, "hello") >= 4


def test_its_types_are_made(copy):
    assert "now: {step: string | number; both: string | number};" in (copy / "bnviz/lessons/hello/words.d.ts").read_text(
        encoding="utf-8"
    )


def test_a_normalizer_is_a_folder_and_a_line(copy, results):
    """It trains, the browser computes what PyTorch does, its script trains the same networks, and it is declared."""
    assert count_of_passes(results, NORMALIZERS) >= 13
    assert '"scale": Scale' in run(copy, "-c", SCRIPT) and "scale" in run(copy, "-m", "bnviz", "run", "--help")


def test_a_measure_with_a_panel_is_four_files(copy, results):
    """It is recorded as declared and described, and the page `/` draws it and says it."""
    assert count_of_passes(results, CONTRACT, "live_shift") >= 5
    assert "0.5 of" in run(copy, "-c", DEAD)
    assert "dead_units?: Row;" in (copy / "bnviz/web/player/schema.d.ts").read_text(encoding="utf-8")
    touched = {
        name for _, name, _, _, text in BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")) if "dead" in text
    }
    assert len(touched) == 4


DEAD = """
import torch
from bnviz.config.experiment import Experiment
from bnviz.train.loop import Training
training = Training(Experiment(dataset="mnist1d", width=8, hidden_layers=2))
first = training.arms[0].network.linears[0]
with torch.no_grad():
    first.bias[:4] = -1e6  # these four are 0 whatever comes
    first.bias[4:] = 1e6
print(training.advance()["arms"]["none"]["dead_units"][0], "of layer 1")
"""

SCRIPT = """
from bnviz.config.experiment import Experiment
from bnviz.web.export.script import script
print(script(Experiment(compare="scale")))
"""

FIELD = """
from bnviz.config.experiment import Experiment, from_texts
print(Experiment().id, Experiment(echo=3).id)
experiment, problems = from_texts({"echo": "3"})
assert experiment.echo == 3 and not problems and from_texts({"echo": "99"})[1]
"""


def test_a_field_is_a_line(copy):
    """A link and a flag set it, a bad value is refused, and experiments that leave it alone keep their ids."""
    usual, other = run(copy, "-c", FIELD).split()
    assert usual == Experiment().id and usual != other
    assert "--echo" in run(copy, "-m", "bnviz", "run", "--help")


def test_a_data_set_is_a_loader_and_an_entry(copy, tmp_path):
    out = tmp_path / "run.ndjson"
    settings = {"dataset": "stripes", "width": 8, "hidden-layers": 2, "steps": 3, "batch-size": 16}
    flags = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
    run(copy, "-m", "bnviz", "run", *flags, "--out", str(out))
    header, *_, snapshot, _ = ndjson.read(out.read_bytes().splitlines(keepends=True))
    assert header["experiment"]["dataset"] == "stripes" and 0 < snapshot["arms"]["batch"]["test_accuracy"] < 1


def test_a_kind_of_file_is_an_entry(copy, tmp_path):
    recording, out = tmp_path / "run.ndjson", tmp_path / "run.txt"
    run(copy, "-m", "bnviz", "run", "--dataset", "mnist1d", "--steps", "3", "--out", str(recording))
    run(copy, "-m", "bnviz", "export", str(recording), "--out", str(out))
    assert int(out.read_bytes()) == len(recording.read_bytes().splitlines())


def test_every_row_of_the_table_is_worked():
    """Each place that a row names is one that a block of the text changes."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    changed = {name for _, name, *_ in BLOCK.findall(text)}
    rows = re.findall(r"^\| (an? [^|]+?) \| (.+) \|$", text, re.MULTILINE)
    assert len(rows) >= 9
    for name, description in rows:
        files = re.findall(r"`((?:bnviz/|pages/)?[\w/.]+/|[\w/]*\w+\.(?:py|js|toml))`", description)
        assert any(file in path for path in changed for file in files), name


def test_a_card_of_the_tour_passes_its_tests(results):
    assert count_of_passes(results, TOUR) >= 6


CLAIM = """
from bnviz.lessons.does_it_hold.claims import CLAIMS
from bnviz.lessons.does_it_hold.page import form
from tests.lessons.test_does_it_hold_claims import made_up
claim = CLAIMS["deeper"]
page = form(claim)
rows = made_up(claim.sweep, lambda curve, value, seed: 0.5 + 0.2 * (curve == "batch") + 0.001 * seed)
print(page.verdict(claim.sweep, rows))
(panel,) = page.panels(claim.sweep, rows)
assert panel["title"] == "Test accuracy at the end" and panel["data"]
assert claim.judge(claim.sweep, rows[:5]).computing
"""


def test_a_claim_is_judged_and_drawn(copy):
    assert "is 20 points higher" in run(copy, "-c", CLAIM)
