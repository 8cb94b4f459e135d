"""Incidents: the table, and what no order of commands may bring about."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from centralita.core.incident_commands import (
    Acknowledge,
    Assign,
    Change,
    Command,
    Comment,
    Pass,
    Refusal,
    Relate,
    Reopen,
    Resolve,
    Update,
    begin,
    decide,
)
from centralita.core.incidents import (
    RELATE_GAP_S,
    TEXT_LIMIT,
    TITLE_LIMIT,
    TRANSITIONS,
    Incident,
    Item,
    Origin,
    Who,
    keys_of,
    priority_of,
    read_number,
)

NOW = 1_800_000_000.0
ANA = Who(name="Ana Gómez", email="ana@example.com")
LUIS = Who(name="Luis Paredes", email="luis@example.com", slack="U0LUISPARED")


def incident(**more: Any) -> Incident:
    made = begin(Incident(title="No hay red", priority="high", reporter=ANA, created_at=0, updated_at=0), NOW)
    assert isinstance(made, Change) and made.happened == "create"
    return msgspec.structs.replace(made.incident, number=12, **more)


def after(start: Incident, *commands: Command, at: float = NOW) -> Incident:
    """The incident after commands that must all be taken."""
    for command in commands:
        result = decide(start, command, at)
        assert isinstance(result, Change), result
        start = result.incident
    return start


def refused(start: Incident, command: Command, at: float = NOW) -> Refusal:
    result = decide(start, command, at)
    assert isinstance(result, Refusal), result
    return result


COMMANDS: dict[str, Command] = {
    "acknowledge": Acknowledge(by=LUIS),
    "assign": Assign(by=ANA, to=LUIS),
    "comment": Comment(by=ANA, text="Es el switch"),
    "change": Update(by=ANA, title="No hay red en el 2º piso"),
    "resolve": Resolve(by=LUIS, note="Se cambió el switch"),
    "reopen": Reopen(by=ANA, note="Volvió a caer"),
}
STATES = {
    "open": incident(),
    "acknowledged": after(incident(), Acknowledge(by=ANA)),
    "resolved": after(incident(), Resolve(by=ANA)),
}


@pytest.mark.parametrize("happening", COMMANDS)
@pytest.mark.parametrize("state", STATES)
def test_a_command_is_taken_exactly_where_the_table_has_it(state: Any, happening: Any) -> None:
    result = decide(STATES[state], COMMANDS[happening], NOW + 5)
    if (state, happening) not in TRANSITIONS:
        assert isinstance(result, Refusal) and result.reason.startswith("incident.")
        return
    assert isinstance(result, Change) and result.happened == happening
    assert result.incident.state == TRANSITIONS[state, happening]
    assert result.incident.version == STATES[state].version + 1
    assert result.incident.updated_at == NOW + 5


@pytest.mark.parametrize(
    ("start", "command"),
    [
        (STATES["acknowledged"], Acknowledge(by=ANA)),
        (STATES["resolved"], Resolve(by=ANA)),
        (after(incident(), Assign(by=ANA, to=LUIS)), Assign(by=LUIS, to=LUIS)),
        (incident(), Assign(by=ANA, to=Who())),
        (incident(), Update(by=ANA, title=" No hay  red ", priority="HIGH")),
        (STATES["resolved"], Relate(event="evt_1", source="erp", subject="alert/1", title="Otra")),
        (incident(), Pass()),
    ],
)
def test_saying_again_what_holds_changes_nothing(start: Incident, command: Command) -> None:
    again = decide(start, command, NOW + 60)
    assert isinstance(again, Change) and (again.incident, again.happened) == (start, "")


def test_whoever_comes_second_hears_who_was_first() -> None:
    taken = refused(STATES["acknowledged"], Acknowledge(by=LUIS))
    assert taken == Refusal("incident.is_acknowledged", {"who": "Ana Gómez", "at": NOW})
    over = refused(STATES["resolved"], Acknowledge(by=LUIS))
    assert over == Refusal("incident.is_resolved", {"who": "Ana Gómez", "at": NOW})


@pytest.mark.parametrize(
    ("values", "reason", "field"),
    [
        ({"title": " \n\t "}, "incident.title_missing", "title"),
        ({"title": "x" * (TITLE_LIMIT + 1)}, "incident.title_too_long", "title"),
        ({"description": "x" * (TEXT_LIMIT + 1)}, "incident.text_too_long", "description"),
        ({"priority": "grave"}, "incident.priority_unknown", "priority"),
        ({"affected": tuple(Item(id=str(n)) for n in range(51))}, "incident.too_many_cis", "affected"),
    ],
)
def test_what_is_wrong_names_its_field(values: dict[str, Any], reason: str, field: str) -> None:
    refusal = refused(incident(), Update(by=ANA, **values))
    assert (refusal.reason, refusal.field) == (reason, field)
    draft = Incident(title="No hay red", priority="high", created_at=0, updated_at=0)
    assert begin(msgspec.structs.replace(draft, **values), NOW) == refusal


@pytest.mark.parametrize("text", ["", "   ", "x" * (TEXT_LIMIT + 1)])
def test_a_comment_says_something_of_a_readable_length(text: str) -> None:
    assert refused(incident(), Comment(by=ANA, text=text)).field == "text"


def test_an_update_tells_before_and_after_of_what_changed_only() -> None:
    changed = decide(incident(), Update(by=ANA, title="Sin red", priority="critical", description=""), NOW)
    assert isinstance(changed, Change)
    assert changed.details == {"title": ["No hay red", "Sin red"], "priority": ["high", "critical"]}


def test_reopened_it_waits_for_somebody_and_keeps_its_assignee() -> None:
    over = after(incident(), Assign(by=ANA, to=LUIS), Acknowledge(by=LUIS), Resolve(by=LUIS, note="Listo"))
    again = after(over, Reopen(by=ANA))
    assert (again.state, again.assignee, again.acknowledged_by, again.resolution) == ("open", LUIS, Who(), "")


def test_events_that_come_quickly_are_told_together() -> None:
    start, silent = incident(), []
    for n in range(4):
        change = decide(start, Relate(event=f"evt_{n}", source="erp", subject=f"alert/{n}", title="Caído"), NOW + n)
        assert isinstance(change, Change) and change.happened == "relate"
        start = change.incident
        silent.append(change.silent)
    assert (silent, start.related, start.untold) == ([False, True, True, True], 4, 3)
    assert start.tells_related_at == NOW + RELATE_GAP_S
    assert after(start, Pass(), at=NOW + 30) == start
    told = decide(start, Pass(), NOW + RELATE_GAP_S)
    assert isinstance(told, Change) and (told.details["more"], told.silent, told.incident.untold) == (3, False, 0)


def test_what_joins_events_to_an_incident() -> None:
    item = Item(id=" SRV-Web-01 ", name="Web")
    joined = incident(correlation="c1", origin=Origin(source="erp", subject="alert/1"), affected=(item, item))
    assert joined.keys == ("correlation:c1", "subject:erp/alert/1", "ci:srv-web-01", "ci:web")
    assert after(joined, Resolve(by=ANA)).keys == ()
    assert keys_of("", "erp", "", ["", " "]) == ()


@pytest.mark.parametrize(
    ("written", "number"),
    [("INC-12", 12), ("inc-12", 12), (" #12 ", 12), ("12", 12), ("", None), ("INC-", None), ("1²", None)],
)
def test_numbers_as_people_write_them(written: str, number: int | None) -> None:
    assert read_number(written) == number


def test_who_is_who() -> None:
    assert LUIS.is_same(Who(slack="U0LUISPARED")) and LUIS.is_same(Who(email="LUIS@example.com"))
    assert not LUIS.is_same(Who(email="otro@example.com", slack="U0LUISPARED"))
    assert not Who().is_same(Who())
    assert [priority_of(each) for each in ("critical", "info", None)] == ["critical", "low", "medium"]


PEOPLE = st.sampled_from([ANA, LUIS, Who(slack="U1"), Who(name="consola")])
TEXTS = st.sampled_from(["", "Es el switch", "x" * (TEXT_LIMIT + 1)])


class AnIncident(RuleBasedStateMachine):
    """Whatever is said in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.incident = NOW, incident(correlation="c1")

    def say(self, command: Command) -> None:
        before = self.incident
        self.now += 7
        result = decide(before, command, self.now)
        if isinstance(result, Refusal):
            assert result.reason
            return
        if not result.happened:
            assert result.incident == before
            return
        assert result.incident.version == before.version + 1
        assert result.incident.state == TRANSITIONS[before.state, result.happened]
        self.incident = result.incident

    @rule(by=PEOPLE)
    def acknowledge(self, by: Who) -> None:
        self.say(Acknowledge(by=by))

    @rule(by=PEOPLE, to=st.one_of(PEOPLE, st.just(Who())))
    def assign(self, by: Who, to: Who) -> None:
        self.say(Assign(by=by, to=to))

    @rule(by=PEOPLE, text=TEXTS)
    def comment(self, by: Who, text: str) -> None:
        self.say(Comment(by=by, text=text))

    @rule(by=PEOPLE, title=TEXTS, priority=st.sampled_from(["critical", "LOW", "info", ""]))
    def change(self, by: Who, title: str, priority: str) -> None:
        self.say(Update(by=by, title=title, priority=priority))

    @rule(by=PEOPLE, note=TEXTS)
    def resolve(self, by: Who, note: str) -> None:
        self.say(Resolve(by=by, note=note))

    @rule(by=PEOPLE)
    def reopen(self, by: Who) -> None:
        self.say(Reopen(by=by))

    @rule(n=st.integers(0, 3))
    def relate(self, n: int) -> None:
        self.say(Relate(event=f"evt_{n}", source="erp", subject=f"alert/{n}", title="Caído"))

    @rule()
    def time_passes(self) -> None:
        self.now += RELATE_GAP_S
        self.say(Pass())

    @invariant()
    def it_makes_sense(self) -> None:
        held = self.incident
        assert (held.state == "resolved") == bool(held.resolved_at)
        assert held.state != "acknowledged" or held.acknowledged_by.key
        assert 0 < len(held.title) <= TITLE_LIMIT and held.priority in ("critical", "high", "medium", "low")
        assert bool(held.keys) == (held.state != "resolved")
        assert 0 <= held.untold <= held.related


TestAnIncident = AnIncident.TestCase
TestAnIncident.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
