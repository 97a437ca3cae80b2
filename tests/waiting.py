"""Waiting for a state."""

import time


def until(condition, seconds=200.0):
    """What `condition` gives once it is true; fails if that does not come within so many seconds."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "this state never came"
        time.sleep(0.005)
    return value
