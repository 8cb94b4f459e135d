"""Brings a database to the current schema, and says which schema it has."""

from __future__ import annotations

import logging
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from centralita.store.database import Database, Transaction

# One migration at a time, whoever else starts now; released with the transaction.
_LOCK = sa.text("select pg_advisory_xact_lock(7310582)")


# Whoever migrates is told what changed by what ``migrate`` returns.
logging.getLogger("alembic").setLevel(logging.WARNING)


def _config(connection: Transaction | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def head() -> str:
    """The newest revision that this code knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None  # noqa: S101 - the package ships at least one revision
    return revision


def current(tx: Transaction) -> str | None:
    """The revision that the database has; None for an empty one."""
    return MigrationContext.configure(tx).get_current_revision()


async def migrate(database: Database, revision: str = "head") -> tuple[str | None, str | None]:
    """Upgrades in one transaction: killed half way, the next run starts from where it was. Returns (before, after)."""

    def run(tx: Transaction) -> tuple[str | None, str | None]:
        if tx.dialect.name == "postgresql":
            tx.execute(_LOCK)
        before = current(tx)
        command.upgrade(_config(tx), revision)
        return before, current(tx)

    return await database.write(run)
