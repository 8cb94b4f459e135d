"""How the sources are doing: their counts, and the receipts whose parser failed."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from centralita.store.database import Transaction
from centralita.store.schema import events, inbox, source_counts, unparsed


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What came from one source since the hub knows it."""

    source: str
    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    """Duplicates by id whose body differed."""
    rejected: int = 0
    last_accepted_at: float | None = None
    last_rejected_at: float | None = None


class Unparsed(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt that its parser could not read."""

    receipt_id: str
    source: str
    at: float
    reason: str
    detail: str = ""


def counts(tx: Transaction) -> dict[str, Counts]:
    """By slug; a source that nothing ever came from is left out."""
    return {row.source: Counts(**dict(row._mapping)) for row in tx.execute(sa.select(source_counts))}


def waiting(tx: Transaction) -> dict[str, int]:
    """How many receipts of each source wait for routing."""
    query = sa.select(inbox.c.source, sa.func.count()).group_by(inbox.c.source)
    return {row[0]: int(row[1]) for row in tx.execute(query)}


def unparsed_of(tx: Transaction, source: str, limit: int) -> list[Unparsed]:
    """The newest receipts of a source that could not be read."""
    query = sa.select(unparsed).where(unparsed.c.source == source).order_by(unparsed.c.at.desc()).limit(limit)
    return [Unparsed(**dict(row._mapping)) for row in tx.execute(query)]


def unparsed_after(tx: Transaction, source: str, receipt_id: str, limit: int) -> list[Unparsed]:
    """Those of a source that came behind a receipt, oldest first."""
    query = sa.select(unparsed).where(unparsed.c.source == source, unparsed.c.receipt_id > receipt_id)
    return [Unparsed(**dict(row._mapping)) for row in tx.execute(query.order_by(unparsed.c.receipt_id).limit(limit))]


def find_unparsed(tx: Transaction, receipt_id: str) -> Unparsed | None:
    """The receipt, if it could not be read."""
    row = tx.execute(sa.select(unparsed).where(unparsed.c.receipt_id == receipt_id)).first()
    return Unparsed(**dict(row._mapping)) if row is not None else None


def unparsed_by_source(tx: Transaction) -> dict[str, int]:
    """How many receipts of each source wait for somebody to re-parse them; sources without one are left out."""
    return {row[0]: int(row[1]) for row in tx.execute(sa.select(unparsed.c.source, sa.func.count()).group_by("source"))}


def forget_unparsed(tx: Transaction, source: str, receipt_id: str) -> bool:
    """Nobody is to re-parse it any more; whether it was there."""
    query = sa.delete(unparsed).where(unparsed.c.source == source, unparsed.c.receipt_id == receipt_id)
    return bool(tx.execute(query).rowcount)


def unparsed_count(tx: Transaction) -> int:
    """How many receipts wait for somebody to re-parse them."""
    return int(tx.execute(sa.select(sa.func.count()).select_from(unparsed)).scalar_one())


def types_seen(tx: Transaction, source: str, last: int = 200) -> dict[str, int]:
    """Event types among the last events of a source, with how often each came."""
    query = sa.select(events.c.type).where(events.c.source == source)
    few: sa.ColumnElement[int] = sa.literal_column(
        str(int(last))
    )  # a plan that is made once for any limit ignores how small it is
    newest = query.order_by(events.c.day.desc(), events.c.id.desc()).limit(few).subquery()
    grouped = sa.select(newest.c.type, sa.func.count()).group_by(newest.c.type).order_by(newest.c.type)
    return {row[0]: int(row[1]) for row in tx.execute(grouped)}
