"""What holds for all tests."""

import os
import signal
from pathlib import Path

from hypothesis import settings

settings.register_profile("loaded machine", deadline=None)  # how long one example takes says nothing about the code
settings.load_profile("loaded machine")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as under nohup: our children would inherit it, and some are interrupted
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ["OMP_NUM_THREADS"] = "1"  # all cores are taken by workers of pytest, and more threads would round differently
os.environ["BNVIZ_NICENESS"] = "0"  # all cores are busy: a sweep at the lowest priority would wait until the others have ended
os.environ["BNVIZ_STORE"] = ""  # nothing is kept in the cache of whoever runs the tests, and nothing comes from there

# Folders and files in the order in which they are begun, the most expensive first.
EXPENSIVE = ("e2e", "engine", "train", "test_contract.py", "test_script.py", "test_schema.py", "lessons")


def pytest_xdist_auto_num_workers(config):
    """One more than there are cores: browser tests wait a third of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items):
    """Expensive files first: workers of pytest then end together."""

    def rank(item):
        parts = Path(item.path).parts
        return next((index for index, name in enumerate(EXPENSIVE) if name in parts), len(EXPENSIVE))

    items.sort(key=rank)
