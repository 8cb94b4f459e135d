"""Finished deliveries, every attempt, and the dead letters that wait for somebody."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from centralita.core import ids
from centralita.core.deliveries import next_state
from centralita.store import bulk, schema
from centralita.store.database import Transaction


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that came to its end: delivered, skipped, dead or superseded."""

    day: int
    event_id: str
    id: int
    lane_id: int
    state: str
    rule: str
    generation: int
    attempts: int
    created_at: float
    finished_at: float
    reason: str = ""
    detail: str = ""
    reference: str = ""
    effect: bytes
    """``core.effects.Effect`` as JSON."""
    ordering_key: str = ""
    """Of its chain; kept for a dead letter only."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try."""

    day: int
    delivery_id: int
    number: int
    started_at: float
    elapsed_ms: float
    outcome: str
    status: int = 0
    reason: str = ""
    detail: str = ""
    error: str = ""
    timings: str = "{}"
    response: bytes | None = None
    """At most 64 KiB."""
    lane_id: int = 0
    request: str = ""
    """What was sent, as JSON: ``{method, url, headers}`` with what is secret masked; "" where it is not kept."""
    response_headers: str = ""
    """As JSON: ``[[name, value], ...]``; "" for none."""
    revision: int = 0
    """Of the webhook that it was sent by; 0 for one that the file provides."""

    @property
    def id(self) -> str:
        """``att_<day>_<delivery>_<start in microseconds>``: it says where the row is."""
        return f"att_{self.day}_{self.delivery_id}_{round(self.started_at * 1e6)}"


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """Where to find a dead delivery."""

    id: int
    day: int
    event_id: str
    lane_id: int
    finished_at: float
    reason: str
    ordering_key: str = ""


def append(tx: Transaction, finished: Sequence[Finished], attempts: Sequence[Attempt]) -> None:
    """Records ends and tries; the dead are indexed for whoever looks after them."""
    bulk.insert(tx, schema.history, [_kept(row) for row in finished])
    bulk.insert(tx, schema.attempts, [msgspec.structs.asdict(row) for row in attempts], ignore=True)
    dead = [
        {
            "id": f.id,
            "day": f.day,
            "event_id": f.event_id,
            "lane_id": f.lane_id,
            "finished_at": f.finished_at,
            "reason": f.reason,
            "ordering_key": f.ordering_key,
        }
        for f in finished
        if f.state == "dead"
    ]
    bulk.insert(tx, schema.dead_letters, dead)


def _kept(row: Finished) -> dict[str, object]:
    kept = msgspec.structs.asdict(row)
    del kept["ordering_key"]
    return kept


def finished_of(row: object) -> Finished:
    """A row of ``history``."""
    mapping = dict(row._mapping)  # type: ignore[attr-defined]  # SQLAlchemy's Row
    return Finished(**{**mapping, "effect": bytes(mapping["effect"])})


def of_event(tx: Transaction, event_id: str) -> list[Finished]:
    """The finished deliveries of an event, oldest first."""
    table = schema.history
    query = sa.select(table).where(table.c.day == ids.day(event_id), table.c.event_id == event_id).order_by(table.c.id)
    return [finished_of(row) for row in tx.execute(query)]


def attempts_of(tx: Transaction, day: int, delivery_ids: Sequence[int]) -> list[Attempt]:
    """Every try of these deliveries, oldest first."""
    table = schema.attempts
    query = sa.select(table).where(table.c.day == day, table.c.delivery_id.in_(delivery_ids))
    rows = tx.execute(query.order_by(table.c.delivery_id, table.c.started_at))
    return [Attempt(**dict(row._mapping)) for row in rows]


def dead(tx: Transaction, limit: int, after: int = 0, lane_id: int | None = None) -> list[DeadLetter]:
    """Dead letters, oldest first, from the one behind ``after``."""
    table = schema.dead_letters
    query = sa.select(table).where(table.c.id > after).order_by(table.c.id).limit(limit)
    if lane_id is not None:
        query = query.where(table.c.lane_id == lane_id)
    return [DeadLetter(**dict(row._mapping)) for row in tx.execute(query)]


def dead_count(tx: Transaction) -> int:
    """How many dead letters wait for somebody."""
    return int(tx.execute(sa.select(sa.func.count()).select_from(schema.dead_letters)).scalar_one())


def get(tx: Transaction, day: int, event_id: str, delivery_id: int) -> Finished | None:
    """One finished delivery."""
    table = schema.history
    condition = sa.and_(table.c.day == day, table.c.event_id == event_id, table.c.id == delivery_id)
    row = tx.execute(sa.select(table).where(condition)).first()
    return finished_of(row) if row is not None else None


def supersede(tx: Transaction, row: Finished, successor: int) -> None:
    """A dead delivery was sent again as another one: it waits for nobody any more."""
    _lay_to_rest(tx, row, state=next_state(row.state, "supersede"), detail=f"dlv_{successor}")


def chain_of_dead(tx: Transaction, delivery_id: int) -> str:
    """The ordering key of a dead letter; "" when it kept no order."""
    table = schema.dead_letters
    return tx.execute(sa.select(table.c.ordering_key).where(table.c.id == delivery_id)).scalar() or ""


def dismiss(tx: Transaction, row: Finished, reason: str) -> None:
    """Somebody has seen to a dead delivery: it waits for nobody any more. Its detail stays."""
    _lay_to_rest(tx, row, state=next_state(row.state, "skip"), reason=reason)


def _lay_to_rest(tx: Transaction, row: Finished, **values: str) -> None:
    table = schema.history
    condition = sa.and_(table.c.day == row.day, table.c.event_id == row.event_id, table.c.id == row.id)
    tx.execute(sa.update(table).where(condition).values(**values))
    bulk.delete(tx, schema.dead_letters, "id", [row.id])
