"""What this program may use of the machine: memory and cores, as far as a container limits them, and what follows from that.

Inside a container all of the machine's memory and cores are seen; what may be used stands in the control group's files
(cgroups, version 2 or 1; docs.kernel.org/admin-guide/cgroup-v2.html), or in those of a group above it.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import math
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

LITTLE = 1.5 * 2**30  # bytes of memory below which everything is done with less
MOST_FILES, FEW_FILES, FILES_EACH = 65_536, 4096, 6  # that may be open; fewer are worth a warning; what a visitor takes
GROUPS = Path("/sys/fs/cgroup")
MINE = Path("/proc/self/cgroup")
T = TypeVar("T")
_log = logging.getLogger(__name__)


@functools.cache
def memory() -> float:
    """Bytes that this program's processes may take together; infinite if nothing says."""
    limits = [_number(folder / name) for folder in _folders("memory") for name in ("memory.max", "memory.limit_in_bytes")]
    return min([_physical_memory(), *limits])


@functools.cache
def cores() -> float:
    """How many cores may be used: a quota of time counts as a part of them."""
    there = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min([there, *_quotas()])


def fitting(usual: T, small: T) -> T:
    """What is `usual`, or on a machine with little memory `small`."""
    return small if memory() < LITTLE else usual


def allow_files() -> float:
    """Raise the number of files that this process may have open as far as it may, and return it; infinity if nothing limits it.

    A visitor takes several: the page's socket, the run's stream, and what Streamlit keeps for each session, for the last 128
    even after they have gone. The usual limit of 1,024 is too low for a lecture hall.
    """
    try:
        import resource
    except ImportError:  # Windows
        return math.inf
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    if usual != resource.RLIM_INFINITY and usual < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS has a limit of its own below the hard one
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if allowed < FEW_FILES:
        _log.warning("%d files can be open at a time: enough for about %d visitors (ulimit -n)", allowed, allowed // FILES_EACH)
    return allowed


def cache_folder(name: str, platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> Path:
    """Where this user's programs keep what can be made again. Raises RuntimeError if the user has no home."""
    if platform == "win32":
        base = environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / name


def megabytes(setting: str, default: int, environment: Mapping[str, str] = os.environ) -> int:
    """Bytes, from a setting in megabytes; the default where it is not set, or says no number."""
    text = environment.get(setting, "").strip()
    try:
        wanted = float(text or default)
        if 0 <= wanted < math.inf:
            return int(wanted * 2**20)
    except ValueError:
        pass
    _log.warning("%s = %r is no number of megabytes; %d are used", setting, text, default)
    return default * 2**20


def _folders(controller: str) -> list[Path]:
    """The folders of this process's control group and of those above it. Where a container sees its own group as the root, only
    that one is there, whatever its name outside."""
    found = []
    for line in _text(MINE).splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers or controller in controllers.split(","):
            top = GROUPS / controller if controllers else GROUPS
            here = top / path.lstrip("/")
            found += [folder for folder in (here, *here.parents) if folder.is_relative_to(top)]
    return found


def _quotas() -> Iterator[float]:
    """Cores' worth of time: so many microseconds in every period."""
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
