"""What a command makes of an incident. Pure; the table is in ``core.incidents``."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from centralita.core.attributes import one_line
from centralita.core.incidents import (
    MOST_CIS,
    PRIORITIES,
    RELATE_GAP_S,
    TEXT_LIMIT,
    TITLE_LIMIT,
    TRANSITIONS,
    Happening,
    Incident,
    Item,
    Who,
)


class Refusal(msgspec.Struct, frozen=True):
    """What can't be done: a message id and its arguments. ``field`` names what of a form is wrong."""

    reason: str
    arguments: dict[str, Any] = {}
    field: str = ""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an incident."""

    incident: Incident
    happened: Happening | Literal[""] = ""
    """"" when there was nothing left to do."""
    by: Who = Who()
    text: str = ""
    """What somebody wrote: a comment, a resolution."""
    details: dict[str, Any] = {}
    """What changed, ``{field: [before, after]}``; or of a related event ``{event, source, subject, more}``."""
    silent: bool = False
    """It stands in the timeline, and is told to nobody now."""


class Acknowledge(msgspec.Struct, frozen=True, kw_only=True):
    """``by`` takes charge."""

    by: Who


class Assign(msgspec.Struct, frozen=True, kw_only=True):
    """``to`` has to see to it; nobody in particular when it is nobody."""

    by: Who
    to: Who


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody says something about it."""

    by: Who
    text: str


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """New values; None leaves one as it is."""

    by: Who
    title: str | None = None
    description: str | None = None
    priority: str | None = None
    affected: tuple[Item, ...] | None = None


class Resolve(msgspec.Struct, frozen=True, kw_only=True):
    """It is over."""

    by: Who
    note: str = ""


class Reopen(msgspec.Struct, frozen=True, kw_only=True):
    """It is not over."""

    by: Who
    note: str = ""


class Relate(msgspec.Struct, frozen=True, kw_only=True):
    """An event belongs to it."""

    event: str
    source: str
    subject: str
    title: str


class Pass(msgspec.Struct, frozen=True):
    """Time has passed."""


Command = Acknowledge | Assign | Comment | Update | Resolve | Reopen | Relate | Pass


def decide(incident: Incident, command: Command, now: float) -> Change | Refusal:
    """What ``command`` makes of the incident at ``now``. Saying again what was said changes nothing."""
    handler: Any = _HANDLERS[type(command)]
    result: Change | Refusal = handler(incident, command, now)
    return result


def begin(incident: Incident, now: float) -> Change | Refusal:
    """A new incident, without a number yet, as it is kept."""
    values = _checked(Update(
        by=incident.reporter, title=incident.title, description=incident.description, priority=incident.priority,
        affected=incident.affected,
    ))  # fmt: skip
    if isinstance(values, Refusal):
        return values
    made = msgspec.structs.replace(incident, **values, created_at=now, updated_at=now)
    return Change(incident=made, happened="create", by=incident.reporter, text=made.description)


def _moved(incident: Incident, happening: Happening, now: float, **values: Any) -> Incident | Refusal:
    state = TRANSITIONS.get((incident.state, happening))
    if state is None:
        return _resolved(incident)
    return msgspec.structs.replace(incident, state=state, version=incident.version + 1, updated_at=now, **values)


def _resolved(incident: Incident) -> Refusal:
    return Refusal("incident.is_resolved", {"who": incident.resolved_by.called, "at": incident.resolved_at})


def _acknowledge(incident: Incident, command: Acknowledge, now: float) -> Change | Refusal:
    if incident.state == "acknowledged":
        if incident.acknowledged_by.is_same(command.by):
            return Change(incident=incident, by=command.by)
        said = {"who": incident.acknowledged_by.called, "at": incident.acknowledged_at}
        return Refusal("incident.is_acknowledged", said)
    moved = _moved(incident, "acknowledge", now, acknowledged_by=command.by, acknowledged_at=now)
    return _made(moved, "acknowledge", command.by)


def _assign(incident: Incident, command: Assign, now: float) -> Change | Refusal:
    if incident.assignee.is_same(command.to) or not (incident.assignee.key or command.to.key):
        return Change(incident=incident, by=command.by)
    details = {"assignee": [incident.assignee.called, command.to.called]}
    return _made(_moved(incident, "assign", now, assignee=command.to), "assign", command.by, details=details)


def _comment(incident: Incident, command: Comment, now: float) -> Change | Refusal:
    text = command.text.strip()
    if not text:
        return Refusal("incident.text_missing", field="text")
    if len(text) > TEXT_LIMIT:
        return Refusal("incident.text_too_long", {"limit": TEXT_LIMIT}, "text")
    return _made(_moved(incident, "comment", now), "comment", command.by, text)


