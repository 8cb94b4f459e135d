"""The tables about assets and their owners; ``store.schema`` has the others."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Double, Index, Integer

from centralita.store.columns import Key, metadata, text_column

# What we know of each asset beside what the inventory says, and what people decided about its owner.
assets = sa.Table(
    "assets",
    metadata,
    Column("id", Key, primary_key=True),
    text_column("name"),
    # As they are compared; "" where there is none, or the asset is no longer in the inventory.
    Column("serial_key", Key, nullable=False, server_default=""),
    Column("name_key", Key, nullable=False, server_default=""),
    # The owner at the last reading or as we last set it, "" for nobody; null: never read.
    text_column("known_owner", None),
    # When we last set it: what was read before knows nothing of that.
    Column("set_at", Double, nullable=False, server_default="0"),
    Column("locked", Boolean, nullable=False, server_default=sa.false()),
    Column("shared", Boolean, nullable=False, server_default=sa.false()),
    text_column("ignored"),
    # Why a person has to decide, "" when nobody has to.
    text_column("conflict"),
    text_column("account"),
    text_column("why", "{}"),
    Column("conflict_at", Double),
    # The plan that read it last.
    Column("read_by", Key, nullable=False, server_default=""),
    Column("read_at", Double, nullable=False, server_default="0"),
    Index("ix_assets_serial_key", "serial_key"),
    Index("ix_assets_name_key", "name_key"),
    Index("ix_assets_conflict_id", "conflict", "id"),
)

# One a day for each asset and account: how often a tool reports on a day says nothing about whose the asset is.
asset_sightings = sa.Table(
    "asset_sightings",
    metadata,
    # An id, serial:<key> or name:<key>.
    Column("asset", Key, nullable=False),
    Column("day", Integer, nullable=False),
    Column("account", Key, nullable=False),
    text_column("written"),
    Column("at", Double, nullable=False),
    text_column("source"),
    sa.PrimaryKeyConstraint("asset", "day", "account"),
    Index("ix_asset_sightings_day", "day"),
    sqlite_with_rowid=False,
)

asset_plans = sa.Table(
    "asset_plans",
    metadata,
    Column("id", Key, primary_key=True),
    Column("state", sa.Text, nullable=False),
    # Who is reading it; another process that took over has another.
    Column("run", Key, nullable=False, server_default=""),
    text_column("mode", "plan"),
    # JSON: the assets that it is about; [] for all.
    text_column("scope", "[]"),
    text_column("created_by"),
    Column("created_at", Double, nullable=False),
    Column("finished_at", Double),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer),
    text_column("counts", "{}"),
    text_column("fault"),
    text_column("applied_by"),
    Column("applied_at", Double),
    Column("ended_at", Double),
)

asset_plan_rows = sa.Table(
    "asset_plan_rows",
    metadata,
    Column("plan", Key, nullable=False),
    Column("asset", Key, nullable=False),
    text_column("name"),
    text_column("serial"),
    text_column("account"),
    Column("verdict", Key, nullable=False),
    # Of a change: planned, asked, changed... (core.assets.ROW_STEPS); "" for the others.
    Column("state", Key, nullable=False, server_default=""),
    text_column("sure"),
    text_column("why", "{}"),
    text_column("old_id"),
    text_column("old_name"),
    text_column("old_email"),
    text_column("new_id"),
    text_column("new_name"),
    text_column("new_email"),
    text_column("detail"),
    sa.PrimaryKeyConstraint("plan", "asset"),
    Index("ix_asset_plan_rows_plan_verdict_asset", "plan", "verdict", "asset"),
    Index("ix_asset_plan_rows_plan_state_asset", "plan", "state", "asset"),
)
