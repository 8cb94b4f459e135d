"""The tables about people at the dashboard: who is signed in, by what, and how they like to look at it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Double, Index, Integer, Text

from centralita.store.columns import Key, Serial, metadata, text_column

# Kept until they expire, ended ones too: from where somebody has signed in before says that it is no stranger.
sessions = sa.Table(
    "sessions",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("user_id", BigInteger, nullable=False),
    # SHA-256 of the newest token that the browser has shown, hex.
    Column("token_hash", Key, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    # When the newest token was made, shown yet or not.
    Column("rotated_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("ended_at", Double),
    text_column("user_agent"),
    text_column("address"),
    Index("ix_sessions_user_id_address", "user_id", "address"),
    Index("ix_sessions_expires_at", "expires_at"),
    sqlite_autoincrement=True,
)

# Every token that a session ever had, by its SHA-256: one that is shown after it was replaced tells of a theft.
session_tokens = sa.Table(
    "session_tokens",
    metadata,
    Column("hash", Key, primary_key=True),
    Column("session_id", BigInteger, nullable=False),
    Column("made_at", Double, nullable=False),
    # When the browser first showed a newer one.
    Column("spent_at", Double),
    Index("ix_session_tokens_session_id", "session_id"),
)

# Tries to sign in that were not good, by what they are counted for.
sign_in_failures = sa.Table(
    "sign_in_failures",
    metadata,
    Column("key", Key, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Double, nullable=False),
    Index("ix_sign_in_failures_last_at", "last_at"),
)

# Links by which somebody sets their password, once.
invitations = sa.Table(
    "invitations",
    metadata,
    # SHA-256 of the key in the link, hex.
    Column("hash", Key, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    text_column("made_by"),
    Column("expires_at", Double, nullable=False),
    Index("ix_invitations_expires_at", "expires_at"),
)

# A page's filters under a name.
saved_views = sa.Table(
    "saved_views",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("user_id", BigInteger, nullable=False),
    Column("page", Text, nullable=False),
    Column("name", Text, nullable=False),
    # The query string that the page is opened with.
    Column("query", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    sa.UniqueConstraint("user_id", "page", "name"),
    sqlite_autoincrement=True,
)
