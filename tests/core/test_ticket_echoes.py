"""What counts as told back of what was written, and what is somebody else's."""

from __future__ import annotations

from typing import Any

import pytest

from centralita.core.events import Event
from centralita.core.ticket_echoes import Said, asked, is_echo, told


def event(type_: str, status: str = "", **data: Any) -> Event:
    time = "2026-03-02T14:05:00Z"
    return Event(id="evt_1", source="invgate", type=type_, time=time, subject="ticket/4521", status=status, data=data)


def commented(text: str) -> Event:
    return event("ticket.commented", comment={"text": text, "author": "Luis Paredes"})


@pytest.mark.parametrize(
    ("wrote", "comes_back"),
    [
        ("Pedido el tóner", "Pedido el tóner"),
        ("Pedido el tóner", "  pedido   el tóner. "),
        ("Dos\nlíneas", "Dos líneas"),
        ("<p>Ya <b>funciona</b></p>", "Ya funciona"),
        ("2 < 3 & 4 > 1", "2 < 3 & 4 > 1"),
        ("«Sí» — dijo", '"Sí" - dijo'),
    ],
)
def test_a_comment_is_known_by_its_words(wrote: str, comes_back: str) -> None:
    [ours] = asked("ticket.comment", {"ticket": "4521", "text": wrote, "visible": True})
    back = told(commented(comes_back))
    assert back is not None
    assert is_echo(back, ours)


def test_other_words_are_somebody_elses() -> None:
    [ours] = asked("ticket.comment", {"text": "Pedido el tóner"})
    back = told(commented("Pedido el tóner y el papel"))
    assert back is not None
    assert not is_echo(back, ours)


def test_an_assignment_is_known_by_the_agents_address() -> None:
    [ours] = asked("ticket.assign", {"agent": "Luis@Example.com"})
    back = told(event("ticket.assigned", agent={"email": "luis@example.com"}))
    assert back == ours
    assert told(event("ticket.assigned", agent={"name": "Luis"})) is None
    assert asked("ticket.assign", {"agent": "12"}) == []


@pytest.mark.parametrize(
    ("wanted", "status", "echo"),
    [
        ("solved", "Solucionado", True),
        ("solved", "Resolved", True),
        ("solved", "En espera", False),
        ("cancelled", "Cancelada", True),
        ("rejected", "Cancelado", False),
        ("reopened", "En curso", True),
        ("reopened", "Cerrado", False),
        ("waiting_for_customer", "En espera", True),
    ],
)
def test_a_status_is_known_by_what_a_desk_may_call_it(wanted: str, status: str, echo: bool) -> None:
    [ours] = [said for said in asked("ticket.status", {"status": wanted}) if said.kind == "status"]
    back = told(event("ticket.status_changed", status))
    assert back is not None
    assert is_echo(back, ours) is echo


def test_a_solution_comes_back_as_a_comment_too() -> None:
    expected = asked("ticket.status", {"status": "solved", "note": "Se cambió el tóner"})
    assert {said.kind for said in expected} == {"status", "comment"}
    back = told(commented("Se cambió el tóner"))
    assert back in expected


def test_what_says_nothing_is_the_echo_of_nothing() -> None:
    assert told(event("ticket.created", "Nuevo")) is None
    assert told(event("ticket.commented")) is None
    assert told(event("ticket.status_changed")) is None
    assert asked("ticket.create", {"title": "x"}) == []
    assert not is_echo(Said("status", "solved"), Said("comment", "solved"))
