"""Incidents on the way of an event: which events belong to one, where its message stands, and who is told then."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from centralita.core.ci_search import fold
from centralita.core.effects import Subject
from centralita.core.events import Event
from centralita.core.incident_commands import Change, Pass, Relate, decide
from centralita.core.incidents import Incident, keys_of
from centralita.services import announcements
from centralita.services import incident_telling as telling
from centralita.services.reactions import Ended
from centralita.store import cis, incidents, timers
from centralita.store.database import Transaction
from centralita.store.timers import Timer

if TYPE_CHECKING:
    from centralita.services.hub import Hub


def join(hub: Hub) -> None:
    """Takes part in the hub's work."""
    hub.reactions.on_routed(partial(_relate, hub))
    hub.reactions.on_end("incident", partial(_posted, hub))
    hub.alarms.on(telling.RELATED_TIMER, _tell_the_rest)


# --- Events that belong to an incident -------------------------------------------------------------------------------


def _relate(hub: Hub, tx: Transaction, told: Sequence[tuple[Event, Subject]], now: float) -> bool:
    if not incidents.waits_for_events(tx):
        return False
    keys = [_keys(event) for event, _ in told]
    having = incidents.having_keys(tx, [key for each in keys for key in each])
    announced = False
    for (event, subject), mine in zip(told, keys, strict=True):
        for number in dict.fromkeys(number for key in mine for number in having.get(key, ())):
            announced = _relate_one(hub, tx, number, event, subject, now) or announced
    return announced


def _keys(event: Event) -> tuple[str, ...]:
    affected = [text for names in telling.item_facts(event.data) for text in names]
    return keys_of(event.correlation, event.source, event.subject, affected)


def belongs(tx: Transaction, number: int, event: Event, subject: Subject, now: float) -> bool:
    """Notes that an event belongs to an incident; False when the same was noted of its subject's episode."""
    return incidents.relate(
        tx,
        number,
        source=event.source,
        subject=event.subject or event.id,
        episode=subject.episode,
        phase="closed" if subject.phase == "closed" else "open",
        event_id=event.id,
        at=now,
    )


def _relate_one(hub: Hub, tx: Transaction, number: int, event: Event, subject: Subject, now: float) -> bool:
    if not belongs(tx, number, event, subject, now):
        return False
    incident = incidents.lock(tx, number)
    if incident is None:
        return False
    title = event.title or subject.title or event.type
    command = Relate(event=event.id, source=event.source, subject=event.subject, title=title)
    change = decide(incident, command, now)
    if not isinstance(change, Change):
        return False
    telling.carry_out(tx, hub, incident, change, now, cause=event)
    return bool(change.happened) and not change.silent


async def _tell_the_rest(hub: Hub, timer: Timer) -> None:
    """Those events that came too quickly are told together."""
    now = hub.clock.now()

    def tell(tx: Transaction) -> bool:
        incident = incidents.lock(tx, int(timer.key)) if timers.take(tx, timer) else None
        change = decide(incident, Pass(), now) if incident is not None else None
        if not isinstance(change, Change):
            return False
        telling.carry_out(tx, hub, incident, change, now)
        return True

    if await hub.database.write(tell):
        hub.router.look()
        hub.database.notify()


# --- Once its message stands in the channel --------------------------------------------------------------------------


def _posted(hub: Hub, tx: Transaction, ended: Ended) -> bool:
    effect, outcome = ended.payload.effect, ended.outcome
    if effect.action != telling.POST or outcome.state != "delivered" or not outcome.reference:
        return False
    incident = incidents.lock(tx, int(effect.arguments["row"]))
    if incident is None or incident.thread:
        return False
    people = _concerned(tx, incident)
    stands = msgspec.structs.replace(incident, thread=outcome.reference, informed=people, version=incident.version + 1)
    incidents.save(tx, stands, incident)
    told = telling.tell_origin(tx, hub, stands, ended.now)
    if not people:
        return told
    announcements.tell(
        tx,
        hub.ids.new(),
        telling.POSTED,
        now=ended.now,
        subject=stands.subject,
        title=stands.title,
        data=telling.said(stands),
        effects=telling.to_people(people),
        status=stands.state,
    )
    return True


def _concerned(tx: Transaction, incident: Incident) -> tuple[str, ...]:
    """The addresses of those who have to know: who has it, and whose what is affected is; never who reported it."""
    reporter = incident.reporter.email.strip().lower()
    addresses = [incident.assignee.email.strip().lower()]
    ids = [each.id for each in incident.affected]
    names = [fold(text) for each in incident.affected for text in (each.id, each.name) if text]
    owned = cis.named(tx, incident.origin.source, ids, names) if ids else []
    addresses += [ci.owner.email for ci in owned]
    return tuple(dict.fromkeys(address for address in addresses if address and address != reporter))
