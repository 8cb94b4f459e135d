"""What is to happen at a time, events that wait to be completed, and what is known of tickets, clients and assets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("dead_letters", sa.Column("ordering_key", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "timers",
        sa.Column("kind", _KEY, nullable=False),
        sa.Column("key", _KEY, nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_timers")),
    )
    op.create_index("ix_timers_due_at", "timers", ["due_at"])
    op.create_table(
        "parked",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("source", _KEY, nullable=False),
        sa.Column("subject", _KEY, nullable=False),
        sa.Column("event_id", _KEY, nullable=False),
        sa.Column("receipt_id", _KEY, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_parked")),
        sa.UniqueConstraint("event_id", name=op.f("uq_parked_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_parked_source_subject_seq", "parked", ["source", "subject", "seq"])
    op.create_table(
        "records",
        sa.Column("kind", _KEY, nullable=False),
        sa.Column("source", _KEY, nullable=False),
        sa.Column("id", _KEY, nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("phase", sa.Text(), server_default="", nullable=False),
        sa.Column("severity", sa.Text(), server_default="", nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("event_id", _KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "source", "id", name=op.f("pk_records")),
    )
    op.create_index("ix_records_kind_updated_at", "records", ["kind", "updated_at"])
