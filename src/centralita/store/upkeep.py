"""Housekeeping: partitions, retention, small facts."""

from __future__ import annotations

import sqlalchemy as sa

from centralita.core import ids
from centralita.store import schema
from centralita.store.database import Transaction
from centralita.store.schema import inbox, parked

AHEAD_DAYS = 3
BATCH = 2000
_NEEDED = (
    "select event_day from deliveries"
    # A dead letter that others wait behind: what becomes of it decides about them.
    " union select l.day from dead_letters l where l.ordering_key <> '' and exists (select 1 from deliveries d"
    " where d.lane_id = l.lane_id and d.ordering_key = l.ordering_key and d.state = 'held')"
)
"""The days of what is not over, however long ago they were."""


def make_partitions(tx: Transaction, today: int) -> None:
    """Makes the partitions of yesterday to ``AHEAD_DAYS`` from now. SQLite has none."""
    if tx.dialect.name != "postgresql":
        return
    tx.execute(sa.text("select pg_advisory_xact_lock(7310584)"))
    there = set(tx.execute(sa.text("select relname from pg_class where relkind = 'r' and relispartition")).scalars())
    for table in schema.DAILY:
        for day in range(today - 1, today + AHEAD_DAYS + 1):
            name = f"{table.name}_{day}"
            if name not in there:
                # A day whose rows went to the default partition already keeps them there.
                held = tx.execute(sa.text(f"select 1 from {table.name}_default where day = {day} limit 1")).scalar()
                if held is None:
                    range_ = f"for values from ({day}) to ({day + 1})"
                    tx.execute(sa.text(f"create table {name} partition of {table.name} {range_}"))


def drop_old(tx: Transaction, table: str, before_day: int) -> bool:
    """Lets go of the rows of days before ``before_day``; True when there may be more.

    Whole partitions on PostgreSQL; bounded batches on SQLite, so that nobody waits for long, and of what no partition
    was made for in time. What an unfinished delivery still refers to stays.
    """
    if tx.dialect.name != "postgresql":
        return _delete_days(tx, table, before_day) == BATCH
    _drop_partitions(tx, table, before_day)
    return _delete_days(tx, f"{table}_default", before_day) == BATCH


def _drop_partitions(tx: Transaction, table: str, before_day: int) -> None:
    needed = set(tx.execute(sa.text(_NEEDED)).scalars())
    query = sa.text(
        "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
        " join pg_class p on p.oid = i.inhparent where p.relname = :table"
    )
    for name in list(tx.execute(query, {"table": table}).scalars()):
        day = name.removeprefix(f"{table}_")
        if day.isdigit() and int(day) < before_day and int(day) not in needed:
            tx.execute(sa.text(f"drop table {name}"))


def drop_dead_letters(tx: Transaction, before_day: int) -> int:
    """Has those wait for nobody any more of whom ``drop_old`` has left nothing in ``history``; how many, at most
    ``BATCH`` at once."""
    return _delete_days(tx, "dead_letters", before_day)


def drop_unparsed(tx: Transaction, before: float) -> bool:
    """The same for what was not understood, and whose bytes are gone; True when there may be more."""
    return _delete(tx, "unparsed", f"at < {float(before)}") == BATCH


def _delete_days(tx: Transaction, relation: str, before_day: int) -> int:
    return _delete(tx, relation, f"day < {int(before_day)} and day not in ({_NEEDED})")


def _delete(tx: Transaction, relation: str, condition: str) -> int:
    row = "ctid" if tx.dialect.name == "postgresql" else "rowid"
    found = f"select {row} from {relation} where {condition} limit {BATCH}"
    return tx.execute(sa.text(f"delete from {relation} where {row} in ({found})")).rowcount


def first_needed_day(tx: Transaction, before_day: int) -> int:
    """``before_day``, or the day of the oldest receipt that waits to be routed, if that is earlier."""
    waiting = [tx.execute(sa.select(sa.func.min(table.c.receipt_id))).scalar() for table in (inbox, parked)]
    return min([before_day, *(ids.day(each) for each in waiting if each)])


def first_kept_day(tx: Transaction, before_day: int) -> int:
    """The first of the days that ``drop_old`` leaves: ``before_day``, or an earlier one that is still needed."""
    oldest = tx.execute(sa.text(f"select min(event_day) from ({_NEEDED}) n")).scalar()
    return first_needed_day(tx, before_day if oldest is None else min(before_day, oldest))


def forget_duplicates(tx: Transaction, before_period: int) -> None:
    """Forgets the dedupe keys of periods before ``before_period``."""
    tx.execute(sa.delete(schema.dedupe).where(schema.dedupe.c.period < before_period))


def fact(tx: Transaction, key: str) -> str | None:
    """A small value; None if nobody set it."""
    return tx.execute(sa.select(schema.facts.c.value).where(schema.facts.c.key == key)).scalar()


_SET_FACT = sa.text(
    "insert into facts (key, value) values (:key, :value) on conflict (key) do update set value = excluded.value"
)


def set_fact(tx: Transaction, key: str, value: str) -> None:
    """Keeps a small value."""
    tx.execute(_SET_FACT, {"key": key, "value": value})


def shift_due(tx: Transaction, by_s: float) -> None:
    """Moves every time that something waits for: the clock has moved."""
    d, lanes = schema.deliveries, schema.lanes
    tx.execute(sa.update(d).where(d.c.state == "due").values(due_at=d.c.due_at + by_s))
    values = {"held_until": lanes.c.held_until + by_s, "wake_at": lanes.c.wake_at + by_s, "tokens_at": 0.0}
    tx.execute(sa.update(lanes).values(values))


def lanes_with_untold(tx: Transaction, before: float) -> list[int]:
    """Lanes with dead letters that nobody was told of, whose last announcement is older than ``before``."""
    lanes = schema.lanes
    query = sa.select(lanes.c.id).where(lanes.c.unannounced > 0, lanes.c.announced_at < before)
    return list(tx.execute(query).scalars())
