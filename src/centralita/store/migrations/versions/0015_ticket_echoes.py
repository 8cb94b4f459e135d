"""What service desks are expected to tell back of what was written there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "ticket_echoes",
        sa.Column("event_id", _KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", _KEY, nullable=False),
        sa.Column("ticket", _KEY, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("heard", sa.Boolean(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "kind", name=op.f("pk_ticket_echoes")),
    )
    op.create_index("ix_ticket_echoes_source_ticket", "ticket_echoes", ["source", "ticket"])
    op.create_index("ix_ticket_echoes_at", "ticket_echoes", ["at"])
