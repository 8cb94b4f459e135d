"""``source``: what a person at a terminal sees who adds a sender, and what is refused."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess

import pytest

from centralita.cli.words import LOCALE
from centralita.integrations import registry
from centralita.services.source_setup import section, steps
from tests.cli.conftest import CONFIG, PROGRAM, Terminal, bare_environment


def test_without_a_server_a_source_is_added_and_waits(terminal: Terminal) -> None:
    added = terminal("source", "add", "generic", "--slug", "gate", "--set", "auth=bearer")
    assert added.code == 0, added.err
    assert "http://127.0.0.1:0/in/gate" in added.out and "authorization" in added.out
    assert "Keep the secret now" in added.err and "centralita source wait gate" in added.err
    assert terminal("source", "list").out.count("people") == 1


def test_a_source_is_added_changed_and_removed(terminal: Terminal, server: str) -> None:
    words = ["generic", "--slug", "gate", "--set", "auth=bearer", "--set", "map.title=what", "--no-wait"]
    added = terminal("source", "add", *words)
    assert added.code == 0 and f"{server.split()[-1]}/in/gate" in added.out
    changed = terminal("source", "edit", "gate", "--set", "map.url=link", "--set", "tolerance_s=60", "--name", "Gate")
    assert changed.code == 0, changed.err
    shown = terminal("source", "show", "gate", "--json").json()["detail"]
    assert shown["settings"] == {"auth": "bearer", "map": {"title": "what", "url": "link"}, "tolerance_s": 60}
    assert terminal("source", "edit", "gate", "--set", "tolerance_s=").code == 0
    assert "Provided by: people" in terminal("source", "show", "gate").out
    assert "○ off" in terminal("source", "disable", "gate").out
    assert "● flowing" in terminal("source", "enable", "gate").out
    rotated = terminal("source", "rotate", "gate", "--keep", "7d", "--json").json()
    assert rotated["old_until"] and rotated["secret"] not in added.out
    assert terminal("source", "rotate", "gate", "--keep", "0s").out.endswith("open nothing any more.\n")
    assert "centralita source restore gate" in terminal("source", "remove", "gate").out
    assert terminal("source", "show", "gate").code == 1
    assert "● flowing" in terminal("source", "restore", "gate").out
    assert terminal("source", "restore", "gate").code == 1
    actions = [each["action"] for each in terminal("audit", "list", "--json").json()["items"]]
    assert actions == [
        "source.restored", "source.removed",
        "source.secret_added", "source.secret_added", "source.changed", "source.changed",
        "source.changed", "source.changed", "source.added",
    ]  # fmt: skip
    assert rotated["secret"] not in terminal("audit", "list", "--json").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "smoke"], "There are: "),
        (["add", "generic"], "--set auth=…  How the sender proves itself"),
        (["add", "generic", "--set", "auth=header"], "--set header=…"),
        (["add", "generic", "--set", "auth=bearer", "--set", "colour=red"], "the keys are: absent, algorithm, auth"),
        (["add", "generic", "--set", "auth=bearer", "--set", "tolerance_s=[1"], "can't be read as YAML"),
        (["add", "generic", "--set", "auth=bearer", "--set", "timezone=Mars"], "There is no time zone of that name."),
        (["add", "invgate", "--slug", "Not A Slug"], "A slug has only lower-case letters"),
        (["add", "invgate", "--secret", "in-the-open"], "--secret takes - only"),
        (["rotate", "invgate", "--keep", "soon"], "--keep is a span"),
        (["edit", "invgate"], "Say what is to change"),
        (["test", "invgate", "--all", "--fixture", "x"], "not both"),
        (["test", "invgate", "--fixture", "x"], "There are: approval-answered"),
    ],
)
def test_what_is_wrong_is_said_before_anything_changes(terminal: Terminal, words: list[str], said: str) -> None:
    done = terminal("source", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_what_the_file_provides_is_changed_in_the_file(terminal: Terminal) -> None:
    for words in (
        ["add", "invgate"],
        ["edit", "invgate", "--name", "x"],
        ["disable", "invgate"],
        ["remove", "invgate"],
    ):
        done = terminal("source", *words)
        assert done.code == 1
        assert f"{terminal.directory}/centralita.yaml:7:5" in done.err
    assert "centralita.yaml:7:5" in terminal("source", "list").out


def test_the_files_source_wins_and_everybody_is_told(terminal: Terminal) -> None:
    terminal("source", "add", "generic", "--slug", "desk", "--set", "auth=bearer")
    found = terminal("source", "add", "grafana", "--json")
    assert found.code == 0
    desk = "\n  - {slug: desk, kind: invgate, secrets: [only-for-tests-0123]}"
    terminal.write(CONFIG.replace("\nrules:", f"{desk}\nrules:"))
    listed = terminal("source", "list")
    assert "desk: the database has a source of this name too" in listed.err
    items = {item["slug"]: item for item in terminal("source", "list", "--json").json()["items"]}
    assert (items["desk"]["kind"], items["desk"]["origin"], items["desk"]["hides"]) == ("invgate", "file", True)
    assert items["grafana"]["origin"] == "database"
    checked = terminal("config", "check")
    assert checked.code == 0 and "Sources: 3" in checked.out
    assert "desk: the database has a source of this name too" in checked.err
    told = [finding for finding in terminal("doctor", "--json").json() if finding["check"] == "sources"]
    assert "desk: the database has" in terminal("doctor").out
    assert {"check": "sources", "state": "ok", "found": "3 with secrets", "cure": ""} in told


def test_a_condition_may_read_what_only_a_stored_source_declares(terminal: Terminal) -> None:
    terminal.write(CONFIG.replace("severity == 'critical'", "labels.place == 'Lima'"))
    assert "labels.place" in terminal("config", "check").err
    terminal("source", "add", "alertmanager", "--no-wait")
    assert "labels.place" not in terminal("config", "check").err


def test_the_doctor_finds_secrets_that_cannot_be_opened(terminal: Terminal) -> None:
    terminal("source", "add", "alertmanager", "--no-wait")
    (terminal.directory / "data" / "secret.key").write_text("0" * 64 + "\n")
    done = terminal("doctor", "--json")
    assert done.code == 1
    failed = [finding["found"] for finding in done.json() if finding["state"] == "fail"]
    assert len(failed) == 1 and "alertmanager" in failed[0] and "another key" in failed[0]


def test_the_senders_own_secret_comes_by_standard_input(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("the-senders-own-0123456789\n"))
    made = terminal("source", "add", "alertmanager", "--secret", "-", "--json").json()
    assert made["handover"]["secret"] == "the-senders-own-0123456789"
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert terminal("source", "rotate", "alertmanager", "--secret", "-").code == 2


def test_at_a_terminal_it_asks_for_what_the_kind_needs(terminal: Terminal, server: str) -> None:
    words = ["source", "add", "generic", "--no-wait", "--slug", "gate"]
    done = _typed(terminal, words, "secret\nheader\nX-Gate\n")
    assert "How the sender proves itself" in done and "One of: standard, hmac" in done
    assert "the header that carries the signature" in done and "x-gate" in done
    assert terminal("source", "show", "gate", "--json").json()["detail"]["settings"] == {
        "auth": "header", "header": "X-Gate",
    }  # fmt: skip
    _typed(terminal, ["source", "add", "invgate", "--no-wait", "--slug", "mesa"], "\n")
    assert terminal("source", "show", "mesa", "--json").json()["detail"]["settings"] == {}


def _typed(terminal: Terminal, words: list[str], text: str) -> str:
    """What a person sees who types ``text`` at the questions of a command."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *words],
        cwd=terminal.directory,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=bare_environment({}),
    )
    os.close(follower)
    os.write(leader, text.encode())
    seen = b""
    try:
        while piece := os.read(leader, 65_536):
            seen += piece
    except OSError:  # Linux says so at the end of the other side
        pass
    assert process.wait(30) == 0, seen.decode()
    os.close(leader)
    return seen.decode()


