"""Carries out timers when they fall due. A timer is a row (``store.timers``), so that a restart forgets none.

A handler takes its timer away (``timers.take``) in the transaction that does the work, and sets it anew when it is to
come again. One that fails or is killed is tried again after ``LEASE_S``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import structlog

from centralita.store import timers
from centralita.store.database import Database, StoreUnavailable, Transaction
from centralita.store.timers import Timer

if TYPE_CHECKING:
    from centralita.services.clock import SystemClock
    from centralita.services.hub import Hub

log = structlog.get_logger(__name__)

LEASE_S = 60.0
LONGEST_WAIT_S = 5.0
"""A timer that another process set, or a transaction that does not know us, is noticed after this at the latest."""

Handler = Callable[["Hub", Timer], Awaitable[None]]


class Alarms:
    """Who carries out which kind of timer. ``run`` must be running."""

    def __init__(self, database: Database, clock: SystemClock) -> None:
        self._database, self._clock = database, clock
        self._handlers: dict[str, Handler] = {}
        self._periodic: list[str] = []
        self._wake = asyncio.Event()
        self._ringing: dict[tuple[str, str], asyncio.Task[None]] = {}

    def on(self, kind: str, handler: Handler) -> None:
        """Names the handler of a kind."""
        self._handlers[kind] = handler

    def every(self, kind: str, period_s: float, work: Callable[[Hub], Awaitable[None]]) -> None:
        """``work`` is done at every start, and then ``period_s`` after it ended; in one process at a time."""
        self._periodic.append(kind)

        async def again(hub: Hub, timer: Timer) -> None:
            try:
                await work(hub)
            finally:
                due_at = self._clock.now() + period_s
                await self._database.write(lambda tx: timers.set_timer(tx, kind, timer.key, due_at))

        self._handlers[kind] = again

    def look(self) -> None:
        """A timer was set."""
        self._wake.set()

    async def run(self, hub: Hub) -> None:
        """For ever; cancelled, it ends what it is carrying out."""
        started = False
        try:
            while True:
                wait_s = LONGEST_WAIT_S
                with contextlib.suppress(StoreUnavailable):
                    started = started or await self._start()
                with contextlib.suppress(StoreUnavailable):
                    wait_s = await self._carry_out(hub)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._wake.wait()
                self._wake.clear()
        finally:
            for task in self._ringing.values():
                task.cancel()
            await asyncio.gather(*self._ringing.values(), return_exceptions=True)

    async def _start(self) -> bool:
        now = self._clock.now()

        def set_all(tx: Transaction) -> None:
            for kind in self._periodic:
                timers.set_timer(tx, kind, "", now)

        if self._periodic:
            await self._database.write(set_all)
        return True

    async def _carry_out(self, hub: Hub) -> float:
        """Carries out what is due; how many seconds until there may be more."""
        now = self._clock.now()
        next_due = await self._database.read(timers.next_due)
        if next_due is None or next_due > now:
            return LONGEST_WAIT_S if next_due is None else min(LONGEST_WAIT_S, next_due - now)
        for timer in await self._database.write(lambda tx: timers.claim_due(tx, now, LEASE_S)):
            self.begin(hub, timer)
        return 0.0

    def begin(self, hub: Hub, timer: Timer) -> None:
        """Carries out a timer now; in a command too, which waits for no other."""
        key = (timer.kind, timer.key)
        if key not in self._ringing:  # one that takes long keeps no other from its time, and is not begun twice
            task = self._ringing[key] = asyncio.ensure_future(self._ring(hub, timer))
            task.add_done_callback(partial(self._rung, key))

    def _rung(self, key: tuple[str, str], _task: asyncio.Task[None]) -> None:
        self._ringing.pop(key, None)

    async def _ring(self, hub: Hub, timer: Timer) -> None:
        handler = self._handlers.get(timer.kind)
        if handler is None:
            log.warning("timer.unknown", kind=timer.kind, key=timer.key)  # of a newer version: it waits for that
            return
        try:
            await handler(hub, timer)
        except StoreUnavailable as fault:
            log.warning("timer.store_unavailable", kind=timer.kind, key=timer.key, reason=fault.reason)
        except Exception:  # it comes again after its lease
            log.exception("timer.failed", kind=timer.kind, key=timer.key)
