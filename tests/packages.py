"""The sdist and the wheel, built as a package index gets them, and an environment in which nothing else is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

from tests import ROOT

LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", ".git", ".venv", "node_modules", "build", "dist", "*.egg-info", ".*_cache", ".hypothesis", "out"
)
SDIST = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"


@dataclass(frozen=True)
class Packages:
    """Paths of the two files."""

    sdist: Path
    wheel: Path


def build(folder: Path) -> Packages:
    """Build both in a folder, the wheel from the sdist. From a copy: building leaves files behind."""
    copy, target = folder / "source", folder / "dist"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT, symlinks=True)
    target.mkdir()
    subprocess.run([sys.executable, "-c", SDIST, str(target)], cwd=copy, check=True, capture_output=True)
    (sdist,) = target.iterdir()
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", target, sdist]
    subprocess.run(command, check=True)
    (wheel,) = target.glob("*.whl")
    return Packages(sdist, wheel)


def install(wheel: Path | str, folder: Path) -> Path:
    """A new environment with the wheel, a path or an address, and with what it depends on as it is installed here; the folder of
    its commands.
    """
    venv.create(folder, with_pip=False)
    commands = folder / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", str(commands / "python")]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    variables = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=variables))
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return commands


def run(commands: Path, program: str, folder: Path) -> str:
    """What a program in Python prints in such an environment, run in a folder; nothing of this repository is on its path."""
    command = [str(commands / "python"), "-c", program]
    return subprocess.run(command, cwd=folder, env=outside(), check=True, capture_output=True, text=True).stdout


def outside() -> dict[str, str]:
    """The environment variables without Python's, which might lead to this repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


RECORDS = """
import torch, bnviz
from torch import nn
model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))
optimizer = torch.optim.SGD(model.parameters(), 0.1)
x, y = torch.randn(32, 4), torch.randint(3, (32,))
with bnviz.record(model, (x, y), nn.functional.cross_entropy, "run.ndjson") as recorder:
    for _ in range(4):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        recorder.step()
print(bnviz.__file__)
"""  # a small network, with snapshots before training and after steps 1, 2 and 4
