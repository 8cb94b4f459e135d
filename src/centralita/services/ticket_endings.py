"""What follows once InvGate has answered what somebody asked of it about a ticket: it is told in InvGate's name at
once, what InvGate tells back of it is no news any more, and whoever asked hears what they can't see elsewhere.

What was written is told by an event of InvGate's source, so that rules, threads and webhooks hear of it as of anything
that happens there; its echo is recognised (``core.ticket_echoes``), in whatever order the two come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from centralita.core import ticket_echoes as echoes
from centralita.core.effects import Effect, Subject
from centralita.core.events import Event
from centralita.core.payload import tame_text
from centralita.integrations.invgate.filling import STATE, TICKET
from centralita.integrations.invgate.found import CONTENT_TYPE, Found
from centralita.services import announcements
from centralita.services.reactions import NOTHING, Ended, Reaction
from centralita.store import receipts
from centralita.store import ticket_echoes as stored
from centralita.store.database import Transaction

if TYPE_CHECKING:
    from centralita.services.hub import Hub

ENDED = "centralita.write.ended"
RULE = "asked"


@dataclass(frozen=True)
class Follow:
    """Where what was asked comes from, and whom to tell how it ended; "" for nowhere and nobody."""

    person: str = ""
    """Whom to tell that it was created, or refused: an address, or Slack's id of a person."""
    thread: str = ""
    """``channel:ts`` of the message that a ticket was made of: its thread is told the number."""
    message: str = ""
    """``channel:thread_ts:ts`` of the message that a comment was made of: its thread need not be told."""

    def arguments(self) -> dict[str, str]:
        """As an effect carries it."""
        return {"told": self.person, "thread": self.thread, "message": self.message}


def join(hub: Hub) -> None:
    """Listens for echoes."""

    def heard(tx: Transaction, event: Event, subject: Subject, now: float) -> Reaction:
        return _heard(hub, tx, event, now)

    hub.reactions.on_events(tuple(echoes.KINDS), heard)
    hub.alarms.every("ticket.echoes", 600.0, _forget)


def expect(tx: Transaction, hub: Hub, event_id: str, ticket: str, effect: Effect, now: float) -> None:
    """Notes, with the asking, what InvGate will tell back; nothing where no source of InvGate's is read."""
    source = hub.settings.invgate.service_desk.source
    reader = hub.sources.get(source)
    if ticket and reader is not None and reader.kind == "invgate":
        stored.expect(tx, event_id, source, ticket, echoes.asked(effect.action, effect.arguments), now)


def _heard(hub: Hub, tx: Transaction, event: Event, now: float) -> Reaction:
    ours = event.source == hub.settings.invgate.service_desk.source and event.subject.startswith("ticket/")
    told = echoes.told(event) if ours and not event.cause else None
    if told is None:
        return NOTHING
    ticket = event.subject.removeprefix("ticket/")
    return Reaction(echo=stored.hear(tx, event.source, ticket, told, now - echoes.KEPT_S))


async def _forget(hub: Hub) -> None:
    before = hub.clock.now() - echoes.KEPT_S
    await hub.database.write(lambda tx: stored.forget(tx, before))


def after(hub: Hub, tx: Transaction, ended: Ended) -> bool:
    """What follows from the end of a write; True when it wrote an event."""
    effect, event = ended.payload.effect, ended.payload.event
    written = stored.end(tx, event.id, ended.outcome.state == "delivered")
    if written:
        found = _found(effect, event, announcements.rfc3339(ended.now))
        source, body = hub.settings.invgate.service_desk.source, msgspec.json.encode(found)
        receipts.put(tx, source, hub.ids.new(), CONTENT_TYPE, body, ended.now)
    return _tell(hub, tx, ended) or written


# --- In InvGate's name -----------------------------------------------------------------------------------------------


_TYPES = {"ticket.comment": "ticket.commented", "ticket.assign": "ticket.assigned"}


def _found(effect: Effect, asked: Event, time: str) -> Found:
    given = {name: tame_text(value) for name, value in effect.arguments.items() if isinstance(value, str)}
    status = given.get("status", "")
    type_ = _TYPES.get(effect.action, "ticket.reopened" if status == "reopened" else "ticket.status_changed")
    data: dict[str, Any] = {"ticket": {"id": given["ticket"]}}
    if "agent" in given:
        data["agent"] = {"email": given["agent"]}
    comment = given.get("text") or given.get("note", "")
    if comment:
        visible = effect.arguments.get("visible") is True or status == "solved"
        data["comment"] = {"text": comment, "author": given.get("author", ""), "visible_to_customer": visible}
    if comment and given.get("message"):
        data["comment"]["message"] = given["message"]
    needs = (TICKET,) if effect.action == "ticket.comment" else (TICKET, STATE)
    return Found(type=type_, time=time, data=data, needs=needs, cause=asked.id)


# --- To whoever asked ------------------------------------------------------------------------------------------------


def _tell(hub: Hub, tx: Transaction, ended: Ended) -> bool:
    effect, outcome = ended.payload.effect, ended.outcome
    created = effect.action == "ticket.create" and outcome.state == "delivered"
    effects = _effects(effect.arguments, created)
    if not effects or not (created or outcome.state == "dead"):
        return False
    ticket: Mapping[str, Any] = outcome.answer.get("ticket") or {} if created else effect.arguments
    number = tame_text(ticket.get("id") or ticket.get("ticket"))
    given = {name: tame_text(effect.arguments.get(name)) for name in ("agent", "status", "text")}
    wish = {name: value for name, value in given.items() if value}
    announcements.tell(
        tx,
        hub.ids.new(),
        ENDED,
        now=ended.now,
        subject=f"write/{ended.delivery}",
        title=tame_text(effect.arguments.get("title")),
        url=outcome.reference if created else "",
        data={
            **{"action": effect.action, "state": outcome.state},
            **({"wish": wish} if wish else {}),
            **({"ticket": {"id": number}} if number else {}),
            **({"reason": f"{outcome.reason} {outcome.detail}".strip()} if outcome.state == "dead" else {}),
        },
        effects=effects,
        cause=ended.payload.event.id,
        depth=ended.payload.event.depth + 1,
    )
    return True


def _effects(arguments: Mapping[str, Any], created: bool) -> list[Effect]:
    person, (channel, _colon, ts) = tame_text(arguments.get("told")), tame_text(arguments.get("thread")).partition(":")
    effects = []
    if person:
        effects.append(Effect(rule=RULE, destination="slack", target=person, audience="agent"))
    if channel and created:
        place = {"thread_ts": ts}
        effects.append(Effect(rule=RULE, destination="slack", target=channel, arguments=place))
    return effects
