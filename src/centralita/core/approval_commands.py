"""What a command makes of an approval: answers, questions, places given away, time. Pure; the table is in
``core.approvals``.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from centralita.core.approvals import (
    ENDS,
    FINAL,
    REMIND_GAP_S,
    TRANSITIONS,
    Answer,
    Approval,
    Happening,
    Stage,
    Vote,
    begin,
    is_requester,
    told_at,
)
from centralita.core.approvers import Approver, is_among


class Refusal(msgspec.Struct, frozen=True):
    """What can't be done: a message id and its arguments."""

    reason: str
    arguments: dict[str, Any] = {}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an approval."""

    approval: Approval
    happened: Happening | Literal["", "lose"] = ""
    """"" when there was nothing left to do, ``lose`` when somebody can't be told and nobody stands in."""
    tell: tuple[Approver, ...] = ()
    """Which of its approvers are to be told."""
    by: Approver = Approver()
    note: str = ""


class Give(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: ``by`` gives it, for themselves or for one of ``stands_for``; ``hand`` sent it, if somebody else."""

    by: Approver
    answer: Literal["approve", "reject"]
    note: str = ""
    stands_for: tuple[Approver, ...] = ()
    hand: Approver = Approver()
    stage: int | None = None
    """Index of the stage that they saw: one that is done meanwhile must not count for the next, where they may have a
    place too. None: whichever is open."""
    version: int | None = None
    """Of the approval that they saw: what is pressed again there counts once, also where they may answer for
    somebody else by now."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """An approver wants to know more."""

    by: Approver
    text: str
    stands_for: tuple[Approver, ...] = ()


class Tell(msgspec.Struct, frozen=True, kw_only=True):
    """The requester answers the question; ``managing``: somebody who may do it for them."""

    by: Approver
    text: str
    managing: bool = False
    asked_at: float | None = None
    """When the question that they saw was asked; None for whichever is open."""


class Reassign(msgspec.Struct, frozen=True, kw_only=True):
    """``to`` answers instead of ``person``. They, or who stands in, may give it away; ``managing``: anybody's."""

    by: Approver
    person: Approver
    to: Approver
    managing: bool = False
    stands_for: tuple[Approver, ...] = ()


class Cancel(msgspec.Struct, frozen=True, kw_only=True):
    """It is not needed any more."""

    by: Approver
    note: str = ""
    managing: bool = False


class Pass(msgspec.Struct, frozen=True):
    """Time has passed."""


class Unreachable(msgspec.Struct, frozen=True):
    """Somebody could not be told."""

    person: Approver


class Written(msgspec.Struct, frozen=True):
    """InvGate took what it was told, or did not: then why."""

    fault: str = ""
    waits: bool = False
    """It took the vote, and wants those of others too."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What InvGate says that it was answered."""

    answer: Answer
    by: Approver = Approver()
    note: str = ""


Command = Give | Ask | Tell | Reassign | Cancel | Pass | Unreachable | Written | Heard


def decide(approval: Approval, command: Command, now: float) -> Change | Refusal:
    """What ``command`` makes of the approval at ``now``. Saying again what was said changes nothing."""
    if approval.state in FINAL:
        return _over(approval, command)
    if approval.state == "answering" and isinstance(command, Give | Ask | Tell | Reassign | Cancel):
        return _under_way(approval, command)
    handler: Any = _HANDLERS[type(command)]
    result: Change | Refusal = handler(approval, command, now)
    return result


def _moved(approval: Approval, happening: Happening, now: float, **values: Any) -> Approval:
    state = TRANSITIONS[approval.state, happening]
    return msgspec.structs.replace(approval, state=state, version=approval.version + 1, updated_at=now, **values)


def _with_stage(approval: Approval, **values: Any) -> tuple[Stage, ...]:
    stages = list(approval.stages)
    stages[approval.stage] = msgspec.structs.replace(stages[approval.stage], **values)
    return tuple(stages)


# --- Answers ---------------------------------------------------------------------------------------------------------


def _over(approval: Approval, command: Command) -> Change | Refusal:
    """Whoever comes after the end: the same answer of the same person is no error, anything else hears who decided."""
    outcome = approval.outcome
    if isinstance(command, Pass | Unreachable | Written | Heard):
        return Change(approval=approval)
    if isinstance(command, Give) and outcome is not None and command.answer == outcome.answer:
        mine = [vote for stage in approval.stages for vote in stage.votes if vote.by.is_same(command.by)]
        if outcome.by.is_same(command.by) or any(vote.answer == command.answer for vote in mine):
            return Change(approval=approval, by=command.by)
    if isinstance(command, Cancel) and approval.state == "cancelled":
        return Change(approval=approval, by=command.by)
    return _decided(approval, outcome)


def _under_way(approval: Approval, command: Give | Ask | Tell | Reassign | Cancel) -> Change | Refusal:
    pending = approval.pending
    if isinstance(command, Give) and pending and pending.by.is_same(command.by) and pending.answer == command.answer:
        return Change(approval=approval, by=command.by)
    return _decided(approval, pending, "approval.answering")


def _decided(approval: Approval, vote: Vote | None, reason: str = "approval.decided") -> Refusal:
    """Who has decided, when and how; for what time or InvGate ended, when and how."""
    if vote is None or not vote.by.called:
        return Refusal("approval.over", {"answer": approval.state, "at": vote.at if vote else approval.updated_at})
    return Refusal(reason, {"answer": ENDS[vote.answer], "who": vote.by.called, "at": vote.at})


def _give(approval: Approval, command: Give, now: float) -> Change | Refusal:
    if is_requester(approval, command.by) or is_requester(approval, command.hand):
        return Refusal("approval.self")
    if command.stage is not None and command.stage < approval.stage:
        return _behind(approval, approval.stages[command.stage], command)
    if command.version is not None and approval.voted.get(command.by.key, 0) > command.version:
        return Change(approval=approval, by=command.by)
    stage = approval.current
    before = next((vote for vote in stage.votes if vote.by.is_same(command.by)), None)
    if before is not None:
        # One person, one vote: also whoever stands in for several.
        if before.answer == command.answer:
            return Change(approval=approval, by=command.by)
        return Refusal("approval.voted", {"answer": ENDS[before.answer], "at": before.at})
    seat = _seat(stage, command.by, command.stands_for)
    if seat is None:
        taken = next((vote for vote in stage.votes if is_among(vote.seat, (command.by, *command.stands_for))), None)
        return _decided(approval, taken) if taken else Refusal("approval.not_approver", {"who": command.by.called})
    if not command.note.strip() and approval.note_required in ("always", command.answer):
        return Refusal("approval.note_missing")
    note = command.note.strip()
    vote = Vote(seat=seat, by=command.by, hand=command.hand, answer=command.answer, at=now, note=note)
    stages = _with_stage(approval, votes=(*stage.votes, vote))
    newest = {**approval.voted, command.by.key: approval.version + 1}
    return _count(msgspec.structs.replace(approval, stages=stages, voted=newest), vote, now)


def _behind(approval: Approval, stage: Stage, command: Give) -> Change | Refusal:
    """An answer to a stage that is done."""
    if any(vote.by.is_same(command.by) and vote.answer == command.answer for vote in stage.votes):
        return Change(approval=approval, by=command.by)
    return _decided(approval, stage.verdict())


def _seat(stage: Stage, person: Approver, stands_for: tuple[Approver, ...]) -> Approver | None:
    """The place for which ``person`` may answer: their own first."""
    free = stage.waits_for()
    return next((seat for who in (person, *stands_for) for seat in free if seat.is_same(who)), None)


def _count(approval: Approval, vote: Vote, now: float) -> Change:
    """What the newest vote makes of the stage and of the whole."""
    happened: Happening = "approve" if vote.answer == "approve" else "reject"
    if approval.current.verdict() is None:
        happened = "vote"
    elif vote.answer == "approve" and approval.stage + 1 < len(approval.stages):
        happened = "advance"
    elif approval.authority == "invgate":
        happened = "write"
    told = Change(approval=approval, happened=happened, by=vote.by, note=vote.note)
    if happened == "vote":
        return _as(told, _moved(approval, "vote", now))
    resumed = _resumed(approval, now)
    if happened == "advance":
        onward = begin(_moved(resumed, "advance", now, stage=approval.stage + 1), now)
        return _as(told, onward, onward.current.waits_for())
    if happened == "write":
        return _as(told, _moved(resumed, "write", now, pending=vote, fault=""))
    return _as(told, _moved(resumed, happened, now, outcome=vote))


def _as(change: Change, approval: Approval, tell: tuple[Approver, ...] = ()) -> Change:
    return msgspec.structs.replace(change, approval=approval, tell=tell)


def _resumed(approval: Approval, now: float) -> Approval:
    """The question is out of the way: the times that stood still go on."""
    if approval.state != "asked":
        return approval
    waited_s = now - approval.asked_at
    later = {name: getattr(approval, name) + waited_s for name in _CLOCKS if getattr(approval, name)}
    return msgspec.structs.replace(approval, **later)


_CLOCKS = ("remind_at", "escalate_at", "expire_at")


def _written(approval: Approval, command: Written, now: float) -> Change:
    pending = approval.pending
    if approval.state != "answering" or pending is None:
        return Change(approval=approval)
    told = Change(approval=approval, happened=_HOW[pending.answer], by=pending.by, note=pending.note)
    if command.waits:
        # InvGate keeps the votes of its own approvals; here only those are left whom it still waits for.
        rest = tuple(seat for seat in approval.current.approvers if not seat.is_same(pending.seat))
        stages = _with_stage(approval, approvers=rest, votes=())
        return msgspec.structs.replace(
            told, approval=_moved(approval, "vote", now, pending=None, stages=stages), happened="vote"
        )
    if not command.fault:
        return _as(told, _moved(approval, _HOW[pending.answer], now, outcome=pending, pending=None))
    votes = tuple(vote for vote in approval.current.votes if vote != pending)
    stages = _with_stage(approval, votes=votes)
    # Whoever decided has to hear that it does not hold.
    tell = tuple(seat for seat in stages[approval.stage].waits_for() if seat.is_same(pending.seat))
    failed = _moved(
        approval,
        "fail",
        now,
        pending=None,
        fault=command.fault,
        stages=stages,
        told_at=told_at(approval, tell, now),
    )
    return msgspec.structs.replace(told, approval=failed, happened="fail", note=command.fault, tell=tell)


_HOW: dict[Answer, Happening] = {"approve": "approve", "reject": "reject", "cancel": "cancel"}


def _heard(approval: Approval, command: Heard, now: float) -> Change:
    pending = approval.pending
    vote = Vote(seat=command.by, by=command.by, answer=command.answer, at=now, note=command.note)
    if pending is not None and pending.answer == command.answer:
        vote = pending
    moved = _moved(_resumed(approval, now), _HOW[command.answer], now, outcome=vote, pending=None)
    return Change(approval=moved, happened=_HOW[command.answer], by=vote.by, note=vote.note)


# --- Questions, places, the end --------------------------------------------------------------------------------------


def _ask(approval: Approval, command: Ask, now: float) -> Change | Refusal:
    if _seat(approval.current, command.by, command.stands_for) is None or is_requester(approval, command.by):
        return Refusal("approval.not_approver", {"who": command.by.called})
    if approval.state == "asked":
        if approval.asking.is_same(command.by) and approval.question == command.text.strip():
            return Change(approval=approval, by=command.by)
        return Refusal("approval.asked", {"who": approval.asking.called, "at": approval.asked_at})
    text = command.text.strip()
    moved = _moved(approval, "ask", now, question=text, answer="", asking=command.by, asked_at=now)
    return Change(approval=moved, happened="ask", by=command.by, note=text)


def _tell(approval: Approval, command: Tell, now: float) -> Change | Refusal:
    if not (command.managing or is_requester(approval, command.by)):
        return Refusal("approval.not_requester")
    text = command.text.strip()
    if approval.state != "asked":
        if approval.answer and approval.answer == text:
            return Change(approval=approval, by=command.by)
        return Refusal("approval.not_asked")
    if command.asked_at is not None and command.asked_at != approval.asked_at:
        return Refusal("approval.another_question")
    # Whoever asked waits for it; they may have given their place away meanwhile.
    asking = tuple(seat for seat in approval.current.waits_for() if seat.is_same(approval.asking))
    people = asking or approval.current.waits_for()
    told = told_at(approval, people, now)
    moved = _moved(_resumed(approval, now), "answer", now, answer=text, answered_at=now, told_at=told)
    return Change(approval=moved, happened="answer", tell=people, by=command.by, note=text)


def _reassign(approval: Approval, command: Reassign, now: float) -> Change | Refusal:
    if not (command.managing or is_among(command.person, (command.by, *command.stands_for))):
        return Refusal("approval.not_approver", {"who": command.by.called})
    if not is_among(command.person, approval.current.waits_for()):
        if is_among(command.to, approval.current.seats()):
            return Change(approval=approval, by=command.by)
        return Refusal("approval.not_approver", {"who": command.person.called})
    if is_requester(approval, command.to):
        return Refusal("approval.self")
    if is_among(command.to, approval.current.seats()):
        return Refusal("approval.already_approver", {"who": command.to.called})
    return _replaced(approval, command.person, command.to, now, by=command.by)


def _replaced(approval: Approval, old: Approver, new: Approver, now: float, **said: Any) -> Change:
    stage = approval.current
    stages = _with_stage(
        approval,
        approvers=tuple(new if seat.is_same(old) else seat for seat in stage.approvers),
        escalation=tuple(new if seat.is_same(old) else seat for seat in stage.escalation),
        fallbacks=tuple(each for each in stage.fallbacks if not each.is_same(new)),
    )
    moved = _moved(approval, "reassign", now, stages=stages, told_at=told_at(approval, (new,), now))
    return Change(approval=moved, happened="reassign", tell=(new,), note=old.called, **said)


def _unreachable(approval: Approval, command: Unreachable, now: float) -> Change:
    stage = approval.current
    if approval.state == "answering" or not is_among(command.person, stage.waits_for()):
        return Change(approval=approval)
    spare = (each for each in stage.fallbacks if not is_requester(approval, each) and not is_among(each, stage.seats()))
    fallback = next(spare, None)
    if fallback is None:
        return Change(approval=approval, happened="lose", note=command.person.called)
    return _replaced(approval, command.person, fallback, now)


def _cancel(approval: Approval, command: Cancel, now: float) -> Change | Refusal:
    if not (command.managing or is_requester(approval, command.by)):
        return Refusal("approval.not_requester")
    vote = Vote(seat=command.by, by=command.by, answer="cancel", at=now, note=command.note.strip())
    told = Change(approval=approval, happened="cancel", by=command.by, note=vote.note)
    if approval.authority == "invgate":
        moved = _moved(_resumed(approval, now), "write", now, pending=vote, fault="")
        return msgspec.structs.replace(told, approval=moved, happened="write")
    return _as(told, _moved(approval, "cancel", now, outcome=vote))


# --- Time ------------------------------------------------------------------------------------------------------------


def _pass(approval: Approval, command: Pass, now: float) -> Change:
    """The gravest of what is due; what else is, falls due again at once."""
    if approval.state != "open":
        return Change(approval=approval)
    if approval.expire_at and now >= approval.expire_at:
        return _expire(approval, now)
    if approval.escalate_at and now >= approval.escalate_at:
        return _escalate(approval, now)
    if approval.remind_at and now >= approval.remind_at:
        return _remind(approval, now)
    return Change(approval=approval)


def _expire(approval: Approval, now: float) -> Change:
    if approval.times.on_expiry == "escalate" and approval.current.higher and not approval.current.escalated:
        again = msgspec.structs.replace(approval, expire_at=now + approval.times.expire_s)
        return _escalate(again, now)
    if approval.authority == "invgate":
        # It is not ours to end.
        return Change(approval=msgspec.structs.replace(approval, expire_at=0.0, version=approval.version + 1))
    return Change(approval=_moved(approval, "expire", now), happened="expire")


def _escalate(approval: Approval, now: float) -> Change:
    if approval.current.escalated:
        return Change(approval=msgspec.structs.replace(approval, escalate_at=0.0, version=approval.version + 1))
    higher = approval.current.higher
    moved = _moved(
        approval,
        "escalate",
        now,
        stages=_with_stage(approval, escalated=True),
        escalate_at=0.0,
        told_at=told_at(approval, higher, now),
    )
    return Change(approval=moved, happened="escalate", tell=higher)


def _remind(approval: Approval, now: float) -> Change:
    late = tuple(
        seat
        for seat in approval.current.waits_for()
        if now - approval.told_at.get(seat.key, approval.created_at) >= REMIND_GAP_S
    )
    next_at = now + max(approval.times.remind_s, REMIND_GAP_S)
    moved = _moved(approval, "remind", now, remind_at=next_at, told_at=told_at(approval, late, now))
    return Change(approval=moved, happened="remind" if late else "", tell=late)


_HANDLERS: dict[type, Any] = {
    Give: _give,
    Ask: _ask,
    Tell: _tell,
    Reassign: _reassign,
    Cancel: _cancel,
    Pass: _pass,
    Unreachable: _unreachable,
    Written: _written,
    Heard: _heard,
}