def _update(incident: Incident, command: Update, now: float) -> Change | Refusal:
    values = _checked(command)
    if isinstance(values, Refusal):
        return values
    before = {name: getattr(incident, name) for name in values}
    changed = {name: value for name, value in values.items() if value != before[name]}
    if not changed:
        return Change(incident=incident, by=command.by)
    details = {name: [_shown(before[name]), _shown(value)] for name, value in changed.items()}
    return _made(_moved(incident, "change", now, **changed), "change", command.by, details=details)


def _checked(command: Update) -> dict[str, Any] | Refusal:
    """The values that are given, as they are kept."""
    values: dict[str, Any] = {}
    if command.title is not None:
        values["title"] = one_line(command.title, TEXT_LIMIT)
        if not values["title"]:
            return Refusal("incident.title_missing", field="title")
        if len(values["title"]) > TITLE_LIMIT:
            return Refusal("incident.title_too_long", {"limit": TITLE_LIMIT}, "title")
    if command.description is not None:
        values["description"] = command.description.strip()
        if len(values["description"]) > TEXT_LIMIT:
            return Refusal("incident.text_too_long", {"limit": TEXT_LIMIT}, "description")
    if command.priority is not None:
        values["priority"] = command.priority.strip().casefold()
        if values["priority"] not in PRIORITIES:
            return Refusal("incident.priority_unknown", {"word": command.priority, "known": PRIORITIES}, "priority")
    if command.affected is not None:
        values["affected"] = tuple({each.id: each for each in command.affected if each.id.strip()}.values())
        if len(values["affected"]) > MOST_CIS:
            return Refusal("incident.too_many_cis", {"limit": MOST_CIS}, "affected")
    return values


def _shown(value: Any) -> str:
    return ", ".join(each.name or each.id for each in value) if isinstance(value, tuple) else str(value)


def _resolve(incident: Incident, command: Resolve, now: float) -> Change | Refusal:
    if incident.state == "resolved" and incident.resolved_by.is_same(command.by):
        return Change(incident=incident, by=command.by)
    note = command.note.strip()
    if len(note) > TEXT_LIMIT:
        return Refusal("incident.text_too_long", {"limit": TEXT_LIMIT}, "note")
    moved = _moved(incident, "resolve", now, resolved_by=command.by, resolved_at=now, resolution=note, untold=0)
    return _made(moved, "resolve", command.by, note)


def _reopen(incident: Incident, command: Reopen, now: float) -> Change | Refusal:
    if incident.state != "resolved":
        return Refusal("incident.not_resolved")
    none = {"resolved_by": Who(), "resolved_at": 0.0, "resolution": "", "acknowledged_by": Who()}
    moved = _moved(incident, "reopen", now, **none, acknowledged_at=0.0)
    return _made(moved, "reopen", command.by, command.note.strip()[:TEXT_LIMIT])


def _relate(incident: Incident, command: Relate, now: float) -> Change | Refusal:
    if incident.state == "resolved":
        return Change(incident=incident)
    silent = bool(incident.related_told_at) and now < incident.related_told_at + RELATE_GAP_S
    values = {"untold": incident.untold + 1} if silent else {"untold": 0, "related_told_at": now}
    details = {"event": command.event, "source": command.source, "subject": command.subject, "more": incident.untold}
    moved = _moved(incident, "relate", now, related=incident.related + 1, **values)
    change = _made(moved, "relate", Who(), command.title, details)
    return msgspec.structs.replace(change, silent=silent) if isinstance(change, Change) else change


def _pass(incident: Incident, command: Pass, now: float) -> Change | Refusal:
    if not incident.tells_related_at or now < incident.tells_related_at:
        return Change(incident=incident)
    moved = _moved(incident, "relate", now, untold=0, related_told_at=now)
    return _made(moved, "relate", Who(), details={"more": incident.untold})


def _made(
    moved: Incident | Refusal, happened: Happening, by: Who, text: str = "", details: dict[str, Any] | None = None
) -> Change | Refusal:
    if isinstance(moved, Refusal):
        return moved
    return Change(incident=moved, happened=happened, by=by, text=text, details=details or {})


_HANDLERS: dict[type, Any] = {
    Acknowledge: _acknowledge,
    Assign: _assign,
    Comment: _comment,
    Update: _update,
    Resolve: _resolve,
    Reopen: _reopen,
    Relate: _relate,
    Pass: _pass,
}
