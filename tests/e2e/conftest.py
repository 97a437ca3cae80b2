"""One server a test session, one browser while these tests run, and a fresh page for every test."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.e2e.lab import Lab, Server, launch, serve


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


@pytest.fixture(scope="module")
def server_alone() -> Iterator[Server]:
    """A server for one file of tests: no run that other tests have left behind is counted, killed, or trains beside."""
    with serve() as running:
        yield running


# Plotly throws a few exceptions while it begins, and for each V8 reads all of it again to say where: half of that time.
QUICKER = "--js-flags=--no-enable-lazy-source-positions"


# Not for the session: Playwright keeps an event loop in this thread, and other tests could run none of their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            chromium = launch(playwright, QUICKER)
        except FileNotFoundError as error:
            pytest.fail(str(error), pytrace=False)
        with chromium:
            yield chromium


@pytest.fixture(scope="module")
def contexts(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A browser context for each set of options. What a browser has compiled of a script it keeps with the context."""
    made: dict[str, BrowserContext] = {}

    def with_options(**options: object) -> BrowserContext:
        key = repr(sorted(options.items()))
        if key not in made:
            made[key] = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **options})
        return made[key]

    yield with_options
    for context in made.values():
        context.close()


@pytest.fixture
def visit(contexts: Callable[..., BrowserContext], server: Server) -> Iterator[Callable[..., Lab]]:
    """Make a page in a context with these options; whoever breaks the network on purpose says `clean=False`."""
    labs: list[Lab] = []
    clean_ones: list[Lab] = []

    def new(clean: bool = True, **options: object) -> Lab:
        lab = Lab(contexts(**options).new_page(), server)
        labs.append(lab)
        if clean:
            clean_ones.append(lab)
        return lab

    yield new
    for lab in labs:
        lab.close()
    assert [trouble for lab in clean_ones for trouble in lab.troubles] == []


@pytest.fixture
def lab(visit: Callable[..., Lab]) -> Lab:
    """A page on a screen of ordinary size; the console must stay clean."""
    return visit()
