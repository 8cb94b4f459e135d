"""The sources that people made, as rows; those of the configuration file are not here."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store import schema, upkeep
from centralita.store.database import Conflict, Transaction
from centralita.store.schema import sources

_VERSION = "sources.version"


class SourceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A source as it is kept."""

    slug: str
    kind: str
    name: str = ""
    enabled: bool = True
    settings: dict[str, Any] = {}
    """Without those that are secret."""
    secrets: bytes = b""
    """Sealed; b"" for none."""
    created_at: float
    removed_at: float | None = None

    @property
    def put_away(self) -> bool:
        """Whether it was removed so that it can still be restored: what is secret is kept until that is over."""
        return self.removed_at is not None and bool(self.secrets)


def _row(row: sa.Row[Any]) -> SourceRow:
    return SourceRow(
        slug=row.slug,
        kind=row.kind,
        name=row.name,
        enabled=row.enabled,
        settings=msgspec.json.decode(row.settings, type=dict[str, Any]),
        secrets=bytes(row.secrets or b""),
        created_at=row.created_at,
        removed_at=row.removed_at,
    )


def listing(tx: Transaction) -> list[SourceRow]:
    """All of them by slug, the removed ones included."""
    query = sa.select(sources).where(sources.c.origin == "database").order_by(sources.c.slug)
    return [_row(row) for row in tx.execute(query)]


def find(tx: Transaction, slug: str) -> SourceRow | None:
    """One of them, removed or not; None when there never was one. Holds the row until the transaction ends."""
    query = sa.select(sources).where(sources.c.slug == slug, sources.c.origin == "database")
    row = tx.execute(query.with_for_update()).first()
    return _row(row) if row is not None else None


def add(tx: Transaction, row: SourceRow) -> None:
    """Writes a source whose slug none has. Raises Conflict when somebody else has written one in the meantime."""
    try:
        tx.execute(sa.insert(sources).values(_values(row)))
    except sa.exc.IntegrityError:
        raise Conflict(row.slug) from None


def change(tx: Transaction, row: SourceRow) -> None:
    """Writes a source in place of the one that ``find`` gave."""
    tx.execute(sa.update(sources).where(sources.c.slug == row.slug).values(_values(row)))


def _values(row: SourceRow) -> dict[str, Any]:
    settings = msgspec.json.encode(row.settings).decode()
    return {**msgspec.structs.asdict(row), "origin": "database", "settings": settings}


def version(tx: Transaction) -> str:
    """Changes whenever a source does; "" before the first."""
    return upkeep.fact(tx, _VERSION) or ""


def set_version(tx: Transaction, name: str) -> None:
    """``name``: one that was never used."""
    upkeep.set_fact(tx, _VERSION, name)


def has_waiting(tx: Transaction, slug: str) -> bool:
    """Whether receipts of the source wait for routing."""
    inbox = schema.inbox
    return tx.execute(sa.select(inbox.c.seq).where(inbox.c.source == slug).limit(1)).first() is not None
