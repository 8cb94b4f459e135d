"""The reference of the metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from centralita.services.metrics import HubMetrics
from pages.markdown import GENERATED, code, codes, page, table


def metrics_page() -> str:
    """Every metric with its kind and labels."""
    rows = [
        (code(name), kind, codes(labels), meaning) for name, kind, labels, meaning in described(HubMetrics().registry)
    ]
    return page(
        "# Metrics",
        "",
        GENERATED["en"],
        "",
        "`GET /metrics`, in Prometheus' text format, for a token with `metrics.read`. Labels are bounded: a source",
        "that is not configured is `other`. Counters and histograms count in one process; the gauges about queues are",
        "read from the database, so that",
        "every process of a hub shows the same.",
        "",
        *table(("Metric", "Kind", "Labels", "Meaning"), rows),
    )


def described(registry: CollectorRegistry) -> list[tuple[str, str, tuple[str, ...], str]]:
    """(name as scraped, kind, labels, meaning)."""
    found = []
    for collector in registry._collector_to_names:  # the client has no public list; labels without values show nowhere
        metric = next(iter(collector.collect()))
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        labels: tuple[str, ...] = getattr(collector, "_labelnames", ())
        found.append((name, metric.type, labels, metric.documentation))
    return sorted(found)
