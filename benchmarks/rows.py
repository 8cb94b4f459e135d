"""The rows, in the order of the table."""

from __future__ import annotations

from benchmarks import dashboard, deliver, footprint, ingest, latency, rules, statistics, through, webhooks
from benchmarks.bench import Row

ROWS: list[Row] = [
    *ingest.ROWS,
    *deliver.ROWS,
    *webhooks.ROWS,
    *statistics.ROWS,
    *dashboard.ROWS,
    *through.ROWS,
    *latency.ROWS,
    *rules.ROWS,
    *footprint.ROWS,
]
