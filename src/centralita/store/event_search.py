"""Finding events in slices, newest first: each question looks at so many rows and no more, and says how far it came.

A slice walks down one index, of what the question names that has been rarest lately, and tests the rest on the way. So
it costs the same whether a million events fit or none. What waits and what is dead is found from the few deliveries
that wait or are dead: no event keeps how it ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store.database import Transaction
from centralita.store.events import Filter, bounds, within
from centralita.store.schema import dead_letters, deliveries, events

OUTCOMES = ("waiting", "dead", "delivered", "unmatched", "incomplete")
"""What came of an event: something of it is not finished; something is a dead letter that waits for somebody; neither,
and somebody wanted it; nobody wanted it; it lacked something that could not be filled in (tested by whoever has it)."""
_DRIVERS = ("subject", "type", "severity", "source")
_PROBED = 500
"""What had that many events in the shortest time is the most common."""
_UNMATCHED = events.c.matched == sa.literal_column("'[]'")  # a literal, so that the partial index is known to fit


class Fitting(msgspec.Struct, frozen=True):
    """An event that fits."""

    id: str
    number: int
    """As which of the slice it was looked at, from 1."""


class Looked(msgspec.Struct, frozen=True):
    """What a slice has."""

    fitting: list[Fitting]
    """The newest first."""
    total: int
    """How many events were looked at; fewer than were asked for: there are no more."""
    last: str
    """Id of the oldest of them; "" for none."""


def look(
    tx: Transaction, wanted: Filter, outcome: str, size: int, most: int, before: str = "", driver: str | None = None
) -> Looked:
    """Looks at the next ``size`` events from behind ``before``; at most ``most`` of those that fit.

    ``outcome``: one of ``OUTCOMES`` but ``incomplete``, or "" for any. ``driver``: what ``rarest`` has said before.
    """
    if driver is None:
        driver = rarest(tx, wanted, before)
    looked = _looked(tx, wanted, outcome, driver, size, before).cte("looked")
    newest = sa.func.row_number().over(order_by=(looked.c.day.desc(), looked.c.id.desc()))
    total = sa.func.count().over()
    numbered = sa.select(looked.c.id, looked.c.fits, newest.label("number"), total.label("total")).subquery()
    c = numbered.c
    query = sa.select(c.id, c.fits, c.number, c.total).where(sa.or_(c.fits, c.number == c.total))
    # One more than those that fit: the oldest that was looked at comes along, and matters only when there is room.
    rows = tx.execute(query.order_by(c.number).limit(most + 1)).all()
    fitting = [Fitting(row.id, row.number) for row in rows if row.fits]
    return Looked(fitting[:most], rows[-1].total if rows else 0, rows[-1].id if rows else "")


class Read(msgspec.Struct, frozen=True):
    """An event that was looked at, with what it says."""

    id: str
    fits: bool
    body: bytes


def read(
    tx: Transaction, wanted: Filter, outcome: str, size: int, before: str = "", driver: str | None = None
) -> list[Read]:
    """The next ``size`` events from behind ``before``, the newest first, for whoever has more to test; as ``look``."""
    if driver is None:
        driver = rarest(tx, wanted, before)
    query = _looked(tx, wanted, outcome, driver, size, before, events.c.body)
    return [Read(id_, bool(fits), bytes(body or b"")) for _day, id_, fits, body in tx.execute(query).all()]


def rarest(tx: Transaction, wanted: Filter, before: str) -> str:
    """Which of the columns that the question names to walk down by; "" for none."""
    asked = [name for name in _DRIVERS if getattr(wanted, name)]
    if len(asked) < 2:
        return "".join(asked)
    e = events.c
    probes = (
        sa.select(e.id)
        .where(e[name] == getattr(wanted, name), *within(tx, wanted, before))
        .order_by(e.day.desc(), e.id.desc())
        .offset(_literal(_PROBED - 1))
        .limit(_literal(1))
        .scalar_subquery()
        for name in asked
    )
    found = tx.execute(sa.select(*probes)).one()
    # Ids are times: the one that lies furthest back, or is not there at all, is the rarest's.
    return min(zip(found, asked, strict=True), key=lambda each: each[0] or "")[1]


def _looked(
    tx: Transaction, wanted: Filter, outcome: str, driver: str, size: int, before: str, *more: sa.Column[Any]
) -> sa.Select[Any]:
    """The rows of a slice, the newest first: day, id, whether it fits, and ``more`` of the event."""
    e = events.c
    asked = {name: e[name] == getattr(wanted, name) for name in _DRIVERS if getattr(wanted, name)}
    if outcome == "delivered":
        unfinished = (sa.exists().where(table.c.event_id == e.id) for table in (deliveries, dead_letters))
        asked["delivered"] = sa.and_(sa.not_(_UNMATCHED), *(sa.not_(each) for each in unfinished))
    if outcome in ("waiting", "dead"):
        table = deliveries if outcome == "waiting" else dead_letters
        return _of_unfinished(table, asked, wanted, size, before, *more)
    if outcome == "unmatched":
        asked["unmatched"] = _UNMATCHED
        driver = driver or "unmatched"
    walked = [asked.pop(driver)] if driver else []
    fits = sa.and_(sa.true(), *asked.values()).label("fits")
    query = sa.select(e.day, e.id, fits, *more).where(*walked, *within(tx, wanted, before))
    return query.order_by(e.day.desc(), e.id.desc()).limit(_literal(size))


def _of_unfinished(
    table: sa.Table, asked: dict[str, Any], wanted: Filter, size: int, before: str, *more: sa.Column[Any]
) -> sa.Select[Any]:
    """From the deliveries to their events: each once, by an index on the event's id."""
    day = table.c["event_day" if table is deliveries else "day"]
    first, end = bounds(wanted, before)
    limits = ([table.c.event_id >= first] if first else []) + ([table.c.event_id < end] if end else [])
    picked = (
        sa.select(sa.func.max(day).label("day"), table.c.event_id.label("id"))
        .where(*limits)
        .group_by(table.c.event_id)
        .order_by(table.c.event_id.desc())
        .limit(_literal(size))
        .cte("picked")
    )
    e = events.c
    there = sa.and_(e.day == picked.c.day, e.id == picked.c.id)
    fits = sa.and_(e.id.is_not(None), *asked.values()).label("fits")
    query = sa.select(picked.c.day, picked.c.id, fits, *more).select_from(picked.outerjoin(events, there))
    return query.order_by(picked.c.id.desc())


def _literal(number: int) -> Any:
    # A plan that is made once for any limit ignores how small it is.
    return sa.literal_column(str(int(number)))


def unfinished_after(tx: Transaction, outcome: str, wanted: Filter, after: str, size: int) -> list[str]:
    """The next ids behind ``after`` of events of which something waits, or is dead (``outcome``), within the times of
    ``wanted``; the oldest first. The rest of ``wanted`` is not tested."""
    event_id = (deliveries if outcome == "waiting" else dead_letters).c.event_id
    first, end = bounds(wanted, "")
    limits = ([event_id >= first] if first else []) + ([event_id < end] if end else [])
    query = sa.select(event_id).distinct().where(event_id > after, *limits).order_by(event_id).limit(_literal(size))
    return list(tx.execute(query).scalars())


def unfinished(tx: Transaction, event_ids: Sequence[str]) -> tuple[set[str], set[str]]:
    """Which of these events have something that waits, and which have a dead letter."""
    found = (
        set(tx.execute(sa.select(table.c.event_id).distinct().where(table.c.event_id.in_(event_ids))).scalars())
        for table in (deliveries, dead_letters)
    )
    waiting, dead = found
    return waiting, dead
