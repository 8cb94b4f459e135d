"""The rows, in the order of the table."""

from __future__ import annotations

from benchmarks import deliver, footprint, ingest, latency, rules, through
from benchmarks.bench import Row

ROWS: list[Row] = [*ingest.ROWS, *deliver.ROWS, *through.ROWS, *latency.ROWS, *rules.ROWS, *footprint.ROWS]
