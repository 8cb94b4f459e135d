"""What follows from a change of an approval: its row, its timer, and one event, which carries who is told and what
InvGate is asked to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from centralita.core.approval_commands import Change
from centralita.core.approvals import FINAL, Approval, Vote
from centralita.core.approvers import Approver, Delegation, is_among, read_approver, stand_in
from centralita.core.effects import Effect
from centralita.core.events import Event
from centralita.services import announcements
from centralita.services.announcements import About
from centralita.store import approvals, timers
from centralita.store.database import Transaction

if TYPE_CHECKING:
    from centralita.services.hub import Hub

DUE_TIMER = "approval.due"
RULE = "approval"
TELL = "approval.tell"
"""The action of a message to an approver: we hear when it reached nobody."""
CLOSED = "centralita.approval.closed"
TYPES: dict[str, str] = {
    "vote": "approval.voted",
    "advance": "approval.voted",
    "approve": "approval.answered",
    "reject": "approval.answered",
    "write": "centralita.approval.decided",
    "fail": "approval.failed",
    "ask": "approval.info_requested",
    "answer": "approval.info_given",
    "remind": "approval.reminded",
    "escalate": "approval.escalated",
    "expire": "approval.expired",
    "reassign": "approval.reassigned",
    "cancel": "approval.cancelled",
    "lose": "approval.unassigned",
}
"""What happened to the type of the event that tells of it."""
_WRITES = {"approve": "approval.accept", "reject": "approval.reject", "cancel": "approval.cancel"}


def delegations(tx: Transaction, hub: Hub, now: float) -> list[Delegation]:
    """Who stands in for whom now: by the settings, and as people said."""
    configured = []
    for each in hub.settings.approvals.delegates:
        begins_at, ends_at = each.span()
        person, delegate = read_approver(each.person), read_approver(each.delegate)
        configured.append(Delegation(person=person, delegate=delegate, begins_at=begins_at, ends_at=ends_at))
    return approvals.delegations_at(tx, now, configured)


def keep(tx: Transaction, hub: Hub, before: Approval | None, approval: Approval) -> None:
    """Writes an approval (``before`` None: a new one) and sets its timer. Raises Conflict."""
    if before is None:
        approvals.add(tx, approval)
    elif approval != before:
        approvals.save(tx, approval, before.version)
    if approval.next_due is None:
        timers.cancel(tx, DUE_TIMER, approval.id)
    else:
        timers.set_timer(tx, DUE_TIMER, approval.id, approval.next_due)


def carry_out(
    tx: Transaction, hub: Hub, before: Approval, change: Change, now: float, type_: str = "", cause: Event | None = None
) -> bool:
    """Keeps what a command made of an approval, and tells it; True when it wrote an event."""
    keep(tx, hub, before, change.approval)
    if not change.happened:
        return False
    tell(tx, hub, type_ or TYPES[change.happened], change, now, effects_of(tx, hub, change, now), cause=cause)
    return True


def tell(
    tx: Transaction,
    hub: Hub,
    type_: str,
    change: Change,
    now: float,
    effects: Sequence[Effect] = (),
    cause: Event | None = None,
) -> None:
    """Appends the event of a change, about what the approval is about."""
    approval = change.approval
    about = About(approval.source, approval.subject) if approval.source and approval.subject else None
    caused: dict[str, Any] = {"cause": cause.id, "depth": cause.depth + 1} if cause is not None else {}
    announcements.tell(
        tx,
        hub.ids.new(),
        type_,
        now=now,
        subject=f"approval/{approval.id}",
        title=approval.title,
        data=said(change),
        effects=effects,
        about=about,
        category=approval.category,
        url=approval.url,
        **caused,
    )


def said(change: Change) -> dict[str, Any]:
    """The data of an event about a change."""
    approval = change.approval
    waits = approval.current.waits_for() if approval.state not in FINAL else ()
    facts = {
        "id": approval.id,
        "status": approval.state,
        "title": approval.title,
        "justification": approval.justification,
        "amount": approval.amount,
        "currency": approval.currency,
        "ticket": approval.ticket,
        "authority": approval.authority,
        "stage": approval.stage + 1,
        "stages": len(approval.stages),
        "given": sum(vote.answer == "approve" for vote in approval.current.votes),
        "waits_for": [person.called for person in waits],
        "told": [person.called for person in change.tell],
        "question": approval.question,
        "answer": approval.answer,
        "note": change.note,
        "reason": change.note if change.happened == "fail" else "",
        "due_at": announcements.rfc3339(approval.expire_at) if approval.expire_at and waits else "",
    }
    found = {"approval": {name: value for name, value in facts.items() if value not in (None, "", [])}}
    by = change.by if change.by.key else change.tell[0] if len(change.tell) == 1 else Approver()
    for role, who in (("requester", approval.requester), ("approver", by)):
        if who.called:
            found[role] = {name: value for name, value in msgspec.structs.asdict(who).items() if value}
    return found


# --- Effects ---------------------------------------------------------------------------------------------------------


def effects_of(tx: Transaction, hub: Hub, change: Change, now: float) -> list[Effect]:
    """Who is written to, and what InvGate is asked to do."""
    approval, happened = change.approval, change.happened
    if happened == "write" and approval.pending is not None:
        return _write(approval, approval.pending)
    if happened == "ask":
        return _to([approval.requester], "requester")
    if approval.state in FINAL:
        return _of_the_end(change, delegations(tx, hub, now), now)
    return ask_effects(tx, hub, approval, change.tell, now)


def ask_effects(
    tx: Transaction,
    hub: Hub,
    approval: Approval,
    people: Sequence[Approver],
    now: float,
    voters: Sequence[Approver] = (),
) -> list[Effect]:
    """A message to each of them, or to who stands in; and a place among InvGate's voters for who has none."""
    holding = delegations(tx, hub, now)
    fallback = "" if approval.current.fallbacks else hub.settings.approvals.fallback or ""
    effects: list[Effect] = []
    for seat in people:
        person = stand_in(seat, holding, now)
        if approval.authority == "invgate" and not is_among(person, voters):
            effects.append(add_voter(approval, person))
        if person.email:
            arguments = {"row": approval.id, "seat": seat.key}
            effects.append(_message(person.email, "approver", action=TELL, arguments=arguments, fallback=fallback))
    return effects


