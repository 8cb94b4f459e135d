"""Where approvals join the way of an event: what InvGate asks for and says, what became of what was asked of others,
and time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import msgspec
import structlog

from centralita.core.approval_commands import Change, Command, Heard, Pass, Refusal, Unreachable, Written, decide
from centralita.core.approvals import ENDS, FINAL, Answer, Approval, Stage, Times, begin, read_answer
from centralita.core.approvers import (
    ApprovalRule,
    Approver,
    Choice,
    StageSpec,
    Wanted,
    choose,
    named,
    people_of,
    read_approver,
    read_person,
    read_wanted,
    without,
)
from centralita.core.attributes import one_line
from centralita.core.conditions import compile_condition
from centralita.core.effects import Effect, Subject
from centralita.core.events import Event
from centralita.core.payload import flag, items, text
from centralita.core.plain_text import plain_text
from centralita.services import approval_telling as telling
from centralita.services.approval_people import look_up, nameless
from centralita.services.destinations import UnknownTarget
from centralita.services.hub import Hub
from centralita.services.invgate import InvGateUnavailable
from centralita.services.reactions import NOTHING, Ended, Reaction
from centralita.settings.approvals import ApprovalStage
from centralita.store import approvals, timers, users
from centralita.store.database import Transaction
from centralita.store.timers import Timer

log = structlog.get_logger(__name__)

FIND_TIMER = "approval.find"
JUSTIFICATION_LIMIT = 2000


def join(hub: Hub) -> None:
    """Registers what approvals react to."""
    hub.reactions.on_events(["approval.requested"], partial(_requested, hub))
    hub.reactions.on_events(["approval.answered"], partial(_answered, hub))
    hub.reactions.on_end("approval", partial(_ended, hub))
    hub.alarms.on(telling.DUE_TIMER, _due)
    hub.alarms.on(FIND_TIMER, _find)


def rules_of(hub: Hub) -> list[ApprovalRule]:
    """Who approves what, as configured."""
    return [
        ApprovalRule(
            category=rule.category,
            type=rule.type,
            amount_above=rule.amount_above,
            condition=compile_condition(rule.condition) if rule.condition else None,
            stages=tuple(map(_spec, rule.stages)) or (StageSpec(approvers=_people(rule.approvers)),),
        )
        for rule in hub.settings.approvals.rules
    ]


def _spec(stage: ApprovalStage) -> StageSpec:
    return StageSpec(
        approvers=_people(stage.approvers),
        mode=stage.mode,
        quorum=stage.quorum,
        fallbacks=_people(stage.fallbacks),
        escalation=_people(stage.escalate_to),
    )


def _people(written: Iterable[str]) -> tuple[Approver, ...]:
    return tuple(map(read_approver, written))


def times_of(hub: Hub) -> Times:
    """How long approvals may take, as configured."""
    said = hub.settings.approvals
    return Times(remind_s=said.remind_s, escalate_s=said.escalate_s, expire_s=said.expire_s, on_expiry=said.on_expiry)


def started(specs: Iterable[StageSpec]) -> tuple[Stage, ...]:
    """Stages that nobody has answered yet."""
    return tuple(Stage(**msgspec.structs.asdict(spec)) for spec in specs)


def disabled(tx: Transaction, people: Iterable[Approver]) -> list[Approver]:
    """Those among them whose account here is disabled."""
    found = users.by_emails(tx, {person.email for person in people})
    return [Approver(email=row.email.lower()) for row in found if not row.enabled]


def new_id(hub: Hub) -> str:
    """``apr_`` and a ULID."""
    return f"apr_{hub.ids.new().removeprefix('rcp_')}"


def can_write(hub: Hub) -> bool:
    """Whether InvGate can be told anything."""
    try:
        hub.destinations.address(Effect(rule="", destination="invgate", target="service_desk"))
    except UnknownTarget:
        return False
    return True


# --- InvGate's own ---------------------------------------------------------------------------------------------------


def _is_ours_to_answer(hub: Hub, event: Event) -> bool:
    source = hub.sources.get(event.source)
    return source is not None and source.kind == "invgate" and can_write(hub)


def _topic(event: Event) -> str:
    """What its approval answers: the approval by its id, else the ticket's newest."""
    external, ticket = text(event.data, "approval.id", 64), text(event.data, "ticket.id", 64)
    if external:
        return f"{event.source}/approval/{external}"
    return f"{event.source}/ticket/{ticket}" if ticket else ""


