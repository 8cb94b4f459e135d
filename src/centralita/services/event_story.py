"""Everything that came of one event, on one line of time: its deliveries with their attempts, the events that it led
to, its subject's next ones, approvals, incidents, and what people did about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from centralita.core import ids
from centralita.core.event_diff import Change, changes
from centralita.core.events import Event, receipt_id
from centralita.services.access import Principal
from centralita.services.events import DeliveryView, EventDetail
from centralita.services.hub import Hub
from centralita.services.times import shown
from centralita.store import event_relations, events
from centralita.store.database import Transaction
from centralita.store.events import StoredEvent

MOST_CAUSED, MOST_FOLLOWING, MOST_CORRELATED, MOST_OTHERS = 100, 20, 20, 20
CORRELATED_DAYS = 7
GENERATIONS = 4
"""So far down the events that were caused by events are followed."""


@dataclass(frozen=True)
class Moment:
    """One thing that happened, or is going to."""

    at: str
    """RFC 3339."""
    kind: str
    """``cause``, ``received``, ``routed``, ``attempt``, ``ended``, ``next``, ``caused``, ``following``, ``correlated``,
    ``approval``, ``incident``, ``audit``: which decides what ``facts`` holds."""
    facts: Mapping[str, Any] = field(default_factory=dict)


async def story(hub: Hub, detail: EventDetail) -> list[Moment]:
    """The story of an event, the oldest first."""
    found = list(_own(detail))
    about = [f"event/{detail.event['id']}", f"receipt/{receipt_id(detail.event['id'])}"]
    about += [f"delivery/{delivery.id}" for delivery in detail.deliveries]

    def read(tx: Transaction) -> list[Moment]:
        stored = events.get(tx, detail.event["id"])
        return [] if stored is None else [*_around(tx, stored), *_by_people(tx, stored.event, about)]

    found += await hub.database.read(read)
    return sorted(found, key=lambda moment: datetime.fromisoformat(moment.at))


@dataclass(frozen=True)
class Related:
    """What an event has to do with: other events, approvals, incidents."""

    items: list[Moment]
    """The oldest first; of the kinds that ``_RELATED`` names."""


_RELATED: Mapping[str, str] = {
    **dict.fromkeys(("cause", "caused", "following", "correlated"), "event.read"),
    **{"approval": "approval.read", "incident": "incident.read"},
}
"""Kind -> the permission to see it."""


async def related(hub: Hub, principal: Principal, event_id: str) -> Related | None:
    """What an event belongs together with, as far as ``principal`` may see it; None when there is no such event."""

    def read(tx: Transaction) -> list[Moment] | None:
        stored = events.get(tx, event_id)
        return None if stored is None else [*_around(tx, stored), *_by_people(tx, stored.event, [])]

    found = await hub.database.read(read)
    if found is None:
        return None
    seen = [each for each in found if each.kind in _RELATED and principal.may(_RELATED[each.kind])]
    return Related(sorted(seen, key=lambda moment: datetime.fromisoformat(moment.at)))


def _own(detail: EventDetail) -> Iterator[Moment]:
    if detail.receipt is not None and detail.receipt.received_at:
        yield Moment(detail.receipt.received_at, "received", {"receipt": detail.receipt})
    if detail.routed_at:
        yield Moment(detail.routed_at, "routed", {"matched": detail.matched, "rules": len(detail.rules)})
    for delivery in detail.deliveries:
        yield from _of_delivery(delivery)


def _of_delivery(delivery: DeliveryView) -> Iterator[Moment]:
    for attempt in delivery.tries:
        if attempt.started_at:
            yield Moment(attempt.started_at, "attempt", {"delivery": delivery, "attempt": attempt})
    tried = delivery.tries and delivery.tries[-1].outcome == delivery.state
    if delivery.finished_at and not tried:
        yield Moment(delivery.finished_at, "ended", {"delivery": delivery})
    if delivery.due_at:
        yield Moment(delivery.due_at, "next", {"delivery": delivery})


def _around(tx: Transaction, stored: StoredEvent) -> Iterator[Moment]:
    event = stored.event
    seen = {event.id}
    cause = events.get(tx, event.cause) if event.cause else None
    if cause is not None:
        yield _told("cause", cause)
        seen.add(cause.event.id)
    generation = [event.id]
    for _depth in range(GENERATIONS):
        led_to = event_relations.caused(tx, generation, MOST_CAUSED)
        for each in led_to:
            if each.event.id not in seen:
                yield _told("caused", each)
        generation = [each.event.id for each in led_to if each.event.id not in seen]
        seen.update(generation)
    for kind, found in (
        ("following", event_relations.following(tx, stored, MOST_FOLLOWING)),
        ("correlated", event_relations.correlated(tx, stored, CORRELATED_DAYS, MOST_CORRELATED)),
    ):
        for each in found:
            if each.event.id not in seen:
                seen.add(each.event.id)
                yield _told(kind, each)


def _told(kind: str, stored: StoredEvent) -> Moment:
    event = stored.event
    at = shown(ids.time_ms(event.id) / 1000) or event.time
    facts = {
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "title": event.title,
        "severity": event.severity,
    }
    return Moment(at, kind, facts)


def _by_people(tx: Transaction, event: Event, about: list[str]) -> Iterator[Moment]:
    began = ids.time_ms(event.id) / 1000
    for approval in event_relations.approvals_of(tx, event.source, event.subject, MOST_OTHERS):
        at = shown(approval.updated_at)
        if at and approval.updated_at >= began:
            yield Moment(at, "approval", {"id": approval.id, "title": approval.title, "state": approval.state})
    for incident in event_relations.incidents_of(tx, event.source, event.subject, MOST_OTHERS):
        at = shown(incident.updated_at)
        if at and incident.updated_at >= began:
            facts = {"number": incident.number, "code": incident.code, "title": incident.title}
            yield Moment(at, "incident", {**facts, "state": incident.state})
    for link in event_relations.audited(tx, about, MOST_OTHERS):
        entry = link.entry
        yield Moment(entry.at, "audit", {"actor": entry.actor, "action": entry.action, "subject": entry.subject})


# ---- changes


@dataclass(frozen=True)
class Compared:
    """An event beside the one of its subject before it."""

    before: str
    """Its id."""
    at: str
    changes: list[Change]


async def compared(hub: Hub, event_id: str) -> Compared | None:
    """What changed since the last event of the subject; None when there was none."""

    def read(tx: Transaction) -> Compared | None:
        stored = events.get(tx, event_id)
        before = event_relations.before(tx, stored) if stored is not None else None
        if stored is None or before is None:
            return None
        return Compared(before.event.id, before.event.time, changes(before.event, stored.event))

    return await hub.database.read(read)
