"""Approvals: the table, and what no order of commands may bring about."""

from __future__ import annotations

from typing import Literal

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from centralita.core.approval_commands import (
    Ask,
    Cancel,
    Change,
    Command,
    Give,
    Heard,
    Pass,
    Reassign,
    Refusal,
    Tell,
    Unreachable,
    Written,
    decide,
)
from centralita.core.approvals import (
    FINAL,
    REMIND_GAP_S,
    TRANSITIONS,
    Approval,
    Stage,
    Times,
    answerers,
    begin,
    written_to,
)
from centralita.core.approvers import Approver, Delegation

NOW = 1_800_000_000.0
HOUR = 3600.0


def person(name: str) -> Approver:
    return Approver(name=name.title(), email=f"{name}@example.com")


ANA, MARTA, LUIS, SOL, JEFA = (person(name) for name in ("ana", "marta", "luis", "sol", "jefa"))


def approval(*stages: Stage, authority: str = "hub", times: Times | None = None, note: str = "never") -> Approval:
    made = Approval(
        id="apr_1",
        topic="apr_1",
        authority=authority,  # type: ignore[arg-type]  # one of the two
        title="Notebook",
        requester=ANA,
        asked_by=ANA,
        stages=stages or (Stage(approvers=(MARTA,)),),
        times=times or Times(),
        note_required=note,  # type: ignore[arg-type]  # one of the three
        created_at=NOW,
        updated_at=NOW,
    )
    return begin(made, NOW)


def after(start: Approval, *commands: Command, at: float = NOW) -> Approval:
    """The approval after commands that must all be taken."""
    for command in commands:
        result = decide(start, command, at)
        assert isinstance(result, Change), result
        start = result.approval
    return start


def refused(start: Approval, command: Command, at: float = NOW) -> Refusal:
    result = decide(start, command, at)
    assert isinstance(result, Refusal), result
    return result


def yes(by: Approver, **more: object) -> Give:
    return Give(by=by, answer="approve", **more)  # type: ignore[arg-type]  # as the tests give it


def standing_in(for_: Approver, by: Approver) -> Delegation:
    return Delegation(person=for_, delegate=by, begins_at=NOW - 1, ends_at=NOW + HOUR)


def test_who_may_answer_now() -> None:
    both = approval(Stage(approvers=(MARTA, LUIS), mode="all"))
    holding = [standing_in(MARTA, SOL), standing_in(LUIS, ANA)]
    assert answerers(both, holding, NOW) == (MARTA, SOL, LUIS)  # never who asked for it
    assert answerers(both, holding, NOW + 2 * HOUR) == (MARTA, LUIS)
    voted = after(both, yes(SOL, stands_for=(MARTA,)))
    assert answerers(voted, [*holding, standing_in(LUIS, SOL)], NOW) == (LUIS,)  # one person, one vote
    assert answerers(after(voted, yes(LUIS)), holding, NOW) == ()


def test_nobody_writes_to_the_requester_for_a_place_of_somebody_else() -> None:
    start = approval()
    assert written_to(start, MARTA, [standing_in(MARTA, SOL)], NOW) == SOL
    assert written_to(start, MARTA, [standing_in(MARTA, ANA)], NOW) == MARTA


def test_a_second_press_of_what_was_seen_before_counts_for_nobody_else() -> None:
    start = approval(Stage(approvers=(MARTA, LUIS)), authority="invgate")
    seen = start.version
    waits = after(start, yes(MARTA, version=seen), Written(waits=True))
    assert [seat.name for seat in waits.current.waits_for()] == ["Luis"]
    again = decide(waits, yes(MARTA, version=seen, stands_for=(LUIS,)), NOW)
    assert isinstance(again, Change) and not again.happened
    meant = decide(waits, yes(MARTA, version=waits.version, stands_for=(LUIS,)), NOW)
    assert isinstance(meant, Change) and meant.happened == "write"


