"""Incidents as people use them: creating one, taking charge, saying something, giving it to somebody, ending it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from centralita.core.effects import Subject
from centralita.core.events import Event
from centralita.core.incident_commands import (
    Acknowledge,
    Assign,
    Change,
    Command,
    Comment,
    Refusal,
    Reopen,
    Resolve,
    Update,
    begin,
    decide,
)
from centralita.core.incidents import Incident, Item, Origin, State, Who, priority_of
from centralita.core.payload import text as text_of
from centralita.core.recipients import is_address
from centralita.services import approvals
from centralita.services import incident_telling as telling
from centralita.services.access import Principal
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.incident_reactions import belongs, join
from centralita.store import events, incidents, subjects, users
from centralita.store.database import Transaction
from centralita.store.incidents import Entry, Filter

__all__ = ["Declined", "Entry", "Filter", "Incident", "Item", "NewIncident", "Who", "join"]

MOST_LISTED = 200


class Declined(approvals.Declined):
    """What can't be done: a message id and its arguments; ``field`` names what of a form is wrong."""

    def __init__(self, reason: str, arguments: Mapping[str, Any] | None = None, field: str = "") -> None:
        super().__init__(reason, arguments)
        self.field = field


class NewIncident(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody reports. What is not said comes from the event, if it is created from one."""

    title: str = ""
    description: str = ""
    priority: str = ""
    assignee: Who = Who()
    affected: tuple[Item, ...] = ()
    event: str = ""
    """Id of the event that it is created from."""
    source: str = ""
    subject: str = ""
    """What it is about, such as ``ticket/4521`` of a source, when there is no event."""
    correlation: str = ""
    message: str = ""
    """Address of the message in Slack that it is created from."""


def who_is(tx: Transaction, principal: Principal) -> Who:
    """The person behind a token, a terminal or a Slack account, as far as they are known here."""
    name = principal.name
    if not is_address(name):
        row = users.by_name(tx, name)
        return Who(name=name, email=row.email.lower(), slack=row.slack_id) if row is not None else Who(name=name)
    known = users.by_emails(tx, [name])
    email = name.lower()
    return Who(name=known[0].name, email=email, slack=known[0].slack_id) if known else Who(email=email)


# --- Creating --------------------------------------------------------------------------------------------------------


async def create(hub: Hub, principal: Principal, wanted: NewIncident, by: Who | None = None) -> Incident:
    """Creates one; ``by`` is who reports it, when more is known of them than the principal says.

    Raises Declined, LookupError for an unknown event.
    """
    now = hub.clock.now()

    def make(tx: Transaction) -> Incident:
        event = _event(tx, wanted.event)
        draft = _draft(hub, wanted, event, by or who_is(tx, principal))
        _refuse_a_second(tx, draft)
        change = begin(draft, now)
        if isinstance(change, Refusal):
            raise Declined(change.reason, change.arguments, change.field)
        made = telling.carry_out(tx, hub, None, change, now)
        if event is not None:  # what it was created from is no news of it
            known = subjects.load(tx, event.source, [event.subject] if event.subject else [])
            subject = known.get(event.subject) or Subject(source=event.source, subject=event.subject)
            belongs(tx, made.number, event, subject, now)
            if not made.channel:  # else once it stands there, with the way to it
                telling.tell_origin(tx, hub, made, now)
        after = {"title": made.title, "priority": made.priority, "assignee": made.assignee.called}
        after |= {"event": wanted.event} if wanted.event else {}
        record(tx, now, principal.actor, "incident.created", made.subject, {"after": after})
        return made

    return await _written(hub, make)


def _event(tx: Transaction, event_id: str) -> Event | None:
    if not event_id:
        return None
    stored = events.get(tx, event_id)
    if stored is None:
        raise LookupError(event_id)
    return stored.event


def _draft(hub: Hub, wanted: NewIncident, event: Event | None, reporter: Who) -> Incident:
    origin = Origin(source=wanted.source, subject=wanted.subject, message=wanted.message)
    affected, correlation, description, title = wanted.affected, wanted.correlation, wanted.description, wanted.title
    priority: str = wanted.priority
    if event is not None:
        origin = Origin(event=event.id, source=event.source, subject=event.subject, message=wanted.message)
        affected = affected or tuple(Item(id=id_, name=name) for id_, name in telling.item_facts(event.data))
        correlation = correlation or event.correlation
        description = description or text_of(event.data, "description", 10_000)
        title, priority = title or event.title, priority or priority_of(event.severity)
    return Incident(
        title=title,
        description=description,
        priority=priority or "medium",  # type: ignore[arg-type]  # ``begin`` refuses other words
        reporter=reporter,
        assignee=wanted.assignee,
        origin=origin,
        correlation=correlation,
        affected=affected,
        channel=telling.channel_of(hub),
        created_at=0.0,
        updated_at=0.0,
    )


def _refuse_a_second(tx: Transaction, draft: Incident) -> None:
    origin = draft.origin
    other = incidents.unresolved_of(tx, origin.source, origin.subject) if origin.source and origin.subject else None
    if other is not None:
        raise Declined("incident.exists", {"incident": other.code, "title": other.title})


# --- What follows ----------------------------------------------------------------------------------------------------


async def acknowledge(hub: Hub, principal: Principal, number: int, by: Who | None = None) -> Incident:
    """Takes charge. Raises Declined, LookupError."""
    return await _command(hub, principal, number, by, lambda me: Acknowledge(by=me))


async def assign(hub: Hub, principal: Principal, number: int, to: Who | None = None, by: Who | None = None) -> Incident:
    """Gives it to somebody: nobody in particular for ``Who()``, oneself for None. Raises Declined, LookupError."""
    return await _command(hub, principal, number, by, lambda me: Assign(by=me, to=me if to is None else to))


async def update(
    hub: Hub,
    principal: Principal,
    number: int,
    *,
    title: str | None = None,
    description: str | None = None,
    priority: str | None = None,
    affected: tuple[Item, ...] | None = None,
    by: Who | None = None,
) -> Incident:
    """Changes what is not None. Raises Declined, LookupError."""
    values = {"title": title, "description": description, "priority": priority, "affected": affected}
    return await _command(hub, principal, number, by, lambda me: Update(by=me, **values))  # type: ignore[arg-type]  # as named


async def resolve(hub: Hub, principal: Principal, number: int, note: str = "", by: Who | None = None) -> Incident:
    """It is over. Raises Declined, LookupError."""
    return await _command(hub, principal, number, by, lambda me: Resolve(by=me, note=note))


async def reopen(hub: Hub, principal: Principal, number: int, note: str = "", by: Who | None = None) -> Incident:
    """It is not over. Raises Declined, LookupError."""
    return await _command(hub, principal, number, by, lambda me: Reopen(by=me, note=note))


async def comment(
    hub: Hub, principal: Principal, number: int, text: str, *, message: str = "", by: Who | None = None
) -> Incident:
    """Notes what somebody says; ``message`` is ``CHANNEL:TS`` of the message in Slack that says it, which is noted
    once however often it is told of. Raises Declined, LookupError."""
    return await _command(hub, principal, number, by, lambda me: Comment(by=me, text=text), message)


async def _command(
    hub: Hub, principal: Principal, number: int, by: Who | None, make: Callable[[Who], Command], message: str = ""
) -> Incident:
    now = hub.clock.now()

    def run(tx: Transaction) -> Incident:
        incident = incidents.lock(tx, number)
        if incident is None:
            raise LookupError(f"INC-{number}")
        if message and incidents.said_by(tx, message) is not None:
            return incident
        change = decide(incident, make(by or who_is(tx, principal)), now)
        if isinstance(change, Refusal):
            raise Declined(change.reason, change.arguments, change.field)
        if not change.happened:
            return change.incident
        made = telling.carry_out(tx, hub, incident, change, now, message=message)
        _audit(tx, now, principal.actor, incident, change)
        return made

    return await _written(hub, run)


def _audit(tx: Transaction, now: float, actor: str, before: Incident, change: Change) -> None:
    details: dict[str, Any] = {"before": {"state": before.state}, "after": {"state": change.incident.state}}
    for name, (was, is_) in change.details.items():
        details["before"][name], details["after"][name] = was, is_
    if change.text and change.happened != "comment":  # what people say can be taken back; the log can't
        details["after"]["note"] = change.text
    record(tx, now, actor, telling.TYPES[change.happened], before.subject, details)


async def _written(hub: Hub, run: Callable[[Transaction], Incident]) -> Incident:
    incident = await hub.database.write(run)
    hub.router.look()
    hub.alarms.look()
    hub.database.notify()
    return incident


# --- What was written in the thread changes --------------------------------------------------------------------------


async def edit_comment(hub: Hub, principal: Principal, message: str, text: str) -> bool:
    """The message ``CHANNEL:TS`` says something else now; False when it stands in no timeline."""
    return await _rewrite(hub, principal, message, text, "incident.comment_edited", "edited_at")


async def delete_comment(hub: Hub, principal: Principal, message: str) -> bool:
    """The message ``CHANNEL:TS`` was deleted: that somebody wrote stays in the timeline, what they wrote does not."""
    return await _rewrite(hub, principal, message, "", "incident.comment_deleted", "deleted_at")


async def _rewrite(hub: Hub, principal: Principal, message: str, text: str, action: str, when: str) -> bool:
    now = hub.clock.now()

    def run(tx: Transaction) -> bool:
        found = incidents.said_by(tx, message)
        if found is None:
            return False
        number, entry = found
        if entry.deleted_at is None and entry.text != text:
            incidents.rewrite(tx, entry.id, {"text": text.strip(), when: now})
            record(tx, now, principal.actor, action, f"incident/{number}", {"after": {"message": message}})
        return True

    return await hub.database.write(run)


# --- Reading ---------------------------------------------------------------------------------------------------------


async def listing(hub: Hub, wanted: Filter, limit: int = 50, before: int = 0) -> list[Incident]:
    """Incidents, the newest first; ``before`` is the number of the last one of the page before."""
    return await hub.database.read(lambda tx: incidents.listing(tx, wanted, limit, before))


async def show(hub: Hub, number: int) -> Incident:
    """One incident. Raises LookupError."""
    found = await hub.database.read(lambda tx: incidents.find(tx, number))
    if found is None:
        raise LookupError(f"INC-{number}")
    return found


async def timeline(hub: Hub, number: int) -> tuple[Incident, list[Entry]]:
    """An incident and what happened, the oldest first. Raises LookupError."""

    def read(tx: Transaction) -> tuple[Incident | None, list[Entry]]:
        return incidents.find(tx, number), incidents.timeline(tx, number)

    incident, entries = await hub.database.read(read)
    if incident is None:
        raise LookupError(f"INC-{number}")
    return incident, entries


async def mine(hub: Hub, principal: Principal) -> str:
    """What ``Filter.assignee`` finds the incidents of whoever asks by."""
    return (await hub.database.read(lambda tx: who_is(tx, principal))).key


async def counts(hub: Hub) -> dict[State, int]:
    """How many there are in each state; those that there are none of are left out."""
    return await hub.database.read(incidents.counts)
