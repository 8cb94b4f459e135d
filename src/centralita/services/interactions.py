"""What somebody does in Slack is carried out once: Slack may tell of it again, and people press again what seemed to
fail, because the hub ended between doing it and saying so."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from centralita.services.audit import Wrapped
from centralita.services.hub import Hub
from centralita.store import interactions
from centralita.store.database import StoreUnavailable, Transaction

T = TypeVar("T")

KEPT_S = 7 * 86_400.0
PATIENCE_S, RETRY_S = 8.0, 0.2


class AlreadyDone(Exception):
    """This very interaction was carried out before."""


class _Claiming(Wrapped):
    """A database whose first write transaction claims an interaction."""

    def __init__(self, hub: Hub, key: str) -> None:
        super().__init__(hub.database, self._claim)
        self._clock, self._key, self._claimed = hub.clock, key, False

    def _claim(self, tx: Transaction, fn: Callable[[Transaction], Any]) -> Any:
        if not self._claimed and not interactions.claim(tx, self._key, self._clock.now()):
            raise AlreadyDone(self._key)
        return fn(tx)

    async def write(self, fn: Callable[[Transaction], Any], *, urgent: bool = False) -> Any:
        result = await patiently(lambda: super(_Claiming, self).write(fn, urgent=True))  # Slack waits three seconds
        self._claimed = True  # only now: a transaction that was rolled back claimed nothing
        return result

    async def read(self, fn: Callable[[Transaction], T]) -> T:
        return await patiently(lambda: super(_Claiming, self).read(fn))


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Waits for a database that takes nothing just now (its file is locked, its connections are all in use), as long as
    somebody may wait too. Raises StoreUnavailable."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await work()
        except StoreUnavailable as fault:
            if fault.outcome_unknown or time.monotonic() > until:
                raise
        await asyncio.sleep(RETRY_S)


def claiming(hub: Hub, key: str) -> Hub:
    """The hub for one interaction: its first write transaction raises AlreadyDone if ``key`` was carried out before."""
    return dataclasses.replace(hub, database=_Claiming(hub, key))


async def forget(hub: Hub) -> None:
    """Lets go of what Slack will never tell again."""
    before = hub.clock.now() - KEPT_S
    await hub.database.write(lambda tx: interactions.forget(tx, before))


def join(hub: Hub) -> None:
    """Takes part in the hub's work."""
    hub.alarms.every("interactions.forget", 3600.0, forget)
