"""What one destination was sent, newest first: deliveries, attempts, and what a replay has to know of them.

Rows come without what is long (payloads, bodies); each read is one walk down an index of the lane's, so that a slice
costs the same however much there is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.core.deliveries import FINAL
from centralita.store import events, history
from centralita.store.database import Transaction
from centralita.store.events import StoredEvent
from centralita.store.history import Attempt, Finished
from centralita.store.schema import attempts, deliveries
from centralita.store.schema import events as event_table
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


PENDING = frozenset({"waiting", "due", "in_flight", "held"})
ENDED = frozenset({*FINAL, "dead"})
_SHARED = ("id", "event_id", "state", "rule", "generation", "attempts", "created_at", "reason")
_OF_PENDING, _OF_ENDED = (*_SHARED, "day", "due_at"), (*_SHARED, "day", "finished_at", "detail")


def _literal(number: int) -> Any:
    # A plan that is made once for any limit ignores how small it is.
    return sa.literal_column(str(int(number)))


def number_at(tx: Transaction, lane_id: int, at: float) -> int:
    """A number that every delivery of the lane made before ``at`` lies below, and no later one: numbers grow with
    time, so it is found by halving, however many there are."""
    return max(_first_since(tx, table, lane_id, at) for table in (deliveries, history_table))


def _first_since(tx: Transaction, table: sa.Table, lane_id: int, at: float) -> int:
    t = table.c
    low, high = 0, (tx.execute(sa.select(sa.func.max(t.id)).where(t.lane_id == lane_id)).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        query = sa.select(t.id, t.created_at).where(t.lane_id == lane_id, t.id >= middle).order_by(t.id)
        row = tx.execute(query.limit(_literal(1))).first()
        if row is None or row.created_at >= at:
            high = middle
        else:
            low = row.id + 1
    return low


def newest_deliveries(
    tx: Transaction, lane_id: int, limit: int, before: int | None = None, state: str = ""
) -> list[DeliveryLine]:
    """Deliveries of a lane by number, the highest first, from the one below ``before``.

    ``state``: only where one of that state may be, among those that are finished or the others; they are not tested."""
    found = [] if state in ENDED else _pending(tx, lane_id, limit, before)
    found += [] if state in PENDING else _ended(tx, lane_id, limit, before)
    return sorted(found, key=lambda row: -row.id)[:limit]


def _pending(tx: Transaction, lane_id: int, limit: int, before: int | None) -> list[DeliveryLine]:
    d = deliveries.c
    numbers = sa.select(d.id).where(d.lane_id == lane_id)
    if before is not None:
        numbers = numbers.where(d.id < before)
    # The numbers first, which an index alone has: a lane may have a million rows, of which a page shows few.
    few = numbers.order_by(d.id.desc()).limit(_literal(limit)).subquery()
    columns = (*(d[name] for name in _SHARED), d.event_day.label("day"), d.due_at)
    query = sa.select(*columns).where(d.id.in_(sa.select(few.c.id)))
    return [DeliveryLine(**dict(zip(_OF_PENDING, row, strict=True))) for row in tx.execute(query).all()]


def _ended(tx: Transaction, lane_id: int, limit: int, before: int | None) -> list[DeliveryLine]:
    h = history_table.c
    query = sa.select(*(h[name] for name in _SHARED), h.day, h.finished_at, h.detail).where(h.lane_id == lane_id)
    if before is not None:
        query = query.where(h.id < before)
    rows = tx.execute(query.order_by(h.id.desc()).limit(_literal(limit))).all()
    return [DeliveryLine(**dict(zip(_OF_ENDED, row, strict=True))) for row in rows]


_LIGHT = tuple(
    name for name in Attempt.__struct_fields__ if name not in ("response", "request", "response_headers", "timings")
)
Place = tuple[float, int]
"""(started_at, delivery id) of an attempt"""


class AttemptFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which attempts: every field that is set must hold."""

    outcome: str = ""
    status: str = ""
    """A status (``503``), a class of them (``5xx``), or 0 for no response."""
    error: str = ""
    """An error's class, or a reason."""
    since: float | None = None
    until: float | None = None

    @property
    def tests(self) -> bool:
        """Whether some of what lies between its times may not fit."""
        return bool(self.outcome or self.status or self.error)


