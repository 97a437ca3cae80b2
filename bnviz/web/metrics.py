"""What the web process measures of itself, for bnviz/metrics. All of it may be called from any thread."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector, disable_created_metrics

disable_created_metrics()
registry = CollectorRegistry()
ProcessCollector(namespace="bnviz", registry=registry)  # memory, processor time, open files, and when it began
pages = Gauge("bnviz_pages_open", "Pages that browsers have open.", registry=registry)
page_seconds = Histogram(
    "bnviz_page_seconds",
    "How long a page's script took, each time it ran.",
    buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
    registry=registry,
)
script_wait_seconds = Histogram(
    "bnviz_script_wait_seconds",
    "How long a page's script, or a part of it, waited for its turn.",
    buckets=(0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
    registry=registry,
)
