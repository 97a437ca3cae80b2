"""The log: one line for a socket that breaks off, and lines of JSON for programs that gather logs (BNVIZ_LOG=json). No visitor's
address or query is in these.
"""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime

from bnviz.web.compat import SOCKET_LOGGER

SETTING = "BNVIZ_LOG"
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonLines(logging.Formatter):
    """One object a line: when, how bad, by whom and what; what the call handed over in `extra`; an exception's text."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _USUAL},
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


class OneLine(logging.Filter):
    """Names an exception in place of its traceback: a page that is reloaded breaks its socket off, which is no error."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and (error := record.exc_info[1]):
            record.msg, record.args = "%s: %s", (record.getMessage(), described(error))
            record.exc_info = record.exc_text = None
        return True


def described(error: BaseException) -> str:
    """An exception in one line."""
    return " ".join(f"{type(error).__name__} {error}".split())


def set_up() -> None:
    """Have sockets that break off told in one line each.

    If BNVIZ_LOG is json, everybody who logs to a stream does so in lines of JSON, and runs are told, too.
    """
    socket_logger = logging.getLogger(SOCKET_LOGGER)
    if not any(isinstance(one, OneLine) for one in socket_logger.filters):
        socket_logger.addFilter(OneLine())
    if os.environ.get(SETTING, "").strip().lower() != "json":
        return
    package_logger = logging.getLogger("bnviz")
    package_logger.setLevel(logging.INFO)
    package_logger.propagate = False
    if not package_logger.handlers:
        package_logger.addHandler(logging.StreamHandler())
    for logger in (logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)):
        for handler in logger.handlers:
            handler.setFormatter(JsonLines())
