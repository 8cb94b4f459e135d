"""SQLite: one writer thread with the only writing connection, readers read-only, WAL, ``synchronous=FULL``.

The writer runs whatever closures queued while it was committing inside one transaction, each in a savepoint of its own,
and commits once: so a burst of small writes costs one sync, and a lone write waits for nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa

from centralita.store.database import StoreUnavailable, Transaction

T = TypeVar("T")

GROUP_LIMIT = 64
BUSY_TIMEOUT_MS = 1500  # below the 2 s that a sender waits, so that a locked file is answered 503 and not by silence
CHECKPOINT_ROWS = 1000
CHECKPOINT_PAGES = 1000
TRUNCATE_PAGES = 25_000  # 100 MB of WAL: make the readers let go, or it grows for ever


class _Work:
    __slots__ = ("error", "fn", "future", "loop", "result")

    def __init__(self, fn: Callable[[Transaction], Any], future: asyncio.Future[Any]) -> None:
        self.fn, self.future = fn, future
        self.loop = future.get_loop()
        self.result: Any = None
        self.error: BaseException | None = None

    def resolve(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def _resolve_all(group: list[_Work]) -> None:
    for work in group:
        work.resolve()


class SqliteDatabase:
    """See ``store.database.Database``."""

    dialect = "sqlite"

    def __init__(self, path: str, *, readers: int = 4) -> None:
        self._path = Path(path)
        self._offset_s = time.time() - time.monotonic()
        # What somebody waits for at the other end of a request goes first; one signal for each work in either line.
        self._urgent: deque[_Work] = deque()
        self._others: deque[_Work] = deque()
        self._signals: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._engine = sa.create_engine(
            f"sqlite:///{path}",
            isolation_level="AUTOCOMMIT",
            poolclass=sa.pool.NullPool,
            connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
        )
        uri = f"file:{quote(path)}?mode=ro&uri=true"
        self._read_engine = sa.create_engine(
            f"sqlite:///{uri}",
            isolation_level="AUTOCOMMIT",
            poolclass=sa.pool.SingletonThreadPool,
            pool_size=readers + 1,
        )
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="sqlite-reader")
        self._connection = self._open_writer()
        self._checked_rows = self._checked_pages = 0
        """Rows changed, and the WAL's length, at the last checkpoint."""
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()

    def _open_writer(self) -> sa.Connection:
        try:
            connection = self._engine.connect()
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "mmap_size=0",  # a torn page must be an error, not a signal
                "wal_autocheckpoint=0",  # the writer does it between transactions, so that no commit pays for it
                "foreign_keys=ON",
                "cache_size=-65536",
                "temp_store=MEMORY",
            ):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
        except sa.exc.DBAPIError as fault:
            raise StoreUnavailable(f"{self._path}: {fault.orig}") from fault
        return connection

    # ---- the event loop's side

    async def write(self, fn: Callable[[Transaction], T], *, urgent: bool = False) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if not self._thread.is_alive():
            raise StoreUnavailable("the database is closed")
        (self._urgent if urgent else self._others).append(_Work(fn, future))
        self._signals.put(True)
        return await future

    async def write_patiently(self, fn: Callable[[Transaction], T]) -> T:
        return await self.write(fn)

    async def read(self, fn: Callable[[Transaction], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, fn)

    def _read(self, fn: Callable[[Transaction], T]) -> T:
        try:
            with self._read_engine.connect() as connection:
                connection.exec_driver_sql("BEGIN")
                try:
                    return fn(connection)
                finally:
                    connection.exec_driver_sql("ROLLBACK")
        except sa.exc.OperationalError as fault:
            raise StoreUnavailable(str(fault.orig)) from fault

    async def now(self) -> float:
        # The only process there is keeps its own leases: a wall clock that is set meanwhile must not move them.
        return self._offset_s + time.monotonic()

    def notify(self) -> None:
        return

    def on_notify(self, wake: Callable[[], None]) -> None:
        return

    async def close(self) -> None:
        # The writer goes last: only then does SQLite bring the WAL into the file, so that the file alone is everything.
        await asyncio.get_running_loop().run_in_executor(None, self._readers.shutdown)
        self._read_engine.dispose()
        self._signals.put(False)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
        self._engine.dispose()

    # ---- the writer thread's side

    def _run(self) -> None:
        going, last_urgent = True, False
        while going or self._urgent or self._others:
            going = going and self._signals.get()
            # In turns, so that neither line keeps the other from its own.
            last_urgent = bool(self._urgent) and not (last_urgent and self._others)
            line = self._urgent if last_urgent else self._others
            group = [line.popleft() for _ in range(min(len(line), GROUP_LIMIT))]
            if not group:
                continue  # the work that this signal was for went with an earlier group
            self._commit_group(group)
            by_loop: dict[asyncio.AbstractEventLoop, list[_Work]] = {}
            for work in group:
                by_loop.setdefault(work.loop, []).append(work)
            for loop, works in by_loop.items():
                with contextlib.suppress(RuntimeError):  # that loop has ended, and nobody waits
                    loop.call_soon_threadsafe(_resolve_all, works)
            if not self._urgent and not self._others:
                self._checkpoint()
        with contextlib.suppress(sa.exc.DBAPIError):
            self._connection.close()

    def _commit_group(self, group: list[_Work]) -> None:
        committing = False
        try:
            self._connection.exec_driver_sql("BEGIN IMMEDIATE")
            for work in group:
                self._run_one(work)
            committing = True
            self._connection.exec_driver_sql("COMMIT")
        except Exception as fault:  # whatever it is, those who wait are told, and the thread lives on
            reason = str(getattr(fault, "orig", fault)) or type(fault).__name__
            for work in group:
                work.error = StoreUnavailable(reason, outcome_unknown=committing)
            with contextlib.suppress(sa.exc.DBAPIError, sqlite3.Error):
                self._connection.exec_driver_sql("ROLLBACK")

    def _run_one(self, work: _Work) -> None:
        self._connection.exec_driver_sql("SAVEPOINT work")
        try:
            work.result = work.fn(self._connection)
        except (sa.exc.OperationalError, sqlite3.OperationalError):
            raise  # the file's fault (full, read-only, locked), not the closure's: the whole group ends
        except BaseException as fault:  # handed to whoever awaits it
            work.error = fault
            self._connection.exec_driver_sql("ROLLBACK TO work")
        self._connection.exec_driver_sql("RELEASE work")

    def _checkpoint(self) -> None:
        # The WAL's length alone tells nothing: what has been checkpointed is written over, and the file stays as long.
        driver = self._connection.connection.driver_connection
        rows = driver.total_changes if driver is not None else 0
        try:
            pages = self._path.with_name(self._path.name + "-wal").stat().st_size // 4096
            if rows - self._checked_rows < CHECKPOINT_ROWS and pages - self._checked_pages < CHECKPOINT_PAGES:
                return
            truncates = pages > TRUNCATE_PAGES
            self._checked_rows, self._checked_pages = rows, 0 if truncates else pages
            self._connection.exec_driver_sql(f"PRAGMA wal_checkpoint({'TRUNCATE' if truncates else 'PASSIVE'})")
        except (OSError, sa.exc.DBAPIError):
            return  # the next commit meets the same fault and reports it
