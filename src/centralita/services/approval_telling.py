"""What follows from a change of an approval: its row, its timer, and one event, which carries who is told and what
InvGate is asked to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from centralita.core.approval_commands import Change
from centralita.core.approvals import FINAL, Approval, Vote, answerers, written_to
from centralita.core.approvers import Approver, Delegation, is_among, read_approver
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
    holding = delegations(tx, hub, now)
    if change.tell and change.approval.state not in FINAL:
        change = msgspec.structs.replace(change, approval=reaching(change.approval, change.tell, holding, now))
    keep(tx, hub, before, change.approval)
    if not change.happened:
        return False
    tell(tx, hub, type_ or TYPES[change.happened], change, now, effects_of(hub, change, holding, now), cause=cause)
    return True


def reaching(approval: Approval, people: Sequence[Approver], holding: Sequence[Delegation], now: float) -> Approval:
    """The approval once those of ``people`` who have an address, or who stand in for them, are written to."""
    found = list(approval.reached)
    for seat in people:
        person = written_to(approval, seat, holding, now)
        if person.email and not is_among(person, found):
            found.append(person)
    return msgspec.structs.replace(approval, reached=tuple(found))


def hand_over(tx: Transaction, hub: Hub, before: Approval, away: Approver, deputy: Approver, now: float) -> None:
    """Writes to ``deputy``, who stands in for ``away`` from now on, about an approval that waits."""
    reached = (*before.reached, deputy)
    approval = msgspec.structs.replace(before, reached=reached, version=before.version + 1, updated_at=now)
    keep(tx, hub, before, approval)
    effects = [*_to([deputy], "approver", quiet=False), *_to(before.reached, "approver", quiet=True)]
    change = Change(approval=approval, tell=(deputy,), by=away)
    tell(tx, hub, "approval.delegated", change, now, effects)


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
        data=said(change, delegations(tx, hub, now), now),
        effects=effects,
        about=about,
        category=approval.category,
        url=approval.url,
        **caused,
    )


def said(change: Change, holding: Sequence[Delegation], now: float) -> dict[str, Any]:
    """The data of an event about a change. ``approvers`` are the addresses of those who may answer now."""
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
        "version": approval.version,
        "approvers": [person.email for person in answerers(approval, holding, now) if person.email],
        "note_required": approval.note_required if waits else "",
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


def effects_of(hub: Hub, change: Change, holding: Sequence[Delegation], now: float) -> list[Effect]:
    """Who is written to, and what InvGate is asked to do."""
    approval, effects = change.approval, list[Effect]()
    if change.happened == "write" and approval.pending is not None:
        effects = _write(approval, approval.pending)
    elif change.happened != "ask" and approval.state not in FINAL:
        effects = ask_effects(hub, approval, change.tell, holding, now)
    told = {effect.target for effect in effects}
    quiet = approval.state not in FINAL
    everybody = [person for person in approval.reached if person.email not in told]
    return [*effects, *to_requester(change), *_to(everybody, "approver", quiet=quiet)]


def ask_effects(
    hub: Hub,
    approval: Approval,
    people: Sequence[Approver],
    holding: Sequence[Delegation],
    now: float,
    voters: Sequence[Approver] = (),
) -> list[Effect]:
    """A message to each of them, or to who stands in; and a place among InvGate's voters for who has none."""
    fallback = "" if approval.current.fallbacks else hub.settings.approvals.fallback or ""
    effects: list[Effect] = []
    for seat in people:
        person = written_to(approval, seat, holding, now)
        if approval.authority == "invgate" and not is_among(person, voters):
            effects.append(add_voter(approval, person))
        if person.email:
            arguments = {"row": approval.id, "seat": seat.key}
            effects.append(_message(person.email, "approver", action=TELL, arguments=arguments, fallback=fallback))
    return effects


def to_requester(change: Change) -> list[Effect]:
    """What the requester sees: of the hub's own everything, of InvGate's what they were asked."""
    approval = change.approval
    if approval.authority != "hub" and not approval.asking.key:
        return []
    theirs = change.by.is_same(approval.requester)
    return _to([approval.requester], "requester", quiet=theirs or change.happened in _UNHEARD)


_UNHEARD = ("remind", "fail", "lose", "write")
"""What is no news to whoever asked."""


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


def _to(people: Iterable[Approver], audience: Any, *, quiet: bool) -> list[Effect]:
    """``quiet``: their message is brought up to date, and nothing is added to its thread."""
    formatting = {"thread_replies": False} if quiet else {}
    return [_message(person.email, audience, formatting=formatting) for person in people if person.email]


def _message(address: str, audience: Any, **more: Any) -> Effect:
    return Effect(rule=RULE, destination="slack", target=address, audience=audience, **more)
