"""Answers that were given under an ``Idempotency-Key``, kept so that the same request is carried out once.

The claim is written in the transaction that carries the request out: there is no moment in which one is done and the
other is not.
"""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from centralita.store.database import Transaction
from centralita.store.schema import facts

KEPT_S = 86_400.0
_PREFIX = "idempotency/"
_BEHIND = "idempotency0"  # the next text after everything that begins with the prefix


class Kept(msgspec.Struct, kw_only=True, array_like=True):
    """What is known of a request."""

    claimed_at: str
    """Seconds since 1970, zero-padded: its order as text is its order in time."""
    digest: str
    """Of the request: the same key with another request is a mistake."""
    status: int = 0
    """0: carried out, but the answer was lost."""
    body: str = ""


def _name(actor: str, key: str) -> str:
    return f"{_PREFIX}{actor}/{key}"


def find(tx: Transaction, actor: str, key: str, now: float) -> Kept | None:
    """What was kept under an actor's key in the last 24 hours."""
    value = tx.execute(sa.select(facts.c.value).where(facts.c.key == _name(actor, key))).scalar()
    kept = msgspec.json.decode(value, type=Kept) if value is not None else None
    return kept if kept is not None and float(kept.claimed_at) > now - KEPT_S else None


def claim(tx: Transaction, actor: str, key: str, digest: str, now: float) -> bool:
    """Marks the request as carried out; False when it is already. Forgets what is older than 24 hours."""
    oldest = f'["{_stamp(now - KEPT_S)}"'
    expired = sa.and_(facts.c.key >= _PREFIX, facts.c.key < _BEHIND, facts.c.value < oldest)
    tx.execute(sa.delete(facts).where(expired))
    value = msgspec.json.encode(Kept(claimed_at=_stamp(now), digest=digest)).decode()
    insert = sa.text("insert into facts (key, value) values (:key, :value) on conflict (key) do nothing")
    return tx.execute(insert, {"key": _name(actor, key), "value": value}).rowcount == 1


def keep(tx: Transaction, actor: str, key: str, status: int, body: str) -> None:
    """Keeps the answer of a claimed request."""
    name = _name(actor, key)
    value = tx.execute(sa.select(facts.c.value).where(facts.c.key == name)).scalar()
    if value is not None:
        kept = msgspec.json.decode(value, type=Kept)
        kept.status, kept.body = status, body
        encoded = msgspec.json.encode(kept).decode()
        tx.execute(sa.update(facts).where(facts.c.key == name).values(value=encoded))


def _stamp(at: float) -> str:
    return f"{at:017.6f}"