def test_an_answer_is_to_the_question_that_was_seen() -> None:
    start = after(approval(), Ask(by=MARTA, text="Which?"))
    first = start.asked_at
    second = after(start, Tell(by=ANA, text="T14", asked_at=first), Ask(by=MARTA, text="Why?"), at=NOW + 1)
    assert refused(second, Tell(by=ANA, text="T14 again", asked_at=first)).reason == "approval.another_question"
    told = after(second, Tell(by=ANA, text="Broken", asked_at=second.asked_at), at=NOW + 2)
    assert (told.answer, told.asked_at, told.answered_at) == ("Broken", NOW + 1, NOW + 2)


def test_who_stands_in_may_give_the_place_away() -> None:
    start = approval()
    given = after(start, Reassign(by=SOL, person=MARTA, to=LUIS, stands_for=(MARTA,)))
    assert given.current.approvers == (LUIS,)
    assert refused(start, Reassign(by=SOL, person=MARTA, to=LUIS)).reason == "approval.not_approver"


def no(by: Approver) -> Give:
    return Give(by=by, answer="reject")


def test_the_first_answer_decides_where_any_may() -> None:
    start = approval(Stage(approvers=(MARTA, LUIS)))
    done = after(start, no(LUIS))
    assert (done.state, done.outcome and done.outcome.by) == ("rejected", LUIS)
    late = refused(done, yes(MARTA), NOW + 5)
    assert late == Refusal("approval.decided", {"answer": "rejected", "who": "Luis", "at": NOW})


def test_pressing_twice_is_no_error_and_changes_nothing() -> None:
    done = after(approval(), yes(MARTA))
    again = decide(done, yes(MARTA), NOW + 60)
    assert isinstance(again, Change) and (again.approval, again.happened) == (done, "")
    assert refused(done, no(MARTA)).arguments["who"] == "Marta"


@pytest.mark.parametrize(
    ("mode", "quorum", "answers", "state"),
    [
        ("all", 0, [yes(MARTA), yes(LUIS)], "open"),
        ("all", 0, [yes(MARTA), yes(LUIS), yes(SOL)], "approved"),
        ("all", 0, [yes(MARTA), no(LUIS)], "rejected"),
        ("quorum", 2, [yes(MARTA)], "open"),
        ("quorum", 2, [yes(MARTA), yes(MARTA)], "open"),
        ("quorum", 2, [yes(MARTA), yes(SOL)], "approved"),
        ("quorum", 2, [no(MARTA), yes(SOL)], "open"),
        ("quorum", 2, [no(MARTA), no(SOL)], "rejected"),
    ],
)
def test_how_many_it_takes(mode: str, quorum: int, answers: list[Command], state: str) -> None:
    stage = Stage(approvers=(MARTA, LUIS, SOL), mode=mode, quorum=quorum)  # type: ignore[arg-type]  # as listed
    assert after(approval(stage), *answers).state == state


def test_one_person_has_one_vote_also_for_others() -> None:
    start = approval(Stage(approvers=(MARTA, LUIS), mode="all"))
    one = after(start, yes(SOL, stands_for=(MARTA, LUIS)))
    assert [vote.seat for vote in one.current.votes] == [MARTA]
    assert after(one, yes(SOL, stands_for=(MARTA, LUIS))) == one
    assert refused(one, yes(MARTA)).reason == "approval.decided"
    assert after(one, yes(LUIS)).state == "approved"


def test_nobody_approves_what_they_asked_for() -> None:
    start = approval(Stage(approvers=(MARTA, ANA)))
    assert refused(start, yes(ANA)).reason == "approval.self"
    assert refused(start, yes(ANA, stands_for=(MARTA,))).reason == "approval.self"
    assert refused(start, yes(MARTA, hand=ANA)).reason == "approval.self"
    assert refused(start, Reassign(by=MARTA, person=MARTA, to=ANA)).reason == "approval.self"
    assert refused(start, yes(LUIS)).reason == "approval.not_approver"


