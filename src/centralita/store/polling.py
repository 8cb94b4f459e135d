"""What a receiver that fetches is offered of its lane, and what it has taken."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from centralita.core.deliveries import next_state
from centralita.store.database import Transaction
from centralita.store.deliveries import DeliveryRow
from centralita.store.schema import deliveries

_COLUMNS = [deliveries.c[name] for name in DeliveryRow.__struct_fields__]


def _row(row: sa.Row[tuple[object, ...]]) -> DeliveryRow:
    kept = dict(row._mapping)
    return DeliveryRow(**{**kept, "payload": bytes(kept["payload"]), "uncertain": bool(kept["uncertain"])})


def offered(tx: Transaction, lane_id: int, limit: int) -> list[DeliveryRow]:
    """The first deliveries of a lane, in the order of their numbers: of each chain a beginning, none of one whose head
    is held or in flight. Nothing is changed: whoever asks again is offered the same."""
    own = sa.select(*_COLUMNS).where(deliveries.c.lane_id == lane_id)
    heads = own.where(deliveries.c.state == "due").order_by(deliveries.c.due_at, deliveries.c.id).limit(limit)
    found = [_row(row) for row in tx.execute(heads)]
    for key in [row.ordering_key for row in found if row.ordering_key] if len(found) < limit else ():
        # One look a chain, so that each is read from its index and no further than is asked for.
        behind = own.where(deliveries.c.ordering_key == key, deliveries.c.state == "waiting")
        found += [_row(row) for row in tx.execute(behind.order_by(deliveries.c.id).limit(limit))]
    return sorted(found, key=lambda row: row.id)[:limit]


def take(tx: Transaction, lane_id: int, ids: Sequence[int]) -> list[DeliveryRow]:
    """Puts those of a lane's deliveries in flight that could have been offered. The caller holds the lane's lock."""
    query = sa.select(*_COLUMNS).where(
        deliveries.c.lane_id == lane_id, deliveries.c.id.in_(ids), deliveries.c.state.in_(("due", "waiting"))
    )
    found = [_row(row) for row in tx.execute(query.order_by(deliveries.c.id))]
    # Without its head nothing of a chain has been offered: the head is in flight, or was put back.
    heads = {row.ordering_key for row in found if row.state == "due"}
    taken = [row for row in found if row.ordering_key in heads]
    state = next_state("due", "claim")
    tx.execute(sa.update(deliveries).where(deliveries.c.id.in_([row.id for row in taken])).values(state=state))
    return taken
