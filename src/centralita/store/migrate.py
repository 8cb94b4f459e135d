"""Brings a database to the current schema, and says which schema it has."""

from __future__ import annotations

import logging
from pathlib import Path

import sqlalchemy as sa

from centralita.store.database import Database, Transaction

# One migration at a time, whoever else starts now; released with the transaction.
_LOCK = sa.text("select pg_advisory_xact_lock(7310582)")
_CURRENT = sa.text("select version_num from alembic_version")
_MIGRATIONS = Path(__file__).with_name("migrations")


# Whoever migrates is told what changed by what ``migrate`` returns.
logging.getLogger("alembic").setLevel(logging.WARNING)


def head() -> str:
    """The newest revision that this code knows: what the newest file's name begins with."""
    return max(file.name for file in (_MIGRATIONS / "versions").glob("[0-9]*_*.py")).partition("_")[0]


def current(tx: Transaction) -> str | None:
    """The revision that the database has; None for an empty one."""
    if not sa.inspect(tx).has_table("alembic_version"):
        return None
    revision: str | None = tx.execute(_CURRENT).scalar()
    return revision


async def migrate(database: Database, revision: str = "head") -> tuple[str | None, str | None]:
    """Upgrades in one transaction: killed half way, the next run starts from where it was. Returns (before, after)."""
    found = await database.read(current)
    if found == (head() if revision == "head" else revision):
        return found, found
    # It takes a while to import, hardly any start has something to upgrade, and nobody should wait for it locked out.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")

    def run(tx: Transaction) -> tuple[str | None, str | None]:
        if tx.dialect.name == "postgresql":
            tx.execute(_LOCK)
        before = current(tx)
        config.attributes["connection"] = tx
        command.upgrade(config, revision)
        return before, current(tx)

    return await database.write_patiently(run)