def test_a_stage_follows_the_other_and_is_told() -> None:
    start = approval(Stage(approvers=(MARTA,)), Stage(approvers=(LUIS, SOL)))
    first = decide(start, yes(MARTA), NOW)
    assert isinstance(first, Change)
    assert (first.happened, first.tell, first.approval.stage) == ("advance", (LUIS, SOL), 1)
    assert after(first.approval, yes(SOL)).state == "approved"
    assert after(start, no(MARTA)).state == "rejected"


def test_pressing_twice_does_not_answer_the_next_stage_too() -> None:
    start = approval(Stage(approvers=(MARTA,)), Stage(approvers=(MARTA, LUIS)))
    press = yes(MARTA, stage=0)
    once = after(start, press)
    assert after(once, press) == once
    assert refused(once, Give(by=LUIS, answer="approve", stage=0)).arguments["who"] == "Marta"
    assert after(once, yes(MARTA, stage=1)).state == "approved"


def test_a_reason_may_be_asked_for() -> None:
    start = approval(note="reject")
    assert refused(start, no(MARTA)).reason == "approval.note_missing"
    assert after(start, Give(by=MARTA, answer="reject", note="caro")).state == "rejected"
    assert after(start, yes(MARTA)).state == "approved"
    assert refused(approval(note="always"), yes(MARTA)).reason == "approval.note_missing"


def test_a_question_stops_the_clocks_until_it_is_answered() -> None:
    times = Times(remind_s=24 * HOUR, expire_s=48 * HOUR)
    asked = after(approval(times=times), Ask(by=MARTA, text="¿Qué modelo?"), at=NOW + HOUR)
    assert (asked.state, asked.next_due) == ("asked", None)
    assert refused(asked, Tell(by=LUIS, text="x")).reason == "approval.not_requester"
    told = after(asked, Tell(by=ANA, text="T14"), at=NOW + 11 * HOUR)
    assert (told.state, told.expire_at, told.remind_at) == ("open", NOW + 58 * HOUR, NOW + 34 * HOUR)
    assert after(told, Tell(by=ANA, text="T14")) == told
    assert after(asked, yes(MARTA)).state == "approved"


def test_what_time_brings() -> None:
    stage = Stage(approvers=(MARTA,), escalation=(JEFA,))
    times = Times(remind_s=24 * HOUR, escalate_s=36 * HOUR, expire_s=48 * HOUR)
    start = approval(stage, times=times)
    assert start.next_due == NOW + 24 * HOUR
    reminded = decide(start, Pass(), NOW + 24 * HOUR)
    assert isinstance(reminded, Change)
    assert (reminded.happened, reminded.tell) == ("remind", (MARTA,))
    escalated = decide(reminded.approval, Pass(), NOW + 36 * HOUR)
    assert isinstance(escalated, Change)
    assert (escalated.happened, escalated.tell) == ("escalate", (JEFA,))
    assert after(escalated.approval, yes(JEFA)).state == "approved"
    over = decide(escalated.approval, Pass(), NOW + 48 * HOUR)
    assert isinstance(over, Change)
    assert (over.happened, over.approval.state, over.approval.next_due) == ("expire", "expired", None)
    assert refused(over.approval, yes(MARTA)).arguments["answer"] == "expired"


def test_what_a_superior_says_holds_for_all() -> None:
    stage = Stage(approvers=(MARTA, LUIS), mode="all", escalation=(JEFA,))
    start = after(approval(stage, times=Times(escalate_s=HOUR)), Pass(), at=NOW + HOUR)
    assert after(start, yes(JEFA)).state == "approved"
    assert after(start, yes(MARTA), no(JEFA)).state == "rejected"
    assert refused(approval(stage), yes(JEFA)).reason == "approval.not_approver"


def test_an_expiry_may_escalate_first_and_denies_in_the_end() -> None:
    stage = Stage(approvers=(MARTA,), escalation=(JEFA,))
    times = Times(remind_s=0, expire_s=HOUR, on_expiry="escalate")
    once = after(approval(stage, times=times), Pass(), at=NOW + HOUR)
    assert (once.state, once.current.escalated, once.expire_at) == ("open", True, NOW + 2 * HOUR)
    assert after(once, Pass(), at=NOW + 2 * HOUR).state == "expired"
    assert after(approval(Stage(approvers=(MARTA,)), times=times), Pass(), at=NOW + HOUR).state == "expired"