def test_an_example_goes_through_and_waits_for_a_server(terminal: Terminal) -> None:
    tried = terminal("source", "test", "invgate", "--fixture", "ticket-created")
    assert tried.code == 0, tried.err
    assert "ticket-created  202 accepted" in tried.out and "No server is running" in tried.err
    again = terminal("source", "test", "invgate", "--fixture", "ticket-created")
    assert "200 known already" in again.out
    preset = terminal("source", "add", "zabbix", "--json")
    assert preset.code == 0, preset.err
    shown = terminal("source", "show", "zabbix", "--json").json()["detail"]["fixtures"]
    assert shown and all(name.startswith("zabbix") for name in shown)
    assert terminal("source", "test", "zabbix").code == 0


def test_an_example_that_is_refused_is_a_failure(terminal: Terminal) -> None:
    terminal("source", "disable", terminal("source", "add", "grafana", "--json").json()["source"]["slug"])
    tried = terminal("source", "test", "grafana", "--json")
    assert tried.code == 1
    assert [item["sent"]["status"] for item in json.loads(tried.out)["items"]] == [404]


@pytest.mark.parametrize("kind", sorted(registry.SOURCES))
def test_every_page_says_what_to_do_at_the_sender(kind: str) -> None:
    page = registry.readme(kind).read_text(encoding="utf-8")
    found = steps(page, "https://mine/in/x", LOCALE)
    assert not any("desk.example.com/in" in line for line in found)
    if found:
        assert found[0].startswith("1. ") and "centralita.yaml" not in found[0]
        assert any("https://mine/in/x" in line for line in found)


@pytest.mark.parametrize("preset", sorted({*registry.kinds()} - {*registry.SOURCES}))
def test_every_preset_says_what_to_do_at_its_sender(preset: str) -> None:
    said = "\n".join(
        section(registry.readme("generic").read_text(encoding="utf-8"), preset, "https://mine/in/x", LOCALE)
    )
    assert f"preset: {preset}" in said and "desk.example.com/in" not in said and "###" not in said


def test_a_running_server_takes_the_examples_to_their_end(terminal: Terminal, server: str) -> None:
    untold = terminal("source", "test", "invgate", "--fixture", "comment-public")
    assert untold.code == 0, untold.err
    assert "Event  ticket.commented" in untold.out and "nobody is told" in untold.out
