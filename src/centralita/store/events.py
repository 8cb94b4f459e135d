"""Normalised events, with what the rules made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.core import ids
from centralita.core.events import Event
from centralita.core.rules import Skipped
from centralita.store import bulk
from centralita.store.database import Transaction
from centralita.store.schema import events

_decoder = msgspec.json.Decoder(Event)
_matched = msgspec.json.Decoder(tuple[str, ...])
_skipped = msgspec.json.Decoder(tuple[Skipped, ...])


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event and its routing."""

    event: Event
    receipt_id: str
    routed_at: float
    ruleset: int
    """Version of the rules that it was routed by."""
    matched: tuple[str, ...]
    """Names of the rules that matched."""
    skipped: tuple[Skipped, ...] = ()
    """What a matching rule asked for and could not have."""


def append(tx: Transaction, rows: Sequence[StoredEvent]) -> None:
    """Appends events; one that is there already stays as it is."""
    bulk.insert(tx, events, [_row(stored) for stored in rows], ignore=True)


def _row(stored: StoredEvent) -> dict[str, Any]:
    event = stored.event
    return {
        "day": ids.day(event.id),
        "id": event.id,
        "receipt_id": stored.receipt_id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "severity": event.severity or "",
        "title": event.title,
        "status": event.status,
        "correlation": event.correlation,
        "cause": event.cause,
        "routed_at": stored.routed_at,
        "ruleset": stored.ruleset,
        "matched": msgspec.json.encode(stored.matched).decode(),
        "skipped": msgspec.json.encode(stored.skipped).decode(),
        "body": msgspec.json.encode(event),
    }


def stored_of(row: Any) -> StoredEvent:
    """A row of ``events``."""
    return StoredEvent(
        event=_decoder.decode(row.body),
        receipt_id=row.receipt_id,
        routed_at=row.routed_at,
        ruleset=row.ruleset,
        matched=_matched.decode(row.matched),
        skipped=_skipped.decode(row.skipped),
    )


def existing(tx: Transaction, event_ids: Sequence[str]) -> set[str]:
    """Which of these ids are stored."""
    if not event_ids:
        return set()
    days = sorted({ids.day(event_id) for event_id in event_ids})
    query = sa.select(events.c.id).where(events.c.day.in_(days), events.c.id.in_(event_ids))
    return set(tx.execute(query).scalars())


def get(tx: Transaction, event_id: str) -> StoredEvent | None:
    """One event; None when there is none (an id that is no ULID included)."""
    try:
        day = ids.day(event_id)
    except ValueError:
        return None
    row = tx.execute(sa.select(events).where(events.c.day == day, events.c.id == event_id)).first()
    return stored_of(row) if row is not None else None


def ids_after(tx: Transaction, source: str, ulid: str, limit: int) -> list[str]:
    """Ids of a source's events whose receipts are newer than ``ulid``, oldest first."""
    place = sa.tuple_(events.c.day, events.c.id)
    # "`" is next to "_": behind all events of the receipt itself. The day is said twice, for the partitions.
    behind = sa.tuple_(sa.literal(ids.day(ulid)), sa.literal(f"evt_{ulid}`"))
    query = sa.select(events.c.id).where(place > behind, events.c.day >= ids.day(ulid), events.c.source == source)
    return list(tx.execute(query.order_by(events.c.day, events.c.id).limit(limit)).scalars())


def ids_of_receipt(tx: Transaction, receipt_id: str) -> list[str]:
    """The events that a receipt has become, in their order."""
    found = events.c.receipt_id == receipt_id, events.c.day == ids.day(receipt_id)
    # The first one's id is the receipt's own, the others' have a number behind it.
    return sorted(tx.execute(sa.select(events.c.id).where(*found)).scalars(), key=lambda each: (len(each), each))


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: every field that is set must hold."""

    source: str = ""
    type: str = ""
    subject: str = ""
    severity: str = ""
    since: float | None = None
    until: float | None = None


def within(wanted: Filter, before: str, id_: sa.ColumnElement[str] | None = None) -> list[sa.ColumnElement[bool]]:
    """The times of a filter, and "behind the event ``before``", as conditions on events; on ``id_`` alone if given."""
    found: list[sa.ColumnElement[bool]] = []
    day, place = events.c.day, events.c.id if id_ is None else id_
    days: list[sa.ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(place >= f"evt_{ids.ulid(int(wanted.since * 1000), 0)}")
        days.append(day >= int(wanted.since // 86_400))
    if wanted.until is not None:
        found.append(place < f"evt_{ids.ulid(int(wanted.until * 1000), 0)}")
        days.append(day <= int(wanted.until // 86_400))
    if before:
        found.append(place < before)
        days.append(day <= ids.day(before))
    return found if id_ is not None else [*days, *found]


def newest(tx: Transaction, wanted: Filter, limit: int, before: str = "") -> list[StoredEvent]:
    """Newest first; ``before`` is the id of the last one of the page before."""
    query = sa.select(events).where(*within(wanted, before))
    for column in ("source", "type", "subject", "severity"):
        if value := getattr(wanted, column):
            query = query.where(events.c[column] == value)
    query = query.order_by(events.c.day.desc(), events.c.id.desc()).limit(sa.literal_column(str(int(limit))))
    return [stored_of(row) for row in tx.execute(query).all()]


def newest_id(tx: Transaction) -> str:
    """Id of the newest event; "" before the first."""
    query = sa.select(events.c.id).order_by(events.c.day.desc(), events.c.id.desc()).limit(sa.literal_column("1"))
    return tx.execute(query).scalar() or ""


def count_between(tx: Transaction, after: str, upto: str, most: int) -> int:
    """How many events there are behind ``after`` up to the event ``upto``, counted no further than ``most``."""
    c = events.c
    query = sa.select(c.id).where(c.day >= ids.day(after), c.day <= ids.day(upto), c.id > after, c.id <= upto)
    counted = query.limit(sa.literal_column(str(int(most)))).subquery()
    return int(tx.execute(sa.select(sa.func.count()).select_from(counted)).scalar_one())


def load(tx: Transaction, event_ids: Collection[str]) -> dict[str, StoredEvent]:
    """Events by id; those whose retention is over are left out."""
    if not event_ids:
        return {}
    days = sorted({ids.day(event_id) for event_id in event_ids})
    query = sa.select(events).where(events.c.day.in_(days), events.c.id.in_(sorted(event_ids)))
    return {row.id: stored_of(row) for row in tx.execute(query).all()}


def oldest_first(tx: Transaction, wanted: Filter, page: int = 500) -> Iterator[StoredEvent]:
    """All that fit, oldest first, read a page at a time: the memory that it takes does not grow with the log."""
    after_day, after = 0, ""
    query = sa.select(events).order_by(events.c.day, events.c.id).limit(page)
    for column in ("source", "type", "subject", "severity"):
        if value := getattr(wanted, column):
            query = query.where(events.c[column] == value)
    if wanted.since is not None:
        after_day, after = int(wanted.since // 86_400), f"evt_{ids.ulid(int(wanted.since * 1000), 0)}"
    if wanted.until is not None:
        query = query.where(events.c.id < f"evt_{ids.ulid(int(wanted.until * 1000), 0)}")
    while True:
        rows = tx.execute(query.where(events.c.day >= after_day, events.c.id > after)).all()
        yield from (stored_of(row) for row in rows)
        if len(rows) < page:
            return
        after_day, after = rows[-1].day, rows[-1].id
