"""The lanes' statistics: added to as results are written, made coarser as time passes, read as sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.core.rollups import WIDTH_S, Extent, Grain, Piece, Tally, merged
from centralita.store import bulk, schema, upkeep
from centralita.store.database import Transaction
from centralita.store.rollup_tables import BUCKET_COLUMNS, ROLLUPS, lane_minutes

EXTENT = "rollups.extent"
"""The fact that holds ``core.rollups.Extent``."""
_SUMS = ("successful", "slow", "error", "rejected", "total_ms")
_NAMES = ("lane_id", "start", *_SUMS, "fastest_ms", "slowest_ms", *BUCKET_COLUMNS)
_TOTALS = ", ".join(
    (*(f"sum({name})" for name in _SUMS), "min(fastest_ms)", "max(slowest_ms)", *(f"sum({h})" for h in BUCKET_COLUMNS))
)


def add(tx: Transaction, tallies: Mapping[int, Tally], minute: int) -> None:
    """Adds to the minute that begins at ``minute``; ``tallies`` by lane. Nothing is read, so nobody waits for it."""
    if not tallies:
        return
    rows = [(lane_id, minute, *_values(tally)) for lane_id, tally in sorted(tallies.items())]
    statement = _adding(tx.dialect.name)
    if tx.dialect.name == "sqlite":
        tx.connection.cursor().executemany(statement, rows)
    else:
        tx.execute(statement, dict(zip(_NAMES, map(list, zip(*rows, strict=True)), strict=True)))


def _values(tally: Tally) -> tuple[Any, ...]:
    sums = (tally.successful, tally.slow, tally.error, tally.rejected, tally.total_ms)
    return (*sums, tally.fastest_ms, tally.slowest_ms, *tally.histogram)


@cache
def _adding(dialect: str) -> Any:
    least, greatest = ("min", "max") if dialect == "sqlite" else ("least", "greatest")
    # SQLite's min() of anything and null is null.
    fastest = f"{least}(coalesce(t.fastest_ms, excluded.fastest_ms), coalesce(excluded.fastest_ms, t.fastest_ms))"
    sets = [f"{name} = t.{name} + excluded.{name}" for name in (*_SUMS, *BUCKET_COLUMNS)]
    sets += [f"fastest_ms = {fastest}", f"slowest_ms = {greatest}(t.slowest_ms, excluded.slowest_ms)"]
    return bulk.upsert(lane_minutes, _NAMES, ("lane_id", "start"), ", ".join(sets), dialect)


def _tally(row: Sequence[Any]) -> Tally:
    """Of the columns of ``_TOTALS``."""
    counts = [int(value or 0) for value in row[:4]]
    return Tally(
        successful=counts[0],
        slow=counts[1],
        error=counts[2],
        rejected=counts[3],
        total_ms=float(row[4] or 0),
        fastest_ms=row[5],
        slowest_ms=float(row[6] or 0),
        histogram=[int(value or 0) for value in row[7:]],
    )


def totals(tx: Transaction, lane_ids: Iterable[int], wanted: Sequence[Piece]) -> dict[int, Tally]:
    """Everything of lanes in the pieces of a window, by lane; lanes of which nothing is known are left out."""
    ids = sorted(set(lane_ids))
    if not ids:
        return {}
    return _summed(tx, "lane_id", "lane_id in :ids", wanted, {"ids": ids}, sa.bindparam("ids", expanding=True))


def series(tx: Transaction, lane_id: int, wanted: Sequence[Piece], per: Grain) -> dict[int, Tally]:
    """What happened on a lane in each interval of ``per``, by its beginning; those without anything are left out."""
    width_s = int(WIDTH_S[per])
    return _summed(tx, f"start - start % {width_s}", "lane_id = :lane_id", wanted, {"lane_id": lane_id})


def courses(tx: Transaction, lane_ids: Iterable[int], since: int, step_s: int) -> dict[int, dict[int, int]]:
    """How much was tried on lanes since a minute, by lane and number of the step of ``step_s`` seconds."""
    found: dict[int, dict[int, int]] = {}
    query = sa.text(
        f"select lane_id, (start - {int(since)}) / {int(step_s)}, sum(successful + error) from {lane_minutes.name}"
        " where lane_id in :ids and start >= :since group by 1, 2"
    ).bindparams(sa.bindparam("ids", expanding=True))
    ids = sorted(set(lane_ids))
    for lane_id, step, tried in tx.execute(query, {"ids": ids, "since": since}) if ids else ():
        found.setdefault(lane_id, {})[int(step)] = int(tried)
    return found


def _summed(
    tx: Transaction, by: str, which: str, wanted: Sequence[Piece], values: dict[str, Any], *binds: Any
) -> dict[int, Tally]:
    """The pieces in one statement: on PostgreSQL each is a round trip."""
    parts = [
        f"select {by}, {_TOTALS} from {ROLLUPS[piece.grain].name}"
        f" where {which} and start >= :since{number} and start < :until{number} group by 1"
        for number, piece in enumerate(wanted)
    ]
    if not parts:
        return {}
    for number, piece in enumerate(wanted):
        values |= {f"since{number}": piece.since, f"until{number}": piece.until}
    found: dict[int, list[Tally]] = {}
    for row in tx.execute(sa.text(" union all ".join(parts)).bindparams(*binds), values):
        found.setdefault(row[0], []).append(_tally(row[1:]))
    return {key: merged(tallies) for key, tallies in found.items()}


# ---- made coarser, and let go ----------------------------------------------------------------------------------------


def extent(tx: Transaction) -> Extent:
    """What there is; everything from the beginning of time when nothing was made coarser yet."""
    kept = upkeep.fact(tx, EXTENT)
    return msgspec.json.decode(kept, type=Extent) if kept else Extent()


def change_extent(tx: Transaction, change: Callable[[Extent], Extent]) -> None:
    """Writes down what there is now; whoever else does waits."""
    tx.execute(sa.select(schema.facts.c.key).where(schema.facts.c.key == EXTENT).with_for_update())
    upkeep.set_fact(tx, EXTENT, msgspec.json.encode(change(extent(tx))).decode())


def first_start(tx: Transaction, grain: Grain, since: int) -> int | None:
    """When the first interval from ``since`` on begins; None when there is none."""
    table = ROLLUPS[grain]
    found: int | None = tx.execute(sa.select(sa.func.min(table.c.start)).where(table.c.start >= since)).scalar()
    return found


def lanes_of(tx: Transaction, grain: Grain, since: int, until: int, after: int, limit: int) -> list[int]:
    """The lanes that have an interval that begins in this time, ascending, from the one behind ``after``."""
    c = ROLLUPS[grain].c
    query = sa.select(c.lane_id).distinct().where(c.start >= since, c.start < until, c.lane_id > after)
    return list(tx.execute(query.order_by(c.lane_id).limit(limit)).scalars())


def coarsen(tx: Transaction, finer: Grain, coarser: Grain, start: int, lane_ids: Sequence[int]) -> None:
    """Makes the coarser interval that begins at ``start`` of the finer ones in it, whatever was there before: doing
    it twice counts nothing twice."""
    names = ", ".join(_NAMES)
    sets = ", ".join(f"{name} = excluded.{name}" for name in _NAMES[2:])
    into = f"insert into {ROLLUPS[coarser].name} ({names})"
    end = f"on conflict (lane_id, start) do update set {sets}"
    source = ROLLUPS[finer].name
    until = start + WIDTH_S[coarser]
    if tx.dialect.name == "sqlite":
        sql = (
            f"{into} select lane_id, {int(start)}, {_TOTALS} from {source}"
            f" where lane_id = ? and start >= ? and start < ? group by lane_id {end}"
        )
        tx.connection.cursor().executemany(sql, [(lane_id, start, until) for lane_id in lane_ids])
        return
    query = sa.text(
        f"{into} select lane_id, {int(start)}, {_TOTALS} from {source}"
        " where lane_id = any(cast(:ids as bigint[])) and start >= :since and start < :until"
        f" group by lane_id order by lane_id {end}"
    )
    tx.execute(query, {"ids": list(lane_ids), "since": start, "until": until})


def forget(tx: Transaction, grain: Grain, before: int, limit: int) -> bool:
    """Lets go of intervals that begin before ``before``, at most about ``limit``; True when there may be more."""
    table = ROLLUPS[grain].name
    first = first_start(tx, grain, 0)
    if first is None or first >= before:
        return False
    # Whole beginnings, the oldest first: what is deleted is found by the index, whatever the number of lanes.
    upto = sa.text(
        f"select max(start) from (select start from {table} where start < :before order by start limit {int(limit)}) o"
    )
    last = tx.execute(upto, {"before": before}).scalar_one()
    tx.execute(
        sa.text(f"delete from {table} where start <= :last and start < :before"), {"last": last, "before": before}
    )
    return True
