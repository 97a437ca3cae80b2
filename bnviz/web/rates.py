"""Rate limits: a token bucket for each client and kind of costly request.

A client is the address that a connection comes from. A proxy's word about its client counts if the proxy's own
address is among those in FORWARDED_ALLOW_IPS, which uvicorn reads: 127.0.0.1 unless set. A lecture hall is often one address, so
the limits lie above what 300 students do, and mostly above what the server can do: they stop a program that takes all of it.
"""

from __future__ import annotations

import ipaddress
import logging
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from cachetools import LRUCache

from bnviz.engine.admission import Busy

Kind = Literal["page", "run", "sweep", "question", "picture", "film", "file"]
CLIENTS = 10_000  # with a bucket; the least recently used are evicted, and begin with a full one
SETTING = "BNVIZ_RATE"
_log = logging.getLogger(__name__)


class Rate(NamedTuple):
    """A bucket's capacity, and how many tokens flow in each second."""

    at_once: float
    a_second: float


RATES: dict[Kind, Rate] = {
    "page": Rate(1200, 20),  # opened, or opened again after the network was away
    "run": Rate(600, 10),  # that this server has not in memory
    "sweep": Rate(120, 1),
    "question": Rate(3000, 100),  # about a trained network
    "picture": Rate(300, 5),  # that was not drawn recently; the same holds for the next ones
    "film": Rate(60, 0.5),  # all of a run as a moving picture
    "file": Rate(300, 5),
}


class TooMany(Busy):
    """A client's bucket is empty; in `seconds` it holds a token again."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        super().__init__("More was asked for from this network address than this server allows at a time.")


class Rates:
    """The clients' token buckets. Methods may be called from any thread."""

    def __init__(self, times: float = 1.0, now: Callable[[], float] = time.monotonic):
        """All of RATES is multiplied by `times`; 0 means no limits."""
        self._times, self._now = times, now
        self._buckets: LRUCache[tuple[Kind, str], tuple[float, float]] = LRUCache(CLIENTS)  # tokens, and when they were counted
        self._lock = threading.Lock()
        self.refused: Counter[Kind] = Counter()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Rates:
        """As BNVIZ_RATE says: a number that all limits are multiplied by, 1 unless set; 0 for no limits."""
        text = environment.get(SETTING, "").strip() or "1"
        try:
            times = float(text)
            if not 0 <= times < math.inf:
                raise ValueError
        except ValueError:
            _log.warning("%s = %r is not a number of at least 0; 1 is used", SETTING, text)
            times = 1.0
        return cls(times)

    def spend(self, kind: Kind, client: str | None) -> None:
        """Take a token from the bucket of this client's address. Raises TooMany."""
        if not self._times:
            return
        at_once, a_second = (self._times * number for number in RATES[kind])
        key = kind, client_key(client)
        with self._lock:
            now = self._now()
            tokens, before = self._buckets.get(key, (at_once, now))
            tokens = min(at_once, tokens + a_second * (now - before))
            if tokens < 1:
                self.refused[kind] += 1
                raise TooMany((1 - tokens) / a_second)
            self._buckets[key] = tokens - 1, now


def client_key(client: str | None) -> str:
    """The key of a client: its address, or with IPv6 the network (/64) of one household or hall."""
    try:
        address = ipaddress.ip_address(client or "127.0.0.1")
    except ValueError:
        return str(client)[:64]
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or (ipaddress.ip_network((address, 64), strict=False) if address.version == 6 else address))


rates = Rates.from_environment()
