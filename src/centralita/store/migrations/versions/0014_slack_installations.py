"""The Slack workspaces that people connected, and the rights to do so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    op.create_table(
        "slack_installations",
        sa.Column("team_id", _KEY, nullable=False),
        _text("name"),
        sa.Column("domain", _KEY, server_default="", nullable=False),
        *(_text(name) for name in ("enterprise", "app_id", "bot_user", "scopes")),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        _text("installed_by"),
        sa.Column("installed_at", sa.Double(), nullable=False),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_slack_installations")),
    )
    op.create_table(
        "slack_grants",
        sa.Column("hash", _KEY, nullable=False),
        _text("kind"),
        _text("made_by"),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_slack_grants")),
    )
    op.create_index("ix_slack_grants_expires_at", "slack_grants", ["expires_at"])
