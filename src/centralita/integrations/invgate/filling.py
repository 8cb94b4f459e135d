"""What a webhook did not say, read from InvGate: the ticket, its people and names, an approval with its voters.

``fetch`` is the action ``ticket.fetch``; ``fill`` puts its answer into an event. What the webhook said goes before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from centralita.core.attributes import (
    TITLE_LIMIT,
    instant,
    one_line,
    phase_of,
    reference,
    severity_of,
    shaped,
    web_url,
    word_table,
)
from centralita.core.events import Event
from centralita.core.payload import tame_number, tame_text
from centralita.core.people import Person
from centralita.core.plain_text import plain_text
from centralita.core.subjects import said, same_person
from centralita.integrations.invgate.client import reading
from centralita.integrations.invgate.client import service_desk as desk
from centralita.integrations.invgate.client.session import Call, Failed, Session
from centralita.integrations.invgate.words import PRIORITIES
from centralita.integrations.invgate.writing import Work
from centralita.ports import Outcome

TICKET, APPROVAL, TYPE, STATE = "ticket", "approval", "type", "state"
"""What an event may need; ``type``: the webhook did not say what happened; ``state``: how the ticket is by now,
whatever is known of it."""
_SAME_MOMENT_S = 5
_MOST_VOTERS = 20


def fetch(work: Work) -> Call[Outcome]:
    """Arguments: ticket, needs, approval. The answer is what ``describe`` gives, with ``approval`` and ``manager``."""
    needs = work.delivery.effect.arguments.get("needs") or ()
    ticket = yield from desk.incident(work.session, work.argument("ticket"))
    if APPROVAL in needs:
        answer = yield from describe_approval(work.session, ticket, work.argument("approval"))
    else:
        answer = yield from describe(work.session, ticket)
    return Outcome(state="delivered", answer=answer)


def describe_approval(session: Session, ticket: Mapping[str, Any], approval: str) -> Call[dict[str, Any]]:
    """What ``describe`` gives, with the approval (the newest that waits, without an id), who may vote, and the
    requester's ``manager``."""
    answer = yield from describe(session, ticket)
    answer["approval"] = yield from _approval(session, reading.reference(ticket.get("id")), approval)
    managers = yield from desk.people(session, [answer.get("requester", {}).get("manager_id", "")])
    for manager in managers.values():
        answer["manager"] = known_as(manager)
    return answer


def describe(session: Session, ticket: Mapping[str, Any]) -> Call[dict[str, Any]]:
    """``{ticket, requester, agent}`` of InvGate's fields, with names for ids. A name that can't be had is left out."""
    roles = {"requester": "user_id", "agent": "assigned_id", "creator": "creator_id"}
    ids = {role: reading.reference(ticket.get(field)) for role, field in roles.items()}
    people = yield from desk.people(session, ids.values())
    named = {}
    for attribute in ("status", "priority", "category", "type", "group"):
        field = "assigned_group_id" if attribute == "group" else f"{attribute}_id"
        number = reading.reference(ticket.get(field))
        if number:
            named[attribute] = (yield from _names(session, attribute)).get(number, "")
    answer: dict[str, Any] = {"ticket": _ticket(session, ticket, named)}
    for role in ("requester", "agent"):
        if ids[role] in people:
            answer[role] = known_as(people[ids[role]])
    return answer


def _names(session: Session, attribute: str) -> Call[dict[str, str]]:
    try:
        return (yield from desk.attribute_names(session, attribute))
    except Failed:
        return {}  # the ticket without a name for its category is better than no ticket


def known_as(person: Person) -> dict[str, str]:
    """A person as events have them."""
    fields = {name: getattr(person, name) for name in ("id", "name", "email", "username", "manager_id")}
    return {name: value for name, value in fields.items() if value}


