"""Tests that interrupt processes work where SIGINT was ignored when pytest began, as under nohup or in the background."""

import signal
import subprocess
import sys

from tests import ROOT

CASES = [
    "tests/test_cli.py::test_a_signal_leaves_nothing_behind",
    "tests/test_api.py::test_workers_do_not_hear_ctrl_c",
    "tests/test_api.py::test_an_interruption_loses_nothing",
]


def test_interrupts_reach_the_processes_of_a_suite_that_ignores_them():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *CASES]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)
    )
    assert done.returncode == 0, done.stdout
