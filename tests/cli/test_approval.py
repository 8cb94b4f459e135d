"""Approvals as a person at a terminal handles them."""

from __future__ import annotations

from tests.cli.conftest import Terminal


def test_from_asking_to_the_answer(terminal: Terminal) -> None:
    asked = terminal(
        *("approval", "request", "--title", "Notebook", "--requester", "ana@example.com", "--amount", "1500"),
        *(
            "--stage",
            "marta@example.com,luis@example.com:2",
            "--stage",
            "jefa@example.com",
            "--expire",
            "48h",
            "--json",
        ),
    )
    assert asked.code == 0, asked.err
    id_ = asked.json()["id"]
    assert "marta@example.com, luis@example.com" in terminal("approval", "list").out
    first = terminal("approval", "approve", id_, "--as", "marta@example.com", "--note", "ok")
    assert first.code == 0 and "Waits for: luis@example.com" in first.out, first.err
    second = terminal("approval", "approve", id_, "--as", "luis@example.com")
    assert "Waits for: jefa@example.com" in second.out
    assert terminal("approval", "ask", id_, "?").code == 1
    moved = terminal("approval", "reassign", id_, "sol@example.com", "--from", "jefa@example.com")
    assert "Waits for: sol@example.com" in moved.out, moved.err
    done = terminal("approval", "reject", id_, "--as", "sol@example.com", "--note", "late")
    assert "rejected" in done.out
    late = terminal("approval", "approve", id_, "--as", "jefa@example.com")
    assert late.code == 1 and "sol@example.com decided at" in late.err and ": rejected." in late.err
    shown = terminal("approval", "show", id_).out
    for text in ("Stage 1 (2): marta@example.com, luis@example.com", "approved  marta@example.com", "late"):
        assert text in shown
    assert terminal("approval", "list").err.strip() == "Nothing waits for approval."
    assert id_ in terminal("approval", "list", "--state", "rejected").out


def test_standing_in(terminal: Terminal) -> None:
    made = terminal("approval", "delegate", "luis@example.com", "--for", "marta@example.com", "--until", "2999-01-01")
    assert made.code == 0 and "luis@example.com stands in for marta@example.com" in made.out, made.err
    assert "marta@example.com" in terminal("approval", "delegates").out
    assert terminal("approval", "undelegate", "1").out.strip() == "Ended."
    assert terminal("approval", "undelegate", "1").code == 1


def test_what_is_asked_wrongly_is_told(terminal: Terminal) -> None:
    for words in (
        ["--approver", "x"],
        ["--approver", "a@example.com", "--stage", "b@example.com"],
        ["--stage", "a@example.com:3"],
        ["--approver", "a@example.com", "--expire", "soon"],
        [],
    ):
        done = terminal("approval", "request", "--title", "x", *words)
        assert (done.code, done.out) == (2, ""), words
        assert done.err