def _ticket(session: Session, ticket: Mapping[str, Any], named: Mapping[str, str]) -> dict[str, Any]:
    number = reading.reference(ticket.get("id"))
    own_fields = reading.custom_fields(ticket.get("custom_fields"))
    amount = tame_number(own_fields.get(session.connection.amount_field))
    fields: dict[str, Any] = {
        "id": number,
        "pretty_id": tame_text(ticket.get("pretty_id"), 40),
        "title": one_line(plain_text(tame_text(ticket.get("title"))), TITLE_LIMIT),
        "description": plain_text(tame_text(ticket.get("description"))),
        **named,
        "url": web_url(f"{session.connection.url.rstrip('/')}/requests/show/index/id/{number}"),
        "custom_fields": own_fields,
        "amount": "" if amount is None else amount,
        **{name: tame_text(ticket.get(name), 100) for name in _PLAIN},
    }
    return {name: value for name, value in fields.items() if value}


_PLAIN = (
    "status_id",
    "priority_id",
    "category_id",
    "type_id",
    "assigned_group_id",
    "created_at",
    "last_update",
    "solved_at",
    "closed_at",
    "closed_reason",
    "sla_incident_first_reply",
    "sla_incident_resolution",
    "rating",
)


def _approval(session: Session, number: str, wanted: str) -> Call[dict[str, Any]]:
    """The approval that is asked about (else the newest that waits) and who may vote; {} when there is none."""
    found = yield from desk.approvals(session, number)
    hits = [one for one in found if (one.id == wanted if wanted else one.status == -1)]
    if not hits:
        return {}
    one = max(hits, key=lambda approval: approval.created_at)
    voters = (yield from desk.possible_voters(session, one.id))[:_MOST_VOTERS]
    people = yield from desk.people(session, [voter.id for voter in voters])
    listed = [
        {**known_as(people[voter.id]), "status": str(voter.status)}
        for voter in voters
        if voter.id in people and not people[voter.id].disabled
    ]
    approval = {"id": one.id, "status": str(one.status), "description": plain_text(one.description), "voters": listed}
    return {name: value for name, value in approval.items() if value}


# --- Into the event --------------------------------------------------------------------------------------------------


def fill(event: Event, answer: Mapping[str, Any], settings: Mapping[str, object]) -> Event:
    """The event with what was read."""
    data = {**event.data, "ticket": {**said(answer.get("ticket")), **said(event.data.get("ticket"))}}
    for role in ("requester", "agent", "manager"):
        data[role] = _completed(said(event.data.get(role)), said(answer.get(role)))
    if answer.get("approval"):
        read = said(answer["approval"])
        # A webhook tells of each vote; the approval itself says whether others are still to come.
        waits = {"waits": True} if event.type == "approval.answered" and read.get("status") == "-1" else {}
        data["approval"] = {**read, **said(event.data.get("approval")), **waits}
    data = shaped({name: value for name, value in data.items() if value not in ({}, None)})
    ticket: dict[str, Any] = data.get("ticket", {})
    status = event.status or one_line(ticket.get("status"))
    phase = event.phase or phase_of(status, word_table(settings.get("phases")))
    kind = _type(ticket, phase) if TYPE in event.needs else event.type
    own = {**PRIORITIES, **word_table(settings.get("severity"))}
    created = instant(ticket.get("created_at")) if kind == "ticket.created" and TYPE in event.needs else ""
    return msgspec.structs.replace(
        event,
        type=kind,
        time=created or event.time,
        subject=event.subject or reference("ticket", ticket.get("id")),
        severity=event.severity
        or severity_of(ticket.get("priority"), own)
        or severity_of(ticket.get("priority_id"), own),
        title=event.title or one_line(ticket.get("title"), TITLE_LIMIT),
        category=event.category or one_line(ticket.get("category")),
        status=status,
        phase=phase,
        url=event.url or tame_text(ticket.get("url")),
        needs=(),
        data=data,
    )


def _completed(person: dict[str, Any], read: dict[str, Any]) -> dict[str, Any]:
    """The webhook may speak of somebody else than the ticket does by now: a name must not get another's address."""
    return {**read, **person} if not person or same_person(person, read) else person


def _type(ticket: Mapping[str, Any], phase: str) -> str:
    """What seems to have happened, of a webhook that does not say."""
    if phase == "closed":
        return "ticket.closed"
    created, updated = reading.whole(ticket.get("created_at")), reading.whole(ticket.get("last_update"))
    return "ticket.created" if created and abs(updated - created) <= _SAME_MOMENT_S else "ticket.updated"
