"""People's passwords, links and sessions at the terminal."""

from __future__ import annotations

import io

import pytest

from tests.cli.conftest import Terminal


def test_a_password_comes_by_standard_input_and_shows_nowhere(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert terminal("user", "add", "ana", "--role", "operator").code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    refused = terminal("user", "password", "ana")
    assert refused.code == 2 and "12 characters" in refused.err and "short" not in refused.err
    monkeypatch.setattr("sys.stdin", io.StringIO("zapato lima nube cuarenta\n"))
    done = terminal("user", "password", "ana")
    assert (done.code, done.out) == (0, "ana has a new password, and is signed out everywhere.\n")
    audit = terminal("audit", "list", "--json").out
    assert "user.password_set" in audit and "zapato" not in audit


def test_links_and_sessions(terminal: Terminal) -> None:
    assert terminal("user", "add", "ana", "--role", "operator").code == 0
    made = terminal("user", "invite", "ana")
    assert made.out.startswith("/invitation/") and "server.public_url" in made.err
    assert terminal("user", "sessions", "ana", "--json").json() == {"items": [], "next": None}
    assert terminal("user", "sign-out", "ana").out == "Sessions ended: 0\n"
    assert terminal("user", "invite", "nobody").code == 1
