"""How transactions run: a closure goes in, runs whole, and its result comes out after the commit.

``await database.write(fn)`` runs ``fn(tx)`` with a SQLAlchemy connection that is inside a transaction; ``fn`` is
synchronous, so no network call can happen while a transaction is open. ``read`` is the same without the right to write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import sqlalchemy as sa

T = TypeVar("T")
Transaction = sa.Connection


class StoreUnavailable(Exception):
    """The database did not take the transaction, or nobody knows whether it did. Nothing was answered as accepted."""

    def __init__(self, reason: str, *, outcome_unknown: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.outcome_unknown = outcome_unknown


class Conflict(Exception):
    """Somebody else changed what the transaction was decided on: read again and decide again."""


class Database(Protocol):
    """What both databases offer."""

    dialect: str
    """``sqlite`` or ``postgresql``."""

    async def write(self, fn: Callable[[Transaction], T], *, urgent: bool = False) -> T:
        """Runs ``fn`` in a transaction, commits durably, returns its result. What ``fn`` raises rolls it back.

        ``urgent``: somebody waits for the answer; where there is a queue, it goes before what nobody waits for.

        Raises StoreUnavailable when the database could not do it.
        """
        ...

    async def write_patiently(self, fn: Callable[[Transaction], T]) -> T:
        """As ``write``, for what may take as long as it takes: an index on a table of millions of rows."""
        ...

    async def read(self, fn: Callable[[Transaction], T]) -> T:
        """Runs ``fn`` on a read snapshot."""
        ...

    async def now(self) -> float:
        """The time by which leases are kept, in seconds since 1970."""
        ...

    def notify(self) -> None:
        """Wakes the other processes (PostgreSQL; nothing on SQLite, which has none)."""
        ...

    def on_notify(self, wake: Callable[[], None]) -> None:
        """Calls ``wake`` on the event loop whenever another process notified."""
        ...

    async def close(self) -> None: ...


async def open_database(url: str, *, readers: int = 4) -> Database:
    """Connects to ``sqlite:///path`` or ``postgresql://...``. The schema is not touched: see ``store.migrate``.

    Raises StoreUnavailable when it cannot be reached, ValueError for another scheme.
    """
    if url.startswith("sqlite:///"):
        from centralita.store.sqlite import SqliteDatabase

        return SqliteDatabase(url.removeprefix("sqlite:///"), readers=readers)
    if url.startswith(("postgresql://", "postgres://")):
        from centralita.store.postgres import PostgresDatabase

        return await PostgresDatabase.connect(url, pool_size=readers + 4)
    raise ValueError(f"database.url: {url.split(':', 1)[0]!r} is neither sqlite:/// nor postgresql://")
