"""Tickets, clients, contacts and assets as their sources last described them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.core.records import Record
from centralita.store.database import Transaction
from centralita.store.schema import records

# What an event only mentions has no state of its own to say: it leaves the state that is there.
_SAVE = sa.text(
    "insert into records (kind, source, id, title, status, phase, severity, updated_at, event_id, body)"
    " values (:kind, :source, :id, :title, :status, :phase, :severity, :updated_at, :event_id, :body)"
    " on conflict (kind, source, id) do update set"
    " title = case when excluded.title = '' then records.title else excluded.title end,"
    " status = case when excluded.status = '' then records.status else excluded.status end,"
    " phase = case when excluded.phase = '' then records.phase else excluded.phase end,"
    " severity = case when excluded.severity = '' then records.severity else excluded.severity end,"
    " updated_at = excluded.updated_at, event_id = excluded.event_id, body = excluded.body"
)


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which records; "" for any."""

    kind: str
    source: str = ""
    phase: str = ""
    status: str = ""
    text: str = ""
    """Part of the title or the id, in any case."""


def save(tx: Transaction, changed: Iterable[Record], now: float) -> None:
    """Brings records up to date; fields that the newer description leaves out keep their value."""
    listed = sorted(changed, key=lambda record: (record.kind, record.source, record.id))
    if not listed:
        return
    known = _bodies(tx, listed)
    rows = []
    for record in listed:
        before = known.get((record.kind, record.source, record.id), {})
        row = {name: value for name, value in msgspec.structs.asdict(record).items() if name != "data"}
        rows.append({**row, "updated_at": now, "body": msgspec.json.encode({**before, **record.data})})
    tx.execute(_SAVE, rows)


def _bodies(tx: Transaction, listed: list[Record]) -> dict[tuple[str, str, str], dict[str, Any]]:
    keys = sorted({record.id for record in listed})
    query = sa.select(records.c.kind, records.c.source, records.c.id, records.c.body).where(
        records.c.kind.in_(sorted({record.kind for record in listed})),
        records.c.source.in_(sorted({record.source for record in listed})),
        records.c.id.in_(keys),
    )
    return {(row.kind, row.source, row.id): msgspec.json.decode(row.body) for row in tx.execute(query)}


def find(tx: Transaction, kind: str, id_: str, source: str = "") -> Record | None:
    """A record by its id; the newest when several sources have one of that id and none is named."""
    query = sa.select(records).where(records.c.kind == kind, records.c.id == id_)
    if source:
        query = query.where(records.c.source == source)
    row = tx.execute(query.order_by(records.c.updated_at.desc()).limit(1)).first()
    return _record(row) if row is not None else None


def load(tx: Transaction, kind: str, source: str, ids: Iterable[str]) -> dict[str, Record]:
    """Those of ``ids`` that the source has described."""
    query = sa.select(records).where(
        records.c.kind == kind, records.c.source == source, records.c.id.in_(sorted(set(ids)))
    )
    return {row.id: _record(row) for row in tx.execute(query)}


def newest(
    tx: Transaction, wanted: Filter, limit: int, before: tuple[float, str] | None = None
) -> list[tuple[Record, float]]:
    """Records with the time of their last change, newest first; ``before`` is the last one's (time, id)."""
    query = sa.select(records).where(records.c.kind == wanted.kind)
    for name in ("source", "phase", "status"):
        if value := getattr(wanted, name):
            query = query.where(records.c[name] == value)
    if wanted.text:
        part = f"%{wanted.text.lower()}%"
        query = query.where(sa.or_(sa.func.lower(records.c.title).like(part), sa.func.lower(records.c.id).like(part)))
    if before is not None:
        at, id_ = before
        later = sa.and_(records.c.updated_at == at, records.c.id < id_)
        query = query.where(sa.or_(records.c.updated_at < at, later))
    query = query.order_by(records.c.updated_at.desc(), records.c.id.desc()).limit(limit)
    return [(_record(row), row.updated_at) for row in tx.execute(query)]


def _record(row: Any) -> Record:
    return Record(
        kind=row.kind,
        source=row.source,
        id=row.id,
        title=row.title,
        status=row.status,
        phase=row.phase,
        severity=row.severity,
        event_id=row.event_id,
        data=msgspec.json.decode(row.body),
    )
