"""The tables of what came in when; ``store.schema`` has the others."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Double, Index, Integer

from centralita.store.columns import Key, metadata

# Events that were routed, by source and minute.
arrival_minutes = sa.Table(
    "arrival_minutes",
    metadata,
    Column("source", Key, nullable=False),
    # When the minute begins, in seconds since 1970.
    Column("start", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    sa.PrimaryKeyConstraint("source", "start"),
    Index("ix_arrival_minutes_start", "start"),
    sqlite_with_rowid=False,
)

# How often a source sends, and how long it was silent at most: what is usual for it follows from some days of these.
arrival_days = sa.Table(
    "arrival_days",
    metadata,
    Column("source", Key, nullable=False),
    Column("day", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    # Between two routings of which the later one was on this day.
    Column("longest_gap_s", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    sa.PrimaryKeyConstraint("source", "day"),
    sqlite_with_rowid=False,
)
