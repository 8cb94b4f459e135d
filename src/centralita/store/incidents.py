"""Incidents as they stand, their timelines, and which events belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.core.incidents import Incident, State
from centralita.store.database import Conflict, Transaction
from centralita.store.incident_tables import acknowledgements, incident_entries, incident_keys, incidents


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which incidents; "" for any."""

    state: str = ""
    """One of the states, or ``unresolved`` for all that are not over."""
    priority: str = ""
    assignee: str = ""
    """``Who.key`` of somebody; ``nobody`` for those that nobody has."""
    text: str = ""
    """Part of the title, in any case."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a timeline. Times are seconds since 1970."""

    id: int = 0
    at: float
    kind: str
    """A happening."""
    who: str = ""
    text: str = ""
    """What was said; "" once it is deleted."""
    details: dict[str, Any] = {}
    message: str | None = None
    """``CHANNEL:TS`` of the message in Slack that said it."""
    edited_at: float | None = None
    deleted_at: float | None = None


# --- Incidents -------------------------------------------------------------------------------------------------------


def add(tx: Transaction, incident: Incident) -> Incident:
    """Keeps a new incident; it with its number."""
    query = sa.insert(incidents).values(_values(incident)).returning(incidents.c.number)
    made = msgspec.structs.replace(incident, number=int(tx.execute(query).scalar_one()))
    _join(tx, made)
    return made


def save(tx: Transaction, incident: Incident, before: Incident) -> None:
    """Writes back one that was decided on when it was ``before``. Raises Conflict when it is not any more."""
    where = (incidents.c.number == incident.number, incidents.c.version == before.version)
    if tx.execute(sa.update(incidents).where(*where).values(_values(incident))).rowcount != 1:
        raise Conflict(incident.code)
    if incident.keys != before.keys:
        tx.execute(sa.delete(incident_keys).where(incident_keys.c.number == incident.number))
        _join(tx, incident)


def find(tx: Transaction, number: int) -> Incident | None:
    """One incident."""
    return _one(tx, sa.select(incidents.c.number, incidents.c.body).where(incidents.c.number == number))


def lock(tx: Transaction, number: int) -> Incident | None:
    """One incident, held until the transaction ends."""
    query = sa.select(incidents.c.number, incidents.c.body).where(incidents.c.number == number)
    return _one(tx, query.with_for_update() if tx.dialect.name == "postgresql" else query)


def listing(tx: Transaction, wanted: Filter, limit: int, before: int = 0) -> list[Incident]:
    """Incidents, the newest first; ``before`` is the number of the last one of the page before, 0 for none."""
    query = sa.select(incidents.c.number, incidents.c.body).where(*_conditions(wanted))
    if before:
        query = query.where(incidents.c.number < before)
    return [_read(row) for row in tx.execute(query.order_by(incidents.c.number.desc()).limit(limit))]


def counts(tx: Transaction) -> dict[State, int]:
    """How many there are in each state; those that there are none of are left out."""
    query = sa.select(incidents.c.state, sa.func.count()).group_by(incidents.c.state)
    return {state: int(count) for state, count in tx.execute(query)}


def _conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.state == "unresolved":
        found.append(incidents.c.state.in_(("open", "acknowledged")))
    elif wanted.state:
        found.append(incidents.c.state == wanted.state)
    if wanted.priority:
        found.append(incidents.c.priority == wanted.priority)
    if wanted.assignee:
        found.append(incidents.c.assignee == ("" if wanted.assignee == "nobody" else wanted.assignee))
    if wanted.text:
        found.append(sa.func.lower(incidents.c.title).contains(wanted.text.lower(), autoescape=True))
    return found


def _one(tx: Transaction, query: Any) -> Incident | None:
    row = tx.execute(query).first()
    return None if row is None else _read(row)


def _read(row: Any) -> Incident:
    return msgspec.structs.replace(_decoder.decode(row.body), number=row.number)


_decoder = msgspec.json.Decoder(Incident)


def _values(incident: Incident) -> dict[str, Any]:
    return {
        "state": incident.state,
        "priority": incident.priority,
        "assignee": incident.assignee.key,
        "title": incident.title,
        "version": incident.version,
        "updated_at": incident.updated_at,
        "body": msgspec.json.encode(incident),
    }


# --- The timeline ----------------------------------------------------------------------------------------------------


def append(tx: Transaction, number: int, entry: Entry) -> bool:
    """Adds a line; False when the message that says it stands there already."""
    if entry.message is not None and said_by(tx, entry.message) is not None:
        return False
    values = {name: getattr(entry, name) for name in ("at", "kind", "who", "text", "message")}
    details = msgspec.json.encode(entry.details).decode()
    tx.execute(sa.insert(incident_entries).values(number=number, details=details, **values))
    return True


