"""Who is signed in: sessions, their tokens (as hashes), the failures that sign-in counts, and invitations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store import users
from centralita.store.database import Transaction
from centralita.store.session_tables import invitations, session_tokens, sessions, sign_in_failures
from centralita.store.user_tables import users as user_table
from centralita.store.users import UserRow


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One browser in which somebody is signed in."""

    id: int
    user_id: int
    created_at: float
    seen_at: float
    rotated_at: float
    expires_at: float
    ended_at: float | None = None
    user_agent: str = ""
    address: str = ""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a token that somebody shows stands for."""

    session: SessionRow
    user: UserRow
    newest: bool
    """Whether it is the newest one that the browser has shown; a newer one may have been made."""
    made_at: float
    spent_at: float | None
    """When a newer one was shown."""


def _row(row: sa.Row[*tuple[Any, ...]]) -> SessionRow:
    return SessionRow(**{name: getattr(row, name) for name in SessionRow.__struct_fields__})


def add(
    tx: Transaction, *, user_id: int, hash: str, now: float, expires_at: float, user_agent: str, address: str
) -> SessionRow:
    """Opens a session with its first token."""
    values = {
        "user_id": user_id,
        "token_hash": hash,
        "created_at": now,
        "seen_at": now,
        "rotated_at": now,
        "expires_at": expires_at,
        "user_agent": user_agent,
        "address": address,
    }
    row = _row(tx.execute(sa.insert(sessions).values(values).returning(*sessions.c)).one())
    tx.execute(sa.insert(session_tokens).values(hash=hash, session_id=row.id, made_at=now))
    return row


def of_token(tx: Transaction, hash: str) -> Shown | None:
    """The session that a token belongs or belonged to, ended and expired ones too: whoever asks judges."""
    s, t = sessions.c, session_tokens.c
    joined = session_tokens.join(sessions, s.id == t.session_id).join(user_table, user_table.c.id == s.user_id)
    # One statement: every request asks, and on PostgreSQL each is a round trip.
    query = sa.select(*s, *user_table.c, t.made_at, t.spent_at).select_from(joined).where(t.hash == hash)
    row = tx.execute(query).first()
    if row is None:
        return None
    said = row._mapping
    session = SessionRow(**{name: said[s[name]] for name in SessionRow.__struct_fields__})
    newest = row.token_hash == hash
    return Shown(session=session, user=users.read(row), newest=newest, made_at=row.made_at, spent_at=row.spent_at)


def seen(tx: Transaction, session_id: int, now: float) -> None:
    """Notes that somebody is there."""
    tx.execute(sa.update(sessions).where(sessions.c.id == session_id).values(seen_at=now))


def confirm(tx: Transaction, session_id: int, hash: str, now: float) -> None:
    """The browser has shown this token: those that were made before it are spent."""
    t = session_tokens.c
    made_at = sa.select(t.made_at).where(t.hash == hash).scalar_subquery()
    older = sa.and_(t.session_id == session_id, t.hash != hash, t.made_at <= made_at, t.spent_at.is_(None))
    tx.execute(sa.update(session_tokens).where(older).values(spent_at=now))
    tx.execute(sa.update(sessions).where(sessions.c.id == session_id).values(token_hash=hash))


def rotate(tx: Transaction, session: SessionRow, hash: str, now: float) -> bool:
    """Adds a newer token; False when another request has just done so."""
    same = sa.and_(sessions.c.id == session.id, sessions.c.rotated_at == session.rotated_at)
    if not tx.execute(sa.update(sessions).where(same).values(rotated_at=now)).rowcount:
        return False
    tx.execute(sa.insert(session_tokens).values(hash=hash, session_id=session.id, made_at=now))
    return True


def get(tx: Transaction, session_id: int) -> SessionRow | None:
    """One session."""
    row = tx.execute(sa.select(sessions).where(sessions.c.id == session_id)).first()
    return _row(row) if row is not None else None


def open_of(tx: Transaction, user_id: int, now: float, seen_after: float) -> list[SessionRow]:
    """A person's sessions that are open at ``now`` and were used after ``seen_after``, the newest first."""
    s = sessions.c
    alive = sa.and_(s.user_id == user_id, s.ended_at.is_(None), s.expires_at > now, s.seen_at > seen_after)
    return [_row(row) for row in tx.execute(sa.select(sessions).where(alive).order_by(s.id.desc()))]


