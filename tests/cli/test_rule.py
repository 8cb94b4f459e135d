"""``rule``: what a person at a terminal sees who makes a rule, changes it, and takes it away."""

from __future__ import annotations

from tests.cli.conftest import Terminal


def test_a_rule_is_made_changed_and_removed(terminal: Terminal, server: str) -> None:
    added = terminal("rule", "add", "Printers", "--condition", "title contains 'printer'", "--webhook", "erp", "--stop")
    assert added.code == 0, added.err
    assert "● in force" in added.out and "number 3" in added.out and added.err == ""
    assert terminal("rule", "add", "Low", "--dm", "agent", "--mention", "@oncall").code == 0
    edited = terminal("rule", "edit", "Printers", "--go-on", "--set", "formatting.use_blocks=false", "--rename", "Ink")
    assert edited.code == 0, edited.err
    shown = terminal("rule", "show", "Ink")
    assert "title contains 'printer'" in shown.out and "use_blocks: no" in shown.out and "Ends the row" not in shown.out
    assert terminal("rule", "move", "Low", "--before", "Ink", "--json").json()["number"] == 3
    assert "○ not in force" in terminal("rule", "disable", "Ink").out
    lines = terminal("rule", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["Rule", "Urgent", "Nobody", "Low", "Ink"]
    assert "the file" in lines[1] and "○ not in force" in lines[4] and lines[4].endswith("people")
    assert "● in force" in terminal("rule", "enable", "Ink").out
    assert "centralita rule restore 'Ink'" in terminal("rule", "remove", "Ink").out
    assert terminal("rule", "show", "Ink").code == 1
    assert "● in force" in terminal("rule", "restore", "Ink").out
    assert terminal("rule", "show", "Ink", "--json").json()["formatting"] == {"use_blocks": False}


def test_what_is_wrong_is_pointed_at(terminal: Terminal, server: str) -> None:
    refused = terminal("rule", "add", "Wrong", "--condition", "severity = 'high'", "--dm", "somebody")
    assert refused.code == 2 and "dm" in refused.err
    assert "    severity = 'high'\n             ^" in refused.err
    assert terminal("rule", "edit", "Urgent", "--stop").code == 1  # the file's
    assert "is changed there" in terminal("rule", "remove", "Urgent").err
    assert terminal("rule", "edit", "Nobody").code == 2
    odd = terminal("rule", "add", "Odd", "--condition", "data.plcae == 'x'", "--webhook", "erp")
    assert odd.code == 0 and "data.plcae" in odd.err


def test_a_rule_is_made_while_nobody_serves(terminal: Terminal) -> None:
    assert terminal("rule", "add", "Early", "--webhook", "erp").code == 0
    assert [rule["name"] for rule in terminal("rule", "list", "--json").json()["rules"]] == [
        "Urgent",
        "Nobody",
        "Early",
    ]
