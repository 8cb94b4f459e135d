"""Finds what no webhook told: after a downtime of ours or of the way between, tickets in InvGate that are new, closed,
assigned or in another state than we know, and approvals that are asked for or were answered there. Each becomes a
receipt of InvGate's source, and goes the way of any other.

Only what changed more than ``GRACE_S`` ago counts: a webhook may be on its way. The first look finds nothing, it only
notes where we stand: whoever connects an InvGate does not want to hear of its last ten years.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import structlog

from centralita.core.approvals import FINAL
from centralita.core.attributes import phase_of, rfc3339
from centralita.core.records import Record
from centralita.integrations.invgate.client import reading, service_desk
from centralita.integrations.invgate.filling import describe, describe_approval
from centralita.integrations.invgate.found import CONTENT_TYPE, Found
from centralita.services.hub import Hub
from centralita.services.invgate import InvGate, InvGateUnavailable
from centralita.store import approvals, receipts, records, upkeep
from centralita.store.database import Transaction
from centralita.store.records import Filter

log = structlog.get_logger(__name__)

GRACE_S = 60
PAGE, BATCH = 200, 50
MOST = 100_000
_SINCE = "invgate.caught_up_to"


async def run(hub: Hub) -> None:
    """One look. What can't be read now is found by the next."""
    invgate, source = hub.invgate, hub.settings.invgate.service_desk.source
    if invgate is None or source not in hub.catalogue.readers:
        return
    until = hub.clock.now() - GRACE_S
    noted = await hub.database.read(lambda tx: upkeep.fact(tx, _SINCE))
    since = float(noted or 0)
    found = 0
    if since:
        try:
            found = await _look(hub, invgate, source, since, until)
        except InvGateUnavailable as fault:
            log.warning("catch_up.unavailable", reason=fault.reason, detail=fault.detail)
            return
    await hub.database.write(lambda tx: upkeep.set_fact(tx, _SINCE, str(until)))
    if found:
        log.info("catch_up.found", tickets=found)
        hub.router.look()
        hub.database.notify()


async def _look(hub: Hub, invgate: InvGate, source: str, since: float, until: float) -> int:
    statuses = await invgate.desk(lambda session: service_desk.attribute_names(session, "status"))
    open_now = await _numbers(invgate, [key for key, name in statuses.items() if phase_of(name) != "closed"])
    known = await hub.database.read(lambda tx: _open(tx, source))
    found = 0
    asked_about = await hub.database.read(lambda tx: _asked_about(tx, source))
    for batch in _batches([*open_now, *(number for number in known if number not in open_now)]):
        changed = [
            ticket
            for ticket in await invgate.desk(partial(service_desk.incidents, numbers=batch))
            if since < reading.whole(ticket.get("last_update")) <= until
        ]
        asked_about.update(dict.fromkeys(reading.reference(ticket.get("id")) for ticket in changed))
        described = [await invgate.desk(partial(describe, ticket=ticket)) for ticket in changed]
        news = partial(_append, hub=hub, source=source, described=described, since=since)
        found += await hub.database.write(news) if described else 0
    return found + await _look_at_approvals(hub, invgate, source, list(asked_about), until)


async def _look_at_approvals(hub: Hub, invgate: InvGate, source: str, tickets: Sequence[str], until: float) -> int:
    """Of tickets that changed, and of those whose approvals wait for an answer here."""
    found = 0
    for number in tickets:
        for approval in await invgate.desk(partial(service_desk.approvals, number=number)):
            known = await hub.database.read(partial(_state_of, topic=f"{source}/approval/{approval.id}"))
            kind = _approval_happened(approval, known, until)
            if not kind:
                continue
            ticket = await invgate.desk(partial(service_desk.incident, number=number))
            answer = await invgate.desk(partial(describe_approval, ticket=ticket, approval=approval.id))
            await hub.database.write(partial(_put, hub=hub, source=source, kind=kind, answer=answer))
            found += 1
    return found


def _asked_about(tx: Transaction, source: str) -> dict[str, None]:
    """Tickets whose approvals wait for an answer here."""
    waiting = approvals.listing(tx, approvals.Filter(state="waiting"), MOST)
    return {one.ticket: None for one in waiting if one.authority == "invgate" and one.source == source and one.ticket}


def _state_of(tx: Transaction, topic: str) -> str | None:
    known = approvals.newest_of(tx, topic)
    return known.state if known is not None else None


def _approval_happened(approval: service_desk.Approval, known: str | None, until: float) -> str:
    """``known`` is the state of ours."""
    if approval.status == -1:
        return "approval.requested" if known is None and approval.created_at <= until else ""
    return "approval.answered" if known is not None and known not in FINAL else ""


async def _numbers(invgate: InvGate, status_ids: Sequence[str]) -> dict[str, None]:
    """Ids of the tickets in these states, in order."""
    numbers: dict[str, None] = {}
    while len(numbers) < MOST and status_ids:
        before = len(numbers)
        wanted = partial(service_desk.numbers_by_status, status_ids=status_ids, offset=before, limit=PAGE)
        page = await invgate.desk(wanted)
        numbers.update(dict.fromkeys(page))
        if len(page) < PAGE or len(numbers) == before:  # an installation that ignores the offset says the same again
            break
    return numbers


def _open(tx: Transaction, source: str) -> list[str]:
    wanted = Filter(kind="ticket", source=source, phase="open")
    return [found.id for found, _ in records.newest(tx, wanted, MOST)]


def _batches(numbers: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(numbers), BATCH):
        yield list(numbers[start : start + BATCH])


def _append(tx: Transaction, hub: Hub, source: str, described: Sequence[dict[str, Any]], since: float) -> int:
    """Queues what differs from what is known; compared in the transaction that queues it."""
    count = 0
    for answer in described:
        number = answer["ticket"]["id"]
        kind = _happened(records.find(tx, "ticket", number, source), answer, since)
        if not kind:
            continue
        _put(tx, hub, source, kind, answer)
        count += 1
    return count


def _put(tx: Transaction, hub: Hub, source: str, kind: str, answer: Mapping[str, Any]) -> None:
    now = hub.clock.now()
    time = rfc3339(float(answer["ticket"].get("last_update") or now))
    body = msgspec.json.encode(Found(type=kind, time=time, answer=dict(answer)))
    receipts.put(tx, source, hub.ids.new(), CONTENT_TYPE, body, now)


def _happened(known: Record | None, answer: Mapping[str, Any], since: float) -> str:
    """The type of what nobody told; "" when there is nothing to tell."""
    ticket = answer["ticket"]
    phase = phase_of(ticket.get("status"))
    if known is None:
        return "ticket.created" if reading.whole(ticket.get("created_at")) > since else ""
    if phase and known.phase and phase != known.phase:
        return "ticket.closed" if phase == "closed" else "ticket.reopened"
    if _id(answer.get("agent")) and _email(answer.get("agent")) != _email(known.data.get("agent")):
        return "ticket.assigned"
    if ticket.get("status") and known.status and ticket["status"] != known.status:
        return "ticket.status_changed"
    return ""


def _id(person: object) -> str:
    return str(person.get("id") or "") if isinstance(person, dict) else ""


def _email(person: object) -> str:
    return str(person.get("email") or "").lower() if isinstance(person, dict) else ""
