"""Normalised events, with what the rules made of them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterator, Sequence
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
    # "`" is next to "_": behind all events of the receipt itself.
    behind = placed(tx, operator.gt, f"evt_{ulid}`", ids.day(ulid))
    query = sa.select(events.c.id).where(*behind, events.c.source == source)
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


Compare = Callable[[Any, Any], Any]
"""Of ``operator``: ``lt``, ``le``, ``gt``, ``ge``."""


def placed(tx: Transaction, compare: Compare, event_id: str, day: int | None = None) -> list[sa.ColumnElement[bool]]:
    """That an event's place in the log (its day, then its id) is before or behind that of ``event_id``.

    As one place, so that an index is walked from there: with day and id apart SQLite walks from the end of the day,
    which may be hundreds of thousands of events away. ``day`` where ``event_id`` has none.
    """
    day = ids.day(event_id) if day is None else day
    place = sa.tuple_(events.c.day, events.c.id)
    found = [compare(place, sa.tuple_(sa.literal(day), sa.literal(event_id)))]
    if tx.dialect.name == "postgresql":  # only a day by itself says which partitions to leave out
        found.append((operator.le if compare in (operator.lt, operator.le) else operator.ge)(events.c.day, day))
    return found


def bounds(wanted: Filter, before: str) -> tuple[str, str]:
    """The times of a filter and "behind the event ``before``" as ids: from the first on, and before the second; "" for
    no bound."""
    first = "" if wanted.since is None else f"evt_{ids.ulid(int(wanted.since * 1000), 0)}"
    ends = [] if wanted.until is None else [f"evt_{ids.ulid(int(wanted.until * 1000), 0)}"]
    return first, min([*ends, before] if before else ends, default="")


def within(tx: Transaction, wanted: Filter, before: str) -> list[sa.ColumnElement[bool]]:
    """``bounds`` as conditions on events."""
    first, end = bounds(wanted, before)
    found = placed(tx, operator.ge, first) if first else []
    return [*found, *(placed(tx, operator.lt, end) if end else [])]


def newest(tx: Transaction, wanted: Filter, limit: int, before: str = "") -> list[StoredEvent]:
    """Newest first; ``before`` is the id of the last one of the page before."""
    query = sa.select(events).where(*within(tx, wanted, before))
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
    query = sa.select(events.c.id).where(*placed(tx, operator.gt, after), *placed(tx, operator.le, upto))
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
        query = query.where(*placed(tx, operator.lt, bounds(wanted, "")[1]))
    while True:
        rows = tx.execute(query.where(*placed(tx, operator.gt, after, after_day))).all()
        yield from (stored_of(row) for row in rows)
        if len(rows) < page:
            return
        after_day, after = rows[-1].day, rows[-1].id
