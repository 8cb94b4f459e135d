"""The tables about who may get in: people and API tokens; ``store.schema`` has the others."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Double, Index, LargeBinary, Text

from centralita.store.columns import Key, Serial, metadata, text_column

users = sa.Table(
    "users",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    text_column("email"),
    text_column("slack_id"),
    Column("role", Text, nullable=False),
    text_column("password_hash"),
    text_column("locale"),
    Column("enabled", Boolean, nullable=False, server_default=sa.true()),
    Column("created_at", Double, nullable=False),
    # Of the IANA database; "" for the reader's own.
    text_column("timezone"),
    # "light", "dark", or "" for the reader's own.
    text_column("theme"),
    # Who the identity provider says this is: "issuer|sub"; "" for nobody.
    Column("oidc_subject", Key, nullable=False, server_default=""),
    Index(
        "uq_users_oidc_subject",
        "oidc_subject",
        unique=True,
        sqlite_where=sa.text("oidc_subject <> ''"),
        postgresql_where=sa.text("oidc_subject <> ''"),
    ),
    sqlite_autoincrement=True,
)

tokens = sa.Table(
    "tokens",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("prefix", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    Column("last_used_at", Double),
    sqlite_autoincrement=True,
)
