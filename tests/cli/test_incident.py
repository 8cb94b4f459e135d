"""Incidents as a person at a terminal handles them."""

from __future__ import annotations

import pytest

from centralita.cli import words
from tests.cli.conftest import Terminal


def test_from_creating_one_to_its_timeline(terminal: Terminal) -> None:
    assert terminal("incident", "list").err.strip() == "No incident is open."
    asked = ("incident", "create", "Sin red en el 2º piso", "--priority", "high", "--assignee", "luis@example.com")
    made = terminal(*asked, "-d", "No answer since 9:00", "--ci", "SRV-1", "--json")
    assert made.code == 0, made.err
    incident = made.json()
    code = incident["id"]
    assert (incident["state"], incident["priority"]) == ("open", "high")
    assert [each["id"] for each in incident["affected_cis"]] == ["SRV-1"]
    listed = terminal("incident", "list").out
    assert "✕ unattended" in listed and "luis@example.com" in listed and "Sin red en el 2º piso" in listed
    shown = terminal("incident", "show", code).out
    assert shown.startswith(f"{code}  ✕ unattended  Sin red en el 2º piso\n")
    assert shown.endswith("No answer since 9:00\n")
    assert "◔ in hand" in terminal("incident", "acknowledge", code.removeprefix("INC-")).out
    assert "critical" in terminal("incident", "update", code, "--priority", "critical").out
    assert "sol@example.com" in terminal("incident", "assign", code, "sol@example.com").out
    assert "Assigned to" not in terminal("incident", "assign", code, "--nobody").out
    assert terminal("incident", "comment", code, "Es el *switch*").code == 0
    solved = terminal("incident", "resolve", code, "--note", "Se cambió el switch")
    assert "● solved" in solved.out and "Se cambió el switch" in solved.out
    assert terminal("incident", "list").err.strip() == "No incident is open."
    assert "● solved" in terminal("incident", "list", "--state", "all").out
    told = terminal("incident", "timeline", code)
    assert told.out.startswith(f"# {code} · Sin red en el 2º piso\n")
    assert r"Es el \*switch\*" in told.out and "Se cambió el switch" in told.out
    kinds = [entry["kind"] for entry in terminal("incident", "timeline", code, "--json").json()["entries"]]
    assert kinds[0] == "create" and kinds[-1] == "resolve"
    assert "unattended" in terminal("incident", "reopen", code, "--note", "Volvió a caer").out


def test_incidents_are_picked(terminal: Terminal) -> None:
    for title, priority, whose in (("Red caída", "high", "luis@example.com"), ("Impresora", "low", "")):
        made = terminal("incident", "create", title, "--priority", priority, "--assignee", whose)
        assert made.code == 0, made.err
    for picked, titles in (
        ((), ["Impresora", "Red caída"]),
        (("-n", "1"), ["Impresora"]),
        (("--priority", "high"), ["Red caída"]),
        (("--assignee", "luis@example.com"), ["Red caída"]),
        (("--assignee", "nobody"), ["Impresora"]),
        (("--text", "impres"), ["Impresora"]),
        (("--state", "resolved"), []),
    ):
        found = terminal("incident", "list", *picked, "--json").json()["items"]
        assert [item["title"] for item in found] == titles, picked
    assert terminal("incident", "list", "--state", "resolved").err.strip() == "No incident fits."


def test_what_cannot_be_is_told(terminal: Terminal) -> None:
    code = terminal("incident", "create", "Red caída", "--json").json()["id"]
    assert terminal("incident", "resolve", code).code == 0
    for asked in (
        ("acknowledge", code),
        ("show", "INC-999"),
        ("comment", code, " "),
        ("create",),
        ("create", "x", "--priority", "worst"),
        ("create", "--event", "evt_01KAN7A5YR0000000000000000"),
    ):
        done = terminal("incident", *asked)
        assert done.code in (1, 2) and done.out == "" and done.err, (asked, done)


def test_its_states_have_words_of_their_own_in_spanish(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "LOCALE", "es")
    code = terminal("incident", "create", "Red caída", "--json").json()["id"]
    assert "✕ sin atender" in terminal("incident", "list").out
    assert "◔ en atención" in terminal("incident", "acknowledge", code).out
    assert "● resuelto" in terminal("incident", "resolve", code).out