def _answer_of(event: Event) -> Answer | None:
    return read_answer(text(event.data, "approval.status", 64))


def _requested(hub: Hub, tx: Transaction, event: Event, subject: Subject, now: float) -> Reaction:
    topic = _topic(event)
    if not topic or not _is_ours_to_answer(hub, event) or _answer_of(event) is not None:
        return NOTHING
    known = approvals.newest_of(tx, topic)
    if known is not None and (known.state not in FINAL or "/approval/" in topic):
        return Reaction(echo=True)  # told again: by a webhook and a poll, or because we added a voter
    wanted = read_wanted(event)
    rules = rules_of(hub)
    choice = choose(wanted, rules, disabled(tx, _everybody(wanted, rules)))
    approval = _imported(hub, event, topic, wanted, choice, now)
    if choice.why == "nobody":
        telling.tell(tx, hub, "approval.unassigned", Change(approval=approval), now, cause=event)
        return Reaction(announced=True)
    if nameless(approval.stages) and hub.invgate is not None:
        telling.keep(tx, hub, None, approval)
        timers.set_timer(tx, FIND_TIMER, approval.id, now)  # InvGate is asked who they are, before they are
        return NOTHING
    _assign(tx, hub, None, approval, now, wanted.voters, event)
    return Reaction(announced=True)


def _assign(
    tx: Transaction,
    hub: Hub,
    before: Approval | None,
    found: Approval,
    now: float,
    voters: Sequence[Approver] = (),
    cause: Event | None = None,
) -> None:
    people, holding = found.current.waits_for(), telling.delegations(tx, hub, now)
    approval = telling.reaching(found, people, holding, now)
    telling.keep(tx, hub, before, approval)
    effects = telling.ask_effects(hub, approval, people, holding, now, voters)
    telling.tell(tx, hub, "approval.assigned", Change(approval=approval, tell=people), now, effects, cause=cause)


def _everybody(wanted: Wanted, rules: Iterable[ApprovalRule]) -> list[Approver]:
    stages = [stage for rule in rules for stage in rule.stages]
    return [wanted.manager, *wanted.voters, *people_of(stages)]


async def _find(hub: Hub, timer: Timer) -> None:
    """InvGate says who those are of whom only the id is known; then they are told. Asked again until it answers."""
    now = hub.clock.now()
    started = await hub.database.read(lambda tx: approvals.find(tx, timer.key))
    try:
        known, gone = await look_up(hub, nameless(started.stages) if started is not None else ())
    except InvGateUnavailable as fault:
        log.warning("approval.invgate_unavailable", approval=timer.key, reason=fault.reason)
        return

    def told(tx: Transaction) -> None:
        approval = approvals.lock(tx, timer.key) if timers.take(tx, timer) else None
        if approval is None or approval.state in FINAL:
            return
        everybody = named(approval.stages, known)
        able = without(everybody, (approval.requester, *gone, *disabled(tx, people_of(everybody))))
        if not able:
            telling.tell(tx, hub, "approval.unassigned", Change(approval=approval), now)
            return
        found = msgspec.structs.replace(approval, stages=able, version=approval.version + 1)
        _assign(tx, hub, approval, begin(found, now), now)

    await hub.database.write(told)
    hub.router.look()
    hub.database.notify()


def _imported(hub: Hub, event: Event, topic: str, wanted: Wanted, choice: Choice, now: float) -> Approval:
    data = event.data
    why = next(
        (
            found
            for path in ("approval.description", "approval.note", "ticket.description")
            if (found := text(data, path))
        ),
        "",
    )
    approval = Approval(
        id=new_id(hub),
        topic=topic,
        authority="invgate",
        title=event.title or one_line(text(data, "ticket.title", 500)) or event.subject,
        justification=plain_text(why)[:JUSTIFICATION_LIMIT],
        amount=wanted.amount,
        currency=one_line(text(data, "approval.currency", 12)),
        url=event.url,
        category=wanted.category,
        requester=wanted.requester,
        source=event.source,
        subject=event.subject,
        external=text(data, "approval.id", 64),
        ticket=text(data, "ticket.id", 64),
        stages=started(named(choice.stages, (wanted.manager, *wanted.voters)) or (StageSpec(approvers=()),)),
        note_required=hub.settings.approvals.note_required,
        times=times_of(hub),
        created_at=now,
        updated_at=now,
    )
    return begin(approval, now) if choice.stages else approval