def add_voter(approval: Approval, person: Approver) -> Effect:
    """InvGate is to let somebody answer."""
    # One delivery a lane and rule: each person's has a name of its own.
    return _to_invgate(f"{RULE}.voter.{person.key}", "approval.add_voter", approval, user=person.id or person.email)


def _write(approval: Approval, vote: Vote) -> list[Effect]:
    before = [] if vote.seat.is_same(vote.by) or vote.answer == "cancel" else [add_voter(approval, vote.by)]
    user = vote.by.id or vote.by.email
    return [*before, _to_invgate(RULE, _WRITES[vote.answer], approval, user=user, note=vote.note)]


def _to_invgate(rule: str, action: str, approval: Approval, **more: str) -> Effect:
    arguments = {"row": approval.id, "approval": approval.external, "ticket": approval.ticket, **more}
    return Effect(
        rule=rule,
        destination="invgate",
        target="service_desk",
        audience="system",
        action=action,
        arguments=arguments,
    )


def _of_the_end(change: Change, holding: Sequence[Delegation], now: float) -> list[Effect]:
    """The requester of ours hears the result, and whoever was asked sees in their message that it is over."""
    approval = change.approval
    asked = [stand_in(read_approver(key), holding, now) for key in approval.told_at]
    effects = _to(asked, "approver")
    by_requester = change.happened == "cancel" and change.by.is_same(approval.requester)
    if approval.authority == "hub" and not by_requester:
        effects = [*_to([approval.requester], "requester"), *effects]
    return effects


def _to(people: Iterable[Approver], audience: Any) -> list[Effect]:
    return [_message(person.email, audience) for person in people if person.email]


def _message(address: str, audience: Any, **more: Any) -> Effect:
    return Effect(rule=RULE, destination="slack", target=address, audience=audience, **more)
