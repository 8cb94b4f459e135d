"""Processes that hold lanes: each has one lease for all of them."""

from __future__ import annotations

import sqlalchemy as sa

from centralita.store.database import Transaction
from centralita.store.schema import lanes, workers


def register(tx: Transaction, name: str, role: str, now: float, lease_s: float) -> int:
    """A new worker's id. Ids are never given twice: an id is the fencing token of everything that its worker holds."""
    row = {"name": name, "role": role, "started_at": now, "lease_until": now + lease_s}
    return int(tx.execute(sa.insert(workers).values(row).returning(workers.c.id)).scalar_one())


def renew(tx: Transaction, worker: int, now: float, lease_s: float) -> bool:
    """Keeps the lease; False when it has run out and somebody may have taken the lanes."""
    condition = workers.c.id == worker
    if tx.dialect.name == "postgresql":  # on SQLite nobody else can have taken anything
        condition = sa.and_(condition, workers.c.lease_until > now)
    return tx.execute(sa.update(workers).where(condition).values(lease_until=now + lease_s)).rowcount == 1


def expired(tx: Transaction, now: float) -> list[int]:
    """Workers whose lease has run out."""
    return list(tx.execute(sa.select(workers.c.id).where(workers.c.lease_until <= now)).scalars())


def unlisted(tx: Transaction) -> list[int]:
    """Owners of lanes that are no workers any more: they claimed after their lease had been taken from them."""
    owner = lanes.c.owner
    listed = sa.select(workers.c.id).where(workers.c.id == owner).exists()
    return list(tx.execute(sa.select(owner).where(owner.is_not(None), ~listed).distinct()).scalars())


def everybody(tx: Transaction) -> list[int]:
    """All registered workers."""
    return list(tx.execute(sa.select(workers.c.id)).scalars())


def alive(tx: Transaction, now: float) -> list[tuple[int, str, str]]:
    """(id, name, role) of the workers with a lease."""
    query = sa.select(workers.c.id, workers.c.name, workers.c.role).where(workers.c.lease_until > now)
    return [(row.id, row.name, row.role) for row in tx.execute(query)]


def remove(tx: Transaction, worker: int) -> bool:
    """Takes a worker off the list; False when somebody else did."""
    return tx.execute(sa.delete(workers).where(workers.c.id == worker)).rowcount == 1
