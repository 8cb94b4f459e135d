"""Approvals as people use them: asking for one, answering, wanting to know more, giving a place away, standing in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from centralita.core.approval_commands import (
    Ask,
    Cancel,
    Change,
    Command,
    Give,
    Reassign,
    Refusal,
    Tell,
    decide,
)
from centralita.core.approvals import Approval, answerers, begin
from centralita.core.approvers import (
    ApprovalRule,
    Approver,
    Delegation,
    StageSpec,
    Wanted,
    choose,
    is_among,
    named,
    needed,
    people_of,
    read_approver,
    stands_for,
    without,
)
from centralita.core.recipients import is_address
from centralita.services import approval_telling as telling
from centralita.services.access import Principal
from centralita.services.approval_people import look_up, nameless
from centralita.services.approval_reactions import can_write, disabled, join, new_id, rules_of, started, times_of
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.invgate import InvGateUnavailable
from centralita.store import approvals, users
from centralita.store.approvals import Filter
from centralita.store.database import Transaction

__all__ = ["Approval", "Declined", "Filter", "NewApproval", "join"]

MANAGE = "approval.manage"


class Declined(Exception):
    """What can't be done, as the approval stands or for this person: a message id and its arguments."""

    def __init__(self, reason: str, arguments: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.reason, self.arguments = reason, dict(arguments or {})


class NewApproval(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for."""

    title: str
    justification: str = ""
    amount: float | None = None
    currency: str = ""
    category: str = ""
    url: str = ""
    requester: str = ""
    """An address, when it is asked for somebody else."""
    source: str = ""
    subject: str = ""
    stages: tuple[StageSpec, ...] = ()
    """Without any, the rules of the settings say who."""
    expire_s: float | None = None
    escalate_s: float | None = None
    on_expiry: Literal["", "deny", "escalate"] = ""
    note_required: Literal["", "never", "reject", "always"] = ""


def who_is(tx: Transaction, principal: Principal) -> Approver:
    """The person behind a token or a terminal: its name is an address, or that of a user who is not disabled."""
    if is_address(principal.name):
        person = Approver(name=principal.called, email=principal.name.lower())
        return Approver(name=principal.name) if disabled(tx, [person]) else person
    row = users.by_name(tx, principal.name)
    if row is None or not row.enabled:
        return Approver(name=principal.name)
    return Approver(name=row.name, email=row.email.strip().lower())


# --- Asking ----------------------------------------------------------------------------------------------------------


async def request(hub: Hub, principal: Principal, wanted: NewApproval) -> Approval:
    """Asks for an approval. Raises Declined when nobody may approve it, or what it is for is missing."""
    now = hub.clock.now()
    if hub.settings.approvals.justification and not wanted.justification.strip():
        raise Declined("approval.justification_missing")

    rules = rules_of(hub)
    known, gone = await _known_ids(hub, wanted.stages or [stage for rule in rules for stage in rule.stages])
    # Named first: somebody given by their id may be the requester.
    rules = [msgspec.structs.replace(rule, stages=named(rule.stages, known)) for rule in rules]
    given = named(wanted.stages, known)

    def ask(tx: Transaction) -> Approval:
        asked_by = who_is(tx, principal)
        requester = read_approver(wanted.requester) if wanted.requester else asked_by
        facts = Wanted(requester=requester, category=wanted.category, amount=wanted.amount)
        stages = _stages(tx, facts, given, rules, (requester, asked_by, *gone))
        fresh = begin(_new(hub, wanted, requester, asked_by, stages, now), now)
        people, holding = fresh.current.waits_for(), telling.delegations(tx, hub, now)
        approval = telling.reaching(fresh, people, holding, now)
        telling.keep(tx, hub, None, approval)
        change = Change(approval=approval, tell=people)
        effects = telling.ask_effects(hub, approval, people, holding, now)
        telling.tell(tx, hub, "approval.requested", change, now, [*effects, *telling.to_requester(change)])
        after = {"title": approval.title, "requester": requester.called, "approvers": [each.called for each in people]}
        record(tx, now, principal.actor, "approval.requested", f"approval/{approval.id}", {"after": after})
        return approval

    approval = await hub.database.write(ask)
    wake(hub)
    return approval


async def _known_ids(hub: Hub, stages: Sequence[StageSpec]) -> tuple[list[Approver], list[Approver]]:
    """Who those are that are given by their id in InvGate; and those who can't be asked, because nobody knows them."""
    ids = nameless(stages)
    try:
        known, _disabled = await look_up(hub, ids)
    except InvGateUnavailable as fault:
        raise Declined("approval.invgate_unavailable", {"detail": fault.detail}) from None
    able = {person.id for person in known if person.email}
    return known, [Approver(id=id_) for id_ in ids if id_ not in able]


def _stages(
    tx: Transaction,
    facts: Wanted,
    given: tuple[StageSpec, ...],
    rules: Sequence[ApprovalRule],
    barred: tuple[Approver, ...],
) -> tuple[StageSpec, ...]:
    everybody = people_of([*given, *(stage for rule in rules for stage in rule.stages)])
    barred = (*barred, *disabled(tx, everybody))
    if any(stage.mode == "quorum" and not 0 < needed(stage) <= len(stage.approvers) for stage in given):
        raise Declined("approval.quorum")
    found = without(given, barred) if given else choose(facts, rules, barred).stages
    if not found:
        raise Declined("approval.nobody")
    return found


def _new(
    hub: Hub,
    wanted: NewApproval,
    requester: Approver,
    asked_by: Approver,
    stages: tuple[StageSpec, ...],
    now: float,
) -> Approval:
    id_, times = new_id(hub), times_of(hub)
    return Approval(
        id=id_,
        topic=id_,
        title=wanted.title.strip(),
        justification=wanted.justification.strip(),
        amount=wanted.amount,
        currency=wanted.currency,
        category=wanted.category,
        url=wanted.url,
        requester=requester,
        asked_by=asked_by,
        source=wanted.source,
        subject=wanted.subject,
        stages=started(stages),
        note_required=wanted.note_required or hub.settings.approvals.note_required,
        times=msgspec.structs.replace(
            times,
            expire_s=times.expire_s if wanted.expire_s is None else wanted.expire_s,
            escalate_s=times.escalate_s if wanted.escalate_s is None else wanted.escalate_s,
            on_expiry=wanted.on_expiry or times.on_expiry,
        ),
        created_at=now,
        updated_at=now,
    )


# --- What follows ----------------------------------------------------------------------------------------------------

Make = Callable[[Transaction, Approval, Approver, Sequence[Delegation], float], Command]


async def give(
    hub: Hub,
    principal: Principal,
    id_: str,
    answer: Literal["approve", "reject"],
    *,
    note: str = "",
    on_behalf_of: str = "",
    stage: int | None = None,
    version: int | None = None,
) -> Approval:
    """Approves or rejects; ``on_behalf_of`` is somebody's address, ``stage`` (from 1) and ``version`` what they saw.

    Raises Declined, LookupError.
    """
    if on_behalf_of and not principal.may(MANAGE):
        raise Declined("approval.behalf")

    def make(tx: Transaction, approval: Approval, me: Approver, holding: Sequence[Delegation], now: float) -> Command:
        if approval.authority == "invgate" and not can_write(hub):
            raise Declined("approval.invgate_unconfigured")
        by = _known(approval, read_approver(on_behalf_of) if on_behalf_of else me)
        return Give(
            by=by,
            answer=answer,
            note=note,
            stands_for=stands_for(by, holding, now),
            hand=me if on_behalf_of else Approver(),
            stage=None if stage is None else stage - 1,
            version=version,
        )

    said = {"answer": answer, "note": note, **({"on_behalf_of": on_behalf_of} if on_behalf_of else {})}
    return await _command(hub, principal, id_, f"approval.{answer}", make, said)


def _known(approval: Approval, person: Approver) -> Approver:
    """The person as the approval knows them, with their id in InvGate; by the name that they have where they answer,
    when the approval knows none."""
    seat = next((seat for seat in approval.current.seats() if seat.is_same(person)), person)
    return seat if seat.name else msgspec.structs.replace(seat, name=person.name)


async def ask(hub: Hub, principal: Principal, id_: str, text: str) -> Approval:
    """An approver wants to know more: the times stand still. Raises Declined, LookupError."""

    def make(tx: Transaction, approval: Approval, me: Approver, holding: Sequence[Delegation], now: float) -> Command:
        by = _known(approval, me)
        return Ask(by=by, text=text, stands_for=stands_for(by, holding, now))

    return await _command(hub, principal, id_, "approval.ask", make, {"question": text})


async def tell(hub: Hub, principal: Principal, id_: str, text: str, asked_at: float | None = None) -> Approval:
    """The requester answers the question, if it is still that of ``asked_at``. Raises Declined, LookupError."""
    managing = principal.may(MANAGE)

    def make(tx: Transaction, approval: Approval, me: Approver, holding: Sequence[Delegation], now: float) -> Command:
        return Tell(by=me, text=text, managing=managing, asked_at=asked_at)

    return await _command(hub, principal, id_, "approval.answer", make, {"text": text})


async def reassign(hub: Hub, principal: Principal, id_: str, person: str, to: str, name: str = "") -> Approval:
    """``to`` answers instead of ``person`` ("" for oneself, or for whom one stands in); both are addresses.

    ``name`` is that of ``to``. Raises Declined, LookupError.
    """
    managing = principal.may(MANAGE)

    def make(tx: Transaction, approval: Approval, me: Approver, holding: Sequence[Delegation], now: float) -> Command:
        new = msgspec.structs.replace(read_approver(to), name=name)
        if disabled(tx, [new]):
            raise Declined("approval.disabled", {"who": to})
        by, mine = _known(approval, me), stands_for(me, holding, now)
        free = (seat for who in (by, *mine) for seat in approval.current.waits_for() if seat.is_same(who))
        old = _known(approval, read_approver(person)) if person else next(free, by)
        return Reassign(by=by, person=old, to=new, managing=managing, stands_for=mine)

    return await _command(hub, principal, id_, "approval.reassign", make, {"person": person, "to": to})


async def cancel(hub: Hub, principal: Principal, id_: str, note: str) -> Approval:
    """It is not needed any more. Raises Declined, LookupError."""
    managing = principal.may(MANAGE)

    def make(tx: Transaction, approval: Approval, me: Approver, holding: Sequence[Delegation], now: float) -> Command:
        if approval.authority == "invgate" and not can_write(hub):
            raise Declined("approval.invgate_unconfigured")
        return Cancel(by=me, note=note, managing=managing)

    return await _command(hub, principal, id_, "approval.cancel", make, {"note": note})


async def _command(
    hub: Hub, principal: Principal, id_: str, action: str, make: Make, details: Mapping[str, Any]
) -> Approval:
    now = hub.clock.now()

    def run(tx: Transaction) -> Approval:
        approval = approvals.lock(tx, id_)
        if approval is None:
            raise LookupError(id_)
        me = who_is(tx, principal)
        change = decide(approval, make(tx, approval, me, telling.delegations(tx, hub, now), now), now)
        if isinstance(change, Refusal):
            raise Declined(change.reason, change.arguments)
        if not change.happened:
            return change.approval
        telling.carry_out(tx, hub, approval, change, now)
        before, after = {"state": approval.state}, {"state": change.approval.state, **details}
        record(tx, now, principal.actor, action, f"approval/{id_}", {"before": before, "after": after})
        return change.approval

    approval = await hub.database.write(run)
    wake(hub)
    return approval


def wake(hub: Hub) -> None:
    """What was just committed is looked at now."""
    hub.router.look()
    hub.alarms.look()
    hub.database.notify()


async def answerable(hub: Hub, principal: Principal, id_: str, stage: int | None = None) -> Approval:
    """An approval that somebody may answer now, at the ``stage`` (from 1) that they saw. Raises Declined as ``give``
    would, LookupError."""
    now = hub.clock.now()

    def read(tx: Transaction) -> Approval:
        approval = approvals.find(tx, id_)
        if approval is None:
            raise LookupError(id_)
        by = _known(approval, who_is(tx, principal))
        seen = None if stage is None else stage - 1
        mine = stands_for(by, telling.delegations(tx, hub, now), now)
        change = decide(approval, Give(by=by, answer="reject", note="?", stands_for=mine, stage=seen), now)
        if isinstance(change, Refusal):
            raise Declined(change.reason, change.arguments)
        if not change.happened:
            raise Declined("approval.done")
        return approval

    return await hub.database.read(read)


async def listing(hub: Hub, wanted: Filter, limit: int, before: str) -> list[Approval]:
    """Approvals, the newest first."""
    return await hub.database.read(lambda tx: approvals.listing(tx, wanted, limit, before))


async def waiting_for(hub: Hub, principal: Principal, limit: int, before: str = "") -> list[Approval]:
    """What somebody may answer now, for themselves or for whom they stand in, the newest first; ``before`` is the id
    of the last one of the page before."""
    now = hub.clock.now()

    def read(tx: Transaction) -> list[Approval]:
        me, holding = who_is(tx, principal), telling.delegations(tx, hub, now)
        keys = tuple(person.key for person in (me, *stands_for(me, holding, now)) if person.key)
        found: list[Approval] = []
        start = before
        while keys and len(found) < limit:
            page = approvals.listing(tx, Filter(state="answerable", approvers=keys), limit, start)
            found += [each for each in page if is_among(me, answerers(each, holding, now))]
            if len(page) < limit:
                break
            start = page[-1].id
        return found[:limit]

    return await hub.database.read(read)


async def show(hub: Hub, id_: str) -> Approval | None:
    """One approval."""
    return await hub.database.read(lambda tx: approvals.find(tx, id_))


async def mine(hub: Hub, principal: Principal) -> str:
    """The address of whoever asks; "" when nobody knows it."""
    return (await hub.database.read(lambda tx: who_is(tx, principal))).email
