"""The tables about outgoing webhooks; ``store.schema`` has the others."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, Text

from centralita.store.columns import Key, Serial, metadata, text_column

# Outgoing webhooks: those that people made (origin "database"), and for whoever reads the table a shadow of those of
# the file (origin "file"), which nobody but the file changes.
webhooks = sa.Table(
    "webhooks",
    metadata,
    Column("name", Key, primary_key=True),
    Column("origin", Text, nullable=False, server_default="database"),
    text_column("description"),
    # As people may see it: without what of the address is secret.
    text_column("address"),
    text_column("types", "[]"),
    Column("enabled", Boolean, nullable=False, server_default=sa.true()),
    # Everything that is no secret, as JSON.
    text_column("spec", "{}"),
    # Everything that is.
    Column("sealed", LargeBinary),
    Column("revision", Integer, nullable=False, server_default="1"),
    # Counts every change of any webhook: whoever has read up to one reads what is above it.
    Column("version", BigInteger, nullable=False, server_default="0"),
    Column("created_at", Double, nullable=False, server_default="0"),
    Column("updated_at", Double, nullable=False, server_default="0"),
    Column("removed_at", Double),
    Index("ix_webhooks_version", "version"),
)

# Each webhook as it was, for sending something again as it was sent then.
webhook_revisions = sa.Table(
    "webhook_revisions",
    metadata,
    Column("name", Key, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("at", Double, nullable=False),
    text_column("spec", "{}"),
    Column("sealed", LargeBinary),
    sa.PrimaryKeyConstraint("name", "revision"),
)

# Failures of the same kind at the same webhook, as one thing that people see to.
webhook_issues = sa.Table(
    "webhook_issues",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("lane_id", BigInteger, nullable=False),
    Column("webhook", Key, nullable=False),
    # ``core.failures.kind``
    Column("key", Key, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("count", BigInteger, nullable=False),
    Column("first_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    # The newest example.
    Column("event_id", Key, nullable=False),
    Column("delivery_id", BigInteger, nullable=False),
    Column("attempt", Text, nullable=False),
    text_column("detail"),
    text_column("changed_by"),
    Column("changed_at", Double),
    sa.UniqueConstraint("lane_id", "key"),
    Index("ix_webhook_issues_state_count_id", "state", "count", "id"),
    sqlite_autoincrement=True,
)
