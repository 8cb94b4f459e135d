"""What events say of the things that they are about, as records that are kept up to date: tickets, clients, contacts,
assets. A record is keyed by its kind and by the id that its source gave it."""

from __future__ import annotations

from typing import Any

import msgspec

from centralita.core.effects import Subject
from centralita.core.events import PEOPLE, Event

KINDS = ("ticket", "client", "contact", "asset")
DELETED = "deleted"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One thing as its source last described it."""

    kind: str
    source: str
    id: str
    title: str = ""
    status: str = ""
    phase: str = ""
    severity: str = ""
    event_id: str = ""
    """The event that said so."""
    data: dict[str, Any] = msgspec.field(default_factory=dict)
    """Its fields; of a ticket also ``requester``, ``agent``, ``approver``, ``client`` and ``asset``."""


def records_of(event: Event, subject: Subject) -> list[Record]:
    """The records that ``event`` brings up to date; ``subject`` is its projection, the event included.

    The event's own subject carries its state; what it merely mentions (the client of a ticket) only its fields.
    """
    found = []
    for kind in KINDS:
        fields = event.data.get(kind)
        if not isinstance(fields, dict) or not fields.get("id"):
            continue
        name = str(fields["id"])[:200]
        own = event.subject == f"{kind}/{name}"
        found.append(_record(kind, name, fields, event, subject if own else None))
    return found


def _record(kind: str, name: str, fields: dict[str, Any], event: Event, subject: Subject | None) -> Record:
    title = str(fields.get("title") or fields.get("name") or "")
    if subject is None:
        return Record(kind=kind, source=event.source, id=name, title=title, event_id=event.id, data=fields)
    beside = (*PEOPLE, *(other for other in KINDS if other != kind))
    known = {**subject.data.get(kind, {}), **fields} if isinstance(subject.data.get(kind), dict) else fields
    people = {role: subject.data[role] for role in PEOPLE if role in subject.data}
    mentioned = {role: event.data[role] for role in beside if isinstance(event.data.get(role), dict)}
    return Record(
        kind=kind,
        source=event.source,
        id=name,
        title=title or subject.title,
        status=DELETED if event.type.endswith(".deleted") else subject.status,
        phase=subject.phase,
        severity=subject.severity or "",
        event_id=event.id,
        data={**people, **mentioned, **known},
    )
