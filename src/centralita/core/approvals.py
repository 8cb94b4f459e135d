"""An approval: who answers at which stage, what a command makes of it, and what time makes of it.

Two authorities. What InvGate asked for is decided in InvGate: a decision that is made here is written there, and holds
once InvGate took it; an answer that was given there closes ours. What was asked for here is decided here.

What a command makes of one is decided in ``core.approval_commands``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from centralita.core.approvers import Approver, Delegation, StageSpec, is_among, needed, stand_in, standing_in

State = Literal["open", "asked", "answering", "approved", "rejected", "expired", "cancelled"]
Happening = Literal[
    "vote", "advance", "approve", "reject", "write", "fail",
    "ask", "answer", "remind", "escalate", "expire", "reassign", "cancel",
]  # fmt: skip
Answer = Literal["approve", "reject", "cancel"]

TRANSITIONS: dict[tuple[State, Happening], State] = {
    # One of several has answered, and others have to.
    ("open", "vote"): "open",
    # A stage is done, and the next one begins.
    ("open", "advance"): "open",
    ("open", "approve"): "approved",
    ("open", "reject"): "rejected",
    # InvGate has to be told before it holds.
    ("open", "write"): "answering",
    # An approver wants to know more; the times stand still until the requester has answered.
    ("open", "ask"): "asked",
    ("open", "remind"): "open",
    ("open", "escalate"): "open",
    ("open", "expire"): "expired",
    ("open", "reassign"): "open",
    ("open", "cancel"): "cancelled",
    ("asked", "answer"): "open",
    # Whoever knows enough need not wait.
    ("asked", "vote"): "asked",
    ("asked", "advance"): "open",
    ("asked", "approve"): "approved",
    ("asked", "reject"): "rejected",
    ("asked", "write"): "answering",
    ("asked", "reassign"): "asked",
    ("asked", "cancel"): "cancelled",
    ("answering", "approve"): "approved",
    ("answering", "reject"): "rejected",
    ("answering", "cancel"): "cancelled",
    # InvGate took the vote, and waits for others.
    ("answering", "vote"): "open",
    # InvGate did not take it.
    ("answering", "fail"): "open",
}
FINAL: frozenset[State] = frozenset({"approved", "rejected", "expired", "cancelled"})
WAITING: frozenset[State] = frozenset(get_args(State)) - FINAL
ENDS: dict[Answer, State] = {"approve": "approved", "reject": "rejected", "cancel": "cancelled"}
_ANSWERS: dict[Answer, str] = {
    "approve": "1 approve approved accept accepted aprobada aprobado aceptada aceptado",
    "reject": "0 reject rejected denied rechazada rechazado denegada denegado",
    "cancel": "-2 cancel cancelled canceled cancelada cancelado",
}
_BY_NAME: dict[str, Answer] = {name: answer for answer, names in _ANSWERS.items() for name in names.split()}
REMIND_GAP_S = 4 * 3600.0
"""Nobody is reminded of the same approval more often."""


def read_answer(status: str) -> Answer | None:
    """The answer that InvGate's status of an approval stands for: its number (-2 cancelled, 0 rejected, 1 approved) or
    a word; None while it waits (-1), or for a word that nobody knows."""
    return _BY_NAME.get(status.strip().casefold())


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """One answer."""

    seat: Approver
    """For whom it counts."""
    by: Approver
    """Who gave it: the same, or who stands in."""
    answer: Answer
    at: float
    note: str = ""
    hand: Approver = Approver()
    """Who entered it for ``by``; nobody when they did so themselves."""


class Stage(StageSpec, frozen=True, kw_only=True):
    """A stage with what was answered."""

    votes: tuple[Vote, ...] = ()
    escalated: bool = False
    """Whether ``higher`` was asked too. What one of them says holds for the whole stage."""

    @property
    def higher(self) -> tuple[Approver, ...]:
        """Whom it is escalated to. Whoever is asked anyhow stays one of several: what they said before must not come
        to decide alone because it took long."""
        return tuple(each for each in self.escalation if not is_among(each, self.approvers))

    def seats(self) -> tuple[Approver, ...]:
        """Who may answer now."""
        return (*self.approvers, *self.higher) if self.escalated else self.approvers

    def waits_for(self) -> tuple[Approver, ...]:
        """Who may answer and has not."""
        voted = [vote.seat for vote in self.votes]
        return tuple(seat for seat in self.seats() if not is_among(seat, voted))

    def verdict(self) -> Vote | None:
        """The vote that ended the stage; None while it is open."""
        higher = [vote for vote in self.votes if is_among(vote.seat, self.higher) and self.escalated]
        if higher:
            return higher[0]
        if not self.votes:
            return None
        if self.mode == "any":
            return self.votes[0]
        yes = [vote for vote in self.votes if vote.answer == "approve"]
        no = [vote for vote in self.votes if vote.answer == "reject"]
        if len(self.approvers) - len(no) < needed(self):
            return no[-1]
        return yes[-1] if len(yes) >= needed(self) else None


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """How long each thing may take, in seconds; 0 for ever."""

    remind_s: float = 86_400.0
    escalate_s: float = 0.0
    expire_s: float = 0.0
    on_expiry: Literal["deny", "escalate"] = "deny"


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """One request for approval. Times are seconds since 1970."""

    id: str
    topic: str
    """What it is the answer to, the same for a repeated request: ``invgate/approval/55``; else its id."""
    authority: Literal["hub", "invgate"] = "hub"
    state: State = "open"
    version: int = 1
    title: str
    justification: str = ""
    """Why it is asked for."""
    amount: float | None = None
    currency: str = ""
    url: str = ""
    category: str = ""
    requester: Approver
    asked_by: Approver = Approver()
    """Who asked in the requester's name; nobody else: the same."""
    source: str = ""
    subject: str = ""
    """What it is about: ``ticket/4521`` of the source."""
    external: str = ""
    """Its id in InvGate."""
    ticket: str = ""
    """Id of the ticket in InvGate."""
    stages: tuple[Stage, ...]
    stage: int = 0
    """Index of the one that is open."""
    note_required: Literal["never", "reject", "always"] = "never"
    """When whoever answers has to say why."""
    times: Times = Times()
    remind_at: float = 0.0
    escalate_at: float = 0.0
    expire_at: float = 0.0
    """0 for never."""
    told_at: dict[str, float] = {}
    """``Approver.key`` to when they were last told."""
    reached: tuple[Approver, ...] = ()
    """Who was written to: approvers, and who stood in for them then."""
    voted: dict[str, int] = {}
    """``Approver.key`` to the version that their newest answer led to."""
    question: str = ""
    answer: str = ""
    asking: Approver = Approver()
    """Who wants to know more."""
    asked_at: float = 0.0
    answered_at: float = 0.0
    """When the newest question was asked, and answered."""
    pending: Vote | None = None
    """What InvGate is being told."""
    outcome: Vote | None = None
    """What ended it; its seat and its giver are nobody when time did."""
    fault: str = ""
    """Why InvGate did not take the last decision."""
    created_at: float
    updated_at: float

    @property
    def current(self) -> Stage:
        return self.stages[self.stage]

    @property
    def next_due(self) -> float | None:
        """When time next makes something of it; None while it is not open."""
        times = [at for at in (self.remind_at, self.escalate_at, self.expire_at) if at]
        return min(times) if times and self.state == "open" else None