def test_a_fallback_stands_in_for_whom_nobody_can_reach() -> None:
    start = approval(Stage(approvers=(MARTA, LUIS), fallbacks=(SOL,), mode="all"))
    change = decide(start, Unreachable(MARTA), NOW)
    assert isinstance(change, Change)
    assert (change.happened, change.tell, change.approval.current.approvers) == ("reassign", (SOL,), (SOL, LUIS))
    lost = decide(change.approval, Unreachable(SOL), NOW)
    assert isinstance(lost, Change) and (lost.happened, lost.note) == ("lose", "Sol")


def test_a_place_is_given_away_by_its_owner_or_a_manager() -> None:
    start = approval(Stage(approvers=(MARTA, LUIS)))
    assert refused(start, Reassign(by=LUIS, person=MARTA, to=SOL)).reason == "approval.not_approver"
    assert refused(start, Reassign(by=MARTA, person=MARTA, to=LUIS)).reason == "approval.already_approver"
    for command in (Reassign(by=MARTA, person=MARTA, to=SOL), Reassign(by=JEFA, person=MARTA, to=SOL, managing=True)):
        moved = after(start, command)
        assert moved.current.approvers == (SOL, LUIS)
        assert after(moved, command) == moved
        assert refused(moved, yes(MARTA)).reason == "approval.not_approver"


def test_only_the_requester_or_a_manager_cancels() -> None:
    assert refused(approval(), Cancel(by=MARTA)).reason == "approval.not_requester"
    done = after(approval(), Cancel(by=ANA))
    assert done.state == "cancelled" and after(done, Cancel(by=ANA)) == done
    assert after(approval(), Cancel(by=MARTA, managing=True)).state == "cancelled"


def test_a_decision_about_invgates_own_holds_once_invgate_took_it() -> None:
    writing = after(approval(authority="invgate"), yes(MARTA))
    assert (writing.state, writing.next_due) == ("answering", None)
    assert refused(writing, no(LUIS)).reason == "approval.answering"
    assert after(writing, yes(MARTA)) == writing
    assert after(writing, Written()).state == "approved"
    failed = after(writing, Written("http.status"))
    assert (failed.state, failed.current.votes, failed.fault) == ("open", (), "http.status")
    assert after(failed, no(MARTA)).state == "answering"


def test_what_invgate_heard_elsewhere_ends_ours() -> None:
    start = approval(authority="invgate")
    heard = after(start, Heard(answer="reject", by=LUIS))
    assert heard.state == "rejected" and refused(heard, yes(MARTA)).arguments["who"] == "Luis"
    writing = after(start, yes(MARTA))
    ours = after(writing, Heard(answer="approve"))
    assert ours.outcome is not None and ours.outcome.by == MARTA
    assert after(ours, Written()) == ours
    theirs = after(writing, Heard(answer="reject", by=LUIS))
    assert theirs.state == "rejected" and after(theirs, Written("approval.answered_elsewhere")) == theirs
    times = Times(expire_s=HOUR)
    assert after(approval(authority="invgate", times=times), Pass(), at=NOW + HOUR).state == "open"


def test_nobody_is_reminded_soon_after_they_were_told_the_answer() -> None:
    start = approval(times=Times(remind_s=5 * HOUR))
    asked = after(start, Ask(by=MARTA, text="?"), at=NOW + 4 * HOUR)
    told = after(asked, Tell(by=ANA, text="!"), at=NOW + 4 * HOUR)
    reminded = decide(told, Pass(), NOW + 5 * HOUR)
    assert isinstance(reminded, Change) and not reminded.happened


