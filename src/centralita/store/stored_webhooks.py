"""Outgoing webhooks as rows: those that people made, their earlier revisions, and a shadow of those of the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store import bulk, upkeep
from centralita.store.database import Conflict, Transaction
from centralita.store.schema import webhook_revisions, webhooks

VERSION = "webhooks.version"
"""The fact that counts changes; ``rulesets.latest`` reads it too."""


class WebhookRow(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as it is kept."""

    name: str
    origin: str = "database"
    description: str = ""
    address: str = ""
    """The URL as people may see it."""
    types: tuple[str, ...] = ()
    enabled: bool = True
    spec: dict[str, Any] = {}
    """``settings.webhooks.parted``: what may be seen."""
    sealed: bytes = b""
    """What is secret, sealed; b"" for none."""
    revision: int = 1
    version: int = 0
    created_at: float
    updated_at: float = 0.0
    removed_at: float | None = None

    @property
    def put_away(self) -> bool:
        """Whether it was removed so that it can still be restored: what is secret is kept until that is over."""
        return self.removed_at is not None and bool(self.sealed)


def _row(row: sa.Row[Any]) -> WebhookRow:
    kept = dict(row._mapping)
    return WebhookRow(
        **{
            **kept,
            "types": msgspec.json.decode(kept["types"], type=tuple[str, ...]),
            "spec": msgspec.json.decode(kept["spec"], type=dict[str, Any]),
            "sealed": bytes(kept["sealed"] or b""),
            "enabled": bool(kept["enabled"]),
        }
    )


def _values(row: WebhookRow) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(row),
        "types": msgspec.json.encode(row.types).decode(),
        "spec": msgspec.json.encode(row.spec).decode(),
    }


def version(tx: Transaction) -> int:
    """How many changes there have been."""
    return int(upkeep.fact(tx, VERSION) or 0)


def changed_since(tx: Transaction, since: int) -> list[WebhookRow]:
    """Those that people made and changed after change number ``since``, the removed ones included."""
    w = webhooks.c
    query = sa.select(webhooks).where(w.version > since, w.origin == "database").order_by(w.version)
    return [_row(row) for row in tx.execute(query)]


def find(tx: Transaction, name: str) -> WebhookRow | None:
    """One that people made, removed or not, held until the transaction ends; None when there never was one."""
    query = sa.select(webhooks).where(webhooks.c.name == name, webhooks.c.origin == "database").with_for_update()
    row = tx.execute(query).first()
    return _row(row) if row is not None else None


def add(tx: Transaction, row: WebhookRow) -> None:
    """Writes a webhook whose name none has. Raises Conflict when somebody else has written one in the meantime."""
    row = msgspec.structs.replace(row, version=_count(tx))
    try:
        tx.execute(sa.insert(webhooks).values(_values(row)))
    except sa.exc.IntegrityError:
        raise Conflict(row.name) from None
    _keep_revision(tx, row)


def change(tx: Transaction, row: WebhookRow) -> None:
    """Writes a webhook in place of the one that ``find`` gave; its ``revision`` is the caller's to count up."""
    row = msgspec.structs.replace(row, version=_count(tx))
    tx.execute(sa.update(webhooks).where(webhooks.c.name == row.name).values(_values(row)))
    _keep_revision(tx, row)


def _keep_revision(tx: Transaction, row: WebhookRow) -> None:
    r = webhook_revisions.c
    if row.removed_at is not None and not row.put_away:  # its earlier secrets go with it
        tx.execute(sa.delete(webhook_revisions).where(r.name == row.name))
        return
    tx.execute(sa.delete(webhook_revisions).where(r.name == row.name, r.revision == row.revision))
    spec = msgspec.json.encode(row.spec).decode()
    values = {"name": row.name, "revision": row.revision, "at": row.updated_at, "spec": spec, "sealed": row.sealed}
    tx.execute(sa.insert(webhook_revisions).values(values))


def forget_revisions(tx: Transaction, before: float) -> None:
    """Lets go of what webhooks were like until ``before``: of each revision that had a successor by then."""
    r, later = webhook_revisions.c, webhook_revisions.alias()
    followed = sa.exists().where(later.c.name == r.name, later.c.revision > r.revision, later.c.at < before)
    tx.execute(sa.delete(webhook_revisions).where(followed))


def revision(tx: Transaction, name: str, number: int) -> WebhookRow | None:
    """A webhook as it was; None when that is not known."""
    r = webhook_revisions.c
    row = tx.execute(sa.select(webhook_revisions).where(r.name == name, r.revision == number)).first()
    if row is None:
        return None
    spec = msgspec.json.decode(row.spec, type=dict[str, Any])
    return WebhookRow(name=name, spec=spec, sealed=bytes(row.sealed or b""), revision=number, created_at=row.at)


def _count(tx: Transaction) -> int:
    """The number of this change. The fact's row is held from here on, so that the numbers are seen in their order."""
    number = int(tx.execute(_COUNT, {"key": VERSION}).scalar_one())
    return number


_COUNT = sa.text(
    "insert into facts (key, value) values (:key, '1') on conflict (key) do update"
    " set value = cast(cast(facts.value as bigint) + 1 as text) returning value"
)


def shadow(tx: Transaction, rows: Sequence[WebhookRow]) -> None:
    """Writes what the file provides, for whoever reads the table. Those that it provides no more are gone: another
    webhook may have the name."""
    w = webhooks.c
    bulk.insert(tx, webhooks, [_values(row) for row in rows], ignore=True)
    for row in rows:
        kept = {name: value for name, value in _values(row).items() if name != "created_at"}
        tx.execute(sa.update(webhooks).where(w.name == row.name, w.origin == "file").values(kept))
    tx.execute(sa.delete(webhooks).where(w.origin == "file", w.name.not_in([row.name for row in rows])))
