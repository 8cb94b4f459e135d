"""Tickets: what is known of them, and what people ask of InvGate about them.

Whatever is asked is one event of ours with one effect: durable, ordered with what else is asked about the ticket, and
never repeated blindly. Whoever asked waits a while for its end; if that takes longer, the delivery's id says where it
is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import msgspec

from centralita.core.effects import Effect
from centralita.core.recipients import is_address
from centralita.core.records import Record
from centralita.integrations.invgate.client import service_desk
from centralita.services import announcements, catch_up, ticket_endings
from centralita.services.announcements import About
from centralita.services.audit import record
from centralita.services.decide import RELEASE_TIMER
from centralita.services.hub import Hub
from centralita.services.invgate import InvGateUnavailable
from centralita.services.reactions import Ended
from centralita.services.source_watch import until
from centralita.services.ticket_endings import Follow
from centralita.services.times import shown
from centralita.store import deliveries, history, parked, records, timers
from centralita.store.database import Transaction
from centralita.store.records import Filter
from centralita.store.timers import Timer

WAIT_S = 10.0
"""How long whoever asks waits for InvGate's answer."""
MOST_LOOKED_AT = 500
"""So many tickets are looked through for those of one person."""
CHOICES_S = 2.0
"""Whoever is shown a list waits for it in front of a window."""


class NoInvGate(Exception):
    """Nothing can be asked: Service Desk is not configured."""


class NoTicket(LookupError):
    """No ticket of that id is known."""


@dataclass(frozen=True)
class TicketView:
    """A ticket as its source last described it."""

    id: str
    source: str
    title: str
    status: str
    phase: str
    severity: str
    url: str
    requester: str
    agent: str
    updated_at: str | None
    event: str
    """The event that said so."""
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """Something that was asked of InvGate, and how far it is."""

    event: str
    delivery: str
    """"" while it is not routed."""
    state: str
    """``queued``, or how it ended: ``delivered``, ``skipped``, ``dead``."""
    reason: str
    detail: str
    ticket: str
    url: str


def join(hub: Hub) -> None:
    """Takes part in the hub's work."""
    hub.reactions.on_end("ticket", partial(_after, hub))
    ticket_endings.join(hub)
    hub.alarms.on(RELEASE_TIMER, _release)
    desk = hub.settings.invgate.service_desk
    if hub.invgate is not None and hub.invgate.has_desk and desk.poll_s:
        hub.alarms.every("ticket.catch_up", desk.poll_s, catch_up.run)


# --- Events that wait to be completed --------------------------------------------------------------------------------


def _after(hub: Hub, tx: Transaction, ended: Ended) -> bool:
    if ended.payload.effect.action != "ticket.fetch":
        return ticket_endings.after(hub, tx, ended)
    event = ended.payload.event
    timers.cancel(tx, RELEASE_TIMER, event.id)
    return parked.release(tx, event.id, ended.outcome.answer if ended.outcome.state == "delivered" else None)


async def _release(hub: Hub, timer: Timer) -> None:
    """The answer did not come in time: the event goes on as it is."""

    def go_on(tx: Transaction) -> bool:
        return timers.take(tx, timer) and parked.release(tx, timer.key, None)

    if await hub.database.write(go_on):
        hub.router.look()
        hub.database.notify()


# --- What is known ---------------------------------------------------------------------------------------------------


def _view(found: Record, updated_at: float | None) -> TicketView:
    return TicketView(
        id=found.id,
        source=found.source,
        title=found.title,
        status=found.status,
        phase=found.phase,
        severity=found.severity,
        url=str(found.data.get("url") or ""),
        requester=_name(found.data.get("requester")),
        agent=_name(found.data.get("agent")),
        updated_at=shown(updated_at),
        event=found.event_id,
        data=found.data,
    )


def _name(person: object) -> str:
    return str(person.get("name") or person.get("email") or "") if isinstance(person, dict) else ""


async def listing(hub: Hub, wanted: Filter, limit: int, cursor: str) -> tuple[list[TicketView], str | None]:
    """Tickets, those that changed last first; and the cursor of the next page. Raises ValueError for a wrong one."""
    at, _space, id_ = cursor.partition(" ")
    before = (float(at), id_) if cursor else None
    found = await hub.database.read(lambda tx: records.newest(tx, wanted, limit, before))
    more = f"{found[-1][1]!r} {found[-1][0].id}" if len(found) == limit else None
    return [_view(each, updated_at) for each, updated_at in found], more


async def of_person(hub: Hub, address: str, limit: int) -> list[TicketView]:
    """The open tickets whose requester or agent somebody is, by their address, those that changed last first: among the
    ``MOST_LOOKED_AT`` newest."""

    def read(tx: Transaction) -> list[TicketView]:
        newest = records.newest(tx, Filter(kind="ticket"), MOST_LOOKED_AT)
        theirs = (
            _view(each, at)
            for each, at in newest
            if each.phase != "closed" and address.lower() in (_address(each.data.get(role)) for role in _ROLES)
        )
        return list(islice(theirs, limit))

    return await hub.database.read(read) if address else []


def _address(person: object) -> str:
    return str(person.get("email") or "").strip().lower() if isinstance(person, dict) else ""


_ROLES = ("requester", "agent")


