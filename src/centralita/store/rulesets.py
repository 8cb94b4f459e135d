"""Immutable, numbered versions of the rules."""

from __future__ import annotations

import sqlalchemy as sa

from centralita.store.database import Transaction
from centralita.store.schema import rulesets


def latest(tx: Transaction) -> tuple[int, str]:
    """(version, digest) of the rules in force; (0, "") before the first."""
    query = sa.select(rulesets.c.version, rulesets.c.digest).order_by(rulesets.c.version.desc()).limit(1)
    row = tx.execute(query).first()
    return (row.version, row.digest) if row is not None else (0, "")


def publish(tx: Transaction, digest: str, body: str, now: float, origin: str) -> int:
    """Adds a version; its number."""
    row = {"digest": digest, "body": body, "created_at": now, "origin": origin}
    return int(tx.execute(sa.insert(rulesets).values(row).returning(rulesets.c.version)).scalar_one())


def body(tx: Transaction, version: int) -> str | None:
    """The rules of a version as JSON."""
    return tx.execute(sa.select(rulesets.c.body).where(rulesets.c.version == version)).scalar()
