"""Somebody takes charge of an alert, or makes an incident of it: told once in its thread, wherever it was told."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from centralita.core.effects import Effect, Payload, Subject
from centralita.core.events import Event
from centralita.core.incidents import Who
from centralita.services import announcements
from centralita.services.access import Principal
from centralita.services.announcements import About, rfc3339
from centralita.services.audit import record
from centralita.services.incident_telling import RAISED
from centralita.services.incidents import Declined, who_is
from centralita.services.reactions import NOTHING, Reaction
from centralita.store import deliveries, events, history, incidents, subjects
from centralita.store.database import Transaction
from centralita.store.incidents import Acknowledgement

if TYPE_CHECKING:
    from centralita.services.hub import Hub

TYPE = "alert.acknowledged"
RULE = "acknowledgement"
ROOT = "root"
"""The argument of a message that has the event by which the alert's own message is drawn anew."""


def join(hub: Hub) -> None:
    """Takes part in the hub's work."""
    hub.reactions.on_events((TYPE, RAISED), partial(_tell, hub))


async def acknowledge(hub: Hub, principal: Principal, event_id: str, by: Who | None = None) -> Acknowledgement:
    """Takes charge of what an event is about, until it ends. The same person again changes nothing.

    Raises Declined when somebody else has taken charge or there is nothing to take charge of, LookupError.
    """
    now = hub.clock.now()

    def run(tx: Transaction) -> Acknowledgement:
        stored = events.get(tx, event_id)
        if stored is None:
            raise LookupError(event_id)
        event, me = stored.event, by or who_is(tx, principal)
        subject = subjects.load(tx, event.source, [event.subject]).get(event.subject) if event.subject else None
        if subject is None or event.source == announcements.SLUG:
            raise Declined("alert.nothing")
        mine = Acknowledgement(at=now, who=me.called, event_id=event_id)
        if not incidents.acknowledge(tx, event.source, event.subject, subject.episode, mine):
            return _taken(incidents.acknowledged(tx, event.source, event.subject, subject.episode), me)
        _announce(tx, hub, event, subject, mine)
        after = {"who": mine.who, "event": event_id, "title": event.title}
        record(tx, now, principal.actor, TYPE, f"{event.source}/{event.subject}", {"after": after})
        return mine

    done = await hub.database.write(run)
    hub.router.look()
    hub.database.notify()
    return done


def _taken(before: Acknowledgement | None, me: Who) -> Acknowledgement:
    if before is not None and before.who == me.called:
        return before
    raise Declined("alert.is_acknowledged", {"who": before.who, "at": before.at} if before else {"who": "", "at": 0.0})


def _announce(tx: Transaction, hub: Hub, event: Event, subject: Subject, taken: Acknowledgement) -> None:
    announcements.tell(
        tx,
        hub.ids.new(),
        TYPE,
        now=taken.at,
        subject=event.subject,
        title=event.title or subject.title,
        data={"acknowledged": {"by": taken.who, "at": rfc3339(taken.at), "event": event.id}},
        about=About(event.source, event.subject),
        cause=event.id,
        depth=event.depth + 1,
    )


def _tell(hub: Hub, tx: Transaction, event: Event, subject: Subject, now: float) -> Reaction:
    """Wherever the alert was told, its thread is told too."""
    if event.source != announcements.SLUG:
        return NOTHING
    seen = events.get(tx, event.cause) if event.cause else None
    if seen is None:
        return NOTHING
    root = {ROOT: msgspec.to_builtins(seen.event)}
    told = [each for each in _told(tx, seen.event.id) if each.destination == "slack" and not each.action]
    return Reaction(
        effects=tuple(
            msgspec.structs.replace(each, rule=RULE, mentions=(), arguments=root)
            for each in {each.target: each for each in told}.values()
        )
    )


def _told(tx: Transaction, event_id: str) -> list[Effect]:
    """What an event led to, done or not."""
    done = [msgspec.json.decode(each.effect, type=Effect) for each in history.of_event(tx, event_id)]
    waiting = deliveries.of_event(tx, event_id)
    return [*done, *(msgspec.json.decode(each.payload, type=Payload).effect for each in waiting)]
