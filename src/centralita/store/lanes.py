"""The queues of the destinations: who works on them, and when to look at them next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.core.lanes import LaneState
from centralita.store import bulk
from centralita.store.database import Transaction
from centralita.store.schema import lanes

_COLUMNS = tuple(name for name in LaneState.__struct_fields__ if name != "stored")
_SELECT = "select " + ", ".join(_COLUMNS) + " from lanes"


def _rows(result: Iterable[Any]) -> list[LaneState]:
    return [_state(row) for row in result]


def _state(row: Sequence[Any]) -> LaneState:
    fields = dict(zip(_COLUMNS, row, strict=True))
    fields["paused"] = bool(fields["paused"])
    lane = LaneState(**fields)
    lane.stored = _values(lane)
    return lane


def _values(lane: LaneState) -> tuple[Any, ...]:
    return msgspec.structs.astuple(lane)[: len(_COLUMNS)]


def hold(tx: Transaction, wanted: Mapping[str, tuple[str, str]]) -> dict[str, LaneState]:
    """The lanes by key, locked as by ``lock``, made where there are none; ``wanted`` maps a key to its (destination,
    target)."""
    found = _locked(tx, wanted)
    missing = [
        {"key": key, "destination": wanted[key][0], "target": wanted[key][1]}
        for key in sorted(wanted)
        if key not in found
    ]
    if missing:
        bulk.insert(tx, lanes, missing, ignore=True)
        found |= _locked(tx, [lane["key"] for lane in missing])
    return found


def _locked(tx: Transaction, keys: Iterable[str]) -> dict[str, LaneState]:
    if tx.dialect.name == "sqlite":
        cursor = tx.connection.cursor()
        rows = [cursor.execute(f"{_SELECT} where key = ?", (key,)).fetchone() for key in keys]
        return {row.key: row for row in _rows(row for row in rows if row is not None)}
    query = sa.text(f"{_SELECT} where key = any(cast(:keys as text[])) order by id for update")
    return {row.key: row for row in _rows(tx.execute(query, {"keys": list(keys)}))}


def lock(tx: Transaction, lane_ids: Iterable[int]) -> dict[int, LaneState]:
    """The state of lanes, held against everybody else until the transaction ends.

    Whoever adds to a lane's chains, claims from it or finishes in it holds this lock: so a follower can't be queued
    behind a head that is being finished, and be forgotten. Always in the order of the ids: no deadlock.
    """
    wanted = sorted(set(lane_ids))
    if tx.dialect.name == "sqlite":  # the writer is alone anyway
        cursor = tx.connection.cursor()
        found = [cursor.execute(f"{_SELECT} where id = ?", (lane_id,)).fetchone() for lane_id in wanted]
        return {row.id: row for row in _rows(row for row in found if row is not None)}
    query = sa.text(f"{_SELECT} where id = any(cast(:ids as bigint[])) order by id for update")
    return {row.id: row for row in _rows(tx.execute(query, {"ids": wanted}))}


def due(tx: Transaction, worker: int, now: float, limit: int) -> list[LaneState]:
    """Lanes that want looking at, longest waiting first, locked; those that another worker holds are left out."""
    if tx.dialect.name == "sqlite":
        cursor = tx.connection.cursor()
        # The index on wake_at gives them in order; the limit is a literal as on PostgreSQL. The signs keep SQLite from
        # the index on owner: nearly all lanes, most of which want nothing, have none.
        sql = f"{_SELECT} where wake_at <= ? and (+owner is null or +owner = ?) order by wake_at limit {int(limit)}"
        return _rows(cursor.execute(sql, (now, worker)))
    query = sa.text(
        f"{_SELECT} where wake_at <= :now and (owner is null or owner = :worker) order by wake_at limit {int(limit)}"
        " for update skip locked"
    )
    return _rows(tx.execute(query, {"now": now, "worker": worker}))


def next_wake(tx: Transaction) -> float | None:
    """When the earliest lane wants looking at."""
    return tx.execute(sa.select(sa.func.min(lanes.c.wake_at))).scalar()


def save(tx: Transaction, rows: Sequence[LaneState]) -> None:
    """Writes back what has changed of lanes that this transaction has locked."""
    changed, columns = [], set[str]()
    for row in rows:
        now = _values(row)
        names = [name for name, before, after in zip(_COLUMNS, row.stored, now, strict=True) if before != after]
        if names:
            columns.update(names)
            changed.append(row)
            row.stored = now
    # One statement for all rows. It leaves out what changed in none: to write a column that has an index costs most.
    written = ("id", *(name for name in _COLUMNS if name in columns))
    ordered = sorted(changed, key=lambda row: row.id)
    bulk.update(tx, lanes, ("id",), [{name: getattr(row, name) for name in written} for row in ordered])


def free(tx: Transaction, owner: int) -> list[int]:
    """Takes all lanes from a worker that is gone; their ids. Its late results find another owner: thrown away."""
    query = sa.select(lanes.c.id).where(lanes.c.owner == owner).order_by(lanes.c.id)
    if tx.dialect.name == "postgresql":
        query = query.with_for_update()
    found = list(tx.execute(query).scalars())
    for lane_id in found:
        tx.execute(sa.update(lanes).where(lanes.c.id == lane_id).values(owner=None, in_flight=0, wake_at=0.0))
    return found


def listing(tx: Transaction) -> list[LaneState]:
    """Every lane, by key."""
    return _rows(tx.execute(sa.text(f"{_SELECT} order by key")))


def by_key(tx: Transaction, key: str) -> LaneState | None:
    """One lane."""
    return next(iter(_rows(tx.execute(sa.text(f"{_SELECT} where key = :key"), {"key": key}))), None)


def by_keys(tx: Transaction, keys: Sequence[str]) -> dict[str, LaneState]:
    """Lanes by key; without those that there are not."""
    query = sa.select(*(lanes.c[name] for name in _COLUMNS)).where(lanes.c.key.in_(keys))
    return {row.key: row for row in _rows(tx.execute(query))}


def look(tx: Transaction, lane_id: int, now: float) -> None:
    """Has the lane looked at now: rows of it were made due outside a claim."""
    tx.execute(sa.update(lanes).where(lanes.c.id == lane_id).values(wake_at=now))


def look_at(tx: Transaction, keys: Sequence[str]) -> None:
    """Has lanes looked at now: their policy is another."""
    for start in range(0, len(keys), _AT_ONCE):
        chunk = keys[start : start + _AT_ONCE]
        query = sa.update(lanes).where(lanes.c.key.in_(chunk), lanes.c.paused.is_(sa.false()))
        tx.execute(query.values(wake_at=0.0))


_AT_ONCE = 1_000
"""A statement takes only so many parameters."""
