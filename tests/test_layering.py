"""Imports point one way: pages → site → (player, figures, engine, store) → recording → measures → experiment."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RANKS = [
    {"bnviz"},
    {"bnviz.data"},
    {"bnviz.arms"},
    {"bnviz.experiment"},
    {"bnviz.sweep"},
    {"bnviz.measures", "bnviz.intervals", "bnviz.rows", "bnviz.files", "bnviz.progress"},
    {"bnviz.recording"},
    {"bnviz.network", "bnviz.minibatches"},
    {"bnviz.probe", "bnviz.landscape"},
    {"bnviz.extras"},
    {"bnviz.training"},
    {"bnviz.stack"},
    {"bnviz.trainers"},
    {"bnviz.worker"},
    {"bnviz.cluster_worker"},
    {"bnviz.claims"},
    {"bnviz.figures", "bnviz.store"},
    {"bnviz.engine"},
    {"bnviz.player", "bnviz.server", "bnviz.api"},
    {"bnviz.site"},
    {"pages", "app", "bnviz.__main__", "bnviz.claims.__main__"},
]
KNOWS_TORCH = {
    "bnviz.network", "bnviz.minibatches", "bnviz.probe", "bnviz.landscape", "bnviz.extras", "bnviz.training", "bnviz.stack",
    "bnviz.trainers", "bnviz.worker", "bnviz.cluster_worker",
}  # fmt: skip
KNOWS_PLOTLY = {"bnviz.figures"}
KNOWS_DASK = {"bnviz.engine", "bnviz.cluster_worker"}
KNOWS_STREAMLIT = {"bnviz.site", "bnviz.player", "pages", "app"}
RUN_WHEN_IMPORTED = ("pages.", "bnviz.site.main")  # Streamlit scripts


def sources():
    """Python files by module name: the package, the pages and the app."""
    paths = [*ROOT.glob("bnviz/**/*.py"), *ROOT.glob("pages/*.py"), *ROOT.glob("app.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


SOURCES = sources()


def part(module):
    """The part of the system that a module belongs to: bnviz.engine.local is of bnviz.engine. A command is a part of its own."""
    names = module.split(".")
    if names[-1] == "__main__":
        return module
    return ".".join(names[:2]) if names[0] == "bnviz" else names[0]


def imports(module):
    """Names of modules that a module imports anywhere in its text, those imported from packages included."""
    for node in ast.walk(ast.parse(SOURCES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide the direction"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if f"{node.module}.{alias.name}" in SOURCES)


def rank(module):
    (found,) = [number for number, parts in enumerate(RANKS) if part(module) in parts]
    return found


def test_the_walk_finds_the_core():
    assert {"bnviz", "bnviz.experiment", "bnviz.data", "bnviz.training"} <= set(SOURCES)
    assert "bnviz.network" in set(imports("bnviz.training"))


@pytest.mark.parametrize("module", SOURCES)
def test_a_module_imports_its_own_part_and_lower_ones_only(module):
    for imported in imports(module):
        if part(imported) != part(module) and imported.split(".")[0] in ("bnviz", "pages", "app"):
            assert rank(module) > rank(imported), f"{module} imports {imported}"


def test_no_two_parts_import_each_other():
    pairs = {(part(a), part(b)) for a in SOURCES for b in imports(a) if b.startswith("bnviz") and part(a) != part(b)}
    assert not {pair for pair in pairs if pair[::-1] in pairs}


@pytest.mark.parametrize(
    "library, parts",
    [("torch", KNOWS_TORCH), ("plotly", KNOWS_PLOTLY), ("streamlit", KNOWS_STREAMLIT), ("distributed", KNOWS_DASK)],
)
def test_a_library_is_known_to_its_own_parts_only(library, parts):
    users = {module for module in SOURCES if any(name.split(".")[0] == library for name in imports(module))}
    assert {user for user in users if part(user) not in parts} == set()


def test_only_a_worker_and_the_command_line_import_what_imports_torch():
    users = {module for module in SOURCES if KNOWS_TORCH & set(imports(module))}
    assert {part(user) for user in users} <= KNOWS_TORCH | {"bnviz.__main__"}


def test_the_web_process_never_loads_torch():
    web = [m for m in SOURCES if part(m) not in KNOWS_TORCH | {"bnviz.__main__"} and not m.startswith(RUN_WHEN_IMPORTED)]
    assert "bnviz.experiment" in web
    script = f"import sys, importlib\nfor name in {web!r}: importlib.import_module(name)\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "False"


def test_nobody_loads_dask_unless_there_is_a_cluster():
    users = {module for module in SOURCES if "bnviz.engine.cluster" in imports(module)}
    assert users == {"bnviz.engine"}
    script = "import sys, bnviz.server, bnviz.engine\nbnviz.engine.shared()\nprint('distributed' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_the_command_line_answers_without_torch():
    if "bnviz.__main__" in SOURCES:
        script = "import sys, bnviz.__main__\nprint('torch' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
        assert done.stdout.strip() == "False", done.stderr
