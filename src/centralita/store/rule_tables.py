"""The tables about rules; ``store.schema`` has the others."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Double, Index, Integer, Text

from centralita.store.columns import Key, Serial, metadata, text_column

# The numbered versions that events are routed by.
rulesets = sa.Table(
    "rulesets",
    metadata,
    Column("version", Serial, primary_key=True, autoincrement=True),
    # Of what the file provides. Versions that people made by changing a rule of theirs have the file's digest too.
    Column("digest", Text, nullable=False),
    # What the file provides, as JSON; "" where people changed a rule: it is that of the newest version before with one.
    Column("body", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    # "file" or "database"
    text_column("origin"),
    sqlite_autoincrement=True,
)

# Rules that people made. A change never touches what a rule said: it ends the row and adds another, so that every
# version of the rules can be read again. In force at a version are the rows with since <= version < until.
stored_rules = sa.Table(
    "stored_rules",
    metadata,
    # The version by which it was made.
    Column("id", Integer, nullable=False),
    # The version from which on it is so.
    Column("since", Integer, nullable=False),
    # The first version in which it is no more so; null: it still is.
    Column("until", Integer),
    Column("name", Key, nullable=False),
    # They come after the file's rules, in this order.
    Column("position", Double, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=sa.true()),
    # Everything else that it says, as JSON.
    text_column("spec", "{}"),
    Column("created_at", Double, nullable=False),
    text_column("created_by"),
    Column("changed_at", Double, nullable=False),
    text_column("changed_by"),
    sa.PrimaryKeyConstraint("id", "since"),
    Index(
        "uq_stored_rules_name",
        "name",
        unique=True,
        sqlite_where=sa.text("until is null"),
        postgresql_where=sa.text("until is null"),
    ),
)
