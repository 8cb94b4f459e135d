"""Requests that were refused: the last of each source with the reason, because "nothing arrives" needs an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from centralita.store import bulk, schema
from centralita.store.database import Transaction
from centralita.store.schema import rejections

KEPT = 100
"""Of each source."""
NOWHERE = ""
"""In a source's place, for requests to an address that none has; ``detail`` is the slug that was asked for."""


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """One refused request."""

    source: str
    at: float
    status: int
    reason: str
    detail: str = ""
    remote: str = ""
    body: bytes | None = None
    id: int = 0
    """In the order of their coming; 0 before it is kept."""


_COUNT = sa.text(
    "insert into source_counts (source, accepted, duplicates, conflicts, rejected, last_rejected_at)"
    " values (:source, 0, 0, 0, :rejected, :at) on conflict (source) do update set"
    " rejected = source_counts.rejected + excluded.rejected, last_rejected_at = excluded.last_rejected_at"
)


def append(tx: Transaction, rows: Sequence[Rejection], counts: Mapping[str, int]) -> None:
    """Keeps the newest ``KEPT`` of each source; ``counts`` says how many there really were."""
    by_source: dict[str, list[Rejection]] = {}
    for row in rows:
        by_source.setdefault(row.source, []).append(row)
    for source, group in sorted(by_source.items()):
        newest_rows = group[-KEPT:]
        columns = [name for name in Rejection.__struct_fields__ if name != "id"]
        bulk.insert(tx, rejections, [{name: getattr(row, name) for name in columns} for row in newest_rows])
        keep = sa.select(rejections.c.id).where(rejections.c.source == source).order_by(rejections.c.id.desc())
        oldest_kept = tx.execute(keep.limit(1).offset(KEPT - 1)).scalar()
        if oldest_kept is not None:
            tx.execute(sa.delete(rejections).where(rejections.c.source == source, rejections.c.id < oldest_kept))
        tx.execute(_COUNT, {"source": source, "rejected": counts.get(source, len(group)), "at": group[-1].at})


def newest(tx: Transaction, source: str, limit: int = KEPT) -> list[Rejection]:
    """Newest first."""
    query = sa.select(rejections).where(rejections.c.source == source).order_by(rejections.c.id.desc()).limit(limit)
    return [Rejection(**dict(row._mapping)) for row in tx.execute(query)]


def after(tx: Transaction, source: str, number: int, limit: int) -> list[Rejection]:
    """Those behind the one of that number, oldest first."""
    query = sa.select(rejections).where(rejections.c.source == source, rejections.c.id > number)
    return [Rejection(**dict(row._mapping)) for row in tx.execute(query.order_by(rejections.c.id).limit(limit))]


def last_id(tx: Transaction, source: str) -> int:
    """Number of the newest; 0 when there is none."""
    return tx.execute(sa.select(sa.func.max(rejections.c.id)).where(rejections.c.source == source)).scalar() or 0


def totals(tx: Transaction) -> list[tuple[str, int, float | None]]:
    """(source, how many were ever refused, when the last one was) of every source that has refused any."""
    counts = schema.source_counts.c
    query = sa.select(counts.source, counts.rejected, counts.last_rejected_at)
    query = query.where(counts.rejected > 0, counts.source != NOWHERE)
    return [(row[0], row[1], row[2]) for row in tx.execute(query)]
