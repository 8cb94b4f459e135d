"""The tables of the lanes' statistics; ``store.schema`` has the others."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Double, Index, Integer

from centralita.core.rollups import BUCKETS, Grain
from centralita.store.columns import metadata

BUCKET_COLUMNS = tuple(f"h{number}" for number in range(BUCKETS))


def _rollup(name: str) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        Column("lane_id", BigInteger, nullable=False),
        # When the interval begins, in seconds since 1970.
        Column("start", BigInteger, nullable=False),
        *(
            Column(name, Integer, nullable=False, server_default="0")
            for name in ("successful", "slow", "error", "rejected")
        ),
        Column("total_ms", Double, nullable=False, server_default="0"),
        Column("fastest_ms", Double),
        Column("slowest_ms", Double, nullable=False, server_default="0"),
        # How many tries took how long: ``core.rollups.BOUNDS_MS``.
        *(Column(name, Integer, nullable=False, server_default="0") for name in BUCKET_COLUMNS),
        sa.PrimaryKeyConstraint("lane_id", "start"),
        # For what is made of all lanes at once: hours of minutes, and letting go of what is old.
        Index(f"ix_{name}_start", "start"),
        sqlite_with_rowid=False,
    )


lane_minutes = _rollup("lane_minutes")
lane_hours = _rollup("lane_hours")
lane_days = _rollup("lane_days")

ROLLUPS: dict[Grain, sa.Table] = {"minute": lane_minutes, "hour": lane_hours, "day": lane_days}
