"""The worked examples of CONTRIBUTING.md, made from its very text in a copy of the project, and run."""

import re
import shutil
import subprocess
import sys

import pytest

from tests import ROOT

BLOCK = re.compile(r"^```\w+ (add-to )?(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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
player.mount = lambda **said: mounted.append(said)
page = AppTest.from_file("pages/hello.py", default_timeout=60)
page.query_params["compare"] = "rms"
page.run()
assert not page.exception and not page.warning, page
assert page.header[0].value == "Hello" and page.select_slider(key="learning_rate")
(said,) = mounted
assert (said["lesson"], said["experiment"].compare, [panel["id"] for panel in said["panels"]]) == ("hello", "rms", ["loss"])
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project with the lesson and the normalizer that CONTRIBUTING.md describes."""
    folder = tmp_path_factory.mktemp("copy") / "bnviz"
    kept = shutil.ignore_patterns("__pycache__", ".*", "node_modules", "benchmarks")
    shutil.copytree(ROOT, folder, ignore=kept)
    (folder / "bnviz" / "lessons" / "hello").mkdir()
    (folder / "bnviz" / "lessons" / "hello" / "__init__.py").write_text('"""The lesson at /hello."""\n', encoding="utf-8")
    for adds, name, text in BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        path = folder / name
        if adds:
            text = TABLE_END.sub(lambda end, line=text: f"\n{line}{end[1]}\n", path.read_text(encoding="utf-8"), count=1)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    run(folder, "-m", "bnviz.documents")
    return folder


def run(folder, *arguments):
    environment = {"PYTHONPATH": str(folder), "PATH": "", "HOME": str(folder)}
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_is_short(copy):
    lines = [
        line
        for name in ("page.py", "story.js")
        for line in (copy / "bnviz/lessons/hello" / name).read_text(encoding="utf-8").splitlines()
    ]
    assert len([line for line in lines if line]) <= 22


def test_the_page_opens(copy):
    run(copy, "-c", OPEN)


def test_its_panels_and_words_pass_the_contract(copy):
    chosen = "hello and (names or words or default or rms or diverging)"
    said = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, "tests/web/test_contract.py")
    assert re.search(r"^\.{5}", said, re.MULTILINE)


def test_its_types_are_made(copy):
    assert "now: {step: string | number; both: string | number};" in (copy / "bnviz/lessons/hello/words.d.ts").read_text(
        encoding="utf-8"
    )


def test_a_normalizer_is_a_folder_and_a_line(copy):
    """It trains, the browser computes what PyTorch does, its script trains the same networks, and it is declared."""
    output = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "scale or whole", "tests/web/test_normalizers.py")
    assert re.search(r"^\.{13}", output, re.MULTILINE)
    assert '"scale": Scale' in run(copy, "-c", SCRIPT) and "scale" in run(copy, "-m", "bnviz", "run", "--help")


SCRIPT = """
from bnviz.config.experiment import Experiment
from bnviz.web.export.script import script
print(script(Experiment(compare="scale")))
"""
