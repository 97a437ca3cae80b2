"""Whether there is something to make of a recording."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bnviz.config.experiment import Experiment
from bnviz.measures.registry import live_measures
from bnviz.record import ndjson
from bnviz.record.check import ERRORS, Damaged, check_lines
from bnviz.record.store import COMPLETE_STATUSES

VERSIONS = {"bnviz", "torch", "python"}  # that a header names


class ExportError(ValueError):
    """A run that a file cannot be made of; the message says why."""


class InvalidRecording(ExportError):
    """A recording that has not ended well, or that this release did not make; the message says which."""


def check_recording(recording: bytes) -> None:
    """Raise InvalidRecording for a file that does not hold a whole recording, down to its last array: it may be damaged."""
    experiment = Experiment.of_recording(validated_header(recording)["experiment"])
    measured = [key for measure in live_measures() for key in measure.keys]
    try:
        check_lines(ndjson.split_lines(recording), experiment, measured)
    except Damaged as error:
        raise InvalidRecording(f"This recording cannot be used: {error}.") from None


def validated_header(recording: bytes) -> Mapping[str, Any]:
    """The header of a recording that has ended well; raises InvalidRecording."""
    lines = ndjson.split_lines(recording)
    try:
        if not lines or ndjson.kind(lines[0]) != "header" or not ndjson.is_end(lines[-1]):
            raise ValueError
        header, status = json.loads(lines[0]), ndjson.status(lines[-1])
        if status not in ndjson.STATUSES:
            raise ValueError
    except ERRORS:  # a line may be cut, and hold anything
        raise InvalidRecording("This is no whole recording: it needs a header, snapshots and an end.") from None
    if status not in COMPLETE_STATUSES:
        raise InvalidRecording(f"This run has {status}, so there is nothing to save.")
    try:
        same = Experiment.of_recording(header["experiment"]).id == header["id"] and header["versions"].keys() >= VERSIONS
    except ERRORS:
        same = False
    if not same and isinstance(header, dict) and "contents" in header:
        name = header["experiment"].get("dataset") if isinstance(header.get("experiment"), dict) else ""
        raise InvalidRecording(
            f"This recording is of the data set {name!s:.80}, which this program does not have, or not with the same contents."
        )
    if not same:
        raise InvalidRecording("This recording is of a sweep, or of another release of bnviz, so it cannot be exported.")
    return header
