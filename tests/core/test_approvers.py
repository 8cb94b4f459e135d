"""Who is asked: rules, the manager, the voters; never the requester, and nobody who is barred."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core.approvals import read_answer
from centralita.core.approvers import (
    ApprovalRule,
    Approver,
    Choice,
    Delegation,
    StageSpec,
    Wanted,
    choose,
    named,
    read_approver,
    read_wanted,
    stand_in,
    stands_for,
)
from centralita.core.conditions import compile_condition
from centralita.core.events import Event

ANA, MARTA, LUIS = (
    Approver(id=number, email=f"{name}@example.com")
    for number, name in (("11", "ana"), ("13", "marta"), ("12", "luis"))
)
SOL = Approver(email="sol@example.com")


def rule(*approvers: Approver, **more: Any) -> ApprovalRule:
    return ApprovalRule(stages=(StageSpec(approvers=approvers),), **more)


def asked(choice: Choice) -> tuple[str, list[str]]:
    return choice.why, [each.key for stage in choice.stages for each in stage.approvers]


def event(**data: Any) -> Event:
    return Event(id="evt_1", source="invgate", type="approval.requested", time="", category="Hardware", data=data)


@pytest.mark.parametrize(
    ("wanted", "rules", "found"),
    [
        (Wanted(requester=ANA, category="hardware"), [rule(LUIS, category="Hardware")], ("rule", ["luis@example.com"])),
        (Wanted(requester=ANA, amount=1000), [rule(LUIS, amount_above=1000)], ("nobody", [])),
        (Wanted(requester=ANA, amount=1000.01), [rule(LUIS, amount_above=1000)], ("rule", ["luis@example.com"])),
        (Wanted(requester=ANA), [rule(LUIS, amount_above=0)], ("nobody", [])),
        (Wanted(requester=ANA), [rule(LUIS, type="Cambio"), rule(SOL)], ("rule", ["sol@example.com"])),
        (Wanted(requester=ANA, manager=MARTA), [rule(ANA)], ("manager", ["marta@example.com"])),
        (Wanted(requester=ANA, manager=ANA, voters=(ANA, LUIS, LUIS)), [], ("voters", ["luis@example.com"])),
        (Wanted(requester=ANA, manager=Approver(id="11")), [], ("nobody", [])),
    ],
)
def test_the_first_that_fits_and_never_the_requester(
    wanted: Wanted, rules: list[ApprovalRule], found: tuple[str, list[str]]
) -> None:
    assert asked(choose(wanted, rules, ())) == found


def test_who_is_barred_has_a_fallback_or_the_rule_is_passed_over() -> None:
    stage = StageSpec(approvers=(MARTA, LUIS), mode="all", fallbacks=(ANA, SOL))
    rules = [ApprovalRule(stages=(stage,)), rule(LUIS)]
    wanted = Wanted(requester=ANA)
    assert asked(choose(wanted, rules, (MARTA,)))[1] == ["luis@example.com", "sol@example.com"]
    quorum = ApprovalRule(stages=(StageSpec(approvers=(MARTA, LUIS), mode="quorum", quorum=2),))
    assert asked(choose(wanted, [quorum, rule(SOL)], (MARTA,))) == ("rule", ["sol@example.com"])


def test_a_condition_is_asked_of_the_event_and_without_one_says_no() -> None:
    urgent = rule(LUIS, condition=compile_condition("ticket.priority == 'Urgente'"))
    said = read_wanted(event(ticket={"priority": "Urgente"}))
    assert choose(said, [urgent], ()).why == "rule"
    assert choose(Wanted(requester=ANA), [urgent], ()).why == "nobody"


def test_what_invgate_says_is_read_whole() -> None:
    voters = [{"id": "13", "name": "Marta"}, {"id": "9", "disabled": True}, "x", None]
    said = read_wanted(
        event(
            ticket={"type": "Pedido", "amount": "1500.50"},
            approval={"voters": voters},
            requester={"id": 11, "email": " Ana@Example.com "},
            manager={"id": "13", "disabled": True},
        )
    )
    assert (said.category, said.type, said.amount) == ("Hardware", "Pedido", 1500.5)
    assert said.requester == Approver(id="11", email="ana@example.com")
    assert [voter.id for voter in said.voters if voter.key] == ["13"]
    assert said.manager == Approver()


NAMES = st.sampled_from(["voters", "id", "email", "amount", "disabled", "x"])
PLAIN = st.none() | st.booleans() | st.floats() | st.text()


@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner)))
def test_nothing_that_a_sender_writes_raises(value: Any) -> None:
    said = read_wanted(event(approval=value, requester=value, manager=value, ticket=value))
    choose(said, [rule(LUIS, amount_above=5)], ())


def test_a_delegate_stands_in_between_two_times() -> None:
    away = [Delegation(person=MARTA, delegate=SOL, begins_at=10, ends_at=20)]
    assert [stand_in(MARTA, away, now) for now in (9, 10, 19.9, 20)] == [MARTA, SOL, SOL, MARTA]
    assert stands_for(SOL, away, 15) == (MARTA,)
    assert stands_for(SOL, away, 20) == () == stands_for(LUIS, away, 15)


def test_a_name_proves_nothing() -> None:
    assert not Approver(name="Ana").is_same(Approver(name="Ana"))
    assert read_approver(" Ana@Example.com ").is_same(Approver(id="1", email="ana@example.com"))
    assert read_approver("12").is_same(LUIS)
    assert named([StageSpec(approvers=(Approver(id="12"), SOL))], [LUIS])[0].approvers == (LUIS, SOL)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("1", "approve"),
        ("0", "reject"),
        ("-2", "cancel"),
        ("-1", None),
        ("Aprobada", "approve"),
        ("?", None),
        ("", None),
    ],
)
def test_how_invgate_writes_an_answer(status: str, answer: str | None) -> None:
    assert read_answer(status) == answer
