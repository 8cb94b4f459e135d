"""Deliveries that wait, are due or in flight: a small table with everything that performing them needs.

Two of the three hot statements (claim and complete) are here. Whoever calls them holds the locks of the lanes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store import bulk
from centralita.store.database import Transaction
from centralita.store.schema import deliveries


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``deliveries``."""

    id: int
    lane_id: int
    ordering_key: str
    state: str
    due_at: float
    attempts: int = 0
    """Attempts spent so far."""
    uncertain: bool = False
    generation: int = 0
    event_day: int
    event_id: str
    rule: str
    created_at: float
    reason: str = ""
    payload: bytes
    """``core.effects.Payload`` as JSON."""


_COLUMNS = DeliveryRow.__struct_fields__
_LIST = ", ".join(_COLUMNS)


def _row(row: Sequence[Any]) -> DeliveryRow:
    fields = dict(zip(_COLUMNS, row, strict=True))
    fields["uncertain"] = bool(fields["uncertain"])
    return DeliveryRow(**fields)


def allocate_ids(tx: Transaction, count: int) -> list[int]:
    """Fresh delivery ids, ascending; never given twice, not even after the rows are gone."""
    if tx.dialect.name == "postgresql":
        query = sa.text("select nextval('deliveries_id_seq') from generate_series(1, :count)")
        return list(tx.execute(query, {"count": count}).scalars())
    cursor = tx.connection.cursor()
    # AUTOINCREMENT's own counter: SQLite keeps it above every id that was ever inserted.
    found = cursor.execute("select seq from sqlite_sequence where name = 'deliveries'").fetchone()
    last = found[0] if found else 0
    if not found:
        cursor.execute("insert into sqlite_sequence (name, seq) values ('deliveries', ?)", (last + count,))
    else:
        cursor.execute("update sqlite_sequence set seq = ? where name = 'deliveries'", (last + count,))
    return list(range(last + 1, last + count + 1))


def insert(tx: Transaction, rows: Sequence[DeliveryRow], chunk: int = 1000) -> None:
    """Adds deliveries, in chunks so that a wide fan-out makes no huge statement."""
    for start in range(0, len(rows), chunk):
        bulk.insert(tx, deliveries, [msgspec.structs.asdict(row) for row in rows[start : start + chunk]])


Chain = tuple[int, str]
"""(lane id, ordering key)"""


def pending_chains(tx: Transaction, chains: Iterable[Chain]) -> set[Chain]:
    """Which of these chains have a delivery that is not finished."""
    wanted = sorted(set(chains))
    if not wanted:
        return set()
    if tx.dialect.name == "sqlite":
        cursor = tx.connection.cursor()
        sql = "select 1 from deliveries where lane_id = ? and ordering_key = ? limit 1"
        return {chain for chain in wanted if cursor.execute(sql, chain).fetchone()}
    query = sa.text(
        "select g.lane_id, g.ordering_key from unnest(cast(:lanes as bigint[]), cast(:keys as text[]))"
        " as g(lane_id, ordering_key) where exists (select 1 from deliveries d"
        " where d.lane_id = g.lane_id and d.ordering_key = g.ordering_key)"
    )
    found = tx.execute(query, {"lanes": [lane for lane, _ in wanted], "keys": [key for _, key in wanted]})
    return {(lane, key) for lane, key in found}


def claim(tx: Transaction, wanted: Sequence[tuple[int, int]], now: float) -> list[DeliveryRow]:
    """Puts the first due rows of lanes in flight; ``wanted`` is (lane id, how many). In order of lane and turn."""
    if tx.dialect.name == "sqlite":
        return _claim_sqlite(tx, wanted, now)
    # skip locked: a row that a replay is touching can wait for the next round.
    query = sa.text(
        "with picked as materialized (select d.id from unnest(cast(:lanes as bigint[]), cast(:counts as int[]))"
        " as g(lane_id, wanted) cross join lateral (select id from deliveries where lane_id = g.lane_id"
        " and state = 'due' and due_at <= :now order by due_at, id limit g.wanted for update skip locked) d)"
        f" update deliveries d set state = 'in_flight' from picked where d.id = picked.id"
        f" returning {', '.join('d.' + name for name in _COLUMNS)}"
    )
    found = tx.execute(
        query, {"lanes": [lane for lane, _ in wanted], "counts": [count for _, count in wanted], "now": now}
    )
    return sorted((_row(row) for row in found), key=lambda row: (row.lane_id, row.due_at, row.id))


def _claim_sqlite(tx: Transaction, wanted: Sequence[tuple[int, int]], now: float) -> list[DeliveryRow]:
    cursor = tx.connection.cursor()
    picked: list[DeliveryRow] = []
    for lane_id, count in wanted:
        sql = (
            f"select {_LIST} from deliveries where lane_id = ? and state = 'due' and due_at <= ?"
            f" order by due_at, id limit {int(count)}"
        )
        picked.extend(_row(row) for row in cursor.execute(sql, (lane_id, now)))
    cursor.executemany("update deliveries set state = 'in_flight' where id = ?", [(row.id,) for row in picked])
    return picked


def in_flight(tx: Transaction, ids: Sequence[int]) -> set[int]:
    """Which of these are in flight: a result that is reported twice finds its row gone the second time."""
    if tx.dialect.name == "sqlite":
        cursor = tx.connection.cursor()
        sql = "select 1 from deliveries where id = ? and state = 'in_flight'"
        return {number for number in ids if cursor.execute(sql, (number,)).fetchone()}
    query = sa.text("select id from deliveries where id = any(cast(:ids as bigint[])) and state = 'in_flight'")
    return set(tx.execute(query, {"ids": list(ids)}).scalars())


