"""Configuration items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _key(name: str, default: str | None = "") -> sa.Column[str]:
    return sa.Column(name, _KEY, server_default=default, nullable=False)


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def upgrade() -> None:
    op.create_table(
        "cis",
        _key("id", None),
        _key("source"),
        _key("external_id", None),
        *(_key(name) for name in ("name_key", "type", "status", "owner_email")),
        _text("said", "{}"),
        _text("edited", "{}"),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("read_at", sa.Double(), server_default="0", nullable=False),
        sa.Column("deleted_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cis")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_cis_source_external_id")),
    )
    op.create_index("ix_cis_name_key_id", "cis", ["name_key", "id"])
    op.create_index("ix_cis_external_id", "cis", ["external_id"])
    op.create_index("ix_cis_owner_email", "cis", ["owner_email"])
    op.create_table(
        "ci_grams",
        _key("gram", None),
        _key("ci", None),
        sa.PrimaryKeyConstraint("gram", "ci", name=op.f("pk_ci_grams")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ci_relations",
        *(_key(name, None) for name in ("ci", "kind", "other")),
        sa.Column("created_at", sa.Double(), nullable=False),
        _text("created_by"),
        sa.PrimaryKeyConstraint("ci", "kind", "other", name=op.f("pk_ci_relations")),
    )
    op.create_index("ix_ci_relations_other", "ci_relations", ["other"])
