"""What the lists and the overview ask for: events by what they are filtered by, and how many came in when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    for name in ("source", "type", "severity", "subject"):
        op.create_index(f"ix_events_{name}_day_id", "events", [name, "day", "id"])
    unmatched = sa.text("matched = '[]'")
    op.create_index("ix_events_unmatched", "events", ["day", "id"], sqlite_where=unmatched, postgresql_where=unmatched)
    op.create_index("ix_dead_letters_event_id", "dead_letters", ["event_id"])
    for name in ("actor", "action", "object"):
        op.create_index(f"ix_audit_{name}_seq", "audit", [name, "seq"])
    op.create_table(
        "arrival_minutes",
        sa.Column("source", _KEY, nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "start", name=op.f("pk_arrival_minutes")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_arrival_minutes_start", "arrival_minutes", ["start"])
    op.create_table(
        "arrival_days",
        sa.Column("source", _KEY, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("longest_gap_s", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("source", "day", name=op.f("pk_arrival_days")),
        sqlite_with_rowid=False,
    )
