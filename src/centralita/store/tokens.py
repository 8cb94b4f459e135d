"""API tokens: only their hashes are here."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from centralita.store.database import Transaction
from centralita.store.schema import tokens


class TokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is kept; the token itself is nowhere."""

    id: int
    name: str
    prefix: str
    """Its first characters, so that people can tell their tokens apart."""
    scopes: tuple[str, ...]
    created_by: str
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    last_used_at: float | None = None


def _row(row: sa.Row[tuple[object, ...]]) -> TokenRow:
    fields = {name: getattr(row, name) for name in TokenRow.__struct_fields__}
    return TokenRow(**{**fields, "scopes": tuple(row.scopes.split())})


def add(
    tx: Transaction,
    *,
    name: str,
    hash_hex: str,
    prefix: str,
    scopes: tuple[str, ...],
    created_by: str,
    created_at: float,
    expires_at: float | None,
) -> TokenRow:
    """Keeps a new token's hash."""
    values = {
        "name": name,
        "hash": bytes.fromhex(hash_hex),
        "prefix": prefix,
        "scopes": " ".join(scopes),
        "created_by": created_by,
        "created_at": created_at,
        "expires_at": expires_at,
    }
    number = tx.execute(sa.insert(tokens).values(values).returning(tokens.c.id)).scalar_one()
    found = get(tx, number)
    assert found is not None  # noqa: S101 - inserted above, in this transaction
    return found


def get(tx: Transaction, token_id: int) -> TokenRow | None:
    """One token, revoked or not."""
    row = tx.execute(sa.select(tokens).where(tokens.c.id == token_id)).first()
    return _row(row) if row is not None else None


def by_hash(tx: Transaction, hash_hex: str) -> TokenRow | None:
    """The token with this hash, revoked or expired ones included: whoever asks judges."""
    row = tx.execute(sa.select(tokens).where(tokens.c.hash == bytes.fromhex(hash_hex))).first()
    return _row(row) if row is not None else None


def listing(tx: Transaction, limit: int, after: int = 0) -> list[TokenRow]:
    """In the order of their making, from the one behind ``after``."""
    query = sa.select(tokens).where(tokens.c.id > after).order_by(tokens.c.id).limit(limit)
    return [_row(row) for row in tx.execute(query)]


def made_by(tx: Transaction, actor: str, now: float) -> list[TokenRow]:
    """Those of somebody's making that open something at ``now``, the newest first."""
    alive = sa.or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now)
    theirs = sa.and_(tokens.c.created_by == actor, tokens.c.revoked_at.is_(None), alive)
    return [_row(row) for row in tx.execute(sa.select(tokens).where(theirs).order_by(tokens.c.id.desc()))]


def count_valid(tx: Transaction, now: float) -> int:
    """How many tokens open something at ``now``."""
    alive = sa.or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now)
    query = sa.select(sa.func.count()).select_from(tokens).where(tokens.c.revoked_at.is_(None), alive)
    return int(tx.execute(query).scalar_one())


def revoke(tx: Transaction, token_id: int, now: float) -> bool:
    """Ends a token for good; False when there is no such token, or it had ended before."""
    condition = sa.and_(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
    return tx.execute(sa.update(tokens).where(condition).values(revoked_at=now)).rowcount == 1


def used(tx: Transaction, token_id: int, now: float) -> None:
    """Notes that a token was used."""
    tx.execute(sa.update(tokens).where(tokens.c.id == token_id).values(last_used_at=now))
