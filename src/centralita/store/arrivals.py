"""How many events came in when, by source: counted as they are routed, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import msgspec
import sqlalchemy as sa

from centralita.core import ids
from centralita.core.rollups import floor
from centralita.store.arrival_tables import arrival_days, arrival_minutes
from centralita.store.database import Transaction
from centralita.store.schema import events as event_table

_DAY_S = 86_400


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """What is usual for a source."""

    days: int
    """On which it sent anything, of those that were looked at."""
    events: int
    longest_gap_s: float
    """The longest time between two routings of its events."""


def add(tx: Transaction, source: str, events: int, now: float) -> None:
    """Counts events of a source that are routed now. Nothing is read that another process could hold."""
    values = {"source": source, "start": floor(now, "minute"), "day": int(now // _DAY_S), "events": events, "at": now}
    if tx.dialect.name == "sqlite":  # by the driver: in a batch of one event, SQLAlchemy would cost more than the rows
        cursor = tx.connection.cursor()
        cursor.execute(_minute(), values)
        cursor.execute(_day("max"), values)
        return
    tx.execute(_both(), values)


def _minute() -> str:
    return (
        "insert into arrival_minutes as t (source, start, events) values (:source, :start, :events)"
        " on conflict (source, start) do update set events = t.events + excluded.events"
    )


def _day(greatest: str) -> str:
    # A day's first routing is as far behind the last one of an earlier day.
    before = "(select last_at from arrival_days where source = :source and day < :day order by day desc limit 1)"
    return (
        "insert into arrival_days as t (source, day, events, longest_gap_s, last_at)"
        f" values (:source, :day, :events, coalesce(:at - {before}, 0), :at)"
        " on conflict (source, day) do update set events = t.events + excluded.events,"
        f" longest_gap_s = {greatest}(t.longest_gap_s, excluded.last_at - t.last_at), last_at = excluded.last_at"
    )


@cache
def _both() -> sa.TextClause:
    """One statement for PostgreSQL, where it is the round trips that cost."""
    both = f"with minute as ({_minute()}) {_day('greatest')}"
    for name, kind in (("at", "float8"), ("source", "text"), ("day", "int"), ("start", "bigint"), ("events", "int")):
        both = both.replace(f":{name}", f"cast(:{name} as {kind})")
    return sa.text(both)


def counted_from(tx: Transaction, now: float) -> float | None:
    """Since when arrivals are counted, for whoever asks about the last day: seconds since 1970, 0 when
    all were, None when nothing was counted yet. What came before nobody knows."""
    yesterday = int(now // _DAY_S) - 1
    if tx.execute(sa.select(arrival_days.c.day).where(arrival_days.c.day < yesterday).limit(1)).first() is not None:
        return 0.0
    oldest = tx.execute(sa.select(event_table.c.id).order_by(event_table.c.day, event_table.c.id).limit(1)).scalar()
    if oldest is None:
        return 0.0
    first = tx.execute(sa.select(sa.func.min(arrival_minutes.c.start))).scalar()
    if first is None:
        return None
    # A hub that has counted from its first event on; it may have been routed in the minute after it came.
    return 0.0 if ids.time_ms(oldest) / 1000 >= first - 60 else float(first)


def by_minute(tx: Transaction, since: int, without: Iterable[str] = ()) -> dict[int, int]:
    """How many events were routed in each minute from the one that begins at ``since``; those without are left out."""
    c = arrival_minutes.c
    query = sa.select(c.start, sa.func.sum(c.events)).where(c.start >= since).group_by(c.start)
    if left_out := sorted(without):
        query = query.where(c.source.not_in(left_out))
    return {row[0]: int(row[1]) for row in tx.execute(query)}


def habits(tx: Transaction, since_day: int) -> dict[str, Habit]:
    """What is usual, by source, from some days; a source that sent nothing since is left out."""
    c = arrival_days.c
    query = sa.select(c.source, sa.func.count(), sa.func.sum(c.events), sa.func.max(c.longest_gap_s))
    rows = tx.execute(query.where(c.day >= since_day).group_by(c.source))
    return {row[0]: Habit(days=int(row[1]), events=int(row[2]), longest_gap_s=float(row[3])) for row in rows}


def forget(tx: Transaction, minutes_before: int, days_before: int) -> None:
    """Lets go of minutes and of days that are older: of each source a row a minute at most, so that it is soon done."""
    tx.execute(sa.delete(arrival_minutes).where(arrival_minutes.c.start < minutes_before))
    tx.execute(sa.delete(arrival_days).where(arrival_days.c.day < days_before))
