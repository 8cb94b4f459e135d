"""What one destination was sent, newest first: deliveries, attempts, and what a replay has to know of them.

Rows come without what is long (payloads, bodies); each read is one walk down an index of the lane's, so that a slice
costs the same however much there is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store import events, history
from centralita.store.database import Transaction
from centralita.store.events import StoredEvent
from centralita.store.history import Attempt, Finished
from centralita.store.schema import attempts, deliveries
from centralita.store.schema import history as history_table


class DeliveryLine(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery, finished or not."""

    id: int
    day: int
    event_id: str
    state: str
    rule: str
    generation: int
    attempts: int
    created_at: float
    finished_at: float | None = None
    due_at: float | None = None
    reason: str = ""
    detail: str = ""


_SHARED = ("id", "event_id", "state", "rule", "generation", "attempts", "created_at", "reason")


def _literal(number: int) -> Any:
    # A plan that is made once for any limit ignores how small it is.
    return sa.literal_column(str(int(number)))


def newest_deliveries(tx: Transaction, lane_id: int, limit: int, before: int | None = None) -> list[DeliveryLine]:
    """Deliveries of a lane by number, the highest first, from the one below ``before``."""
    d, h = deliveries.c, history_table.c
    shared = tuple(d[name] for name in _SHARED)
    pending = sa.select(*shared, d.event_day.label("day"), d.due_at).where(d.lane_id == lane_id)
    ended = sa.select(*(h[name] for name in _SHARED), h.day, h.finished_at, h.detail).where(h.lane_id == lane_id)
    if before is not None:
        pending, ended = pending.where(d.id < before), ended.where(h.id < before)
    found = [DeliveryLine(**row._mapping) for row in tx.execute(pending.order_by(d.id.desc()).limit(_literal(limit)))]
    found += [DeliveryLine(**row._mapping) for row in tx.execute(ended.order_by(h.id.desc()).limit(_literal(limit)))]
    return sorted(found, key=lambda row: -row.id)[:limit]


_LIGHT = tuple(
    name for name in Attempt.__struct_fields__ if name not in ("response", "request", "response_headers", "timings")
)
Place = tuple[float, int]
"""(started_at, delivery id) of an attempt"""


def newest_attempts(
    tx: Transaction, lane_id: int, limit: int, before: Place | None = None, since: float | None = None
) -> list[Attempt]:
    """Attempts of a lane, the newest first, from the one behind ``before``; without what was sent and said."""
    a = attempts.c
    query = sa.select(*(a[name] for name in _LIGHT)).where(a.lane_id == lane_id)
    if before is not None:
        at, delivery = before
        query = query.where(a.started_at <= at, sa.or_(a.started_at < at, a.delivery_id < delivery))
    if since is not None:
        query = query.where(a.started_at >= since)
    query = query.order_by(a.started_at.desc(), a.delivery_id.desc()).limit(_literal(limit))
    return [Attempt(**row._mapping) for row in tx.execute(query)]


def find_attempt(tx: Transaction, attempt_id: str) -> Attempt | None:
    """One attempt whole; None when there is none of that id."""
    parts = attempt_id.removeprefix("att_").split("_")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        return None
    day, delivery = int(parts[0]), int(parts[1])
    if day >= 1 << 31:
        return None
    found = history.attempts_of(tx, day, [delivery])
    return next((attempt for attempt in found if attempt.id == attempt_id), None)


def event_ids(tx: Transaction, lane_id: int, rows: Collection[tuple[int, int]]) -> dict[int, str]:
    """The events of deliveries; ``rows`` are (day of the event, number)."""
    numbers = sorted({number for _, number in rows})
    if not numbers:
        return {}
    d = deliveries.c
    found = {row.id: row.event_id for row in tx.execute(sa.select(d.id, d.event_id).where(d.id.in_(numbers)))}
    days = sorted({day for day, number in rows if number not in found})
    left = [number for number in numbers if number not in found]
    if left:
        h = history_table.c
        query = sa.select(h.id, h.event_id).where(h.lane_id == lane_id, h.id.in_(left), h.day.in_(days))
        found |= {row.id: row.event_id for row in tx.execute(query)}
    return found


def load_events(tx: Transaction, ids: Collection[tuple[int, str]]) -> dict[str, StoredEvent]:
    """Events by id; ``ids`` are (day, id). Those whose retention is over are left out."""
    return events.load(tx, {event_id for _, event_id in ids})


# ---- what a replay asks


def finished(tx: Transaction, lane_id: int, numbers: Sequence[int]) -> list[Finished]:
    """Finished deliveries of a lane, by number."""
    h = history_table.c
    query = sa.select(history_table).where(h.lane_id == lane_id, h.id.in_(numbers)).order_by(h.id)
    return [history.finished_of(row) for row in tx.execute(query)]


def pending(tx: Transaction, lane_id: int, numbers: Sequence[int]) -> set[int]:
    """Which of these are deliveries of the lane that are not finished."""
    d = deliveries.c
    return set(tx.execute(sa.select(d.id).where(d.lane_id == lane_id, d.id.in_(numbers))).scalars())


def waiting_events(tx: Transaction, lane_id: int, ids: Collection[str]) -> set[str]:
    """Which of these events have an unfinished delivery to the lane."""
    d = deliveries.c
    query = sa.select(d.event_id).where(d.event_id.in_(sorted(ids)), d.lane_id == lane_id)
    return set(tx.execute(query).scalars())


def ended(tx: Transaction, lane_id: int, ids: Collection[tuple[int, str]]) -> list[Finished]:
    """The finished deliveries of events to the lane, by number; ``ids`` are (day, id)."""
    h = history_table.c
    days, wanted = sorted({day for day, _ in ids}), sorted({event_id for _, event_id in ids})
    query = sa.select(history_table).where(h.day.in_(days), h.event_id.in_(wanted), h.lane_id == lane_id)
    return [history.finished_of(row) for row in tx.execute(query.order_by(h.id))]


def generations(tx: Transaction, ids: Collection[tuple[int, str]]) -> dict[str, int]:
    """The highest generation of any delivery of each event."""
    d, h = deliveries.c, history_table.c
    days, wanted = sorted({day for day, _ in ids}), sorted({event_id for _, event_id in ids})
    queries = (
        sa.select(d.event_id, sa.func.max(d.generation)).where(d.event_id.in_(wanted)).group_by(d.event_id),
        sa.select(h.event_id, sa.func.max(h.generation))
        .where(h.day.in_(days), h.event_id.in_(wanted))
        .group_by(h.event_id),
    )
    found: dict[str, int] = {}
    for query in queries:
        for event_id, generation in tx.execute(query):
            found[event_id] = max(found.get(event_id, 0), generation)
    return found


def last_revisions(tx: Transaction, rows: Iterable[Finished]) -> dict[int, int]:
    """The webhook's revision by which each delivery was tried last; those never tried are left out."""
    a = attempts.c
    wanted = list(rows)
    query = sa.select(a.delivery_id, a.revision).where(
        a.day.in_(sorted({row.day for row in wanted})), a.delivery_id.in_(sorted({row.id for row in wanted}))
    )
    return {row.delivery_id: row.revision for row in tx.execute(query.order_by(a.started_at))}
