"""``webhook``: what a person at a terminal sees who adds a receiver, changes it, and asks how it is doing."""

from __future__ import annotations

import io

import pytest

from tests.cli.conftest import Terminal

URL = "https://erp.example.com/hooks/T0P-SECRET"


def test_a_webhook_is_added_changed_and_removed(terminal: Terminal, server: str) -> None:
    added = terminal("webhook", "add", "desk", URL, "--type", "ticket.*", "--header", "X-Tenant=h1dden")
    assert added.code == 0, added.err
    assert "whsec_" in added.out and "T0P-SECRET" not in added.out and "Keep the secret now" in added.err
    shown = terminal("webhook", "show", "desk")
    assert "https://erp.example.com/hooks/..." in shown.out and "X-Tenant" in shown.out
    assert "whsec_" not in shown.out and "h1dden" not in shown.out
    edited = terminal("webhook", "edit", "desk", "--set", "timeout_s=30", "--set", "signing.scheme=hmac")
    assert edited.code == 0, edited.err
    settings = terminal("webhook", "show", "desk", "--json").json()["settings"]
    assert (settings["timeout_s"], settings["signing"]["scheme"], settings["types"]) == (30.0, "hmac", ["ticket.*"])
    assert terminal("webhook", "edit", "desk", "--set", "timeout_s=").code == 0
    assert terminal("webhook", "show", "desk", "--json").json()["settings"]["timeout_s"] == 15.0
    rotated = terminal("webhook", "rotate", "desk", "--keep", "7d", "--json").json()
    assert rotated["old_until"] and rotated["secret"] not in added.out
    assert "sign nothing any more" in terminal("webhook", "rotate", "desk", "--keep", "0s").out
    assert "○ off" in terminal("webhook", "disable", "desk").out
    assert [each["name"] for each in terminal("webhook", "list", "--state", "off", "--json").json()["items"]] == [
        "desk"
    ]
    assert "● on" in terminal("webhook", "enable", "desk").out
    assert "⏸ paused" in terminal("webhook", "pause", "desk").out
    assert "● on" in terminal("webhook", "resume", "desk").out
    assert "webhook restore desk" in terminal("webhook", "remove", "desk").out
    assert "● on" in terminal("webhook", "restore", "desk").out
    assert "webhook restore desk" in terminal("webhook", "remove", "desk", "--restorable").out
    assert "remove it for good" in terminal("webhook", "add", "desk", URL).err
    assert "0 deliveries" in terminal("webhook", "remove", "desk", "--for-good").out
    assert terminal("webhook", "restore", "desk").code == 1
    assert terminal("webhook", "show", "desk").code == 1


def test_a_key_pair_shows_its_public_half_only(terminal: Terminal) -> None:
    added = terminal("webhook", "add", "desk", URL, "--scheme", "v1a")
    assert "whpk_" in added.out and "whsk_" not in added.out
    assert "whpk_" in terminal("webhook", "show", "desk").out


def test_what_is_wrong_is_said_by_its_key(terminal: Terminal) -> None:
    refused = terminal("webhook", "add", "desk", "http://10.0.0.1/", "--condition", "severity >", "--set", "burst=0")
    assert refused.code == 2 and "burst" in refused.err
    refused = terminal("webhook", "add", "desk", "http://10.0.0.1/", "--condition", "severity >")
    assert refused.code == 2 and "url" in refused.err and "condition" in refused.err
    assert terminal("webhook", "rotate", "desk", "--keep", "soon").code == 2
    assert terminal("webhook", "edit", "desk").code == 2
    assert terminal("webhook", "remove", "erp").code == 1  # the file's
    odd = terminal("webhook", "add", "desk", URL, "--type", "ticket.creatd")
    assert odd.code == 0 and "ticket.creatd" in odd.err


def test_an_own_secret_comes_by_standard_input(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    own = "whsec_b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OQ=="
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{own}\n"))
    assert terminal("webhook", "add", "desk", URL, "--secret", "-", "--json").json()["secret"] == own


def test_the_doctor_sees_webhooks_whose_secrets_cannot_be_opened(terminal: Terminal) -> None:
    terminal("webhook", "add", "desk", URL)
    (terminal.directory / "data" / "secret.key").write_text("0" * 64 + "\n")
    failed = [finding["found"] for finding in terminal("doctor", "--json").json() if finding["state"] == "fail"]
    assert len(failed) == 1 and failed[0].startswith("desk: ")
    listed = terminal("webhook", "list", "--json").json()["items"]
    assert [(each["name"], each["state"]) for each in listed] == [("desk", "disabled"), ("erp", "on")]


def test_event_types_are_explained(terminal: Terminal) -> None:
    assert "ticket.created" in terminal("event", "types", "--text", "ticket").out
    one = terminal("event", "types", "ot.created")
    assert '"type": "ot.created"' in one.out and "A ticket was created." in one.out
    assert terminal("event", "types", "ticket.created", "--json").json()["schema"]["title"] == "ticket.created"
    assert terminal("event", "types", "nothing.happened").code == 1