def test_what_somebody_said_as_one_of_several_does_not_decide_alone_once_it_is_escalated() -> None:
    stage = Stage(approvers=(MARTA, LUIS, SOL), mode="quorum", quorum=2, escalation=(MARTA, JEFA))
    start = approval(stage, times=Times(escalate_s=HOUR))
    rejected = after(start, no(MARTA))
    escalated = after(rejected, Pass(), at=NOW + HOUR)
    assert escalated.current.seats() == (MARTA, LUIS, SOL, JEFA)
    assert after(escalated, yes(LUIS), at=NOW + HOUR).state == "open"
    assert after(escalated, yes(JEFA), at=NOW + HOUR).state == "approved"


def test_no_transition_leaves_an_end() -> None:
    assert not [state for state, _ in TRANSITIONS if state in FINAL]
    assert set(TRANSITIONS.values()) | {"open"} == {state for state, _ in TRANSITIONS} | FINAL


PEOPLE = [ANA, MARTA, LUIS, SOL, JEFA, person("eva")]
people = st.sampled_from(PEOPLE)
groups = st.sampled_from([(), (MARTA,), (LUIS, SOL), (JEFA, MARTA, ANA)])
stages = st.lists(
    st.builds(
        Stage,
        approvers=st.sampled_from([(MARTA,), (MARTA, LUIS), (ANA, SOL, LUIS), (MARTA, LUIS, SOL, JEFA)]),
        mode=st.sampled_from(["any", "all", "quorum"]),
        quorum=st.integers(1, 3),
        fallbacks=groups,
        escalation=groups,
    ),
    min_size=1,
    max_size=2,
)


