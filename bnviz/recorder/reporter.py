"""Failures of measuring: logged, and no more."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_log = logging.getLogger("bnviz")


class Reporter:
    """Logs a failure once: measuring must never end a training, and should not fill its output."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    @contextmanager
    def attempt(self, what: str, consequence: str = "") -> Iterator[None]:
        """A block whose failure is logged, with its consequence, once for each `what`, and goes no further."""
        try:
            yield
        except (Exception, SystemExit) as error:  # a model may call sys.exit; Ctrl-C goes on
            if what not in self._seen:
                self._seen.add(what)
                reason = " ".join(str(error).split())[:300]
                _log.warning("%s could not be recorded: %s: %s%s", what, type(error).__name__, reason, consequence)
