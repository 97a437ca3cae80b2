"""Imports point one way: pages → lessons → web → engine → train → measures → nets → record → judge → config → data."""

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter

import pytest

from tests import ROOT

ROOMS = [  # from the lowest; a module may import its own room and lower ones
    "bnviz",
    "bnviz.files",
    "bnviz.machine",
    "bnviz.numerals",
    "bnviz.plural",
    "bnviz.terminal",
    "bnviz.data",
    "bnviz.lessons",  # their names alone
    "bnviz.normalizers",
    "bnviz.normalizers.*.module",
    "bnviz.config",
    "bnviz.judge",
    "bnviz.record",
    "bnviz.nets",
    "bnviz.measures",
    "bnviz.recorder",
    "bnviz.integrations",
    "bnviz.lessons.*.measures",
    "bnviz.train",
    "bnviz.engine",
    "bnviz.api",
    "bnviz.web",
    "bnviz.lessons.*",
    "bnviz.documents",
    "bnviz.evidence",
    "bnviz.serve",
    "bnviz.frame",
    "bnviz.__main__",
    "pages",
    "app",
]
KNOWS_TORCH = {
    "bnviz.normalizers.*.module",
    "bnviz.nets",
    "bnviz.measures",
    "bnviz.recorder",
    "bnviz.lessons.*.measures",
    "bnviz.train",
    "bnviz.engine",
}
TORCHLESS = {"bnviz.measures.registry", "bnviz.engine.worker"}  # until something is computed
KNOWS_DASK = {"bnviz.engine"}
KNOWS_STREAMLIT = {"bnviz.web", "bnviz.lessons.*", "bnviz.frame", "bnviz.serve", "app"}
RUN_WHEN_IMPORTED = ("pages.", "bnviz.frame")  # Streamlit scripts


def sources():
    """Python files by module name: the package, the pages and the app."""
    paths = [*ROOT.glob("bnviz/**/*.py"), *ROOT.glob("pages/*.py"), *ROOT.glob("app.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


SOURCES = sources()


def room(module):
    """The room that a module is in: bnviz.engine.local is in bnviz.engine."""
    names = module.split(".")
    if names[:2] == ["bnviz", "lessons"] and len(names) > 2:
        return "bnviz.lessons.*.measures" if names[3:4] == ["measures"] else "bnviz.lessons.*"
    if names[:2] == ["bnviz", "normalizers"] and names[3:] == ["module"]:
        return "bnviz.normalizers.*.module"
    return ".".join(names[:2]) if names[0] == "bnviz" else names[0]


def lesson(module):
    """The lesson that a module belongs to."""
    return module.split(".")[2] if room(module).startswith("bnviz.lessons.*") else None


@cache
def loads_torch(module):
    """Whether a module imports PyTorch, or another that does, as soon as it is imported."""
    return any(name == "torch" or name in SOURCES and name != module and loads_torch(name) for name in imports(module, top=True))


@cache
def imports(module, top=False):
    """Names of modules that a module imports, those imported from packages included: anywhere in its text, or at its `top`."""
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    return [name for node in (tree.body if top else ast.walk(tree)) for name in imported_names(node, module)]


def imported_names(node, module):
    """Names that an import statement brings, if the node is one."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{module}: relative imports hide the direction"
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names if f"{node.module}.{alias.name}" in SOURCES)


def named_objects(module):
    """Packages and modules from which a module imports something that is no module itself."""
    nodes = [
        node for node in ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)
    ]
    return {node.module for node in nodes if any(f"{node.module}.{alias.name}" not in SOURCES for alias in node.names)}


def test_the_walk_finds_the_core():
    assert {"bnviz", "bnviz.config.experiment", "bnviz.data", "bnviz.train.loop"} <= set(SOURCES)
    assert "bnviz.nets.network" in set(imports("bnviz.train.loop"))
    assert loads_torch("bnviz.train.trainers") and not loads_torch("bnviz.measures.registry")


@pytest.mark.parametrize("module", SOURCES)
def test_a_module_imports_its_own_room_and_lower_ones_only(module):
    for imported in imports(module):
        if imported in SOURCES and room(imported) != room(module):
            assert ROOMS.index(room(module)) > ROOMS.index(room(imported)), f"{module} imports {imported}"


def test_imports_make_no_circle():
    """Imports inside functions and for type checkers count, too; `from package import part` is an import of the part alone."""
    graph = {module: {name for name in imports(module) if name in SOURCES} - {module} for module in SOURCES}
    for module, imported in graph.items():
        parts = {name.rpartition(".")[0] for name in imported}
        graph[module] = {name for name in imported if name not in parts or name in named_objects(module)}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize("module", [module for module in SOURCES if lesson(module)])
def test_a_lesson_knows_no_other_lesson(module):
    assert {lesson(name) for name in imports(module) if name in SOURCES} <= {lesson(module), None}


@pytest.mark.parametrize("library, rooms", [("torch", KNOWS_TORCH), ("streamlit", KNOWS_STREAMLIT), ("distributed", KNOWS_DASK)])
def test_a_library_is_known_to_its_own_rooms_only(library, rooms):
    users = {module for module in SOURCES if any(name.split(".")[0] == library for name in imports(module))}
    assert {user for user in users if room(user) not in rooms} == set()


def test_the_web_process_never_loads_torch():
    web = [m for m in SOURCES if not loads_torch(m) and not m.startswith(RUN_WHEN_IMPORTED)]
    assert {"bnviz.api", "bnviz.__main__", "bnviz.web.routes", "bnviz.lessons.live_shift.page", *TORCHLESS} <= set(web)
    script = f"import sys, importlib\nfor name in {web!r}: importlib.import_module(name)\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "False"


def test_nobody_loads_dask_unless_there_is_a_cluster():
    users = {module for module in SOURCES if "bnviz.engine.cluster" in imports(module)}
    assert users == {"bnviz.engine"}
    script = "import sys, bnviz.web.routes, bnviz.engine\nbnviz.engine.shared()\nprint('distributed' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_nothing_asks_what_time_it_is():
    """A clock may be set back: what has to pass is measured with a clock that nobody sets."""
    asks = re.compile(r"\btime\.time\(|\bdatetime\.now\(|\butcnow\(|\bDate\.now\(")
    violations = [
        str(path.relative_to(ROOT))
        for path in (*(ROOT / "bnviz").rglob("*.py"), *(ROOT / "bnviz").rglob("*.js"))
        if asks.search(path.read_text(encoding="utf-8"))
    ]
    assert violations == []
