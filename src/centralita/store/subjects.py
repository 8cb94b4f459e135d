"""What the events of each subject add up to so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import sqlalchemy as sa

from centralita.core.effects import Subject
from centralita.store.database import Transaction
from centralita.store.schema import subjects

_decoder = msgspec.json.Decoder(Subject)


def load(tx: Transaction, source: str, names: Iterable[str]) -> dict[str, Subject]:
    """The known subjects of a source, by name; unknown ones are left out."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    query = sa.select(subjects.c.subject, subjects.c.body).where(subjects.c.source == source)
    return {name: _decoder.decode(body) for name, body in tx.execute(query.where(subjects.c.subject.in_(wanted)))}


_SAVE = sa.text(
    "insert into subjects (source, subject, updated_at, body) values (:source, :subject, :updated_at, :body)"
    " on conflict (source, subject) do update set updated_at = excluded.updated_at, body = excluded.body"
)


def save(tx: Transaction, changed: Mapping[str, Subject], now: float) -> None:
    """Writes projections back. The caller holds the source's routing lock, so nobody else has changed them."""
    rows = [
        {"source": s.source, "subject": name, "updated_at": now, "body": msgspec.json.encode(s)}
        for name, s in sorted(changed.items())
    ]
    if rows:
        tx.execute(_SAVE, rows)


class _Phase(msgspec.Struct):
    phase: str = ""


_phase = msgspec.json.Decoder(_Phase)
MOST_COUNTED = 20_000


def count_open(tx: Transaction, since: float) -> int:
    """How many subjects of sources are open that something was said of after ``since``; at most ``MOST_COUNTED`` are
    looked at. What the hub itself tells of is not among them."""
    query = sa.select(subjects.c.body).where(subjects.c.updated_at > since, subjects.c.source != "centralita")
    newest = query.order_by(subjects.c.updated_at.desc()).limit(MOST_COUNTED)
    return sum(_phase.decode(row.body).phase == "open" for row in tx.execute(newest))