def begin(approval: Approval, now: float) -> Approval:
    """The approval at the start of its current stage: everybody is told, and the times run."""
    times = approval.times
    return msgspec.structs.replace(
        approval,
        remind_at=now + max(times.remind_s, REMIND_GAP_S) if times.remind_s else 0.0,
        escalate_at=now + times.escalate_s if times.escalate_s and approval.current.higher else 0.0,
        expire_at=now + times.expire_s if times.expire_s else 0.0,
        told_at=told_at(approval, approval.current.waits_for(), now),
        updated_at=now,
    )


def told_at(approval: Approval, people: tuple[Approver, ...], now: float) -> dict[str, float]:
    """When everybody was last told, if these are told now."""
    return {**approval.told_at, **{person.key: now for person in people}}


def is_requester(approval: Approval, person: Approver) -> bool:
    """Whether somebody asked for it, themselves or in the requester's name."""
    return bool(person.key) and is_among(person, (approval.requester, approval.asked_by))


def written_to(approval: Approval, seat: Approver, delegations: Sequence[Delegation], now: float) -> Approver:
    """Who is written to for a place: the approver, or who stands in; never the requester, who could not answer."""
    person = stand_in(seat, delegations, now)
    return seat if is_requester(approval, person) else person


def answerers(approval: Approval, delegations: Sequence[Delegation], now: float) -> tuple[Approver, ...]:
    """Who may give an answer now: those whose place is free, and who stands in for them."""
    if approval.state not in ("open", "asked"):
        return ()
    gone = (approval.requester, approval.asked_by, *(vote.by for vote in approval.current.votes))
    found: list[Approver] = []
    for seat in approval.current.waits_for():
        for person in (seat, *standing_in(seat, delegations, now)):
            if person.key and not is_among(person, (*gone, *found)):
                found.append(person)
    return tuple(found)
