"""What operating systems differ in: limits of control groups, of either version, priorities, signals, `/proc`."""

import math
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bnviz import engine, machine
from tests import ROOT


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Pretend that these are the control groups, and that this process is in `mine`."""

    def pretend(own_group, files):
        (tmp_path / "mine").write_text(own_group, encoding="utf-8")
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        monkeypatch.setattr(machine, "GROUPS", tmp_path)
        monkeypatch.setattr(machine, "OWN_GROUP", tmp_path / "mine")

    return pretend


OUTSIDE = "5:cpu,cpuacct:/docker/3f\n4:memory:/docker/3f\n0::/\n"  # names that are not there inside the container


@pytest.mark.parametrize(
    "own_group, files, memory",
    [
        ("0::/\n", {"memory.max": "734003200\n"}, 734003200),
        ("0::/\n", {"memory.max": "max\n"}, math.inf),
        ("0::/a/b\n", {"a/b/memory.max": "max\n", "a/memory.max": "1000\n"}, 1000),
        ("0::/a/b\n", {"a/b/memory.max": "900\n", "a/memory.max": "1000\n"}, 900),
        ("0::/../../x\n", {"memory.max": "1000\n"}, 1000),
        (OUTSIDE, {"memory/memory.limit_in_bytes": "536870912\n"}, 536870912),
        (OUTSIDE, {"memory/docker/3f/memory.limit_in_bytes": "1000\n"}, 1000),
        (OUTSIDE, {"cpu/memory.limit_in_bytes": "1000\n"}, math.inf),
        ("", {}, math.inf),
    ],
)
def test_memory_is_the_least_of_the_limits(groups, monkeypatch, own_group, files, memory):
    groups(own_group, files)
    monkeypatch.setattr(machine, "_physical_memory", lambda: math.inf)
    assert machine.memory.__wrapped__() == memory
    monkeypatch.setattr(machine, "_physical_memory", lambda: 500.0)
    assert machine.memory.__wrapped__() == 500


@pytest.mark.parametrize(
    "own_group, files, cores",
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 8),
        ("0::/a\n", {"a/cpu.max": "max 100000\n", "cpu.max": "200000 100000\n"}, 2),
        (OUTSIDE, {"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
        (OUTSIDE, {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ("", {}, 8),
    ],
)
def test_cores_are_those_allowed_or_the_quota_of_time(groups, monkeypatch, own_group, files, cores):
    groups(own_group, files)
    monkeypatch.setattr(machine.sys, "platform", "linux")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    assert machine.cores.__wrapped__() == cores


def test_this_machine_has_some_of_both():
    assert machine.memory() > 2**28 and 0 < machine.cores() <= os.cpu_count()


@pytest.mark.parametrize("memory, cores, workers", [(700e6, 4, 1), (8e9, 2, 2), (8e9, 0.5, 1), (8e9, 64, 4), (math.inf, 3.9, 3)])
def test_so_many_workers_as_memory_and_cores_allow(monkeypatch, memory, cores, workers):
    monkeypatch.delenv("BNVIZ_WORKERS", raising=False)
    monkeypatch.setattr(machine, "memory", lambda: memory)
    monkeypatch.setattr(machine, "cores", lambda: cores)
    assert engine.worker_count() == workers
    monkeypatch.setenv("BNVIZ_WORKERS", "3")  # who says so has a reason
    assert engine.worker_count() == 3


@pytest.mark.parametrize(
    "platform, environment, folder",
    [
        ("linux", {}, "/home/me/.cache/lab"),
        ("linux", {"XDG_CACHE_HOME": "/var/cache"}, "/var/cache/lab"),
        ("darwin", {"XDG_CACHE_HOME": "/var/cache"}, "/home/me/Library/Caches/lab"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/lab"),
        ("win32", {}, "/home/me/AppData/Local/lab"),
    ],
)
def test_every_system_has_its_place_for_caches(monkeypatch, platform, environment, folder):
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    assert machine.cache_folder("lab", platform, environment) == Path(folder)


@pytest.mark.parametrize("text, bytes", [("", 3 << 20), ("2", 2 << 20), ("0.5", 1 << 19), ("0", 0), (" 1e3 ", 1000 << 20)])
def test_a_setting_in_megabytes(caplog, text, bytes):
    assert machine.megabytes("ROOM", 3, {"ROOM": text}) == bytes and not caplog.text


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf", "10 MB"])
def test_a_setting_that_is_no_number_is_said_and_passed_over(caplog, text):
    assert machine.megabytes("ROOM", 3, {"ROOM": text}) == 3 << 20
    assert f"ROOM = {text!r} is not a number of megabytes; 3 are used" in caplog.text


def files_of(limit, code):
    """What a process prints whose limit of open files is `limit`, and that may raise it to 5,000."""
    begin = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, 5000)); "
    command = [sys.executable, "-c", begin + "from bnviz import machine; " + code]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_as_many_files_may_be_open_as_the_system_allows():
    assert files_of(256, "print(machine.allow_files())").stdout.strip() == "5000"
    assert files_of(256, "machine.FEW_OPEN_FILES = 6000; machine.allow_files()").stderr.count("about 833 visitors") == 1
    assert files_of(5000, "print(machine.allow_files())").stdout.strip() == "5000"


DIFFERENT = (
    r"os\.(nice|sysconf|sched_\w+|fork|kill\w*|getuid)\b|pthread_sigmask|SIGKILL|"
    r"[\"']/(proc|sys|dev)/|\b(resource|ctypes|fcntl)\b"
)


def test_what_systems_differ_in_is_reached_in_one_place():
    """Whatever is imported or called elsewhere has no fallback on Windows or macOS."""
    users = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.glob("bnviz/**/*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(DIFFERENT, line.partition("#")[0])
    }
    assert users == {"bnviz/machine.py"}


@pytest.mark.parametrize(("setting", "niceness"), [("", 19), ("3", 3), ("0", 0), ("20", 19), ("-1", 19), ("low", 19)])
def test_workers_are_as_nice_as_the_operator_allows(monkeypatch, caplog, setting, niceness):
    steps = []
    monkeypatch.setattr(os, "nice", steps.append, raising=False)
    machine.lower_priority(19, {"BNVIZ_NICENESS": setting})
    machine.lower_priority(5, {"BNVIZ_NICENESS": setting})
    assert steps == [niceness, min(5, niceness)]
    assert ("BNVIZ_NICENESS" in caplog.text) == (setting in ("20", "-1", "low"))


@pytest.fixture
def windows(monkeypatch):
    """As on Windows, as far as names go."""
    for module, name in (
        (os, "nice"),
        (os, "sched_getaffinity"),
        (os, "sysconf"),
        (signal, "pthread_sigmask"),
        (signal, "SIGKILL"),
    ):
        monkeypatch.delattr(module, name, raising=False)
    for name in ("GROUPS", "OWN_GROUP", "OPEN_FILES", "PROCESSOR"):
        monkeypatch.setattr(machine, name, Path("nowhere") / name)
    monkeypatch.setitem(sys.modules, "resource", None)


@pytest.mark.usefixtures("windows")
def test_where_a_system_has_no_such_thing_something_else_is_done():
    machine.lower_priority(19)
    assert machine.open_files() == [] and machine.processor() and not machine.was_killed(-9)
    assert machine.cores.__wrapped__() == os.cpu_count() and machine.memory.__wrapped__() == machine.allow_files() == math.inf


def test_memory_is_given_back_where_the_c_library_can(monkeypatch):
    machine.release_memory()

    def no_name(name):
        raise TypeError("LoadLibrary() argument 1 must be str, not None")  # as on Windows

    monkeypatch.setattr(machine.ctypes, "CDLL", no_name)
    machine.release_memory()


def test_a_process_that_was_killed_from_outside_is_told_from_one_that_failed():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as killed:
        killed.kill()
    assert machine.was_killed(killed.wait()) == hasattr(signal, "SIGKILL") and not machine.was_killed(1)


def interrupted(steps):
    """Interrupt this process in the middle of a block; what has happened until KeyboardInterrupt."""
    with pytest.raises(KeyboardInterrupt), machine.block_interrupts():
        signal.raise_signal(signal.SIGINT)
        steps.append("the block has ended")
    return steps


def test_an_interrupt_waits_for_the_end_of_a_block():
    assert interrupted([]) == ["the block has ended"]


@pytest.mark.usefixtures("windows")
def test_an_interrupt_waits_also_where_signals_cannot_be_blocked():
    assert interrupted([]) == ["the block has ended"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says it in a file")
def test_what_a_process_takes_is_what_it_fills():
    before = machine.resident_memory()
    block = bytearray(b"x" * (40 << 20))
    assert machine.resident_memory() - before > 0.9 * len(block)


def test_where_it_is_unknown_a_process_takes_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "STATM", tmp_path / "missing")
    assert machine.resident_memory() == 0
