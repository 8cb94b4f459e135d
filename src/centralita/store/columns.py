"""What the tables are made of: where they are gathered, and the types of columns that both databases share."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, Integer, Text

# SQLite gives only INTEGER PRIMARY KEY the rowid's speed; PostgreSQL's integer would overflow.
Serial = BigInteger().with_variant(Integer, "sqlite")

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Ids and keys compare byte by byte everywhere: an id's order is its time, whatever language the cluster sorts in.
Key = Text().with_variant(Text(collation="C"), "postgresql")


def text_column(name: str, default: str | None = "") -> Column[str]:
    """A text; null where ``default`` is None."""
    return Column(name, Text, nullable=default is None, server_default=default)
