"""What follows from a change of an incident: its row, a line of its timeline, and one event, which carries the message
to its channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from centralita.core.effects import Effect
from centralita.core.events import MAX_CAUSATION_DEPTH, Event
from centralita.core.incident_commands import Change
from centralita.core.incidents import Incident, Who
from centralita.services import announcements
from centralita.services.announcements import About, rfc3339
from centralita.store import events, incidents, timers
from centralita.store.database import Transaction
from centralita.store.incidents import Entry

if TYPE_CHECKING:
    from centralita.services.hub import Hub

RULE = "incident"
POST = "incident.post"
"""The action of an incident's message in its channel: we hear where it stands."""
RELATED_TIMER = "incident.related"
POSTED = "centralita.incident.posted"
RAISED = "centralita.incident.raised"
TYPES: dict[str, str] = {
    "create": "incident.created",
    "acknowledge": "incident.acknowledged",
    "assign": "incident.assigned",
    "comment": "incident.commented",
    "change": "incident.updated",
    "relate": "incident.related",
    "resolve": "incident.resolved",
    "reopen": "incident.reopened",
}
"""What happened to the type of the event that tells of it."""


def keep(tx: Transaction, before: Incident | None, incident: Incident) -> Incident:
    """Writes an incident (``before`` None: a new one) and sets its timer; it with its number. Raises Conflict."""
    if before is None:
        incident = incidents.add(tx, incident)
    elif incident != before:
        incidents.save(tx, incident, before)
    if incident.tells_related_at:
        timers.set_timer(tx, RELATED_TIMER, str(incident.number), incident.tells_related_at)
    elif before is not None and before.tells_related_at:
        timers.cancel(tx, RELATED_TIMER, str(incident.number))
    return incident


def carry_out(
    tx: Transaction,
    hub: Hub,
    before: Incident | None,
    change: Change,
    now: float,
    *,
    message: str = "",
    cause: Event | None = None,
) -> Incident:
    """Keeps what a command made of an incident, notes it in the timeline and tells it.

    ``message``: ``CHANNEL:TS`` of what somebody wrote in Slack. ``cause``: the event that led to it.
    """
    change = msgspec.structs.replace(change, incident=keep(tx, before, change.incident))
    if not change.happened:
        return change.incident
    is_summary = change.happened == "relate" and not change.text  # its events stand in the timeline already
    if not is_summary:
        entry = Entry(
            at=now,
            kind=change.happened,
            who=change.by.called,
            text=change.text,
            details=change.details,
            message=message or None,
        )
        incidents.append(tx, change.incident.number, entry)
    too_deep = cause is not None and cause.depth >= MAX_CAUSATION_DEPTH
    if not (change.silent or too_deep):
        _tell(tx, hub, change, now, message, cause)
    return change.incident


def _tell(tx: Transaction, hub: Hub, change: Change, now: float, message: str, cause: Event | None) -> None:
    incident = change.incident
    caused: dict[str, Any] = {"cause": cause.id, "depth": cause.depth + 1} if cause is not None else {}
    data = said(incident, by=change.by, change=change)
    if change.happened == "comment":
        data["comment"] = {"text": change.text, "author": change.by.called, "message": message}
    announcements.tell(
        tx,
        hub.ids.new(),
        TYPES[change.happened],
        now=now,
        subject=incident.subject,
        title=incident.title,
        data=data,
        effects=effects_of(hub, change),
        status=incident.state,
        correlation=incident.correlation,
        **caused,
    )


def tell_origin(tx: Transaction, hub: Hub, incident: Incident, now: float) -> bool:
    """Tells what an incident was created from that there is one; whether there is anything to tell."""
    stored = events.get(tx, incident.origin.event) if incident.origin.event else None
    if stored is None or not stored.event.subject or stored.event.depth >= MAX_CAUSATION_DEPTH:
        return False
    event, names = stored.event, ("id", "number", "title", "url")
    facts = said(incident)["incident"]
    announcements.tell(
        tx,
        hub.ids.new(),
        RAISED,
        now=now,
        subject=event.subject,
        title=event.title or incident.title,
        data={"incident": {name: facts[name] for name in names if name in facts}},
        about=About(event.source, event.subject),
        cause=event.id,
        depth=event.depth + 1,
    )
    return True


def said(incident: Incident, by: Who | None = None, change: Change | None = None) -> dict[str, Any]:
    """The data of an event about an incident.

    No severity and no phase stand beside it: its one message would be posted anew whenever it becomes graver or is
    reopened, and rules about alerts would tell it a second time.
    """
    facts: dict[str, Any] = {
        "id": incident.code,
        "number": incident.number,
        "title": incident.title,
        "description": incident.description,
        "priority": incident.priority,
        "status": incident.state,
        "assignee": incident.assignee.called,
        "by": by.called if by is not None else "",
        "note": incident.resolution,
        "correlation": incident.correlation,
        "url": incident.thread,
        "created_at": _time(incident.created_at),
        "acknowledged_at": _time(incident.acknowledged_at),
        "resolved_at": _time(incident.resolved_at),
    }
    if change is not None:
        facts |= _changed(change)
    found: dict[str, Any] = {"incident": {name: value for name, value in facts.items() if value not in ("", None)}}
    if incident.affected:
        found["affected_cis"] = [{"id": each.id, "name": each.name} for each in incident.affected]
    for role, who in (("requester", incident.reporter), ("agent", incident.assignee)):
        if who.key:
            found[role] = {name: value for name, value in (("name", who.called), ("email", who.email)) if value}
    return found


def _changed(change: Change) -> dict[str, Any]:
    if change.happened == "relate":
        return {"related": {**change.details, "title": change.text}}
    found: dict[str, Any] = {"changes": change.details} if change.details else {}
    if change.happened == "reopen":
        found["note"] = change.text
    return found


def _time(at: float) -> str:
    return rfc3339(at) if at else ""


# --- Effects ---------------------------------------------------------------------------------------------------------


def channel_of(hub: Hub) -> str:
    """Where new incidents are told: the channel of incidents, else that of what is critical; "" for nowhere."""
    if not hub.settings.slack.enabled:
        return ""
    return hub.settings.slack.incidents_channel or hub.ruleset.routing.channel_mappings.get("critical", "")


def effects_of(hub: Hub, change: Change) -> list[Effect]:
    """The message in the channel; to whom it was given, and once it is over to whoever was written to."""
    incident = change.incident
    effects = [_in_channel(hub, incident)] if incident.channel else []
    if change.happened == "assign" and incident.assignee.email and not incident.assignee.is_same(change.by):
        effects += to_people([incident.assignee.email])
    if change.happened in ("resolve", "reopen"):
        effects += to_people(incident.informed)
    return effects


def _in_channel(hub: Hub, incident: Incident) -> Effect:
    return Effect(
        rule=RULE,
        destination="slack",
        target=incident.channel,
        formatting=dict(hub.ruleset.routing.formatting),
        action=POST,
        arguments={"row": incident.number},
    )


def to_people(addresses: Iterable[str]) -> list[Effect]:
    """A direct message to each."""
    return [
        Effect(rule=RULE, destination="slack", target=address, audience="agent") for address in dict.fromkeys(addresses)
    ]


def item_facts(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(id, name) of each CI that an event names in ``affected_cis``."""
    found = []
    for each in data.get("affected_cis") or ():
        if isinstance(each, dict):
            id_, name = str(each.get("id") or "").strip(), str(each.get("name") or "").strip()
            if id_ or name:
                found.append((id_ or name, name or id_))
    return found
