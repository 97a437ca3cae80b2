"""One node process for all tests of the browser's modules."""

from collections.abc import Iterator

import pytest

from tests.web.desk import Desk


@pytest.fixture(scope="session")
def desk() -> Iterator[Desk]:
    running = Desk()
    yield running
    running.close()
