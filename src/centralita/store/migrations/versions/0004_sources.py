"""Sources made by people can be removed, and what they have sent is still read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("sources", sa.Column("removed_at", sa.Double(), nullable=True))
