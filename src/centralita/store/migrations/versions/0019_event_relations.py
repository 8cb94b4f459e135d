"""What an event page asks for: what an event led to, and what belongs together with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("events", sa.Column("cause", _KEY, server_default="", nullable=False))
    for name in ("cause", "correlation"):
        known = sa.text(f"{name} <> ''")
        op.create_index(f"ix_events_{name}", "events", [name], sqlite_where=known, postgresql_where=known)
    op.create_index("ix_approvals_subject", "approvals", ["subject"])
