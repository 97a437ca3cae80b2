"""The log as lines of JSON, for programs that gather logs: BNVIZ_LOG=json. No visitor's address or query is in it."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime

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


def set_up() -> None:
    """As BNVIZ_LOG says: if json, everybody who logs to a stream does so in lines of JSON, and runs are told, too."""
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