def next_due(tx: Transaction, lane_ids: Iterable[int]) -> dict[int, float]:
    """When the first due row of each lane falls due; lanes without one are left out."""
    wanted = sorted(set(lane_ids))
    if tx.dialect.name == "sqlite":
        cursor = tx.connection.cursor()
        sql = "select min(due_at) from deliveries where lane_id = ? and state = 'due'"
        found = [(lane_id, cursor.execute(sql, (lane_id,)).fetchone()[0]) for lane_id in wanted]
    else:
        query = sa.text(
            "select g.id, (select d.due_at from deliveries d where d.lane_id = g.id and d.state = 'due'"
            " order by d.due_at limit 1) from unnest(cast(:ids as bigint[])) as g(id)"
        )
        found = [(row[0], row[1]) for row in tx.execute(query, {"ids": wanted})]
    return {lane_id: due_at for lane_id, due_at in found if due_at is not None}


def remove(tx: Transaction, ids: Iterable[int]) -> None:
    """Finished ones leave; ``history`` has them now."""
    bulk.delete(tx, deliveries, "id", ids)


def promote(tx: Transaction, chains: Iterable[Chain], now: float, *, state: str = "due", reason: str = "") -> None:
    """Makes the first waiting row of each chain due (or held) after its head has ended."""
    wanted = sorted({chain for chain in chains if chain[1]})
    if not wanted:
        return
    values = "state = {state}, due_at = {now}, reason = case when {reason} = '' then reason else {reason} end"
    first = "select min(id) from deliveries where lane_id = {lane} and ordering_key = {key} and state = 'waiting'"
    if tx.dialect.name == "sqlite":
        marks = values.format(state="?1", now="?2", reason="?3")
        sql = f"update deliveries set {marks} where id = ({first.format(lane='?4', key='?5')})"
        tx.connection.cursor().executemany(sql, [(state, now, reason, lane, key) for lane, key in wanted])
        return
    query = sa.text(
        f"update deliveries d set {values.format(state=':state', now=':now', reason='cast(:reason as text)')}"
        f" from (select ({first.format(lane='g.lane_id', key='g.ordering_key')}) as id"
        " from unnest(cast(:lanes as bigint[]), cast(:keys as text[])) as g(lane_id, ordering_key)) f where d.id = f.id"
    )
    lanes_, keys = [lane for lane, _ in wanted], [key for _, key in wanted]
    tx.execute(query, {"state": state, "now": now, "reason": reason, "lanes": lanes_, "keys": keys})


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery goes back into its queue."""

    id: int
    due_at: float
    attempts: int
    uncertain: bool
    reason: str


def retry(tx: Transaction, rows: Sequence[Retry]) -> None:
    """Puts deliveries back as due."""
    bulk.update(tx, deliveries, ("id",), [{**msgspec.structs.asdict(row), "state": "due"} for row in rows])


def reclaim(tx: Transaction, lane_ids: Iterable[int], now: float) -> int:
    """What was in flight in lanes whose worker is gone is due again, and uncertain: it may have arrived. How many."""
    total = 0
    for lane_id in lane_ids:
        condition = sa.and_(deliveries.c.lane_id == lane_id, deliveries.c.state == "in_flight")
        total += tx.execute(
            sa.update(deliveries).where(condition).values(state="due", due_at=now, uncertain=True)
        ).rowcount
    return total


def of_event(tx: Transaction, event_id: str) -> list[DeliveryRow]:
    """The unfinished deliveries of an event."""
    query = sa.text(f"select {_LIST} from deliveries where event_id = :event_id order by id")
    return [_row(row) for row in tx.execute(query, {"event_id": event_id})]


def get(tx: Transaction, delivery_id: int) -> DeliveryRow | None:
    """One unfinished delivery."""
    row = tx.execute(sa.text(f"select {_LIST} from deliveries where id = :id"), {"id": delivery_id}).first()
    return _row(row) if row is not None else None


def release(tx: Transaction, lane_id: int, ordering_key: str, now: float) -> int:
    """Lets a chain that a dead head holds go on; how many it was (0 or 1: the rest follow one by one)."""
    condition = sa.and_(
        deliveries.c.lane_id == lane_id, deliveries.c.ordering_key == ordering_key, deliveries.c.state == "held"
    )
    return tx.execute(sa.update(deliveries).where(condition).values(state="due", due_at=now)).rowcount


def hasten(tx: Transaction, lane_id: int, now: float) -> None:
    """Makes due whatever of a lane waits for its time or is held; the rest follows one by one."""
    d = deliveries.c
    late = sa.or_(d.state == "held", sa.and_(d.state == "due", d.due_at > now))
    tx.execute(sa.update(deliveries).where(d.lane_id == lane_id, late).values(state="due", due_at=now))


def counts(tx: Transaction) -> list[tuple[int, str, int, float]]:
    """(lane id, state, how many, oldest created_at) of everything unfinished."""
    d = deliveries.c
    query = sa.select(d.lane_id, d.state, sa.func.count(), sa.func.min(d.created_at)).group_by(d.lane_id, d.state)
    return [(row[0], row[1], row[2], row[3]) for row in tx.execute(query)]


def count_of_lane(tx: Transaction, lane_id: int) -> int:
    """How many of a lane are unfinished."""
    query = sa.select(sa.func.count()).where(deliveries.c.lane_id == lane_id)
    return int(tx.execute(query).scalar() or 0)


def unfinished(tx: Transaction, lane_ids: Sequence[int]) -> dict[int, int]:
    """How many of each lane are unfinished; without those where nothing is."""
    d = deliveries.c
    query = sa.select(d.lane_id, sa.func.count()).where(d.lane_id.in_(lane_ids)).group_by(d.lane_id)
    return {row[0]: row[1] for row in tx.execute(query)}
