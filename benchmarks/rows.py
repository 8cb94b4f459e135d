"""The rows, in the order of the table."""

from __future__ import annotations

from benchmarks import ingest
from benchmarks.bench import Row

ROWS: list[Row] = [*ingest.ROWS]
