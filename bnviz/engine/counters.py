"""What an engine has counted, for bnviz/metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Counters:
    """Monotonic counters since the engine was created."""

    requested: int = 0
    started: int = 0
    store_hits: int = 0
    worker_restarts: int = 0
    worker_retirements: int = 0
    suspended: int = 0
    rejected: int = 0
    snapshots: int = 0
    bytes: int = 0
