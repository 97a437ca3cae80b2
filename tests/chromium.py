"""Find a Chromium for the browser tests, or get one: `python -m tests.chromium` prints its path or says how to install it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# The headless shell, a Chromium without its window, opens the page with a quarter less work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = "No Chromium was found and none could be installed: install one (apt install chromium) or name it in CHROMIUM."


def find() -> str | None:
    """The path of a Chromium: the one that CHROMIUM names, one on the PATH, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None) or _playwrights()


def _playwrights() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def install() -> None:
    """Try Playwright's own download, then Debian's package where this user may install it."""
    _quietly([sys.executable, "-m", "playwright", "install", "chromium"])
    if find() is None and shutil.which("apt-get") and os.geteuid() == 0:
        _quietly(["apt-get", "update"])
        for package in ("chromium-headless-shell", "chromium"):  # older releases know only the second
            if find() is None:
                _quietly(["apt-get", "install", "-y", "--no-install-recommends", package])


def _quietly(command: list[str]) -> None:
    try:
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{command[0]}: {error}", file=sys.stderr)


def main() -> int:
    """Exit status 1 and one line if there is no Chromium in the end."""
    if find() is None:
        install()
    path = find()
    print(path or HOW, file=sys.stdout if path else sys.stderr)
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main())
