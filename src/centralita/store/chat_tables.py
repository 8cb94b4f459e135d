"""The tables about what people do in Slack; ``store.schema`` has the others."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Table

from centralita.store.columns import Key, metadata

# What was carried out, by Slack's own id of it: a view's, a trigger's, an event's.
interactions = Table(
    "interactions",
    metadata,
    Column("key", Key, primary_key=True),
    Column("at", Double, nullable=False),
    Index("ix_interactions_at", "at"),
)
