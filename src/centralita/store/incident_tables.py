"""The tables about incidents; ``store.schema`` has the others."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, Text

from centralita.store.columns import Key, Serial, metadata, text_column

incidents = sa.Table(
    "incidents",
    metadata,
    Column("number", Serial, primary_key=True, autoincrement=True),
    Column("state", Text, nullable=False),
    Column("priority", Text, nullable=False),
    # ``Who.key`` of the assignee, "" for nobody.
    Column("assignee", Key, nullable=False, server_default=""),
    text_column("title"),
    Column("version", Integer, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("ix_incidents_state_number", "state", "number"),
    sqlite_autoincrement=True,
)

# By what later events are found to belong to an incident. Resolved ones have none: the table stays small.
incident_keys = sa.Table(
    "incident_keys",
    metadata,
    Column("key", Key, nullable=False),
    Column("number", BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("key", "number"),
    Index("ix_incident_keys_number", "number"),
)

# The timeline: what happened, and what was said.
incident_entries = sa.Table(
    "incident_entries",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("number", BigInteger, nullable=False),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    text_column("who"),
    text_column("text"),
    text_column("details", "{}"),
    # ``CHANNEL:TS`` of the message in Slack that said it; null for what was said elsewhere.
    Column("message", Key),
    Column("edited_at", Double),
    Column("deleted_at", Double),
    Index("ix_incident_entries_number_id", "number", "id"),
    sa.UniqueConstraint("message"),
    sqlite_autoincrement=True,
)

# Which events belong to it: each episode of a subject once when it begins and once when it ends.
incident_events = sa.Table(
    "incident_events",
    metadata,
    Column("number", BigInteger, nullable=False),
    Column("source", Key, nullable=False),
    Column("subject", Key, nullable=False),
    Column("episode", Integer, nullable=False),
    Column("phase", Key, nullable=False),
    Column("event_id", Key, nullable=False),
    Column("at", Double, nullable=False),
    sa.PrimaryKeyConstraint("number", "source", "subject", "episode", "phase"),
    Index("ix_incident_events_source_subject", "source", "subject"),
)

# Who took charge of an alert, once for each of its episodes.
acknowledgements = sa.Table(
    "acknowledgements",
    metadata,
    Column("source", Key, nullable=False),
    Column("subject", Key, nullable=False),
    Column("episode", Integer, nullable=False),
    Column("at", Double, nullable=False),
    text_column("who"),
    Column("event_id", Key, nullable=False),
    sa.PrimaryKeyConstraint("source", "subject", "episode"),
)
