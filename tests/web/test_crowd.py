"""Many visitors at once on a real server, without a browser."""

import asyncio

import pytest

from benchmarks.visitors import open_page
from tests.e2e.lab import serve

VISITORS = 60


@pytest.fixture(scope="module")
def server():
    with serve(settings={"BNVIZ_RUNS": "2"}) as running:
        yield running


@pytest.mark.slow
def test_visitors_who_read_nothing_leave_nothing_behind(server):
    """As programs do that open every address they find."""

    async def all_of_them():
        return await asyncio.gather(*(open_page(server, f"seed={900 + number}", b"") for number in range(VISITORS)))

    assert len(asyncio.run(all_of_them())) == VISITORS
    assert server.metric("runs_computing") <= 2
    for state in ("waiting", "computing"):
        server.await_metric(f"runs_{state}", 0)
    assert server.metric("runs_rested_total") > VISITORS / 2, "most were set aside before they had begun"
