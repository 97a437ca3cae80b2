"""How the server fares: for load balancers and for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import bnviz
from bnviz import engine
from bnviz.record.ndjson import STATUSES
from bnviz.web.metrics import registry
from bnviz.web.rates import RATES, rates
from bnviz.web.routes.viewers import viewers


async def health(request: Request) -> Response:
    """For load balancers: 503 only if nothing can be computed."""
    alive, total = engine.shared().workers()
    body = {
        "status": "ok" if alive == total else "degraded",
        "workers": {"alive": alive, "wanted": total},
        "version": bnviz.__version__,
    }
    return JSONResponse(body, 200 if alive else 503, {"Cache-Control": "no-store"})


async def alive(request: Request) -> Response:
    """Whether the process answers at all: 200. A supervisor that gets no answer should restart it."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def ready(request: Request) -> Response:
    """Whether a new visitor is served here: 503 while it ends, and while nothing can be computed."""
    able, _ = engine.shared().workers()
    reason = "ending" if viewers.closing else "no worker" if not able else None
    return JSONResponse({"status": reason or "ok"}, 503 if reason else 200, {"Cache-Control": "no-store"})


async def metrics(request: Request) -> Response:
    """For Prometheus, text format 0.0.4."""
    headers = {"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
    return Response(generate_latest(registry), headers=headers)


class _Engine(Collector):
    """The numbers of the engine that pages and routes share, taken when they are asked for."""

    def collect(self) -> Iterator[Metric]:
        shared = engine.shared()
        store, counters, counts, (alive, _) = shared.store, shared.counters, shared.state_counts(), shared.workers()
        endings = CounterMetricFamily("bnviz_runs_ended", "Runs that ended, by status.", labels=["status"])
        for status in STATUSES:
            endings.add_metric([status], shared.endings.get(status, 0))
        yield endings
        yield _counter("runs_requested", "Experiments that pages asked for.", counters.requested)
        yield _counter("runs_started", "Runs given to a worker.", counters.started)
        yield _gauge("runs_active", "Runs and sweeps that have not ended.", len(store.live()))
        yield _gauge("runs_computing", "Runs and questions that are with a worker.", counts["computing"])
        yield _gauge("runs_waiting", "Runs and questions that wait for their turn.", counts["waiting"])
        yield _gauge("runs_resting", "Suspended runs, without a viewer.", counts["resting"])
        yield _counter("runs_rested", "Times that a run was suspended because it had no viewer.", counters.suspended)
        yield _counter("runs_rejected", "Requests refused because too many runs were waiting.", counters.rejected)
        refused = CounterMetricFamily("bnviz_requests_refused", "Requests beyond a client's limit, by kind.", labels=["kind"])
        for kind in RATES:
            refused.add_metric([kind], rates.refused[kind])
        yield refused
        yield _gauge(
            "silence_seconds", "How long the run that is computed has had no new line; the longest.", shared.stall_seconds()
        )
        yield _counter("store_hits", "Requests answered by a finished recording.", counters.store_hits)
        yield _counter("store_write_errors", "Recordings that could not be written.", store.write_errors)
        yield _counter("store_read_errors", "Recordings that could not be read.", store.read_errors)
        yield _gauge("workers_alive", "Worker processes.", alive)
        yield _counter("worker_restarts", "Workers replaced after they ended.", counters.worker_restarts)
        yield _counter("worker_retirements", "Workers replaced because they had grown.", counters.worker_retirements)
        yield _counter("snapshots_recorded", "Snapshots taken from workers.", counters.snapshots)
        yield _counter("recorded_bytes", "Bytes taken from workers, before compression.", counters.bytes)
        yield _gauge("recordings_memory_bytes", "Compressed recordings in memory.", store.nbytes)
        yield _gauge("viewers", "Readers of live recordings.", len(viewers))


def _counter(name: str, help: str, value: float) -> Metric:
    """A number that only grows; the format adds ``_total`` to its name."""
    return CounterMetricFamily(f"bnviz_{name}", help, value)


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(f"bnviz_{name}", help, value)


registry.register(_Engine())
