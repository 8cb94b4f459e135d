"""News of events as they are routed, for lists that live: how many there are since, and which is the newest.

One loop of a process looks for all who listen, at most once a second, and only while somebody does. It looks when
something was routed here, or another process notified; where none does, once a second finds it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from centralita.core.rollups import floor
from centralita.services.bell import NOTIFIED, ROUTED
from centralita.store import arrivals, events
from centralita.store.database import StoreUnavailable, Transaction

if TYPE_CHECKING:
    from centralita.services.hub import Hub

log = structlog.get_logger(__name__)

GAP_S = 1.0
POLL_S = 1.0
BACK_S = 120.0
"""Another process's clock may be behind, and its transaction slow: so long a minute may still grow."""
MOST_COUNTED = 1_000
"""Of what a reader has missed before they listened; beyond, it matters to nobody how many there are."""


@dataclass(frozen=True)
class News:
    """What came since the listener began, or since the event that it knew."""

    count: int
    newest: str
    """Id of the newest event; "" before the first."""


class Tail:
    """What all listeners of a process share."""

    def __init__(self) -> None:
        self._ears: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None
        self._known: dict[int, int] = {}
        self._since = 0
        self._first = asyncio.Event()
        self.total = 0
        """Events that were routed since somebody began to listen."""
        self.newest = ""

    @contextmanager
    def listening(self, hub: Hub) -> Iterator[asyncio.Event]:
        """An event that is set when there may be news, and when nobody should wait any longer."""
        ear = asyncio.Event()
        self._ears.add(ear)
        if self._task is None or self._task.done():
            self._first = asyncio.Event()
            self._task = asyncio.ensure_future(self._run(hub, self._first))
        try:
            yield ear
        finally:
            self._ears.discard(ear)
            if not self._ears and self._task is not None:
                self._task.cancel()
                self._task = None

    async def begun(self) -> None:
        """Waits for the first look."""
        await self._first.wait()

    async def _run(self, hub: Hub, first: asyncio.Event) -> None:
        with hub.bell.listening((ROUTED, NOTIFIED)) as bell:
            while not hub.bell.closed:
                bell.clear()
                with contextlib.suppress(StoreUnavailable):  # it is looked for again in a second
                    await self._look(hub, begins=not first.is_set())
                    first.set()
                await asyncio.sleep(GAP_S)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S if hub.database.dialect == "postgresql" else None):
                        await bell.wait()
        first.set()
        self._wake()

    def _wake(self) -> None:
        for ear in self._ears:
            ear.set()

    async def _look(self, hub: Hub, *, begins: bool) -> None:
        now = hub.clock.now()
        since = floor(now - BACK_S, "minute") if begins else self._since

        def read(tx: Transaction) -> tuple[dict[int, int], str]:
            return arrivals.by_minute(tx, since), events.newest_id(tx)

        minutes, newest = await hub.database.read(read)
        came = 0 if begins else sum(max(0, count - self._known.get(start, 0)) for start, count in minutes.items())
        self._known, self._since = minutes, floor(now - BACK_S, "minute")
        self.newest = max(newest, "" if begins else self.newest)
        if came:
            self.total += came
            self._wake()


async def follow(hub: Hub, after: str = "") -> AsyncGenerator[News, None]:
    """News as they come, at most once a second, until the hub ends; close it when nobody listens any more.

    ``after``: the id of the newest event that the listener knows; if there are newer ones, they are the first news.
    """
    tail = hub.tail
    with tail.listening(hub) as ear:
        await tail.begun()
        base, newest = tail.total, tail.newest
        missed = 0
        if after and after < newest:
            missed = await hub.database.read(lambda tx: events.count_between(tx, after, newest, MOST_COUNTED))
            yield News(missed, newest)
        while not hub.bell.closed:
            ear.clear()
            if tail.total != base:
                base, missed = tail.total, missed + tail.total - base
                yield News(missed, tail.newest)
                continue
            await ear.wait()


async def newer(hub: Hub, after: str) -> News:
    """The same as one answer, for whoever asks now and then; nothing new for whoever knows of no event."""

    def read(tx: Transaction) -> News:
        newest = events.newest_id(tx)
        count = events.count_between(tx, after, newest, MOST_COUNTED) if after and after < newest else 0
        return News(count, newest)

    return await hub.database.read(read)
