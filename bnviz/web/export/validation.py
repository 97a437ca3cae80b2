"""Whether there is something to make of a recording."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bnviz.config.experiment import Experiment
from bnviz.record import ndjson
from bnviz.record.store import KEPT

VERSIONS = {"bnviz", "torch", "python"}  # that a header names


class ExportError(ValueError):
    """A run that a file cannot be made of; the message says why."""


<<<<<<<< HEAD:bnviz/web/export/validation.py
class InvalidRecording(ExportError):
========
class IncompleteRecording(ExportError):
>>>>>>>> e0aa49d (One atomic write for all files, in bnviz/files.py; identity_fields, validated_header, evenly_spaced and std in place of homely words):bnviz/web/export/header.py
    """A recording that has not ended well, or that this release did not make; the message says which."""


def validated_header(recording: bytes) -> Mapping[str, Any]:
<<<<<<<< HEAD:bnviz/web/export/validation.py
    """The header of a recording that has ended well; raises InvalidRecording."""
========
    """The header of a recording that has ended well; raises IncompleteRecording."""
>>>>>>>> e0aa49d (One atomic write for all files, in bnviz/files.py; identity_fields, validated_header, evenly_spaced and std in place of homely words):bnviz/web/export/header.py
    lines = recording.splitlines(keepends=True)
    try:
        if not lines or ndjson.kind(lines[0]) != "header" or not ndjson.is_end(lines[-1]):
            raise ValueError
        header, status = json.loads(lines[0]), ndjson.status(lines[-1])
    except ValueError:  # a line may be cut
<<<<<<<< HEAD:bnviz/web/export/validation.py
        raise InvalidRecording("This is no whole recording: it needs a header, snapshots and an end.") from None
    if status not in KEPT:
        raise InvalidRecording(f"This run has {status}, so there is nothing to save.")
========
        raise IncompleteRecording("This is no whole recording: it needs a header, snapshots and an end.") from None
    if status not in KEPT:
        raise IncompleteRecording(f"This run has {status}, so there is nothing to save.")
>>>>>>>> e0aa49d (One atomic write for all files, in bnviz/files.py; identity_fields, validated_header, evenly_spaced and std in place of homely words):bnviz/web/export/header.py
    try:
        same = Experiment(**header["experiment"]).id == header["id"] and header["versions"].keys() >= VERSIONS
    except (AttributeError, KeyError, TypeError, ValueError):
        same = False
    if not same:
<<<<<<<< HEAD:bnviz/web/export/validation.py
        raise InvalidRecording("This recording is of a sweep, or of another release of bnviz, so nothing can be made of it.")
========
        raise IncompleteRecording("This recording is of a sweep, or of another release of bnviz, so nothing can be made of it.")
>>>>>>>> e0aa49d (One atomic write for all files, in bnviz/files.py; identity_fields, validated_header, evenly_spaced and std in place of homely words):bnviz/web/export/header.py
    return header
