"""Assets and their owners: what was decided, who was seen, and the plans of changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str, default: str | None = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=default is None)


def _key(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, _KEY, server_default=default, nullable=False)


def upgrade() -> None:
    op.create_table(
        "assets",
        _key("id"),
        _text("name"),
        _key("serial_key", ""),
        _key("name_key", ""),
        _text("known_owner", None),
        sa.Column("set_at", sa.Double(), server_default="0", nullable=False),
        sa.Column("locked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        _text("ignored"),
        _text("conflict"),
        _text("account"),
        _text("why", "{}"),
        sa.Column("conflict_at", sa.Double(), nullable=True),
        _key("read_by", ""),
        sa.Column("read_at", sa.Double(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
    )
    op.create_index("ix_assets_serial_key", "assets", ["serial_key"])
    op.create_index("ix_assets_name_key", "assets", ["name_key"])
    op.create_index("ix_assets_conflict_id", "assets", ["conflict", "id"])
    op.create_table(
        "asset_sightings",
        _key("asset"),
        sa.Column("day", sa.Integer(), nullable=False),
        _key("account"),
        _text("written"),
        sa.Column("at", sa.Double(), nullable=False),
        _text("source"),
        sa.PrimaryKeyConstraint("asset", "day", "account", name=op.f("pk_asset_sightings")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_asset_sightings_day", "asset_sightings", ["day"])
    _create_plans()


def _create_plans() -> None:
    op.create_table(
        "asset_plans",
        _key("id"),
        sa.Column("state", sa.Text(), nullable=False),
        _key("run", ""),
        _text("mode", "plan"),
        _text("scope", "[]"),
        _text("created_by"),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        _text("counts", "{}"),
        _text("fault"),
        _text("applied_by"),
        sa.Column("applied_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_plans")),
    )
    texts = ("old_id", "old_name", "old_email", "new_id", "new_name", "new_email", "detail")
    op.create_table(
        "asset_plan_rows",
        _key("plan"),
        _key("asset"),
        _text("name"),
        _text("serial"),
        _text("account"),
        _key("verdict"),
        _key("state", ""),
        _text("sure"),
        _text("why", "{}"),
        *(_text(name) for name in texts),
        sa.PrimaryKeyConstraint("plan", "asset", name=op.f("pk_asset_plan_rows")),
    )
    op.create_index("ix_asset_plan_rows_plan_verdict_asset", "asset_plan_rows", ["plan", "verdict", "asset"])
    op.create_index("ix_asset_plan_rows_plan_state_asset", "asset_plan_rows", ["plan", "state", "asset"])
