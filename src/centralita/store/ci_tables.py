"""The tables of configuration items; ``store.schema`` has the others."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Double, Index, Integer

from centralita.store.columns import Key, metadata, text_column

cis = sa.Table(
    "cis",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source", Key, nullable=False, server_default=""),
    Column("external_id", Key, nullable=False),
    # As it is compared (``core.ci_search.fold``).
    Column("name_key", Key, nullable=False, server_default=""),
    # As they are now, for filters; the whole is made of said and edited.
    Column("type", Key, nullable=False, server_default=""),
    Column("status", Key, nullable=False, server_default=""),
    Column("owner_email", Key, nullable=False, server_default=""),
    # JSON: core.cis.Facts.
    text_column("said", "{}"),
    text_column("edited", "{}"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("read_at", Double, nullable=False, server_default="0"),
    Column("deleted_at", Double),
    sa.UniqueConstraint("source", "external_id"),
    Index("ix_cis_name_key_id", "name_key", "id"),
    Index("ix_cis_external_id", "external_id"),
    Index("ix_cis_owner_email", "owner_email"),
)

# What each CI is filed under: pieces of three letters, and whole words (``core.ci_search.filed_under``). Which those
# are follows from the CI, so that what has to go is known without an index by CI.
ci_grams = sa.Table(
    "ci_grams",
    metadata,
    Column("gram", Key, nullable=False),
    Column("ci", Key, nullable=False),
    sa.PrimaryKeyConstraint("gram", "ci"),
    sqlite_with_rowid=False,
)

ci_relations = sa.Table(
    "ci_relations",
    metadata,
    Column("ci", Key, nullable=False),
    Column("kind", Key, nullable=False),
    Column("other", Key, nullable=False),
    Column("created_at", Double, nullable=False),
    text_column("created_by"),
    sa.PrimaryKeyConstraint("ci", "kind", "other"),
    Index("ix_ci_relations_other", "other"),
)
