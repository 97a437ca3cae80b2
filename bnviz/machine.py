"""What operating systems differ in: resources, priorities, signals, `/proc`. Each has a fallback where there is no such thing.

A container shows all of the machine's memory and cores; its limits are in the files of its control group
(cgroups, version 2 or 1; docs.kernel.org/admin-guide/cgroup-v2.html), or in those of a group above it.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import logging
import math
import os
import platform
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

LOW_MEMORY_BYTES = 1.5 * 2**30  # below it, defaults are smaller
MAX_OPEN_FILES = 65_536
FEW_OPEN_FILES = 4096  # below it, a warning
FILES_PER_VISITOR = 6
GROUPS = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")
OPEN_FILES = Path("/proc/self/fd")
PROCESSOR = Path("/proc/cpuinfo")
STATM = Path("/proc/self/statm")  # pages: in all, in memory, …
T = TypeVar("T")
_log = logging.getLogger(__name__)


@functools.cache
def memory() -> float:
    """The memory limit in bytes of all processes together; infinite if it is unknown."""
    limits = [_number(folder / name) for folder in _folders("memory") for name in ("memory.max", "memory.limit_in_bytes")]
    return min([_physical_memory(), *limits])


@functools.cache
def cores() -> float:
    """The number of usable cores; a CPU quota may make it a fraction."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux
    return min([len(allowed(0)) if allowed else os.cpu_count() or 1, *_quotas()])


def resident_memory() -> int:
    """How many bytes of this process are in memory; 0 where that is unknown."""
    with contextlib.suppress(AttributeError, OSError, ValueError, IndexError):
        return int(STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def by_memory(default: T, small: T) -> T:
    """`default`, or `small` on a machine with less memory than LOW_MEMORY_BYTES."""
    return small if memory() < LOW_MEMORY_BYTES else default


def allow_files() -> float:
    """Raise this process's limit of open files as far as possible, and return it; infinity if there is none.

    A visitor needs several: the page's socket, the run's stream, and those that Streamlit keeps for each session, for the last
    128 even after they have ended. The usual limit of 1,024 is too low for a lecture hall.
    """
    try:
        import resource
    except ImportError:  # Windows
        return math.inf
    soft_limit, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = MAX_OPEN_FILES if hard_limit == resource.RLIM_INFINITY else min(hard_limit, MAX_OPEN_FILES)
    if soft_limit != resource.RLIM_INFINITY and soft_limit < target:
        with contextlib.suppress(OSError, ValueError):  # macOS has a limit of its own below the hard one
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard_limit))
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit < FEW_OPEN_FILES:
        _log.warning(
            "%d files can be open at a time: enough for about %d visitors (ulimit -n)", limit, limit // FILES_PER_VISITOR
        )
    return limit


def lower_priority(niceness: int, environment: Mapping[str, str] = os.environ) -> None:
    """Let other processes go first, on a scale to 19, or to BNVIZ_NICENESS. Windows has another scale; there nothing is done."""
    if hasattr(os, "nice"):
        os.nice(min(niceness, _most_niceness(environment)))


def release_memory() -> None:
    """Return freed memory to the system: glibc would keep more than a hundred megabytes after many different runs."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library; on Windows none has this name
        ctypes.CDLL(None).malloc_trim(0)


def was_killed(returncode: int) -> bool:
    """Whether a process was killed from outside, by a person or by an operating system short of memory. Windows does not say."""
    return hasattr(signal, "SIGKILL") and returncode == -signal.SIGKILL


@contextlib.contextmanager
def block_interrupts() -> Iterator[None]:
    """Hold back Ctrl-C until the block is left, also from the processes that it starts.

    Windows cannot block a signal: there Ctrl-C is noted, and raised at the end. Processes that start are not protected.
    """
    if not hasattr(signal, "pthread_sigmask"):
        with _late_interrupts():
            yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _late_interrupts() -> Iterator[None]:
    """Note Ctrl-C, and raise it when the block is left. Only the main thread is interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    noted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: noted.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if noted:
            signal.raise_signal(signal.SIGINT)


def open_files() -> list[int]:
    """The descriptors that this process has open; none where the system does not list them."""
    try:
        return [int(entry.name) for entry in OPEN_FILES.iterdir()]
    except OSError:
        return []


def processor() -> str:
    """The processor's name."""
    lines = (line.partition(":") for line in _text(PROCESSOR).splitlines())
    names = (name.strip() for key, _, name in lines if key.strip() == "model name")
    return next(names, "") or platform.processor() or platform.machine()


def in_words() -> str:
    """Processor, cores, system and Python, in words."""
    return f"{processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def cache_folder(name: str, platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> Path:
    """This user's cache folder of a program. Raises RuntimeError if the user has no home."""
    if platform == "win32":
        base = environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / name


def megabytes(setting: str, default: int, environment: Mapping[str, str] = os.environ) -> int:
    """Bytes, from a setting in megabytes; the default if it is not set or is no number."""
    text = environment.get(setting, "").strip()
    try:
        number = float(text or default)
        if 0 <= number < math.inf:
            return int(number * 2**20)
    except ValueError:
        pass
    _log.warning("%s = %r is not a number of megabytes; %d are used", setting, text, default)
    return default * 2**20


def _most_niceness(environment: Mapping[str, str]) -> int:
    """BNVIZ_NICENESS: a whole number from 0 to 19, and 19 unless it is one."""
    text = environment.get("BNVIZ_NICENESS", "").strip() or "19"
    if text.isdecimal() and int(text) <= 19:
        return int(text)
    _log.warning("BNVIZ_NICENESS = %r is not an integer from 0 to 19; 19 is used", text)
    return 19


def _folders(controller: str) -> list[Path]:
    """The folders of this process's control group and its ancestors. A container may see its own group as the root, under another
    name than outside."""
    folders = []
    for line in _text(OWN_GROUP).splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers or controller in controllers.split(","):
            top = GROUPS / controller if controllers else GROUPS
            own = top / path.lstrip("/")
            folders += [folder for folder in (own, *own.parents) if folder.is_relative_to(top)]
    return folders


def _quotas() -> Iterator[float]:
    """CPU quotas in cores: microseconds a period over the period."""
    for folder in _folders("cpu"):
        old = [_text(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period")]
        words = _text(folder / "cpu.max").split() or old
        if len(words) == 2 and all(word.isdigit() and int(word) for word in words):  # else "max", or -1: no quota
            yield int(words[0]) / int(words[1])


def _physical_memory() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows, for one
        return math.inf


def _number(file: Path) -> float:
    text = _text(file).strip()
    return int(text) if text.isdigit() else math.inf


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
