"""The Dockerfile, as far as it can be tried without a container: what is copied is enough to serve, with its own command."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request

import pytest

from tests import ROOT
from tests.e2e.lab import free_port

STEPS = [
    line.split(maxsplit=1)
    for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def step_text(step):
    """What all lines of one kind say."""
    return [rest for name, rest in STEPS if name == step]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A folder with what the Dockerfile copies, and nothing of it may be written."""
    folder = tmp_path_factory.mktemp("app")
    for line in step_text("COPY"):
        *sources, target = line.split()
        for source in sources:
            place = folder / target / source if target == "./" else folder / target
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, place)
    return folder


def test_what_is_copied_is_let_through(image):
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    for line in step_text("COPY"):
        assert {f"!{source}" for source in line.split()[:-1]} <= set(ignored)


def test_it_runs_as_an_ordinary_user_and_keeps_recordings_in_the_volume():
    assert step_text("USER") == ["lab"] and any("useradd" in line and "chown lab /store" in line for line in step_text("RUN"))
    assert step_text("VOLUME") == ["/store"] and "BNVIZ_STORE=/store" in step_text("ENV")[0]
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert "read_only: true" in compose and ":/store" in compose and "tmpfs: [/tmp]" in compose


@pytest.mark.parametrize("reachable", [True, False])
def test_the_build_says_in_one_line_when_it_installs_pytorch_with_cuda(reachable, tmp_path):
    (step,) = (step for step in step_text("RUN") if "urlopen" in step)
    (tmp_path / "index.html").touch()
    place = (tmp_path / "index.html").as_uri() if reachable else "http://127.0.0.1:9/"
    command = re.sub(r"https://[^']+", place, step).replace("python -c", f"'{sys.executable}' -c")
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == (not reachable) and ("CUDA" in done.stdout) != reachable
    assert not done.stderr


def test_the_copied_tree_serves_and_its_health_is_checked(image, tmp_path):
    port, store = str(free_port()), tmp_path / "store"
    program, *arguments = json.loads(step_text("CMD")[0].replace("8501", port).replace("0.0.0.0", "127.0.0.1"))
    variables = dict(re.findall(r"(\w+)=(\S+)", step_text("ENV")[0])) | {
        "BNVIZ_STORE": str(store),
        "HOME": str(tmp_path / "nowhere"),
    }
    before = {path: path.stat().st_mtime_ns for path in image.rglob("*")}
    process = subprocess.Popen(
        [sys.executable, "-m", program, *arguments],
        cwd=image,
        env={**os.environ, "BNVIZ_WORKERS": "1", "PYTHONPATH": str(image), **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        check = json.loads(step_text("HEALTHCHECK")[0].split("CMD ")[1].replace("8501", port))
        deadline = time.monotonic() + 90
        while subprocess.run([sys.executable, *check[1:]], capture_output=True, timeout=60).returncode:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.2)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as page:
            assert "Why batch norm works" in page.read().decode() and page.status == 200
    finally:
        process.terminate()
        process.wait(30)
    assert {path: path.stat().st_mtime_ns for path in image.rglob("*")} == before
