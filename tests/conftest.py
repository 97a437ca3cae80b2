"""What holds for all tests."""

import os
import signal
from pathlib import Path

from hypothesis import settings

settings.register_profile("loaded machine", deadline=None)  # how long one example takes says nothing about the code
settings.load_profile("loaded machine")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as under nohup: our children would inherit it, and some are interrupted
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ["BNVIZ_STORE"] = ""  # nothing is kept in the cache of whoever runs the tests, and nothing comes from there

SLOW = ("e2e", "engine", "train")  # folders, the slowest first


def pytest_collection_modifyitems(items):
    """Slow files first: those who run tests in parallel then end together."""
    items.sort(key=lambda item: next((place for place, name in enumerate(SLOW) if name in Path(item.path).parts), len(SLOW)))
