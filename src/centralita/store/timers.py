"""What is to happen at a time. A timer is a row, so that a restart forgets none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store.database import Transaction
from centralita.store.schema import timers


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do at ``due_at``."""

    kind: str
    """Whose it is: ``approval.remind``, ``ticket.catch_up``."""
    key: str
    due_at: float
    body: dict[str, Any] = msgspec.field(default_factory=dict)


_SET = sa.text(
    "insert into timers (kind, key, due_at, body) values (:kind, :key, :due_at, :body)"
    " on conflict (kind, key) do update set due_at = excluded.due_at, body = excluded.body"
)


def set_timer(tx: Transaction, kind: str, key: str, due_at: float, body: Mapping[str, Any] | None = None) -> None:
    """Sets or moves a timer."""
    tx.execute(_SET, {"kind": kind, "key": key, "due_at": due_at, "body": msgspec.json.encode(body or {}).decode()})


def cancel(tx: Transaction, kind: str, key: str) -> None:
    """Takes a timer away; one that is not there is fine."""
    tx.execute(sa.delete(timers).where(timers.c.kind == kind, timers.c.key == key))


def find(tx: Transaction, kind: str, key: str) -> Timer | None:
    """The timer, or None."""
    row = tx.execute(sa.select(timers).where(timers.c.kind == kind, timers.c.key == key)).first()
    return _timer(row) if row is not None else None


def claim_due(tx: Transaction, now: float, lease_s: float, limit: int = 20) -> list[Timer]:
    """What is due, the longest overdue first. Each is put off by ``lease_s``, so that a process that dies over it is
    no end: whoever carries it out cancels it, or sets it anew. Timers come with the ``due_at`` that they now have."""
    query = sa.select(timers).where(timers.c.due_at <= now).order_by(timers.c.due_at).limit(limit)
    rows = tx.execute(query.with_for_update(skip_locked=True)).all()
    for row in rows:
        where = (timers.c.kind == row.kind, timers.c.key == row.key)
        tx.execute(sa.update(timers).where(*where).values(due_at=now + lease_s))
    return [_timer(row, now + lease_s) for row in rows]


def take(tx: Transaction, timer: Timer) -> bool:
    """Takes away a timer that was claimed; False when it was moved or taken meanwhile, and must not be carried out."""
    where = (timers.c.kind == timer.kind, timers.c.key == timer.key, timers.c.due_at == timer.due_at)
    return tx.execute(sa.delete(timers).where(*where)).rowcount == 1


def next_due(tx: Transaction) -> float | None:
    """When the first falls due."""
    found: float | None = tx.execute(sa.select(sa.func.min(timers.c.due_at))).scalar_one()
    return found


def _timer(row: Any, due_at: float | None = None) -> Timer:
    body = msgspec.json.decode(row.body)
    return Timer(kind=row.kind, key=row.key, due_at=row.due_at if due_at is None else due_at, body=body)
