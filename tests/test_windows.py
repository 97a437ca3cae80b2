"""The program without what Windows lacks (tests/windows), and with the characters that Windows takes for text: cp1252."""

import csv
import os
import shutil
import signal
import subprocess
import sys

import httpx
import pytest

from bnviz.config.experiment import Experiment
from bnviz.record import ndjson
from tests import ROOT
from tests.e2e.lab import await_server, free_port

RUN = Experiment(steps=10, snapshot_every=5, width=8, hidden_layers=2, train_size=512)
FLAGS = ["--steps=10", "--width=8", "--hidden-layers=2", "--train-size=512"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Variables of processes that lack these names and read text as cp1252, or as ASCII where there is no such locale."""
    folder = tmp_path_factory.mktemp("locale")
    compiler = shutil.which("localedef")
    command = [compiler, "--inputfile=en_US", "--charmap=CP1252", str(folder / "en_US.CP1252")]
    compiled = compiler and subprocess.run(command, capture_output=True).returncode == 0
    locale = {"LOCPATH": str(folder), "LC_ALL": "en_US.CP1252"} if compiled else {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    ours = {"PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "windows"), str(ROOT)]), "PYTHONUTF8": "0"}
    return {**os.environ, **locale, **ours, "BNVIZ_STORE": "", "BNVIZ_WORKERS": "1"}


@pytest.fixture
def bnviz(environment, tmp_path):
    """Run a command in an empty folder; what it prints, as bytes."""

    def run(*arguments):
        command = [sys.executable, "-m", "bnviz", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
        assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
        return done.stdout

    return run


def test_the_processes_lack_what_windows_lacks(environment):
    script = "import locale, os, signal, sys; print(locale.getencoding(), hasattr(os, 'nice'), hasattr(signal, 'SIGKILL'))"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    encoding, *others = done.stdout.split()
    assert encoding in ("CP1252", "ANSI_X3.4-1968") and others == ["False", "False"]


def test_greek_letters_are_no_error_where_the_output_has_none(bnviz):
    assert b"--width" in bnviz("run", "--help")


@pytest.mark.slow
def test_it_trains_exports_and_sweeps(bnviz, tmp_path):
    bnviz("run", *FLAGS, "--snapshot-every=5", "--out=run.ndjson")
    lines = (tmp_path / "run.ndjson").read_bytes().splitlines(keepends=True)
    assert ndjson.status(lines[-1]) == "finished"
    for name in ("page.html", "script.zip", "notebook.ipynb", "table.csv", "picture.png"):
        bnviz("export", "run.ndjson", f"--out={name}")
    assert "</html>" in (tmp_path / "page.html").read_text(encoding="utf-8")
    bnviz("sweep", "--axis=batch_size", "--values=8,16", "--seeds=2", *FLAGS, "--out=sweep.csv")
    with (tmp_path / "sweep.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 8


@pytest.mark.slow
def test_it_serves_pages_and_runs(environment, tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "bnviz", "serve", f"--port={port}", "--host=127.0.0.1"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with process:
        try:
            url = f"http://127.0.0.1:{port}"
            await_server(f"{url}/bnviz/readyz", process)
            assert "Why batch norm works" in httpx.get(url).text
            stream = f"{url}/bnviz/runs/{RUN.id}.ndjson?steps=10&snapshot_every=5&width=8&hidden_layers=2&train_size=512"
            assert ndjson.status(httpx.get(stream, timeout=60).content.splitlines(keepends=True)[-1]) == "finished"
            assert httpx.get(f"{url}/bnviz/healthz").json()["workers"] == {"alive": 1, "wanted": 1}
        finally:
            process.send_signal(signal.SIGTERM)
        assert "Traceback" not in process.stderr.read().decode(errors="replace")
