"""Events that wait to be completed (``state`` waiting), those behind them (behind), and those that may go on (ready).

Rows of one subject leave in the order in which they came. All of it happens under the source's routing lock, but for
``release``, which touches the one row whose answer came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store import bulk
from centralita.store.database import Transaction
from centralita.store.schema import inbox, parked

WAITING, BEHIND, READY = "waiting", "behind", "ready"


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """One event that is not routed yet."""

    source: str
    subject: str
    event_id: str
    receipt_id: str
    state: str
    at: float
    answer: dict[str, Any] | None = None
    """What was read for it; None when nothing was, or nothing had to be."""


def park(tx: Transaction, rows: Iterable[Parked]) -> None:
    """Adds rows, in order."""
    listed = [{name: value for name, value in msgspec.structs.asdict(row).items() if name != "answer"} for row in rows]
    if listed:
        bulk.insert(tx, parked, listed)


def of_subjects(tx: Transaction, source: str, subjects: Iterable[str]) -> list[Parked]:
    """The rows of these subjects, in the order in which they came."""
    wanted = sorted(set(subjects))
    if not wanted:
        return []
    query = sa.select(parked).where(parked.c.source == source, parked.c.subject.in_(wanted))
    return [_row(found) for found in tx.execute(query.order_by(parked.c.seq))]


def find(tx: Transaction, event_id: str) -> Parked | None:
    """The row of an event, or None."""
    found = tx.execute(sa.select(parked).where(parked.c.event_id == event_id)).first()
    return _row(found) if found is not None else None


def release(tx: Transaction, event_id: str, answer: dict[str, Any] | None) -> bool:
    """An answer came, or will not come (None): the event goes on. False when it had gone on already."""
    values = {"state": READY, "answer": None if answer is None else msgspec.json.encode(answer)}
    where = (parked.c.event_id == event_id, parked.c.state == WAITING)
    if tx.execute(sa.update(parked).where(*where).values(**values)).rowcount != 1:
        return False
    row = find(tx, event_id)
    if row is not None:
        requeue(tx, [row])
    return True


def requeue(tx: Transaction, rows: Iterable[Parked]) -> None:
    """Their receipts are to be routed (again)."""
    listed = [{"source": row.source, "receipt_id": row.receipt_id} for row in rows]
    if listed:
        bulk.insert(tx, inbox, listed)


def remove(tx: Transaction, event_ids: Iterable[str]) -> None:
    """They have been routed."""
    listed = list(event_ids)
    if listed:
        tx.execute(sa.delete(parked).where(parked.c.event_id.in_(listed)))


def _row(found: Any) -> Parked:
    return Parked(
        source=found.source,
        subject=found.subject,
        event_id=found.event_id,
        receipt_id=found.receipt_id,
        state=found.state,
        at=found.at,
        answer=None if found.answer is None else msgspec.json.decode(found.answer),
    )
