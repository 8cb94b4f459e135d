"""The tables about what is asked of service desks; ``store.schema`` has the others."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Double, Index, Text

from centralita.store.columns import Key, metadata

# What a desk will tell back of what we wrote into it: a row for each thing it tells, until it did.
ticket_echoes = sa.Table(
    "ticket_echoes",
    metadata,
    # The event that asked for it.
    Column("event_id", Key, nullable=False),
    Column("kind", Text, nullable=False),
    Column("source", Key, nullable=False),
    Column("ticket", Key, nullable=False),
    Column("content", Text, nullable=False),
    Column("heard", Boolean, nullable=False),
    Column("ended", Boolean, nullable=False),
    Column("at", Double, nullable=False),
    sa.PrimaryKeyConstraint("event_id", "kind"),
    Index("ix_ticket_echoes_source_ticket", "source", "ticket"),
    Index("ix_ticket_echoes_at", "at"),
)
