"""What the commands print, and how they end."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import stat
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer

from centralita.cli import build
from centralita.cli.calling import LocalSocket
from centralita.cli.commands import LOCAL
from centralita.core.access import PERMISSIONS
from centralita.integrations import registry
from tests.cli.conftest import CONFIG, Terminal

LOCAL_COMMANDS = {"demo", "serve", "migrate", "bench", "config check", "slack manifest"} | {
    f"sandbox {part}" for part in ("slack", "invgate", "sink")
}


def _commands() -> dict[str, Any]:
    root: Any = typer.main.get_command(build())
    found = {}
    for name in root.list_commands(None):
        found |= _below(name, root.get_command(None, name))
    return found


def _below(name: str, command: Any) -> dict[str, Any]:
    inside = getattr(command, "commands", None)
    if not inside:
        return {name: command}
    return {path: one for verb in inside for path, one in _below(f"{name} {verb}", inside[verb]).items()}


def test_every_command_declares_what_it_needs_and_teaches_by_examples() -> None:
    commands = _commands()
    assert len(commands) > 25
    for name, command in commands.items():
        permission = getattr(command.callback, "permission", None)
        assert permission in PERMISSIONS or (permission == LOCAL and name in LOCAL_COMMANDS), name
        assert command.help, name
        verb = name.split()[-1]
        assert command.epilog and all("centralita" in line for line in command.epilog.splitlines()), name
        assert verb in command.epilog, name


def test_the_help_is_the_manual_in_the_terminals_language(terminal: Terminal) -> None:
    english = terminal.process("--help")
    assert (english.code, english.err) == (0, "")
    assert english.out.startswith("Usage: centralita [OPTIONS] COMMAND [ARGS]...")
    spanish = terminal.process("event", "replay", "--help", LANG="es_AR.UTF-8")
    assert spanish.out.startswith("Uso: centralita event replay")
    assert "Ejemplos:" in spanish.out


def test_the_help_imports_nothing_heavy(terminal: Terminal) -> None:
    """What makes it fast, which a clock could only guess at."""
    imported = terminal.process("--help", PYTHONPROFILEIMPORTTIME="1").err
    modules = set(re.findall(r"\| +([\w.]+)$", imported, re.MULTILINE))
    assert "typer" in modules
    assert not {"pydantic", "sqlalchemy", "fastapi", "rich", "yaml", "aiohttp", "structlog", "msgspec"} & modules


def test_wrong_usage_is_two(terminal: Terminal) -> None:
    for words in (
        ["evnt"],
        ["event"],
        ["event", "show"],
        ["event", "replay"],
        ["token", "create", "x"],
        ["user", "add"],
    ):
        done = terminal(*words)
        assert (done.code, done.out) == (2, ""), words
        assert done.err


def test_what_is_wrong_with_a_command_is_said_with_what_was_meant(terminal: Terminal) -> None:
    for words, said in (
        (["sourc", "list"], "There is no command sourc. Did you mean source?"),
        (["source", "ad"], "There is no command ad. Did you mean add?"),
        (["source", "add"], "KIND is missing. Kind of sender"),
        (["serve", "--rol", "web"], "There is no option --rol. Did you mean --role?"),
        (["serve", "--role", "x"], "--role: 'x' is none of these: 'all', 'web', 'worker'"),
        (["serve", "now"], "This is more than the command takes: now"),
        (["sandbox", "slack", "--port", "x"], "--port: This has to be a whole number."),
        (["sandbox", "slack", "--port", "99999"], "--port: At most 65535."),
        (["--config"], "--config needs a value behind it."),
    ):
        done = terminal(*words)
        assert done.code == 2 and said in done.err, done.err
    spanish = terminal.process("sandbox", "slack", "--puerto", LC_ALL="es_AR.UTF-8")
    assert "No existe la opción --puerto." in spanish.err and "La ayuda: centralita sandbox slack --help" in spanish.err
    helped = terminal.process("sandbox", "slack", "--help", LC_ALL="es_AR.UTF-8").out
    assert "[OPCIONES]" in helped and "--port NÚMERO" in helped and "[por omisión: 8421" in helped


def test_a_place_that_cannot_be_used_is_named_with_its_setting(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        terminal.write(f"server: {{port: {port}}}\n")
        done = terminal("serve")
    assert done.code == 1
    assert f"127.0.0.1:{port} cannot be listened on: something else listens there already." in done.err
    assert "server.port" in done.err
    file = terminal.write("locale: en\n")
    done = terminal("--data", f"{file}/below", "serve")
    assert done.code == 1 and "below cannot be written to: a part of the path is a file." in done.err
    assert "--data" in done.err
    done = terminal("--data", f"{file}/below", "doctor")
    assert done.code == 1 and "another process" not in done.out


def test_a_wrong_configuration_is_pointed_at(terminal: Terminal) -> None:
    terminal.write("slack:\n  bot_tokn: x\n")
    for words in (["config", "check"], ["event", "list"], ["doctor"]):
        done = terminal(*words)
        assert done.code == 2
        assert re.search(
            r"centralita\.yaml:2:3: slack\.bot_tokn: There is no such setting\. Did you mean bot_token\?", done.err
        )


def test_a_wrong_condition_has_a_caret(terminal: Terminal) -> None:
    terminal.write("rules:\n  - name: Grave\n    condition: \"severity = 'critical'\"\n")
    done = terminal("config", "check")
    assert done.code == 2
    assert "centralita.yaml:3:5: Grave: condition: Instead of = write ==." in done.err
    assert done.err.splitlines()[1:] == ["    severity = 'critical'", "             ^"]


def test_what_is_wrong_beside_a_wrong_structure_is_told_in_the_same_run(terminal: Terminal) -> None:
    terminal.write(
        "server: {prot: 1}\n"
        "sources: [{slug: desk, kind: smoke}]\n"
        "rules:\n"
        "  - {name: Grave, chanel: '#a', condition: \"severity = 'critical'\"}\n"
        "  - {condition: 'type ==', dm: [nobody], webhook: erp}\n"
        "  - {name: Third, webhook: gone}\n"
        "  - {name: Third, condition: 'severity == \"grave\"'}\n"
        "webhooks: [{nmae: erp, types: ['a*b']}]\n"
        "permissions: {default: boss}\n"
    )
    done = terminal("config", "check")
    assert done.code == 2 and "Traceback" not in done.err
    lines = [line.removeprefix("centralita.yaml:") for line in done.err.splitlines() if not line.startswith("    ")]
    assert [line.partition(" ")[2] for line in lines] == [
        "server.prot: There is no such setting. Did you mean port?",
        "rules[0].chanel: There is no such setting. Did you mean channel?",
        "rules[1]: name is missing.",
        "rules[3].name: is taken already: Third.",
        "webhooks[0]: name is missing.",
        "webhooks[0].nmae: There is no such setting. Did you mean name?",
        "permissions.default: has to be one of admin, operator, viewer.",
        "Grave: condition: Instead of = write ==.",
        "rules[1]: condition: The condition breaks off here.",
        "rules[1]: dm: nobody is neither requester, agent, approver nor an e-mail address.",
        "rules[3]: condition: There is no severity grave; there are: critical, high, medium, low, info.",
        "webhook:webhooks[0]: types: a*b is no event type: write ticket.created, ticket.* or *.",
        f"desk: There is no kind of source smoke; there are: {', '.join(registry.kinds())}.",
    ], "and nothing that only follows from another fault, as that there is no webhook erp"
    assert re.search(r"yaml:4:33: Grave", done.err) and re.search(r"yaml:2:11: desk", done.err)


@pytest.mark.parametrize(
    "text",
    [
        "rules: 5\nwebhooks: {a: 1}\n",
        "rules: [5, null, [1]]\nwebhooks: [1]\n",
        "slack: [\n",
        "server: {prot: 1}\nrules: [{name: [x]}]\n",
    ],
)
def test_a_structure_that_holds_nothing_sound_is_told_alone(terminal: Terminal, text: str) -> None:
    file = terminal.write(text)
    done = terminal("config", "check")
    lines = done.err.splitlines()
    assert done.code == 2 and lines and all(line.startswith(str(file)) for line in lines)


def test_a_source_without_a_secret_is_told(terminal: Terminal) -> None:
    terminal.write("sources:\n  - {slug: desk, kind: invgate}\n  - {slug: mail, kind: smoke}\n")
    done = terminal("config", "check")
    assert done.code == 2
    assert "desk: secrets: The source has no secret to verify with." in done.err
    known = ", ".join(registry.kinds())
    assert f"There is no kind of source smoke; there are: {known}." in done.err


def test_the_configuration_is_shown_masked(terminal: Terminal) -> None:
    done = terminal("config", "show", "--json")
    values = {each["path"]: each for each in done.json()}
    assert "only-for-tests" not in done.out and "whsec" not in done.out
    assert re.search(r"centralita\.yaml:4:8$", values["logs.level"]["origin"])
    assert values["server.host"]["origin"] == "default"


def test_a_fixture_waits_for_a_server_and_is_found_afterwards(terminal: Terminal) -> None:
    sent = terminal("send-fixture", "invgate", "ticket-created", "--source", "invgate")
    assert sent.code == 0, sent.err
    assert sent.out.startswith('202 {"id":"rcp_')
    assert "No server is running" in sent.err
    listed = terminal("source", "list", "--json").json()["items"]
    assert next(item["accepted"] for item in listed if item["slug"] == "invgate") == 1
    assert terminal("send-fixture", "invgate", "no-such-thing", "--source", "invgate").code == 2
    assert "ticket-created" in terminal("send-fixture", "invgate").out.splitlines()
    assert "zabbix-problem" in terminal("send-fixture", "zabbix").out.splitlines()
    assert terminal("send-fixture", "pigeon").code == 2


def test_many_dead_letters_and_events_are_sent_again_by_one_command(terminal: Terminal) -> None:
    none = terminal("delivery", "resend", "--all")
    assert (none.code, none.out) == (0, "0 dead letters queued again.\n"), none.err
    assert terminal("delivery", "resend", "--since", "1h", "--json").json() == {"events": 0, "deliveries": 0}
    again = terminal("event", "replay", "--since", "1h", "--json")
    assert again.json() == {"events": 0, "deliveries": 0}, again.err
    assert terminal("event", "list", "--where", "severity == 'high'").code == 0


def test_people_tokens_and_the_audit_log(terminal: Terminal) -> None:
    made = terminal("token", "create", "grafana", "--role", "viewer", "--expires", "90d")
    assert made.code == 0 and re.fullmatch(r"ctl_[0-9A-Za-z]{43}\n", made.out)
    assert "not shown again" in made.err
    assert made.out.strip() not in terminal("token", "list", "--json").out
    assert terminal("token", "revoke", "1").code == 0
    assert terminal("token", "revoke", "1").code == 1
    assert terminal("user", "add", "ana", "--role", "operator").code == 0
    assert terminal("user", "role", "ana", "viewer").out == "ana is viewer.\n"
    assert terminal("user", "role", "bea", "viewer").code == 1
    entries = terminal("audit", "list", "--json").json()["items"]
    assert [entry["action"] for entry in entries] == ["user.changed", "user.added", "token.revoked", "token.created"]
    head = terminal.write(terminal("audit", "export-head").out, "head.json")
    assert terminal("audit", "verify", "--head", str(head)).code == 0
    cut = terminal.write(json.dumps({"number": 9, "hash": "0" * 64}), "cut.json")
    verified = terminal("audit", "verify", "--head", str(cut))
    assert verified.code == 1 and "Entries are missing at the end, from number 5." in verified.out


def test_the_doctor_names_what_is_wrong_and_the_cure(terminal: Terminal) -> None:
    terminal.write(CONFIG.replace("secrets: [only-for-tests-0123], ", ""))
    (terminal.directory / "data" / "centralita.db").unlink()
    done = terminal("doctor", "--json")
    assert done.code == 1
    findings = {finding["check"]: finding for finding in done.json()}
    assert findings["database"] == {
        "check": "database", "state": "warn", "found": "there is none yet", "cure": "centralita serve",
    }  # fmt: skip
    assert findings["sources"]["state"] == "fail"
    terminal.write(CONFIG + "slack: {webhook_url: https://hooks.slack.com/services/T0/B0/x}\n")
    assert terminal("migrate").out.startswith("Migrated from nothing to ")
    assert terminal("migrate").out.startswith("The schema is current: ")
    healthy = terminal("doctor", "--json")
    assert healthy.code == 0
    found = {finding["check"]: finding["found"] for finding in healthy.json()}
    assert found["database"].startswith("SQLite 3.")
    assert found["Slack"].startswith("incoming webhook only")


def test_the_doctor_reads_postgres(terminal: Terminal, postgres_url: str) -> None:
    terminal.write(CONFIG + f"database: {{url: '{postgres_url}'}}\n")
    assert terminal("event", "list").code == 1  # a command does not migrate a database that others use
    assert terminal("migrate").code == 0
    assert terminal("event", "list", "--json").json() == {"items": [], "looked_at": 0, "back_to": None}
    found = {finding["check"]: finding for finding in terminal("doctor", "--json").json()}
    assert found["database"]["found"].startswith("PostgreSQL ")
    assert found["clock"]["state"] == "ok"


def test_a_running_server_answers_the_commands(terminal: Terminal, own_server: str) -> None:
    socket = terminal.directory / "data" / "centralita.sock"
    assert stat.S_IMODE(os.stat(socket).st_mode) == 0o600
    assert LocalSocket(socket).answers()
    sent = terminal("send-fixture", "invgate", "ticket-created", "--source", "invgate", "--json").json()
    assert (sent["status"], sent["routed"]) == (202, True)
    event_id = json.loads(sent["body"])["id"].replace("rcp_", "evt_")
    shown = terminal("event", "show", event_id)
    while shown.code:  # routed a moment after it was accepted
        shown = terminal("event", "show", event_id)
    assert "1 of 3 rules" in shown.out or "2 of 3 rules" in shown.out
    assert re.search(r"invgate ●── [\d.]+ m?s ──● event ──● \d of 3 rules ──", shown.out)
    assert "● Urgent" in shown.out and "○ Nobody" in shown.out
    assert json.loads(terminal("event", "show", event_id, "--raw").out)
    assert terminal("event", "show", event_id, "--raw", "--json").json()["curl"].startswith("curl ")
    assert terminal("event", "related", event_id).out == "It belongs together with nothing else.\n"
    assert terminal("event", "list", "--outcome", "unmatched", "--json").json()["items"] == []
    paused = terminal("lane", "pause", "webhook:erp")
    assert paused.code == 0 and "⏸ paused" in paused.out
    replayed = terminal("event", "replay", event_id, "--json").json()
    assert replayed == {"events": 1, "deliveries": 1}
    again = terminal("event", "replay", "--since", "1h", "--json").json()
    assert again == {"events": 1, "deliveries": 1}
    assert terminal("delivery", "list-dead").out == "No dead letters.\n"
    assert terminal("migrate").code == 1  # the data directory is the server's
    _ask_by_network(own_server.split()[-1], terminal("token", "create", "x", "--scope", "event.read").out.strip())
    _try_rules(terminal)


def _ask_by_network(url: str, token: str) -> None:
    """Whoever comes over TCP is nobody without a token, whatever name they give."""

    def status(path: str, headers: dict[str, str]) -> int:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        connection.request("GET", path, headers=headers)
        answered = connection.getresponse().status
        connection.close()
        return answered

    assert status("/api/v1/events", {"centralita-os-user": "root"}) == 401
    assert status("/api/v1/events", {"authorization": f"Bearer {token}"}) == 200
    assert status("/api/v1/tokens", {"authorization": f"Bearer {token}"}) == 403
    assert status("/api/docs", {}) == 200


def _try_rules(terminal: Terminal) -> None:
    changed = terminal.write("rules:\n  - {name: All, webhook: erp}\n  - {name: More, channel: '#desk'}\n", "new.yaml")
    assert terminal("rule", "check", str(changed)).out == "2 rules: fine.\n"
    tried = terminal("rule", "dry-run", str(changed), "--json").json()
    assert (tried["events"], tried["changed"]) == (1, 1)
    assert {"destination": "slack", "target": "#desk", "before": 0, "after": 1, "gained": 1, "lost": 0} in tried[
        "totals"
    ]
    shown = terminal("rule", "dry-run", str(changed)).out
    assert "1 of 1 events would have gone elsewhere." in shown and "slack:#desk" in shown
    wrong = terminal.write("rules:\n  - {name: All, condition: 'a ='}\n", "wrong.yaml")
    refused = terminal("rule", "check", str(wrong))
    assert refused.code == 2 and "wrong.yaml:2:" in refused.err and "^" in refused.err
