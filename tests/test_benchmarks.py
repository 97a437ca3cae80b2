"""Rows of benchmarks that say by themselves what could not be measured."""

import json
import subprocess

import pytest

from benchmarks import peers


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            subprocess.CalledProcessError(1, ["pip"], stderr="much\nERROR: No matching distribution | found\n\n"),
            "distribution / found)",
        ),
        (subprocess.TimeoutExpired(["pip"], 300), "timed out after 300 seconds)"),
        (FileNotFoundError("no python"), "does not run here (no python)"),
        (json.JSONDecodeError("Expecting value", "", 0), "(Expecting value: line 1"),
    ],
)
def test_a_peer_that_does_not_run_says_so_in_its_row(monkeypatch, error, words):
    def measured(name):
        raise error

    monkeypatch.setattr(peers, "_measured", measured)
    for name, row in zip(peers.PEERS, peers.rows(), strict=True):
        assert row.peer.startswith(f"{name}: does not run here (") and words in row.peer and "\n" not in row.peer
        assert (row.ours, row.ratio) == ("–", "–")


def test_a_peer_that_runs_is_compared(monkeypatch):
    monkeypatch.setattr(peers, "_measured", lambda name: json.dumps({"name": f"{name} 1.0", "ours": 0.02, "peer": 0.08}))
    row, _ = peers.rows()
    assert (row.peer, row.ours, row.ratio) == ("torchinstruments 1.0: 80 ms", "20 ms", "0.25")