def _answered(hub: Hub, tx: Transaction, event: Event, subject: Subject, now: float) -> Reaction:
    answer, topic = _answer_of(event), _topic(event)
    if flag(event.data, "approval.waits"):
        return NOTHING  # one vote of several: the approval is not over
    if answer is None or not topic or event.source not in hub.sources or event.source == "centralita":
        return NOTHING
    known = approvals.newest_of(tx, topic)
    if known is None and event.data.get("ticket"):
        known = approvals.newest_of(tx, f"{event.source}/ticket/{text(event.data, 'ticket.id', 64)}")
    approval = approvals.lock(tx, known.id) if known is not None else None
    if approval is None:
        return NOTHING
    if approval.state in FINAL:
        return Reaction(echo=approval.state == ENDS[answer])
    ours = approval.pending is not None and approval.pending.answer == answer
    command = Heard(answer=answer, by=_who_answered(event, answer), note=text(event.data, "approval.note", 2000))
    told = _carry_out(tx, hub, approval, command, now, "" if ours else telling.CLOSED, event)
    return Reaction(echo=ours, announced=told)


def _who_answered(event: Event, answer: Answer) -> Approver:
    said = read_person(event.data, "approver")
    if said.called:
        return said
    voters = [voter for voter in items(event.data, "approval.voters") if isinstance(voter, dict)]
    voted = (voter for voter in voters if read_answer(text(voter, "status")) == answer)
    return read_person({"voter": next(voted, {})}, "voter")


# --- What became of what was asked of others -------------------------------------------------------------------------


def _ended(hub: Hub, tx: Transaction, ended: Ended) -> bool:
    effect, outcome = ended.payload.effect, ended.outcome
    approval = approvals.lock(tx, str(effect.arguments.get("row", "")))
    if approval is None:
        return False
    if effect.action == telling.TELL:
        if outcome.state == "delivered":
            return False
        seats = [seat for seat in approval.current.seats() if seat.key == effect.arguments.get("seat")]
        return bool(seats) and _carry_out(tx, hub, approval, Unreachable(seats[0]), ended.now)
    fault = f"{outcome.reason} {outcome.detail}".strip()
    if effect.action == "approval.add_voter":
        if outcome.state != "dead":
            return False
        telling.tell(tx, hub, "approval.failed", Change(approval=approval, happened="fail", note=fault), ended.now)
        return True
    return _carry_out(tx, hub, approval, _written(outcome.state, outcome.answer, fault), ended.now)


def _written(state: str, answer: dict[str, Any], fault: str) -> Command:
    if state == "delivered":
        return Written(waits=text(answer, "approval.status") == "-1")
    said = read_answer(text(answer, "approval.status"))
    return Heard(answer=said) if state == "skipped" and said is not None else Written(fault or "invgate.unknown")


def _carry_out(
    tx: Transaction,
    hub: Hub,
    approval: Approval,
    command: Command,
    now: float,
    type_: str = "",
    cause: Event | None = None,
) -> bool:
    change = decide(approval, command, now)
    return not isinstance(change, Refusal) and telling.carry_out(tx, hub, approval, change, now, type_, cause)


# --- Time ------------------------------------------------------------------------------------------------------------


async def _due(hub: Hub, timer: Timer) -> None:
    now = hub.clock.now()

    def pass_(tx: Transaction) -> bool:
        if not timers.take(tx, timer):
            return False
        approval = approvals.lock(tx, timer.key)
        return approval is not None and _carry_out(tx, hub, approval, Pass(), now)

    if await hub.database.write(pass_):
        hub.router.look()
        hub.database.notify()