def end(tx: Transaction, session_id: int, now: float) -> bool:
    """Ends one; False when it had ended."""
    condition = sa.and_(sessions.c.id == session_id, sessions.c.ended_at.is_(None))
    return tx.execute(sa.update(sessions).where(condition).values(ended_at=now)).rowcount == 1


def end_all(tx: Transaction, user_id: int, now: float) -> int:
    """Ends all sessions of a person; how many there were."""
    condition = sa.and_(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
    return tx.execute(sa.update(sessions).where(condition).values(ended_at=now)).rowcount


def was_at(tx: Transaction, user_id: int, address: str) -> bool:
    """Whether a person has signed in from that address, as far back as sessions are kept."""
    condition = sa.and_(sessions.c.user_id == user_id, sessions.c.address == address)
    return tx.execute(sa.select(sessions.c.id).where(condition).limit(1)).first() is not None


def forget(tx: Transaction, now: float, counted_since: float) -> None:
    """Lets go of what has expired, and of failures that do not count any more."""
    expired = sa.select(sessions.c.id).where(sessions.c.expires_at <= now)
    tx.execute(sa.delete(session_tokens).where(session_tokens.c.session_id.in_(expired)))
    tx.execute(sa.delete(sessions).where(sessions.c.expires_at <= now))
    tx.execute(sa.delete(invitations).where(invitations.c.expires_at <= now))
    tx.execute(sa.delete(sign_in_failures).where(sign_in_failures.c.last_at <= counted_since))


# ---- failures

_COUNT = sa.text(
    "insert into sign_in_failures (key, failures, last_at) values (:key, 1, :now)"
    " on conflict (key) do update set last_at = excluded.last_at,"
    " failures = case when sign_in_failures.last_at <= :since then 1 else sign_in_failures.failures + 1 end"
)


def failures(tx: Transaction, keys: Sequence[str], since: float) -> dict[str, tuple[int, float]]:
    """How many are counted and when the last one was, by key; held until the transaction ends.

    Keys whose last one is older than ``since`` are left out.
    """
    f = sign_in_failures.c
    query = sa.select(f.key, f.failures, f.last_at).where(f.key.in_(list(keys)), f.last_at > since)
    return {row.key: (row.failures, row.last_at) for row in tx.execute(query.order_by(f.key).with_for_update())}


def count_failure(tx: Transaction, key: str, now: float, since: float) -> None:
    """One more; from one again when the last was before ``since``."""
    tx.execute(_COUNT, {"key": key, "now": now, "since": since})


def forgive(tx: Transaction, key: str) -> None:
    """It was one who may: nothing is counted any more."""
    tx.execute(sa.delete(sign_in_failures).where(sign_in_failures.c.key == key))


def take_back(tx: Transaction, key: str) -> None:
    """One less."""
    f = sign_in_failures.c
    tx.execute(sa.update(sign_in_failures).where(f.key == key, f.failures > 0).values(failures=f.failures - 1))


# ---- invitations


def add_invitation(tx: Transaction, hash: str, user_id: int, made_by: str, expires_at: float) -> None:
    """Keeps a link's hash, in place of those that the person had before."""
    revoke_invitations(tx, user_id)
    values = {"hash": hash, "user_id": user_id, "made_by": made_by, "expires_at": expires_at}
    tx.execute(sa.insert(invitations).values(values))


def invited(tx: Transaction, hash: str, now: float, *, held: bool = False) -> UserRow | None:
    """Whom a link is for; None for one that was used, has expired or never was, and for a disabled person.

    ``held``: nobody else uses it up before the transaction ends.
    """
    i = invitations.c
    query = sa.select(i.user_id).where(i.hash == hash, i.expires_at > now)
    found = tx.execute(query.with_for_update() if held else query).scalar()
    user = users.get(tx, found) if found is not None else None
    return user if user is not None and user.enabled else None


def revoke_invitations(tx: Transaction, user_id: int) -> None:
    """A person's links open nothing any more."""
    tx.execute(sa.delete(invitations).where(invitations.c.user_id == user_id))
