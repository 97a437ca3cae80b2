"""How pages that were saved as files bring along what they need: with gzip, in base64.

A recording's arrays are packed as bytes, apart from its text: in base64 gzip finds less to save.
"""

from __future__ import annotations

import base64
import functools
import gzip
import re

from bnviz.web import assets

_ARRAY = re.compile(rb'"bdata":"([^"]*)"')


def split_arrays(recording: bytes) -> tuple[bytes, bytes]:
    """A recording whose arrays hold nothing but how many bytes they had, and these bytes in the same order."""
    arrays = [base64.b64decode(text) for text in _ARRAY.findall(recording)]
    sizes = iter(arrays)
    return _ARRAY.sub(lambda _: b'"bdata":%d' % len(next(sizes)), recording), b"".join(arrays)


@functools.cache
def packed_plotly() -> str:
    """Plotly, packed once a process: it takes most of a second."""
    return pack(assets.plotly_js().read_bytes(), 9)


def pack(contents: bytes, level: int = 6) -> str:
    """With gzip, in base64."""
    return base64.b64encode(gzip.compress(contents, level, mtime=0)).decode("ascii")
