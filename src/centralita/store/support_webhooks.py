"""What one webhook was sent and what came of it, as the troubleshooting assistant's interface tells it."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store.database import Transaction
from centralita.store.schema import attempts, deliveries, events, history, lanes

LATELY = 10_000
"""Attempts among which the most common failures are looked for."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries by what came of them; those that were sent again as others are left out."""

    delivered: int = 0
    dead: int = 0
    pending: int = 0


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery."""

    id: int
    event_id: str
    type: str
    """Of the event; "" when its retention is over."""
    status: str
    attempts: int
    created_at: float
    finished_at: float | None
    reason: str
    detail: str
    status_code: int
    """Of the last answer; 0 for none."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of failed attempt."""

    error: str
    count: int
    last_at: float


def _lane(tx: Transaction, key: str) -> int:
    return tx.execute(sa.select(lanes.c.id).where(lanes.c.key == key)).scalar() or 0


def counts(tx: Transaction, key: str) -> Counts:
    """Of the lane of that key."""
    lane_id, h = _lane(tx, key), history.c
    query = sa.select(h.state, sa.func.count()).where(h.lane_id == lane_id).group_by(h.state)
    ended = {state: int(number) for state, number in tx.execute(query)}
    pending = sa.select(sa.func.count()).where(deliveries.c.lane_id == lane_id)
    return Counts(
        delivered=ended.get("delivered", 0), dead=ended.get("dead", 0), pending=int(tx.execute(pending).scalar_one())
    )  # fmt: skip


def newest(tx: Transaction, key: str, limit: int) -> list[Sent]:
    """Deliveries of the lane of that key, the newest first."""
    lane_id, d, h = _lane(tx, key), deliveries.c, history.c
    shared = ("id", "event_id", "attempts", "created_at", "reason", "state")
    pending = sa.select(*(d[name] for name in shared), d.event_day.label("day")).where(d.lane_id == lane_id)
    ended = sa.select(*(h[name] for name in shared), h.day, h.finished_at, h.detail).where(h.lane_id == lane_id)
    rows = [dict(row._mapping) for row in tx.execute(pending.order_by(d.id.desc()).limit(limit))]
    rows = [{**row, "state": "pending", "finished_at": None, "detail": ""} for row in rows]
    rows += [dict(row._mapping) for row in tx.execute(ended.order_by(h.id.desc()).limit(limit))]
    rows.sort(key=lambda row: -int(row["id"]))
    return [_sent(tx, row) for row in rows[:limit]]


def _sent(tx: Transaction, row: dict[str, Any]) -> Sent:
    day, state = row.pop("day"), row.pop("state")
    said = sa.select(events.c.type).where(events.c.day == day, events.c.id == row["event_id"])
    a = attempts.c
    last = sa.select(a.status).where(a.day == day, a.delivery_id == row["id"]).order_by(a.started_at.desc()).limit(1)
    return Sent(
        **row,
        type=tx.execute(said).scalar() or "",
        status="failed" if state == "dead" else state,
        status_code=tx.execute(last).scalar() or 0,
    )


def failures(tx: Transaction, key: str, limit: int) -> list[Failure]:
    """The most common failures among the last ``LATELY`` attempts, the most common first."""
    a = attempts.c
    lately = (
        sa.select(a.reason, a.status, a.outcome, a.started_at)
        .where(a.lane_id == _lane(tx, key))
        .order_by(a.started_at.desc())
        .limit(LATELY)
        .subquery()
    )
    number, last = sa.func.count().label("number"), sa.func.max(lately.c.started_at).label("last")
    query = (
        sa.select(lately.c.reason, lately.c.status, number, last)
        .where(lately.c.outcome.in_(("retry", "dead")), lately.c.reason != "rate.wait")
        .group_by(lately.c.reason, lately.c.status)
        .order_by(number.desc(), last.desc())
        .limit(limit)
    )
    return [
        Failure(error=f"{row.reason} {row.status or ''}".strip(), count=row.number, last_at=row.last)
        for row in tx.execute(query)
    ]
