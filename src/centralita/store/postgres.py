"""PostgreSQL by asyncpg: a pool, ``synchronous_commit=on``, deadlocks tried again whole, one NOTIFY a batch."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from centralita.store.database import StoreUnavailable, Transaction

T = TypeVar("T")

CHANNEL = "centralita"
NOTIFY_GAP_S = 0.05  # NOTIFY serialises commits: at most 20 a second from each process
COMMAND_TIMEOUT_S = 15.0
RETRIES = 5
_NOTIFY = sa.text("select pg_notify(cast(:channel as text), cast(:sender as text))")
_TRY_AGAIN = {"40001", "40P01"}  # serialization_failure, deadlock_detected


def _async_url(url: str) -> sa.URL:
    parsed = sa.make_url(url.replace("postgres://", "postgresql://", 1))
    return parsed.set(drivername="postgresql+asyncpg")


def _engine(url: str, pool_size: int, command_timeout_s: float | None, lock_timeout: str) -> AsyncEngine:
    return create_async_engine(
        _async_url(url),
        pool_size=pool_size,
        max_overflow=4,
        pool_timeout=5,
        pool_use_lifo=True,
        connect_args={
            "timeout": 5,
            "command_timeout": command_timeout_s,
            "server_settings": {
                "application_name": "centralita",
                "synchronous_commit": "on",
                "idle_in_transaction_session_timeout": "20s",
                "lock_timeout": lock_timeout,
                "timezone": "UTC",
                "jit": "off",
            },
        },
    )


class PostgresDatabase:
    """See ``store.database.Database``."""

    dialect = "postgresql"

    def __init__(self, engine: AsyncEngine, url: str) -> None:
        self._engine, self._url = engine, url
        # One snapshot for all that a reading closure asks: two statements that each had their own could disagree.
        self._reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._wake: Callable[[], None] | None = None
        self._mine = secrets.token_hex(8)
        """What our notifications say, so that we do not heed them: who makes a change here looks at it without."""
        self._listener: asyncio.Task[None] | None = None
        self._notify_at = 0.0
        self._notify_later: asyncio.TimerHandle | None = None
        self._notifying: set[asyncio.Task[None]] = set()

    @classmethod
    async def connect(cls, url: str, *, pool_size: int) -> PostgresDatabase:
        """Raises StoreUnavailable when nobody answers there."""
        database = cls(_engine(url, pool_size, COMMAND_TIMEOUT_S, "10s"), url)
        await database.now()
        return database

    async def write(self, fn: Callable[[Transaction], T], *, urgent: bool = False) -> T:
        for left in range(RETRIES, -1, -1):
            try:
                return await self._transact(fn)
            except sa.exc.DBAPIError as fault:
                if left and getattr(fault.orig, "sqlstate", None) in _TRY_AGAIN:
                    continue
                raise _unavailable(fault) from fault
        raise AssertionError  # the last round returns or raises

    async def _transact(self, fn: Callable[[Transaction], T]) -> T:
        committing = False
        try:
            async with self._engine.connect() as connection:
                async with connection.begin() as transaction:
                    result = await connection.run_sync(fn)
                    committing = True
                    await transaction.commit()
                return result
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, sa.exc.TimeoutError) as fault:
            raise StoreUnavailable(type(fault).__name__, outcome_unknown=committing) from fault

    async def write_patiently(self, fn: Callable[[Transaction], T]) -> T:
        engine = _engine(self._url, 1, None, "0")
        try:
            return await PostgresDatabase(engine, self._url).write(fn)
        finally:
            await engine.dispose()

    async def read(self, fn: Callable[[Transaction], T]) -> T:
        try:
            async with self._reading.connect() as connection:
                return await connection.run_sync(fn)
        except (OSError, TimeoutError, asyncpg.InterfaceError, sa.exc.DBAPIError, sa.exc.TimeoutError) as fault:
            raise StoreUnavailable(type(fault).__name__) from fault

    async def now(self) -> float:
        def ask(tx: Transaction) -> float:
            return float(tx.execute(sa.text("select extract(epoch from clock_timestamp())::float8")).scalar_one())

        return await self.read(ask)

    # ---- waking the other processes

    def notify(self) -> None:
        if self._notify_later is not None:
            return
        loop = asyncio.get_running_loop()
        wait_s = max(0.0, self._notify_at + NOTIFY_GAP_S - time.monotonic())
        self._notify_later = loop.call_later(wait_s, self._notify_now)

    def _notify_now(self) -> None:
        self._notify_later = None
        self._notify_at = time.monotonic()
        task = asyncio.ensure_future(self._send_notify())
        self._notifying.add(task)
        task.add_done_callback(self._notifying.discard)

    async def _send_notify(self) -> None:
        with contextlib.suppress(StoreUnavailable):  # the others look once a second anyway
            await self.write(lambda tx: tx.execute(_NOTIFY, {"channel": CHANNEL, "sender": self._mine}) and None)

    def on_notify(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._listener = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        dsn = sa.make_url(self._url.replace("postgres://", "postgresql://", 1)).render_as_string(hide_password=False)
        while True:
            with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection = await asyncpg.connect(dsn, timeout=5)
                closed = asyncio.Event()
                try:
                    connection.add_termination_listener(lambda _connection, closed=closed: closed.set())
                    await connection.add_listener(CHANNEL, self._heard)
                    await closed.wait()
                finally:
                    connection.terminate()
            await asyncio.sleep(1)  # between tries to reconnect

    def _heard(self, _connection: Any, _pid: int, _channel: str, sender: str) -> None:
        if self._wake is not None and sender != self._mine:
            self._wake()

    async def close(self) -> None:
        for task in [self._listener, *self._notifying]:
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if self._notify_later is not None:
            self._notify_later.cancel()
        await self._engine.dispose()


def _unavailable(fault: sa.exc.DBAPIError) -> Exception:
    """Connection trouble, a full disk or a read-only server is the database's fault; anything else is ours."""
    state = getattr(fault.orig, "sqlstate", None) or ""
    ours = state[:2] in {"22", "23", "42"}
    if ours and not fault.connection_invalidated:
        return fault
    return StoreUnavailable(f"{type(fault.orig).__name__} {state}".strip(), outcome_unknown=True)
