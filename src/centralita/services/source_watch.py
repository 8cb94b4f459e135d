"""What comes to one source from now on: a look that waits until there is something to see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from centralita.core import ids
from centralita.services.hub import Hub
from centralita.services.sources import RejectionView, UnparsedView, rejection_view, unparsed_view
from centralita.store import events, rejections, sources
from centralita.store.database import Transaction

T = TypeVar("T")

MOST = 20
"""Of each kind in one answer; a sender that floods is not shown whole."""
LOOK_S = 1.0
"""On PostgreSQL what another process routed rings no bell here."""


@dataclass(frozen=True)
class Seen:
    """How far somebody has looked."""

    rejection: int
    """Number of the last rejection."""
    ulid: str
    """Of the last receipt that was routed; one as of a moment ago before the first."""

    def __str__(self) -> str:
        return f"{self.rejection}.{self.ulid}"


@dataclass(frozen=True)
class News:
    """What came, oldest first."""

    cursor: str
    """Give it back as ``after`` to go on from here."""
    events: list[str]
    """Ids of the routed events."""
    rejections: list[RejectionView]
    unparsed: list[UnparsedView]


def seen_of(cursor: str) -> Seen:
    """Raises ValueError."""
    number, _dot, ulid = cursor.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise ValueError(cursor)
    ids.time_ms(ulid)
    return Seen(int(number), ulid)


async def until(
    hub: Hub, topics: Sequence[str], wait_s: float, look: Callable[[], Awaitable[T | None]], *, always: bool = False
) -> T | None:
    """The first thing that ``look`` finds, looking anew whenever one of ``topics`` rings; None when the time is up.

    ``always``: not everything that is looked for rings, so that it is looked for every second on SQLite too.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    with hub.bell.listening(topics) as ear:
        while True:
            ear.clear()
            found = await look()
            left_s = deadline - loop.time()
            if found is not None or left_s <= 0 or hub.bell.closed:
                return found
            gap_s = min(left_s, LOOK_S) if always or hub.database.dialect == "postgresql" else left_s
            try:
                async with asyncio.timeout(gap_s):
                    await ear.wait()
            except TimeoutError:
                continue


async def watch(hub: Hub, slug: str, after: str, wait_s: float) -> News:
    """What came to a source behind ``after`` (a cursor; "" for now); waits up to ``wait_s`` until there is something.

    Raises LookupError for an unknown source, ValueError for a cursor that is none.
    """
    if slug not in hub.sources:
        raise LookupError(slug)
    if not after:
        # A little back, where another machine may have received something whose clock is behind ours.
        back_s = LOOK_S if hub.database.dialect == "postgresql" else 0.0
        ulid = ids.ulid(int((hub.clock.now() - back_s) * 1000), 0)
        last = await hub.database.read(lambda tx: rejections.last_id(tx, slug))
        return News(str(Seen(last, ulid)), [], [], [])
    seen = seen_of(after)

    async def look() -> News | None:
        news = await hub.database.read(lambda tx: _since(tx, slug, seen))
        return news if news.cursor != after else None

    return await until(hub, (slug,), wait_s, look) or News(after, [], [], [])


def _since(tx: Transaction, slug: str, seen: Seen) -> News:
    refused = rejections.after(tx, slug, seen.rejection, MOST)
    # All events of a receipt are routed at once: whoever was shown one of them is not shown the others later.
    routed = events.ids_after(tx, slug, seen.ulid, MOST)
    unread = sources.unparsed_after(tx, slug, f"rcp_{seen.ulid}", MOST)
    ulids = [each.split("_")[1] for each in (*routed, *(row.receipt_id for row in unread))]
    newest = Seen(max((row.id for row in refused), default=seen.rejection), max(ulids, default=seen.ulid))
    return News(str(newest), routed, [rejection_view(row) for row in refused], [unparsed_view(row) for row in unread])