def timeline(tx: Transaction, number: int) -> list[Entry]:
    """All lines, the oldest first."""
    query = sa.select(incident_entries).where(incident_entries.c.number == number).order_by(incident_entries.c.id)
    return [_entry(row) for row in tx.execute(query)]


def said_by(tx: Transaction, message: str) -> tuple[int, Entry] | None:
    """The line that a message in Slack (``CHANNEL:TS``) said, and the number of its incident."""
    row = tx.execute(sa.select(incident_entries).where(incident_entries.c.message == message)).first()
    return None if row is None else (int(row.number), _entry(row))


def rewrite(tx: Transaction, entry_id: int, values: Mapping[str, Any]) -> None:
    """Changes what a line says: ``text``, ``edited_at``, ``deleted_at``."""
    tx.execute(sa.update(incident_entries).where(incident_entries.c.id == entry_id).values(dict(values)))


def _entry(row: Any) -> Entry:
    fields = {name: getattr(row, name) for name in Entry.__struct_fields__}
    return Entry(**{**fields, "details": msgspec.json.decode(row.details)})


# --- Events ----------------------------------------------------------------------------------------------------------

_ANY_KEY = sa.text("select 1 from incident_keys limit 1")


def waits_for_events(tx: Transaction) -> bool:
    """Whether any event may belong to any incident; costs next to nothing when none is open."""
    return tx.execute(_ANY_KEY).first() is not None


def having_keys(tx: Transaction, keys: Iterable[str]) -> dict[str, list[int]]:
    """The numbers of the incidents that are joined by each of these keys; keys of none are left out."""
    wanted = sorted(set(keys))
    found: dict[str, list[int]] = {}
    if wanted:
        query = sa.select(incident_keys.c.key, incident_keys.c.number).where(incident_keys.c.key.in_(wanted))
        for key, number in tx.execute(query.order_by(incident_keys.c.number)):
            found.setdefault(key, []).append(int(number))
    return found


def _join(tx: Transaction, incident: Incident) -> None:
    rows = [{"key": key, "number": incident.number} for key in incident.keys]
    if rows:
        tx.execute(sa.insert(incident_keys), rows)


_RELATE = sa.text(
    "insert into incident_events (number, source, subject, episode, phase, event_id, at)"
    " values (:number, :source, :subject, :episode, :phase, :event_id, :at) on conflict do nothing"
)


def relate(
    tx: Transaction, number: int, *, source: str, subject: str, episode: int, phase: str, event_id: str, at: float
) -> bool:
    """An event belongs to an incident; False when the same was said of its subject's episode before."""
    values = {"source": source, "subject": subject, "episode": episode, "phase": phase}
    return tx.execute(_RELATE, {**values, "number": number, "event_id": event_id, "at": at}).rowcount == 1


def unresolved_of(tx: Transaction, source: str, subject: str) -> Incident | None:
    """The newest incident that is not over and was created from this subject."""
    keys = having_keys(tx, [f"subject:{source}/{subject}"])
    numbers = [number for found in keys.values() for number in found]
    return find(tx, max(numbers)) if numbers else None


# --- Acknowledgements ------------------------------------------------------------------------------------------------

_ACKNOWLEDGE = sa.text(
    "insert into acknowledgements (source, subject, episode, at, who, event_id)"
    " values (:source, :subject, :episode, :at, :who, :event_id) on conflict do nothing"
)


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody took charge of an alert."""

    at: float
    who: str
    event_id: str
    """The event that they saw."""


def acknowledge(tx: Transaction, source: str, subject: str, episode: int, acknowledgement: Acknowledgement) -> bool:
    """Somebody takes charge of a subject's episode; False when somebody has."""
    values = {**msgspec.structs.asdict(acknowledgement), "source": source, "subject": subject, "episode": episode}
    return tx.execute(_ACKNOWLEDGE, values).rowcount == 1


def acknowledged(tx: Transaction, source: str, subject: str, episode: int) -> Acknowledgement | None:
    """Who took charge of a subject's episode; None when nobody has."""
    table = acknowledgements
    where = (table.c.source == source, table.c.subject == subject, table.c.episode == episode)
    row = tx.execute(sa.select(table.c.at, table.c.who, table.c.event_id).where(*where)).first()
    return None if row is None else Acknowledgement(at=row.at, who=row.who, event_id=row.event_id)
