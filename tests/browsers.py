"""Find the browsers of the tests, or get them.

`python -m tests.browsers` prints the path of each, or says in one line how to install it; `python -m tests.browsers chromium` is
for that one alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BrowserProgram:
    """A browser, or the driver that starts it."""

    title: str
    names: tuple[str, ...]  # of the program on the PATH, the best one first
    packages: tuple[str, ...]  # of Debian: the first one that can be had is enough
    companions: tuple[str, ...] = ()  # programs that it needs beside it
    companion_packages: tuple[str, ...] = ()
    playwright: str = ""  # Playwright's name for a build of its own, where it has one that we use

    @property
    def variable(self) -> str:
        """The environment variable that may name the program."""
        return self.title.upper()

    @property
    def how(self) -> str:
        """One line for somebody who has to install it."""
        packages = " ".join((self.packages[-1], *self.companion_packages))
        return (
            f"No {self.title} was found and none could be installed: "
            f"install it (apt install {packages}) or name it in {self.variable}."
        )


BROWSERS = {
    "chromium": BrowserProgram(
        "Chromium",
        # The headless shell, a Chromium without its window, opens the page with a quarter less work.
        ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
        ("chromium-headless-shell", "chromium"),  # older releases know only the second
        playwright="chromium",
    ),
    "firefox": BrowserProgram("Firefox", ("firefox-esr", "firefox"), ("firefox-esr",)),
    # WebKitGTK is what Linux has that is nearest to Safari. The driver finds its small browser, which wants a screen.
    "webkit": BrowserProgram("WebKit", ("WebKitWebDriver",), ("webkit2gtk-driver",), ("Xvfb",), ("xvfb",)),
}


def find(name: str = "chromium") -> str | None:
    """The path of a browser: the one that its variable names, one on the PATH, or Playwright's own.

    None if there is none, or if a companion is missing.
    """
    browser = BROWSERS[name]
    if not all(map(shutil.which, browser.companions)):
        return None
    named = os.environ.get(browser.variable)
    return named or next(filter(None, map(shutil.which, browser.names)), None) or _playwrights(browser)


def need(name: str = "chromium") -> str:
    """The path of a browser. Raises FileNotFoundError that says in one line how to get it."""
    if (path := find(name)) is None:
        raise FileNotFoundError(BROWSERS[name].how)
    return path


def _playwrights(browser: BrowserProgram) -> str | None:
    """The path of Playwright's own build; asked in another thread, as this one may have a Playwright at work."""
    from playwright.sync_api import sync_playwright

    def path() -> str:
        with sync_playwright() as playwright:
            return getattr(playwright, browser.playwright).executable_path

    if not browser.playwright:
        return None
    with ThreadPoolExecutor(1) as thread:
        build = Path(thread.submit(path).result())
    return str(build) if build.is_file() else None


def install(name: str) -> None:
    """Try Playwright's own download, then Debian's packages where this user may install them."""
    browser = BROWSERS[name]
    if browser.playwright:
        _run([sys.executable, "-m", "playwright", "install", browser.playwright])
    if find(name) is None and shutil.which("apt-get") and os.geteuid() == 0:
        _run(["apt-get", "update"])
        for package in browser.packages:
            if find(name) is None:
                _run(["apt-get", "install", "-y", "--no-install-recommends", package, *browser.companion_packages])


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{command[0]}: {error}", file=sys.stderr)


def main(names: list[str]) -> int:
    """Exit status 1 and one line for each browser that is not there in the end."""
    missing = 0
    for name in names or BROWSERS:
        if find(name) is None:
            install(name)
        path = find(name)
        print(path or BROWSERS[name].how, file=sys.stdout if path else sys.stderr)
        missing |= path is None
    return int(missing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
