"""The lanes' statistics, by minutes, hours and days."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def upgrade() -> None:
    for name in ("lane_minutes", "lane_hours", "lane_days"):
        op.create_table(
            name,
            sa.Column("lane_id", sa.BigInteger(), nullable=False),
            sa.Column("start", sa.BigInteger(), nullable=False),
            *(_count(each) for each in ("successful", "slow", "error", "rejected")),
            sa.Column("total_ms", sa.Double(), server_default="0", nullable=False),
            sa.Column("fastest_ms", sa.Double(), nullable=True),
            sa.Column("slowest_ms", sa.Double(), server_default="0", nullable=False),
            *(_count(f"h{number}") for number in range(32)),
            sa.PrimaryKeyConstraint("lane_id", "start", name=op.f(f"pk_{name}")),
            sqlite_with_rowid=False,
        )
        op.create_index(f"ix_{name}_start", name, ["start"])
