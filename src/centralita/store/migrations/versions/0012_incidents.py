"""Incidents, their timeline and their events; who took charge of an alert."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, _KEY, nullable=False)


def upgrade() -> None:
    op.create_table(
        "incidents",
        sa.Column("number", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("assignee", _KEY, server_default="", nullable=False),
        _text("title"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_incidents")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_incidents_state_number", "incidents", ["state", "number"])
    op.create_table(
        "incident_keys",
        _key("key"),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "number", name=op.f("pk_incident_keys")),
    )
    op.create_index("ix_incident_keys_number", "incident_keys", ["number"])
    op.create_table(
        "incident_entries",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        _text("who"),
        _text("text"),
        _text("details", "{}"),
        sa.Column("message", _KEY, nullable=True),
        sa.Column("edited_at", sa.Double(), nullable=True),
        sa.Column("deleted_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_entries")),
        sa.UniqueConstraint("message", name=op.f("uq_incident_entries_message")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_incident_entries_number_id", "incident_entries", ["number", "id"])
    _create_events()


def _create_events() -> None:
    op.create_table(
        "incident_events",
        sa.Column("number", sa.BigInteger(), nullable=False),
        _key("source"),
        _key("subject"),
        sa.Column("episode", sa.Integer(), nullable=False),
        _key("phase"),
        _key("event_id"),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("number", "source", "subject", "episode", "phase", name=op.f("pk_incident_events")),
    )
    op.create_index("ix_incident_events_source_subject", "incident_events", ["source", "subject"])
    op.create_table(
        "acknowledgements",
        _key("source"),
        _key("subject"),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        _text("who"),
        _key("event_id"),
        sa.PrimaryKeyConstraint("source", "subject", "episode", name=op.f("pk_acknowledgements")),
    )
