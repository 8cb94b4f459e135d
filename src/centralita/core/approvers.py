"""Who is asked to approve: people, those who stand in for them, and who it is for one request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import msgspec

from centralita.core.attributes import one_line
from centralita.core.conditions import Condition
from centralita.core.events import Event
from centralita.core.payload import flag, items, number, text
from centralita.core.recipients import is_address

MOST_VOTERS = 5
"""So many of InvGate's possible voters are asked, when nobody in particular is."""


class Approver(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asks, approves or stands in; what nobody said is ""."""

    id: str = ""
    """In InvGate Service Desk."""
    name: str = ""
    email: str = ""

    @property
    def called(self) -> str:
        """How people call them."""
        return self.name or self.email or self.id

    @property
    def key(self) -> str:
        """The same for the same person, as far as it can be known: the address in lower case, else the id."""
        return self.email.strip().lower() or self.id

    def is_same(self, other: Approver) -> bool:
        """Whether two are one person, by address or by id; a name alone proves nothing."""
        mine, theirs = self.email.strip().lower(), other.email.strip().lower()
        return bool(mine and mine == theirs) or bool(self.id and self.id == other.id)


def read_approver(written: str) -> Approver:
    """An approver as people write one: an e-mail address, or an InvGate id."""
    said = written.strip()
    return Approver(email=said.lower()) if is_address(said) else Approver(id=said)


def read_person(data: Mapping[str, Any], path: str) -> Approver:
    """The person that an event names at ``path``: ``{id, name, email}``."""
    return Approver(
        id=text(data, f"{path}.id", 64).strip(),
        name=one_line(text(data, f"{path}.name", 200)),
        email=text(data, f"{path}.email", 254).strip().lower(),
    )


def is_among(person: Approver, others: Iterable[Approver]) -> bool:
    """Whether the person is one of ``others``."""
    return any(person.is_same(other) for other in others)


class Delegation(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody stands in for an approver from one time until another (seconds since 1970)."""

    person: Approver
    delegate: Approver
    begins_at: float
    ends_at: float

    def holds(self, now: float) -> bool:
        return self.begins_at <= now < self.ends_at


def stand_in(person: Approver, delegations: Sequence[Delegation], now: float) -> Approver:
    """Who is to be told instead of ``person`` now; a delegate's own delegate is not asked."""
    return next(iter(standing_in(person, delegations, now)), person)


def standing_in(person: Approver, delegations: Sequence[Delegation], now: float) -> tuple[Approver, ...]:
    """Everybody who may answer instead of ``person`` now."""
    return tuple(each.delegate for each in delegations if each.holds(now) and each.person.is_same(person))


def stands_for(person: Approver, delegations: Sequence[Delegation], now: float) -> tuple[Approver, ...]:
    """For whom ``person`` may answer now, beside themselves."""
    return tuple(each.person for each in delegations if each.holds(now) and each.delegate.is_same(person))


Mode = Literal["any", "all", "quorum"]


class StageSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Who has to answer at one stage, as it is configured or asked for."""

    approvers: tuple[Approver, ...]
    mode: Mode = "any"
    quorum: int = 0
    fallbacks: tuple[Approver, ...] = ()
    escalation: tuple[Approver, ...] = ()


Spec = TypeVar("Spec", bound=StageSpec)


def people_of(stages: Iterable[StageSpec]) -> list[Approver]:
    """Everybody whom stages name."""
    return [each for stage in stages for each in (*stage.approvers, *stage.fallbacks, *stage.escalation)]


def named(stages: Iterable[Spec], known: Sequence[Approver]) -> tuple[Spec, ...]:
    """The stages with the names and addresses of those who are known."""

    def whole(people: tuple[Approver, ...]) -> tuple[Approver, ...]:
        return tuple(next((one for one in known if one.is_same(each) and one.email), each) for each in people)

    return tuple(
        msgspec.structs.replace(
            stage,
            approvers=whole(stage.approvers),
            fallbacks=whole(stage.fallbacks),
            escalation=whole(stage.escalation),
        )
        for stage in stages
    )


class ApprovalRule(msgspec.Struct, frozen=True, kw_only=True):
    """Who approves what; an empty attribute asks for nothing."""

    category: str = ""
    type: str = ""
    amount_above: float | None = None
    condition: Condition | None = None
    stages: tuple[StageSpec, ...]

    def fits(self, wanted: Wanted) -> bool:
        """Whether it is for this request. One whose amount nobody said is above no amount."""
        if self.amount_above is not None and (wanted.amount is None or wanted.amount <= self.amount_above):
            return False
        if self.condition is not None and (wanted.event is None or not self.condition.test(wanted.event)):
            return False
        return _same_word(self.category, wanted.category) and _same_word(self.type, wanted.type)


def _same_word(asked: str, said: str) -> bool:
    return not asked or asked.strip().casefold() == said.strip().casefold()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What an approver is wanted for."""

    requester: Approver
    category: str = ""
    type: str = ""
    amount: float | None = None
    event: Event | None = None
    manager: Approver = Approver()
    """The requester's."""
    voters: tuple[Approver, ...] = ()
    """Those who may answer in InvGate."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asked, and why they are: ``rule``, ``manager``, ``voters``; ``nobody`` when nobody may be."""

    stages: tuple[StageSpec, ...] = ()
    why: Literal["rule", "manager", "voters", "nobody"] = "nobody"


def choose(wanted: Wanted, rules: Sequence[ApprovalRule], barred: Sequence[Approver]) -> Choice:
    """The first rule that fits, else the requester's manager, else InvGate's voters.

    Never the requester, and nobody who is ``barred`` (disabled, gone). A stage that is left without approvers has its
    fallbacks instead; a rule with a stage that nobody is left for is passed over.
    """
    out = (wanted.requester, *barred)
    for rule in rules:
        if rule.fits(wanted) and (stages := without(rule.stages, out)):
            return Choice(stages=stages, why="rule")
    if wanted.manager.key and (stages := without((StageSpec(approvers=(wanted.manager,)),), out)):
        return Choice(stages=stages, why="manager")
    voters = [voter for voter in _distinct(wanted.voters) if not is_among(voter, out)][:MOST_VOTERS]
    if voters:
        return Choice(stages=(StageSpec(approvers=tuple(voters)),), why="voters")
    return Choice()


def without(stages: Sequence[Spec], out: Sequence[Approver]) -> tuple[Spec, ...]:
    """The stages without those who must not approve, a fallback in the place of each; () when one can't be met."""
    kept = tuple(_without(stage, out) for stage in stages)
    return kept if kept and all(needed(stage) <= len(stage.approvers) and stage.approvers for stage in kept) else ()


def _without(stage: Spec, out: Sequence[Approver]) -> Spec:
    able = [person for person in _distinct(stage.approvers) if not is_among(person, out)]
    spare = [each for each in _distinct(stage.fallbacks) if not is_among(each, (*out, *able))]
    missing = len(_distinct(stage.approvers)) - len(able)
    return msgspec.structs.replace(
        stage,
        approvers=(*able, *spare[:missing]),
        fallbacks=tuple(spare[missing:]),
        escalation=tuple(each for each in _distinct(stage.escalation) if not is_among(each, out)),
    )


def needed(stage: StageSpec) -> int:
    """How many have to approve."""
    return {"any": 1, "all": len(stage.approvers), "quorum": stage.quorum}[stage.mode]


def _distinct(people: Iterable[Approver]) -> list[Approver]:
    found: list[Approver] = []
    for person in people:
        if person.key and not is_among(person, found):
            found.append(person)
    return found


def read_wanted(event: Event) -> Wanted:
    """What InvGate's ``approval.requested`` says of itself. Everything may be missing; nothing raises."""
    data = event.data
    amounts = (number(data, path) for path in ("approval.amount", "ticket.amount"))
    voters = [one for one in items(data, "approval.voters") if flag(one, "disabled") is not True]
    return Wanted(
        requester=read_person(data, "requester"),
        category=text(data, "ticket.category", 200) or event.category,
        type=text(data, "ticket.type", 200),
        amount=next((amount for amount in amounts if amount is not None), None),
        event=event,
        manager=read_person(data, "manager") if flag(data, "manager.disabled") is not True else Approver(),
        voters=tuple(read_person({"voter": voter}, "voter") for voter in voters),
    )