class Tried(msgspec.Struct, frozen=True):
    """What a slice of attempts has."""

    fitting: list[tuple[int, Attempt]]
    """Those that fit with their numbers in the slice, the newest first; without what was sent and said."""
    total: int
    last: Place | None
    """The last one that was looked at; None for an empty slice."""


def newest_attempts(
    tx: Transaction, lane_id: int, size: int, before: Place | None = None, wanted: AttemptFilter | None = None
) -> Tried:
    """Looks at the next ``size`` attempts of a lane, the newest first, from the one behind ``before``."""
    return _look(tx, _tried(lane_id, wanted or AttemptFilter(), before, sa.desc), size, sa.desc)


def oldest_attempts(tx: Transaction, lane_id: int, size: int, after: Place | None, wanted: AttemptFilter) -> Tried:
    """The same in the order of time, from the one behind ``after``."""
    return _look(tx, _tried(lane_id, wanted, after, sa.asc), size, sa.asc)


_Order = Callable[[Any], sa.UnaryExpression[Any]]


def _look(tx: Transaction, tried: sa.Select[Any], size: int, order: _Order) -> Tried:
    looked = tried.limit(_literal(size)).cte("looked")
    place = sa.func.row_number().over(order_by=(order(looked.c.started_at), order(looked.c.delivery_id)))
    total = sa.func.count().over()
    numbered = sa.select(*looked.c, place.label("number_in_slice"), total.label("total")).subquery()
    c = numbered.c
    # The last one comes along, whether it fits or not: from there the next slice begins.
    query = sa.select(numbered).where(sa.or_(c.fits, c.number_in_slice == c.total)).order_by(c.number_in_slice)
    rows = tx.execute(query).all()
    fitting = [(row.number_in_slice, Attempt(**dict(zip(_LIGHT, row, strict=False)))) for row in rows if row.fits]
    return Tried(fitting, rows[-1].total, (rows[-1].started_at, rows[-1].delivery_id)) if rows else Tried([], 0, None)


def _tried(lane_id: int, wanted: AttemptFilter, behind: Place | None, order: _Order) -> sa.Select[Any]:
    a = attempts.c
    fits: list[sa.ColumnElement[bool]] = [sa.true()]
    if wanted.outcome:
        fits.append(a.outcome == wanted.outcome)
    if wanted.status.endswith("xx"):
        least = int(wanted.status[0]) * 100
        fits.append(a.status.between(least, least + 99))
    elif wanted.status:
        fits.append(a.status == int(wanted.status))
    if wanted.error:
        fits.append(sa.or_(a.error == wanted.error, a.reason == wanted.error))
    query = sa.select(*(a[name] for name in _LIGHT), sa.and_(*fits).label("fits")).where(a.lane_id == lane_id)
    if behind is not None and order is sa.desc:
        at, delivery = behind
        query = query.where(a.started_at <= at, sa.or_(a.started_at < at, a.delivery_id < delivery))
    elif behind is not None:
        at, delivery = behind
        query = query.where(a.started_at >= at, sa.or_(a.started_at > at, a.delivery_id > delivery))
    if wanted.since is not None:
        query = query.where(a.started_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(a.started_at < wanted.until)
    return query.order_by(order(a.started_at), order(a.delivery_id))


def oldest_ended(tx: Transaction, lane_id: int, limit: int, after: int) -> list[DeliveryLine]:
    """Finished deliveries of a lane in the order of their numbers, from the one behind ``after``."""
    h = history_table.c
    query = sa.select(*(h[name] for name in _SHARED), h.day, h.finished_at, h.detail)
    query = query.where(h.lane_id == lane_id, h.id > after).order_by(h.id).limit(_literal(limit))
    return [DeliveryLine(**row._mapping) for row in tx.execute(query)]


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


def read_events(tx: Transaction, ids: Collection[tuple[int, str]]) -> dict[str, tuple[str, bytes]]:
    """Type and body of events by id, for whoever tests many; ``ids`` as for ``load_events``."""
    days, wanted = sorted({day for day, _ in ids}), sorted({event_id for _, event_id in ids})
    e = event_table.c
    query = sa.select(e.id, e.type, e.body).where(e.day.in_(days), e.id.in_(wanted))
    return {row[0]: (row[1], bytes(row[2])) for row in tx.execute(query).all()} if wanted else {}


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
