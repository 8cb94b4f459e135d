"""Immutable, numbered versions of the rules."""

from __future__ import annotations

import sqlalchemy as sa

from centralita.store import stored_webhooks
from centralita.store.database import Transaction
from centralita.store.schema import rulesets


def latest(tx: Transaction) -> tuple[int, str]:
    """(version, digest) of the rules in force; (0, "") before the first."""
    query = sa.select(rulesets.c.version, rulesets.c.digest).order_by(rulesets.c.version.desc()).limit(1)
    row = tx.execute(query).first()
    return (row.version, row.digest) if row is not None else (0, "")


def in_force(tx: Transaction) -> tuple[int, str, int]:
    """(version, digest, how many changes of webhooks there have been): all that routing goes by, in one look."""
    row = tx.execute(_IN_FORCE, {"key": stored_webhooks.VERSION}).first()
    return (0, "", 0) if row is None else (row.version or 0, row.digest or "", int(row.changes or 0))


_IN_FORCE = sa.text(
    "select r.version, r.digest, f.value as changes from (select 1 as one) o"
    " left join (select version, digest from rulesets order by version desc limit 1) r on 1 = 1"
    " left join facts f on f.key = :key"
)


def publish(tx: Transaction, digest: str, body: str, now: float, origin: str) -> int:
    """Adds a version; its number."""
    row = {"digest": digest, "body": body, "created_at": now, "origin": origin}
    return int(tx.execute(sa.insert(rulesets).values(row).returning(rulesets.c.version)).scalar_one())


def body(tx: Transaction, version: int) -> str | None:
    """The rules of a version as JSON."""
    return tx.execute(sa.select(rulesets.c.body).where(rulesets.c.version == version)).scalar()
