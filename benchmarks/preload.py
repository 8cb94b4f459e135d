"""Deliveries that are due before the hub starts, made by the store's own bulk insert; for procrastinate, jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec

from benchmarks.progress import Progress
from benchmarks.traffic import DESCRIPTION
from centralita.core import ids
from centralita.core.effects import Effect, Payload, Subject
from centralita.core.events import Event
from centralita.store import deliveries, lanes
from centralita.store.database import Transaction, open_database
from centralita.store.deliveries import DeliveryRow
from centralita.store.migrate import migrate

CHUNK = 5000


def event(number: int, now_ms: int) -> Event:
    """A ticket's event, about 700 bytes as JSON."""
    return Event(
        id=f"evt_{ids.ulid(now_ms, number)}",
        source="bench",
        type="ticket.created",
        time="2026-01-01T00:00:00Z",
        subject=f"ticket/{number}",
        severity="high",
        title=f"Impresora {number} sin conexión",
        data={"ticket": {"id": str(number), "status": "Nuevo", "description": DESCRIPTION[:400]}},
    )


def _row(number: int, id_: int, lane_id: int, lane: int, now: float) -> DeliveryRow:
    fact = event(number, int(now * 1000))
    effect = Effect(rule=f"webhook:w{lane}", destination="webhook", target=f"w{lane}", audience="system")
    payload = Payload(event=fact, effect=effect, subject=Subject(source="bench", subject=fact.subject))
    return DeliveryRow(
        id=id_,
        lane_id=lane_id,
        ordering_key="",
        state="due",
        due_at=now - 60,
        event_day=ids.day(fact.id),
        event_id=fact.id,
        rule=effect.rule,
        created_at=now,
        payload=msgspec.json.encode(payload),
    )


def _fill(first: int, count: int, lane_ids: list[int]) -> Callable[[Transaction], None]:
    def fill(tx: Transaction) -> None:
        now = time.time()
        # Lane after lane in turn, as a fan-out leaves them.
        rows = [
            _row(number, id_, lane_ids[number % len(lane_ids)], number % len(lane_ids), now)
            for number, id_ in zip(range(first, first + count), deliveries.allocate_ids(tx, count), strict=True)
        ]
        deliveries.insert(tx, rows)

    return fill


async def _preload(url: str, count: int, lane_count: int, bar: Progress) -> None:
    database = await open_database(url)
    try:
        await migrate(database)
        wanted = {f"webhook:w{number}": ("webhook", f"w{number}") for number in range(lane_count)}
        found = await database.write(lambda tx: lanes.resolve(tx, wanted))
        lane_ids = [found[f"webhook:w{number}"] for number in range(lane_count)]
        for first in range(0, count, CHUNK):
            await database.write(_fill(first, min(CHUNK, count - first), lane_ids))
            bar.move(first / count)

        def look(tx: Transaction) -> None:
            for lane_id in lane_ids:
                lanes.look(tx, lane_id, 0.0)

        await database.write(look)
    finally:
        await database.close()


def preload(url: str, count: int, lane_count: int, bar: Progress) -> None:
    """``count`` due deliveries over the lanes of the webhooks ``w0``, ``w1``, ...; the schema is made."""
    asyncio.run(_preload(url, count, lane_count, bar))
