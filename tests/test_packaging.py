"""What `pip install .` installs, and the `bnviz` command."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import bnviz
from bnviz.__main__ import parsers

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy: building leaves files behind."""
    copy, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("bnviz", "tests", "pages", "benchmarks"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", built, copy]
    subprocess.run(command, check=True)
    (path,) = built.iterdir()
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_the_wheel_has_all_of_the_package_and_nothing_else(wheel):
    files = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("bnviz/**/*") if path.is_file()}
    contents = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert contents == {name for name in files if "__pycache__" not in name}
    assert {"bnviz/data/mnist1d.npz", "bnviz/data/LICENSE-mnist1d", "bnviz/web/player/player.css"} <= contents


def test_the_wheel_has_its_version_its_licences_and_the_command(wheel):
    (folder,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    assert folder == f"bnviz-{bnviz.__version__}.dist-info"
    assert {f"{folder}/licenses/LICENSE", f"{folder}/licenses/bnviz/data/LICENSE-mnist1d"} <= set(wheel.namelist())
    assert "bnviz = bnviz.__main__:main" in wheel.read(f"{folder}/entry_points.txt").decode()


@pytest.mark.parametrize(
    ("program", "name"), [("/usr/bin/bnviz", "bnviz"), ("bnviz.exe", "bnviz"), ("/x/bnviz/__main__.py", "python -m bnviz")]
)
def test_the_command_line_says_what_was_called(monkeypatch, capsys, program, name):
    monkeypatch.setattr(sys, "argv", [program])
    with pytest.raises(SystemExit):
        parsers().parse_args(["run"])
    assert capsys.readouterr().err.startswith(f"{name} run: ")


def test_the_build_without_cuda_satisfies_the_pin_and_goes_before_the_other():
    """So it is enough to say where it is: pip and uv choose the highest version."""
    (pin,) = [Requirement(text) for text in PROJECT["project"]["dependencies"] if text.startswith("torch")]
    (version,) = [Version(one.version) for one in pin.specifier]
    assert pin.specifier.contains(f"{version}+cpu") and Version(f"{version}+cpu") > version


def test_versions_are_pinned_in_one_place():
    lines = [line for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert lines == ["--find-links https://download.pytorch.org/whl/cpu/torch/", "-e ."]
    assert not list(ROOT.glob("requirements-*.txt"))
    assert "torch==2.13.0" in PROJECT["project"]["dependencies"]


def test_the_lock_file_has_a_fitting_release_of_every_dependency_with_its_hashes():
    """But for PyTorch, whose build without CUDA has a place of its own. `make lock` makes it anew."""
    parts = re.split(r"^(?=\S)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    locked = {Requirement(part.split("\\")[0]).name.lower(): part for part in parts}
    for part in locked.values():
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}\b", part), part.split()[0]
    for requirement in map(Requirement, PROJECT["project"]["dependencies"]):
        if requirement.name != "torch":
            version = re.search(r"==(\S+)", locked[requirement.name.lower()])[1]
            assert version in requirement.specifier, f"{requirement}: run make lock"
