"""What is asked of programs that read the whole web (RFC 9309)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

# The pages as they are may be found. Every combination of settings is an address, too, and would be a run to compute.
ROBOTS = """User-agent: *
Disallow: /*?
Disallow: /*bnviz/runs/
"""


async def robots(request: Request) -> Response:
    return PlainTextResponse(ROBOTS, headers={"Cache-Control": "public, max-age=86400"})
