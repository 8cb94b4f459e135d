"""Immutable, numbered versions of the rules."""

from __future__ import annotations

import sqlalchemy as sa

from centralita.store import stored_webhooks
from centralita.store.database import Transaction
from centralita.store.rule_tables import rulesets


def latest(tx: Transaction) -> tuple[int, str]:
    """(version, digest of what the file provides) of the rules in force; (0, "") before the first."""
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
    """Adds a version; its number. ``body`` is "" where the file provides what it provided before."""
    row = {"digest": digest, "body": body, "created_at": now, "origin": origin}
    return int(tx.execute(sa.insert(rulesets).values(row).returning(rulesets.c.version)).scalar_one())


def provided(tx: Transaction, version: int) -> tuple[str, str] | None:
    """(digest, body) of what the file provides at a version; None for one that there is not."""
    r = rulesets.c
    query = sa.select(r.digest, r.body).where(r.version <= version, r.origin == "file").order_by(r.version.desc())
    row = tx.execute(query.limit(1)).first()
    return (row.digest, row.body) if row is not None else None


def forget(tx: Transaction, before: float) -> int:
    """Lets go of versions that were in force only before a time (seconds since 1970), but of none by which something
    that is kept was decided; the first version that is still known, 0 when there is none.

    Of what the file provided the newest before stays: later versions lean on it.
    """
    r = rulesets.c
    oldest = sa.select(sa.func.max(r.version)).where(r.created_at <= before)
    first = tx.execute(oldest).scalar() or 0
    leaned_on = sa.select(sa.func.max(r.version)).where(r.origin == "file", r.version <= first).scalar_subquery()
    tx.execute(sa.delete(rulesets).where(r.version < first, sa.or_(r.origin != "file", r.version < leaned_on)))
    return first
