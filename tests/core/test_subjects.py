"""Episodes, phases and what is remembered of a subject."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from centralita.core.effects import Subject
from centralita.core.events import SEVERITIES, Event, Phase, Severity
from centralita.core.subjects import project


def event(**said: Any) -> Event:
    return Event(id="evt_1", source="invgate", type="ticket.updated", time="", subject="ticket/1", **said)


def projected(*events: Event) -> Subject:
    subject = None
    for each in events:
        subject = project(subject, each)
    assert subject is not None
    return subject


@pytest.mark.parametrize(
    ("events", "episode"),
    [
        ([("open", "low")], 1),
        ([("open", "low"), ("open", "low")], 1),
        ([("open", "low"), ("open", "high")], 2),
        ([("open", "high"), ("open", "low")], 1),
        ([("open", "high"), ("open", "low"), ("open", "medium")], 2),
        ([("open", None), ("open", "low")], 2),
        ([("open", "low"), ("", None)], 1),
        ([("open", "low"), ("closed", None)], 1),
        ([("open", "low"), ("closed", "critical")], 1),
        ([("open", "low"), ("closed", None), ("", None)], 1),
        ([("open", "low"), ("closed", None), ("", "critical")], 1),
        ([("open", "low"), ("closed", None), ("closed", None)], 1),
        ([("open", "low"), ("closed", None), ("open", None)], 2),
        ([("open", "low"), ("closed", None), ("open", "critical")], 2),
        ([("open", "low"), ("closed", None), ("open", None), ("closed", None), ("open", None)], 3),
        ([("", "low"), ("", "high")], 2),
        ([("closed", None), ("open", None)], 2),
    ],
)
def test_episodes(events: list[tuple[Phase, Severity | None]], episode: int) -> None:
    assert projected(*(event(phase=phase, severity=severity) for phase, severity in events)).episode == episode


def test_what_an_event_does_not_say_stays() -> None:
    first = {"ticket": {"id": "1", "url": "u"}}
    then = {"ticket": {"id": "1", "status": "En curso", "url": ""}, "comment": {"text": "x"}, "other": 1}
    subject = projected(
        event(phase="open", severity="high", status="Abierto", title="Impresora", data=first), event(data=then)
    )
    assert subject == Subject(
        source="invgate",
        subject="ticket/1",
        phase="open",
        severity="high",
        status="Abierto",
        title="Impresora",
        events=2,
        data={"ticket": {"id": "1", "url": "u", "status": "En curso"}},
    )


ANA = {"name": "Ana Gómez", "email": "ana@example.com"}


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ({"name": "Ana Gómez"}, ANA),
        ({"email": "ANA@example.com", "phone": "1"}, {**ANA, "email": "ANA@example.com", "phone": "1"}),
        ({"name": "Luis Paredes"}, {"name": "Luis Paredes"}),
        ({"email": "luis@example.com"}, {"email": "luis@example.com"}),
        ({"name": "Ana Gómez", "email": "other@example.com"}, {"name": "Ana Gómez", "email": "other@example.com"}),
        ({"name": "", "email": ""}, ANA),
        ({}, ANA),
        (None, ANA),
        ("Luis", ANA),
    ],
)
def test_nobody_gets_the_address_of_somebody_else(said: object, known: dict[str, str]) -> None:
    subject = projected(event(data={"agent": ANA}), event(data={"agent": said}))
    assert subject.data["agent"] == known


class Subjects(RuleBasedStateMachine):
    """Any order of events: the projection against a model that keeps the whole history."""

    @initialize(phase=st.sampled_from(["open", "closed", ""]), severity=st.sampled_from([*SEVERITIES, None]))
    def first(self, phase: Phase, severity: Severity | None) -> None:
        self.subject = project(None, event(phase=phase, severity=severity))
        self.history = [(phase, severity)]
        self.episodes = 1

    @rule(phase=st.sampled_from(["open", "closed", ""]), severity=st.sampled_from([*SEVERITIES, None]))
    def happens(self, phase: Phase, severity: Severity | None) -> None:
        was_closed, was = self.known_phase() == "closed", self.known_severity()
        raised = severity is not None and (was is None or SEVERITIES.index(severity) < SEVERITIES.index(was))
        self.episodes += (was_closed and phase == "open") or (not was_closed and phase != "closed" and raised)
        self.history.append((phase, severity))
        before = self.subject
        self.subject = project(before, event(phase=phase, severity=severity))
        assert self.subject.episode - before.episode in (0, 1)

    def known_phase(self) -> str:
        return next((phase for phase, _ in reversed(self.history) if phase), "")

    def known_severity(self) -> Severity | None:
        return next((severity for _, severity in reversed(self.history) if severity), None)

    @invariant()
    def agrees(self) -> None:
        assert self.subject.episode == self.episodes
        assert self.subject.phase == self.known_phase()
        assert self.subject.severity == self.known_severity()
        assert self.subject.events == len(self.history)


TestSubjects = Subjects.TestCase


@pytest.mark.parametrize(
    ("then", "known"),
    [
        ({"id": "1", "city": "Oruro"}, {"id": "1", "name": "Acme", "city": "Oruro"}),
        ({"id": "2", "name": "Otra"}, {"id": "2", "name": "Otra"}),
        ({"name": "Otra"}, {"name": "Otra"}),
        ({"id": None, "name": ""}, {"id": "1", "name": "Acme"}),
        ("Acme", {"id": "1", "name": "Acme"}),
    ],
)
@pytest.mark.parametrize("name", ["client", "contact", "asset"])
def test_a_record_is_completed_by_itself_only(name: str, then: object, known: dict[str, str]) -> None:
    subject = projected(event(data={name: {"id": "1", "name": "Acme"}}), event(data={name: then}))
    assert subject.data == {name: known}


def test_a_conversation_is_known_by_the_customer_s_first_message() -> None:
    said = [
        {"text": text, "from": writer} for text, writer in (("a", "bot"), ("b", "bot"), ("c", "user"), ("d", "user"))
    ]
    events = [event(data={"message": message}) for message in said]
    assert [projected(*events[:n]).data["message"]["text"] for n in range(1, 5)] == ["a", "a", "c", "c"]
