"""The audit log: appended to, read and walked; there is no statement here that changes or deletes an entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec
import sqlalchemy as sa

from centralita.core.audit import GENESIS, Entry, Head, Link, entry_hash
from centralita.store.database import Transaction
from centralita.store.schema import audit

# One appender at a time: the next number and the hash before it are read under this lock, which the commit releases.
_LOCK = sa.text("select pg_advisory_xact_lock(7310585)")
_PAGE = 1000


class StoredLink(msgspec.Struct, frozen=True):
    """A link and what it says about the one before it."""

    link: Link
    previous: str


def append(tx: Transaction, *, at: float, actor: str, action: str, subject: str, details: str) -> Link:
    """Adds an entry at the chain's end. Last of all in its transaction, so that its lock is never waited under."""
    if tx.dialect.name == "postgresql":
        tx.execute(_LOCK)
    before = head(tx)
    entry = Entry(number=before.number + 1, at=_text(at), actor=actor, action=action, subject=subject, details=details)
    link = Link(entry, entry_hash(before.hash, entry))
    row = {
        "seq": entry.number,
        "at": at,
        "actor": actor,
        "action": action,
        "object": subject,
        "detail": details,
        "previous": bytes.fromhex(before.hash),
        "hash": bytes.fromhex(link.hash),
    }
    tx.execute(sa.insert(audit).values(row))
    return link


def head(tx: Transaction) -> Head:
    """Where the chain ends; number 0 before the first entry."""
    row = tx.execute(sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
    return Head(row.seq, bytes(row.hash).hex()) if row is not None else Head(0, GENESIS)


SKEW_S = 600.0
"""So far apart the clocks of two processes may be: an entry may be older than the one before it."""
_NEAR = 256


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries: "" and None for any."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    """One thing (``webhook/erp``), or with a slash at its end all of a kind (``webhook/``)."""
    since: float | None = None
    until: float | None = None


def find(tx: Transaction, wanted: Wanted, limit: int, before: int | None = None) -> list[Link]:
    """Newest first; ``before`` is the number of the last one of the page before."""
    query = sa.select(audit).order_by(audit.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.seq < before)
    if wanted.actor:
        query = query.where(audit.c.actor == wanted.actor)
    if wanted.action:
        query = query.where(audit.c.action == wanted.action)
    if wanted.subject.endswith("/"):
        query = query.where(audit.c.object.startswith(wanted.subject, autoescape=True))
    elif wanted.subject:
        query = query.where(audit.c.object == wanted.subject)
    if wanted.since is not None:
        query = query.where(audit.c.at >= wanted.since, audit.c.seq > _number_before(tx, wanted.since - SKEW_S))
    if wanted.until is not None:
        last = _number_before(tx, wanted.until + SKEW_S) + _NEAR
        query = query.where(audit.c.at <= wanted.until, audit.c.seq <= last)
    return [_stored(row).link for row in tx.execute(query)]


def _number_before(tx: Transaction, at: float) -> int:
    """The number of an entry that was made before a time, and of those at most ``_NEAR`` later ones: entries are
    numbered as they are made, so that no index on their times is needed."""
    low, high = 0, head(tx).number + 1
    while high - low > _NEAR:
        middle = (low + high) // 2
        found = tx.execute(sa.select(audit.c.at).where(audit.c.seq >= middle).order_by(audit.c.seq).limit(1)).scalar()
        low, high = (middle, high) if found is not None and found < at else (low, middle)
    return low


def load(tx: Transaction, numbers: Sequence[int]) -> list[Link]:
    """Entries by their numbers, newest first."""
    query = sa.select(audit).where(audit.c.seq.in_(numbers)).order_by(audit.c.seq.desc())
    return [_stored(row).link for row in tx.execute(query)]


def newest(tx: Transaction, limit: int, before: int | None = None, actor: str = "", action: str = "") -> list[Link]:
    """Newest first; ``before`` is the number of the last one of the page before."""
    return find(tx, Wanted(actor=actor, action=action), limit, before)


def walk(tx: Transaction) -> Iterator[StoredLink]:
    """Every entry in the order of the numbers, a page at a time."""
    after: int | None = None
    while True:
        query = sa.select(audit).order_by(audit.c.seq).limit(_PAGE)
        rows = tx.execute(query if after is None else query.where(audit.c.seq > after)).all()
        yield from map(_stored, rows)
        if len(rows) < _PAGE:
            return
        after = rows[-1].seq


def _stored(row: sa.Row[tuple[object, ...]]) -> StoredLink:
    entry = Entry(
        number=row.seq,
        at=_text(row.at),
        actor=row.actor,
        action=row.action,
        subject=row.object,
        details=row.detail,
    )
    return StoredLink(Link(entry, bytes(row.hash).hex()), bytes(row.previous).hex())


def _text(at: float) -> str:
    # A double holds microseconds until the year 2255, and neither database rounds one: the text is the same for ever.
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