class Approvals(RuleBasedStateMachine):
    """Any commands of anybody in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.ends: list[str] = []
        self.invgate_ended_it = False
        """What it says is over is over, whatever we were still waiting for."""
        self.told: dict[str, float] = {}

    @initialize(
        stages=stages,
        remind_s=st.sampled_from([0.0, 1800.0, 5 * HOUR]),
        expire_s=st.sampled_from([0.0, 30 * HOUR]),
        on_expiry=st.sampled_from(["deny", "escalate"]),
        authority=st.sampled_from(["hub", "invgate"]),
    )
    def start(
        self,
        stages: list[Stage],
        remind_s: float,
        expire_s: float,
        on_expiry: Literal["deny", "escalate"],
        authority: str,
    ) -> None:
        fitting = [msgspec.structs.replace(each, quorum=min(each.quorum, len(each.approvers))) for each in stages]
        times = Times(remind_s=remind_s, escalate_s=7 * HOUR, expire_s=expire_s, on_expiry=on_expiry)
        self.approval = approval(*fitting, times=times, authority=authority)
        self.told = dict(self.approval.told_at)

    def send(self, command: Command) -> Change | Refusal:
        before = self.approval
        result = decide(before, command, self.now)
        assert result == decide(before, command, self.now)
        if isinstance(result, Refusal):
            return result
        self.approval = result.approval
        assert self.approval == before or self.approval.version == before.version + 1
        if self.approval.state in FINAL and before.state not in FINAL:
            self.ends.append(self.approval.state)
        if result.happened == "remind":
            for each in result.tell:
                assert self.now - self.told.get(each.key, 0.0) >= REMIND_GAP_S
        for each in result.tell:
            self.told[each.key] = self.now
        return result

    @rule(by=people, answer=st.sampled_from(["approve", "reject"]), stands_for=groups)
    def give(self, by: Approver, answer: str, stands_for: tuple[Approver, ...]) -> None:
        seen = self.approval.stage
        command = Give(by=by, answer=answer, stands_for=stands_for, stage=seen)  # type: ignore[arg-type]  # as sampled
        result = self.send(command)
        if isinstance(result, Change) and result.happened:
            assert not by.is_same(ANA)
            before = self.approval
            again = self.send(command)
            assert isinstance(again, Change) and again.approval == before

    @rule(by=people)
    def ask(self, by: Approver) -> None:
        self.send(Ask(by=by, text="?"))

    @rule(by=people)
    def tell(self, by: Approver) -> None:
        self.send(Tell(by=by, text="!"))

    @rule(by=people, owner=people, to=people, managing=st.booleans())
    def reassign(self, by: Approver, owner: Approver, to: Approver, managing: bool) -> None:
        self.send(Reassign(by=by, person=owner, to=to, managing=managing))

    @rule(by=people)
    def cancel(self, by: Approver) -> None:
        self.send(Cancel(by=by))

    @rule(who=people)
    def lose(self, who: Approver) -> None:
        self.send(Unreachable(who))

    @rule(hours=st.integers(1, 9))
    def wait(self, hours: int) -> None:
        self.now += hours * HOUR
        self.send(Pass())

    @precondition(lambda self: self.approval.authority == "invgate")
    @rule(fault=st.sampled_from(["", "http.status"]))
    def written(self, fault: str) -> None:
        self.send(Written(fault))

    @precondition(lambda self: self.approval.authority == "invgate")
    @rule(answer=st.sampled_from(["approve", "reject", "cancel"]), by=people)
    def heard(self, answer: str, by: Approver) -> None:
        ended = self.approval.state in FINAL
        self.send(Heard(answer=answer, by=by))  # type: ignore[arg-type]  # as sampled
        self.invgate_ended_it = self.invgate_ended_it or (self.approval.state in FINAL and not ended)

    @invariant()
    def ends_once(self) -> None:
        assert len(self.ends) <= 1

    @invariant()
    def nobody_approved_their_own(self) -> None:
        for stage in self.approval.stages:
            assert not [vote for vote in stage.votes if vote.by.is_same(ANA)]

    @invariant()
    def one_person_one_vote_one_seat_one_vote(self) -> None:
        for stage in self.approval.stages:
            for names in ([vote.by.key for vote in stage.votes], [vote.seat.key for vote in stage.votes]):
                assert len(names) == len(set(names))

    @invariant()
    def an_approval_has_what_it_takes(self) -> None:
        outcome = self.approval.outcome
        given = [vote for stage in self.approval.stages for vote in stage.votes]
        if self.approval.state != "approved" or outcome not in given or self.invgate_ended_it:
            return
        for stage in self.approval.stages:
            yes = [vote for vote in stage.votes if vote.answer == "approve"]
            if any(vote.seat in stage.higher for vote in yes) and stage.escalated:
                continue
            wanted = {"any": 1, "all": len(stage.approvers), "quorum": stage.quorum}[stage.mode]
            assert len(yes) == wanted

    @invariant()
    def the_clocks_run_only_while_it_is_open(self) -> None:
        assert self.approval.state == "open" or self.approval.next_due is None


Approvals.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestApprovals = Approvals.TestCase


def test_a_vote_after_which_invgate_waits_for_others_leaves_it_open_for_them() -> None:
    marta, diego = Approver(id="13", name="Marta"), Approver(id="15", name="Diego")
    new = Approval(
        id="apr_1",
        topic="invgate/approval/1",
        authority="invgate",
        title="Notebook",
        requester=Approver(id="11"),
        stages=(Stage(approvers=(marta, diego)),),
        created_at=0.0,
        updated_at=0.0,
    )
    asked = begin(new, 0.0)
    first = decide(asked, Give(by=marta, answer="approve"), 1.0)
    assert isinstance(first, Change) and first.approval.state == "answering"
    waits = decide(first.approval, Written(waits=True), 2.0)
    assert isinstance(waits, Change)
    assert (waits.approval.state, waits.happened) == ("open", "vote")
    assert waits.approval.current.waits_for() == (diego,)
    again = decide(waits.approval, Give(by=marta, answer="approve"), 3.0)
    assert isinstance(again, Refusal), "one person has one vote"
    last = decide(waits.approval, Give(by=diego, answer="approve"), 4.0)
    assert isinstance(last, Change) and last.approval.state == "answering"
    done = decide(last.approval, Written(), 5.0)
    assert isinstance(done, Change) and done.approval.state == "approved" and done.by == diego
