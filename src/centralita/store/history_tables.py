"""The tables of what came of deliveries; ``store.schema`` has the others."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, Text

from centralita.store.columns import Key, metadata
from centralita.store.columns import text_column as _text

history = sa.Table(
    "history",
    metadata,
    Column("day", Integer, nullable=False),
    Column("event_id", Key, nullable=False),
    Column("id", BigInteger, nullable=False),
    Column("lane_id", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("generation", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("finished_at", Double, nullable=False),
    _text("reason"),
    _text("detail"),
    _text("reference"),
    Column("effect", LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint("day", "event_id", "id"),
    # What a destination was sent, newest first.
    Index("ix_history_lane_id_id", "lane_id", "id"),
    postgresql_partition_by="RANGE (day)",
)

# Dead letters wait for somebody: a small index of their own into history, so that finding them costs nothing.
dead_letters = sa.Table(
    "dead_letters",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Integer, nullable=False),
    Column("event_id", Key, nullable=False),
    Column("lane_id", BigInteger, nullable=False),
    Column("finished_at", Double, nullable=False),
    Column("reason", Text, nullable=False),
    _text("ordering_key"),
    Index("ix_dead_letters_lane_id_id", "lane_id", "id"),
    Index("ix_dead_letters_event_id", "event_id"),
)

attempts = sa.Table(
    "attempts",
    metadata,
    Column("day", Integer, nullable=False),
    Column("delivery_id", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("elapsed_ms", Double, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status", Integer, nullable=False, server_default="0"),
    _text("reason"),
    _text("detail"),
    _text("error"),
    _text("timings", "{}"),
    Column("response", LargeBinary),
    Column("lane_id", BigInteger, nullable=False, server_default="0"),
    # What was sent to whom, secrets masked, and which revision of the webhook said so.
    _text("request"),
    _text("response_headers"),
    Column("revision", Integer, nullable=False, server_default="0"),
    sa.PrimaryKeyConstraint("day", "delivery_id", "number", "started_at"),
    Index("ix_attempts_lane_id_started_at", "lane_id", "started_at"),
    postgresql_partition_by="RANGE (day)",
)
