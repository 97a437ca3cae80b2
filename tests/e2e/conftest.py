"""One server a test session, one browser while these tests run, and a fresh context for every test."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

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


# Not for the session: Playwright keeps an event loop in this thread, and other tests could run none of their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            chromium = launch(playwright)
        except FileNotFoundError as error:
            pytest.fail(str(error), pytrace=False)
        with chromium:
            yield chromium


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Callable[..., Lab]]:
    """Make a page in a context of its own; whoever breaks the network on purpose says `clean=False`."""
    labs: list[Lab] = []
    contexts = []

    def new(clean: bool = True, **options: object) -> Lab:
        contexts.append(browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **options}))
        lab = Lab(contexts[-1], server)
        if clean:
            labs.append(lab)
        return lab

    yield new
    for context in contexts:
        context.close()
    assert [trouble for lab in labs for trouble in lab.troubles] == []


@pytest.fixture
def lab(visit: Callable[..., Lab]) -> Lab:
    """A page on a screen of ordinary size; the console must stay clean."""
    return visit()
