"""What a run may be taken away as, beside its page: by the name that its file has in an address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bnviz.web.export.archive import archive
from bnviz.web.export.notebook import notebook
from bnviz.web.export.series import series


@dataclass(frozen=True)
class File:
    """A kind of file: its ending, its media type, and what makes it of a recording and of the name of the recording's file."""

    ending: str
    media_type: str
    make: Callable[[bytes, str], bytes]


FILES: dict[str, File] = {
    "script.zip": File(".zip", "application/zip", lambda recording, _: archive(recording)),
    "notebook.ipynb": File(".ipynb", "application/x-ipynb+json", notebook),
    "series.csv": File(".csv", "text/csv", lambda recording, _: series(recording)),
}
