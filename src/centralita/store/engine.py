"""Which database program this is."""

from __future__ import annotations

import sqlalchemy as sa

from centralita.store.database import Transaction

WAL_MENDED = (3, 51, 3)
"""From this SQLite on, two connections that write or checkpoint at once cannot corrupt a WAL database. The hub has one
writer and is safe with any; another program beside it is not."""


def version(tx: Transaction) -> str:
    """``3.46.1``, ``16.4``."""
    query = "select sqlite_version()" if tx.dialect.name == "sqlite" else "show server_version"
    return str(tx.execute(sa.text(query)).scalar_one())