async def find(hub: Hub, id_: str, source: str = "") -> TicketView:
    """One ticket. Raises NoTicket."""
    found = await hub.database.read(lambda tx: records.find(tx, "ticket", id_.removeprefix("#"), source))
    if found is None:
        raise NoTicket(id_)
    return _view(found, None)


async def choices(hub: Hub, attribute: str) -> Mapping[str, str]:
    """What InvGate offers for ``priority``, ``category`` or ``type``: id to name; {} when it does not say in time."""
    if hub.invgate is None or not hub.invgate.has_desk:
        return {}
    try:
        async with asyncio.timeout(CHOICES_S):
            return await hub.invgate.desk(lambda session: service_desk.attribute_names(session, attribute))
    except (InvGateUnavailable, TimeoutError):
        return {}


# --- What people ask -------------------------------------------------------------------------------------------------


NOBODY = Follow()


async def create(
    hub: Hub, actor: str, fields: Mapping[str, str], wait_s: float = WAIT_S, *, follow: Follow = NOBODY
) -> Asked:
    """``fields``: title, and perhaps description, requester, type, priority, category (ids or names)."""
    wish = {**fields, **follow.arguments()}
    return await _ask(hub, actor, "ticket.create", "", wish, fields["title"], wait_s)


async def comment(
    hub: Hub,
    actor: str,
    id_: str,
    text: str,
    *,
    visible: bool = False,
    solution: bool = False,
    wait_s: float = WAIT_S,
    follow: Follow = NOBODY,
) -> Asked:
    """Internal unless ``visible``; ``solution`` solves the ticket, and its requester reads it."""
    wish = {"text": text, "visible": visible or solution, "solution": solution, **follow.arguments()}
    return await _ask(hub, actor, "ticket.comment", id_, wish, "", wait_s)


async def assign(
    hub: Hub, actor: str, id_: str, agent: str, group: str = "", wait_s: float = WAIT_S, *, follow: Follow = NOBODY
) -> Asked:
    """``agent`` by id or e-mail, ``group`` by id or name; without it the help desk that the ticket is in."""
    wish = {"agent": agent, "group": group, **follow.arguments()}
    return await _ask(hub, actor, "ticket.assign", id_, wish, "", wait_s)


async def change_status(
    hub: Hub, actor: str, id_: str, status: str, note: str = "", wait_s: float = WAIT_S, *, follow: Follow = NOBODY
) -> Asked:
    """``status``: solved, cancelled, rejected, reopened, waiting_for_customer, waiting_for_agent."""
    wish = {"status": status, "note": note, **follow.arguments()}
    return await _ask(hub, actor, "ticket.status", id_, wish, "", wait_s)


async def _ask(
    hub: Hub, actor: str, action: str, id_: str, arguments: Mapping[str, Any], title: str, wait_s: float
) -> Asked:
    """Raises NoInvGate."""
    if hub.invgate is None or not hub.invgate.has_desk:
        raise NoInvGate
    number, desk = id_.removeprefix("#"), hub.settings.invgate.service_desk
    given = {**arguments, **({"ticket": number} if number else {})}
    person = actor.partition(":")[2] or actor
    if is_address(person):
        given["author"] = person
    subject = f"ticket/{number}" if number else ""
    effect = Effect(
        rule="write",
        destination="invgate",
        target="service_desk",
        audience="system",
        action=action,
        arguments={name: value for name, value in given.items() if value not in ("", None)},
    )
    now = hub.clock.now()

    def write(tx: Transaction) -> str:
        event = announcements.tell(
            tx,
            hub.ids.new(),
            "centralita.write.requested",
            now=now,
            subject=subject,
            title=title,
            data={"action": action, "actor": actor},
            effects=[effect],
            about=About(desk.source, subject) if subject else None,
        )
        ticket_endings.expect(tx, hub, event.id, number, effect, now)
        record(tx, now, actor, action, subject or "ticket", {**effect.arguments, "event": event.id})
        return event.id

    event_id = await hub.database.write(write)
    hub.router.look()
    hub.database.notify()
    works = hub.running or hub.database.dialect == "postgresql"
    return await ended(hub, event_id, wait_s if works else 0.0)


async def ended(hub: Hub, event_id: str, wait_s: float) -> Asked:
    """How far it is with what was asked by an event of ours; waits up to ``wait_s`` for its end."""

    async def look() -> Asked | None:
        found = await hub.database.read(lambda tx: _state(tx, event_id))
        return found if found.state != "queued" else None

    found = await until(hub, [event_id.split("_")[1]], wait_s, look)
    if found is None:
        found = await hub.database.read(lambda tx: _state(tx, event_id))
    return found


def _state(tx: Transaction, event_id: str) -> Asked:
    pending: Sequence[Any] = deliveries.of_event(tx, event_id)
    for done in history.of_event(tx, event_id):
        effect = msgspec.json.decode(done.effect, type=Effect)
        if effect.destination != "invgate":
            continue
        # InvGate's address of a ticket ends with its id.
        number = str(effect.arguments.get("ticket") or done.reference.rpartition("/")[2])
        return Asked(event_id, f"dlv_{done.id}", done.state, done.reason, done.detail, number, done.reference)
    return Asked(event_id, f"dlv_{pending[0].id}" if pending else "", "queued", "", "", "", "")
