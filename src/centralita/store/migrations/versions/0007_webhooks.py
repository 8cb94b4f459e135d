"""Outgoing webhooks that people make, lanes that stop by themselves, and attempts with what was sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str, default: str | None = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=default is None)


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("name", _KEY, nullable=False),
        sa.Column("origin", sa.Text(), server_default="database", nullable=False),
        _text("description"),
        _text("address"),
        _text("types", "[]"),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        _text("spec", "{}"),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.Double(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.Double(), server_default="0", nullable=False),
        sa.Column("removed_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_webhooks")),
    )
    op.create_index("ix_webhooks_version", "webhooks", ["version"])
    op.create_table(
        "webhook_revisions",
        sa.Column("name", _KEY, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        _text("spec", "{}"),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("name", "revision", name=op.f("pk_webhook_revisions")),
    )
    op.add_column("lanes", _text("paused_reason"))
    op.add_column("lanes", sa.Column("failing_since", sa.Double(), nullable=True))
    op.add_column("lanes", sa.Column("warned", sa.Integer(), server_default="0", nullable=False))
    op.add_column("attempts", sa.Column("lane_id", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("attempts", _text("request"))
    op.add_column("attempts", _text("response_headers"))
    op.add_column("attempts", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_attempts_lane_id_started_at", "attempts", ["lane_id", "started_at"])
