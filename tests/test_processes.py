"""`bnviz serve --processes N`: several web processes behind nginx."""

import contextlib
import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from bnviz.__main__ import main
from bnviz.config.experiment import Experiment
from bnviz.serve import processes
from bnviz.web.player import messages
from tests import ROOT
from tests.e2e import fronts
from tests.e2e.lab import free_port
from tests.waiting import until

RUN = Experiment(steps=20, seed=83)


def test_without_nginx_it_says_in_one_line_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(processes.signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(processes.shutil, "which", lambda name, path=None: None)
    with pytest.raises(SystemExit, match="2"):
        main(["serve", "--processes", "2"])
    (line,) = capsys.readouterr().err.splitlines()
    assert "nginx" in line and "not installed" in line


@pytest.mark.parametrize("path", ["a b;c", "lab{", "löb"])
def test_a_prefix_that_nginx_cannot_serve_is_one_line(monkeypatch, capsys, path):
    monkeypatch.setattr(processes.signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(processes.shutil, "which", lambda name, path=None: name)
    with pytest.raises(SystemExit, match="2"):
        main(["serve", "--processes", "2", "--base-path", path])
    (line,) = capsys.readouterr().err.splitlines()
    assert repr(path) in line


def test_a_port_that_is_taken_is_one_line_before_anything_starts(monkeypatch, capsys):
    monkeypatch.setattr(processes.signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(processes.shutil, "which", lambda name, path=None: name)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match="2"):
            main(["serve", "--processes", "2", "--port", str(port)])
    (line,) = capsys.readouterr().err.splitlines()
    assert str(port) in line


@pytest.mark.parametrize(("workers", "count", "share"), [("4", 2, "2"), ("3", 2, "2"), ("1", 3, "1")])
def test_the_processes_share_the_workers(monkeypatch, workers, count, share):
    monkeypatch.setenv("BNVIZ_WORKERS", workers)
    assert processes.environment(count)["BNVIZ_WORKERS"] == share


@pytest.mark.parametrize("host", ["", "127.0.0.1", "::1"])
def test_nginx_takes_its_configuration(tmp_path, host):
    nginx, file = fronts.installed("nginx"), tmp_path / "nginx.conf"
    file.write_text(processes.configuration(tmp_path, {"host": host}, free_port(), [8601, 8602]), encoding="utf-8")
    checked = subprocess.run([nginx, "-t", "-p", str(tmp_path), "-c", str(file)], capture_output=True, text=True)
    assert checked.returncode == 0 or "Cannot assign requested address" in checked.stderr, checked.stderr  # no IPv6 here


@contextlib.contextmanager
def several(count, store):
    """The command's process, its standard error and the address at which visitors find it."""
    fronts.installed("nginx")
    port = free_port()
    command = [sys.executable, "-m", "bnviz", "serve", "--processes", str(count), f"--port={port}", "--host=127.0.0.1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BNVIZ_STORE": str(store), "BNVIZ_WORKERS": "1"}
    call = [*command, "--base-path=lab"]
    with subprocess.Popen(call, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert f"{count} web processes at http://localhost:{port}/lab" in process.stdout.readline()
            yield process, f"http://127.0.0.1:{port}/lab"
        finally:
            process.terminate()  # it ends those that it has started


def server_of(url, visitor):
    """Which web process answers a visitor, by the name that a run's stream has of it."""
    with contextlib.suppress(httpx.TransportError):
        cookies = {"_streamlit_xsrf": f"visitor-{visitor}"}
        answer = httpx.get(f"{url}/{messages.stream_url(RUN)}", cookies=cookies, timeout=60)
        return answer.headers.get("bnviz-server", "") if answer.status_code == 200 else ""
    return ""


def children(process):
    listing = subprocess.run(["ps", "--ppid", str(process.pid), "-o", "pid=,args="], capture_output=True, text=True).stdout
    return {int(line.split()[0]): line for line in listing.splitlines()}


@pytest.mark.slow
def test_a_visitor_stays_with_one_process_and_a_killed_one_is_started_again(tmp_path):
    with several(2, tmp_path) as (process, url):
        servers = {visitor: server_of(url, visitor) for visitor in range(7)}
        for order in (range(7), reversed(range(7)), (0, 2, 4, 6, 1, 3, 5)):  # turns without regard to visitors would show
            assert servers == {visitor: server_of(url, visitor) for visitor in order}
        assert len(set(servers.values())) == 2 and "" not in servers.values()
        killed = next(pid for pid, command in children(process).items() if "bnviz serve" in command)
        os.kill(killed, signal.SIGKILL)
        until(lambda: sum("bnviz serve" in line for pid, line in children(process).items() if pid != killed) == 2)
        until(lambda: len({server_of(url, visitor) for visitor in servers} - {""}) == 2)
        names = {server_of(url, visitor) for visitor in servers}
        assert len(names & set(servers.values())) == 1  # the other one never stopped
        started = children(process)
        process.send_signal(signal.SIGHUP)  # as a terminal does that is closed
        assert process.wait(60) == 0
        for pid in started:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
