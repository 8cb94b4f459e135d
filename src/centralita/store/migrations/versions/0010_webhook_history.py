"""What each destination was sent in its order, and failures of webhooks in groups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    op.create_index("ix_history_lane_id_id", "history", ["lane_id", "id"])
    op.create_table(
        "webhook_issues",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("lane_id", sa.BigInteger(), nullable=False),
        sa.Column("webhook", _KEY, nullable=False),
        sa.Column("key", _KEY, nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("event_id", _KEY, nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Text(), nullable=False),
        _text("detail"),
        _text("changed_by"),
        sa.Column("changed_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_issues")),
        sa.UniqueConstraint("lane_id", "key", name=op.f("uq_webhook_issues_lane_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhook_issues_state_count_id", "webhook_issues", ["state", "count", "id"])
