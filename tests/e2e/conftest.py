"""One server a worker of pytest, one store for all of them, one browser, and tabs that tests use one after the other.

A new tab costs 2.6 to 3.2 seconds, another page in a tab that is there 1.1 to 1.5.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from tests.e2e.lab import Lab, Server, launch, serve

# With a process for each site another tab costs a third less: what has been compiled is there.
# Plotly throws a few exceptions while it begins, and for each V8 reads all of it again to say where: half of that time.
V8_FLAGS = "--js-flags=--no-enable-lazy-source-positions"

SCREEN: ViewportSize = {"width": 1400, "height": 900}
CLIPBOARD = ["clipboard-read", "clipboard-write"]


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of recordings that all workers of pytest share: a run is trained once in a test session."""
    session = tmp_path_factory.getbasetemp()
    folder = (session if worker_id == "master" else session.parent) / "recordings"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def server(recordings: Path) -> Iterator[Server]:
    with serve(store=str(recordings)) as running:
        yield running


@pytest.fixture(scope="module")
def server_alone() -> Iterator[Server]:
    """A server for one file of tests: no run of other tests is counted, killed, trained beside, or there already."""
    with serve() as running:
        yield running


# Not for the session: Playwright keeps an event loop in this thread, and other tests could run none of their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            chromium = launch(playwright, V8_FLAGS, "--process-per-site")
        except FileNotFoundError as error:
            pytest.fail(str(error), pytrace=False)
        with chromium:
            yield chromium


class Tabs:
    """The browser's contexts, and their tabs that no test uses at the moment.

    What a browser has compiled of a script it keeps with the context, and a new one costs 7 CPU seconds: so there are as few as
    can be. Size, colours and motion are the tab's; only other options, as those of `PHONE`, need a context of their own.
    """

    def __init__(self, browser: Browser):
        self.browser = browser
        self.contexts: dict[str, BrowserContext] = {}
        self.idle: dict[str, list[Page]] = {}

    def open(
        self,
        server: Server,
        viewport: ViewportSize = SCREEN,
        color_scheme: str = "light",
        reduced_motion: str = "no-preference",
        **options: object,
    ) -> Lab:
        """A tab that is as if it were new."""
        key = repr(sorted(options.items()))
        if key not in self.contexts:
            self.contexts[key] = self.browser.new_context(viewport=SCREEN, permissions=CLIPBOARD, **options)
        idle = self.idle.setdefault(key, [])
        page = idle.pop() if idle else self.contexts[key].new_page()
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)
        return Lab(page, server, give_back=idle.append)

    def close(self) -> None:
        for context in self.contexts.values():
            context.close()


@pytest.fixture(scope="package")
def tabs(browser: Browser) -> Iterator[Tabs]:
    tabs = Tabs(browser)
    yield tabs
    tabs.close()


def visits(tabs: Tabs, server: Server) -> Iterator[Callable[..., Lab]]:
    """Open tabs for one test, or for one file of tests; what they are left with when it ends must be clean."""
    labs: list[Lab] = []
    clean_labs: list[Lab] = []

    def visit(clean: bool = True, **options: object) -> Lab:
        lab = tabs.open(server, **options)
        labs.append(lab)
        if clean:
            clean_labs.append(lab)
        return lab

    yield visit
    for lab in labs:
        lab.release()
    assert [trouble for lab in clean_labs for trouble in lab.troubles] == []


@pytest.fixture(scope="module")
def module_visit(tabs: Tabs, server: Server) -> Iterator[Callable[..., Lab]]:
    """As `visit`, for pages that all tests of a file use, each after `Lab.reset`."""
    yield from visits(tabs, server)


@pytest.fixture
def visit(tabs: Tabs, server: Server) -> Iterator[Callable[..., Lab]]:
    """Make a page in a context with these options; a test that breaks the network on purpose says `clean=False`."""
    yield from visits(tabs, server)


@pytest.fixture
def lab(visit: Callable[..., Lab]) -> Lab:
    """A page on a screen of ordinary size; the console must stay clean."""
    return visit()
