"""Small reads for people: lanes by id, finished deliveries around a dead letter. Nothing here takes a lock."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import dropwhile, islice

import msgspec
import sqlalchemy as sa

from centralita.core import ids
from centralita.store import events
from centralita.store.database import Transaction
from centralita.store.events import Filter, StoredEvent
from centralita.store.schema import dead_letters, history, lanes
from centralita.store.schema import events as event_table


class LaneName(msgspec.Struct, frozen=True):
    """How a lane is called, and where it leads."""

    id: int
    key: str
    destination: str
    target: str
    held_until: float
    hold_reason: str
    paused: bool
    paused_reason: str


def lane_names(tx: Transaction, lane_ids: Iterable[int]) -> dict[int, LaneName]:
    """Lanes by id."""
    columns = [lanes.c[name] for name in LaneName.__struct_fields__]
    query = sa.select(*columns).where(lanes.c.id.in_(sorted(set(lane_ids))))
    return {
        row.id: LaneName(**{**row._mapping, "paused": bool(row.paused)})  # SQLite has no booleans
        for row in tx.execute(query)
    }


class DeadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter with what its history and its event say."""

    id: int
    day: int
    event_id: str
    type: str
    """Of the event; "" when it is no longer kept, as its title."""
    title: str
    lane_id: int
    rule: str
    attempts: int
    created_at: float
    finished_at: float
    reason: str
    detail: str


def dead_rows(
    tx: Transaction, limit: int, after: int = 0, lane_id: int | None = None, since: float | None = None
) -> list[DeadRow]:
    """Dead letters, oldest first, from the one behind ``after``."""
    d, h, e = dead_letters.c, history.c, event_table.c
    joined = sa.and_(h.day == d.day, h.event_id == d.event_id, h.id == d.id)
    told = sa.func.coalesce
    query = sa.select(
        *(d.id, d.day, d.event_id, told(e.type, "").label("type"), told(e.title, "").label("title"), d.lane_id),
        *(h.rule, h.attempts, h.created_at, d.finished_at, d.reason, h.detail),
    ).select_from(
        dead_letters.join(history, joined).outerjoin(event_table, sa.and_(e.day == d.day, e.id == d.event_id))
    )
    query = query.where(d.id > after).order_by(d.id).limit(limit)
    if lane_id is not None:
        query = query.where(d.lane_id == lane_id)
    if since is not None:
        query = query.where(d.finished_at >= since)
    return [DeadRow(**dict(row._mapping)) for row in tx.execute(query)]


def dead_by_lane(tx: Transaction) -> dict[str, int]:
    """How many dead letters each lane has, by its key; lanes without one are left out."""
    count = sa.func.count()
    query = sa.select(lanes.c.key, count).select_from(dead_letters.join(lanes, lanes.c.id == dead_letters.c.lane_id))
    return {row[0]: row[1] for row in tx.execute(query.group_by(lanes.c.key).order_by(lanes.c.key))}


def event_of_dead(tx: Transaction, delivery_id: int) -> str | None:
    """The event of a dead letter."""
    return tx.execute(sa.select(dead_letters.c.event_id).where(dead_letters.c.id == delivery_id)).scalar()


def events_after(tx: Transaction, wanted: Filter, after: str, limit: int) -> list[StoredEvent]:
    """The first events that fit behind the event ``after`` ("" for the beginning), oldest first."""
    if after:
        begin_s = ids.time_ms(after) / 1000
        wanted = msgspec.structs.replace(wanted, since=max(wanted.since or 0.0, begin_s))
    # Since a millisecond, then behind the id: many events may share the millisecond.
    rows = events.oldest_first(tx, wanted, page=limit)
    return list(islice(dropwhile(lambda stored: stored.event.id <= after, rows), limit))


def matched_lately(tx: Transaction, limit: int) -> list[tuple[str, ...]]:
    """The rules that each of the last events matched."""
    table = event_table.c
    query = sa.select(table.matched).order_by(table.day.desc(), table.id.desc()).limit(limit)
    return [msgspec.json.decode(matched, type=tuple[str, ...]) for matched in tx.execute(query).scalars()]
