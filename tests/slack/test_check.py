"""``slack check``: what it finds in the local workspace, right and wrong, and how it says so."""

from __future__ import annotations

import asyncio
import json
import string
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from centralita import cli
from centralita.cli.examined_slack import examine_slack
from centralita.integrations.slack.manifest import make_manifest
from centralita.integrations.slack.scopes import BOT_SCOPES
from centralita.sandbox.control import SlackControl
from centralita.sandbox.server import serve
from centralita.sandbox.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, LimitSettings, LocalSlack
from centralita.services import slack_setup
from centralita.services.slack_findings import CURES, FOUND, ISSUES
from centralita.settings import load
from tests.slack.hub_world import World, world

TOKENS = f"bot_token: {BOT_TOKEN}, app_token: {APP_TOKEN}"
Json = dict[str, Any]


@pytest.fixture
async def slack() -> AsyncIterator[SlackControl]:
    async with serve(LocalSlack(LimitSettings.off())) as address, SlackControl(address.url) as control:
        await control.install(make_manifest("es"))
        yield control


async def report(hub: World, language: str = "en") -> Json:
    reply = await hub("GET", "/api/v1/slack/check", accept_language=language)
    assert reply.status == 200, reply.body
    assert b"xoxb-local" not in reply.body and b"xapp-local" not in reply.body
    made: Json = reply.json()
    return made


def codes(made: Json, *states: str) -> set[str]:
    return {finding["code"] for finding in made["findings"] if finding["state"] in states}


def one(made: Json, code: str) -> Json:
    (found,) = [finding for finding in made["findings"] if finding["code"] == code]
    return dict(found)


async def test_when_all_is_well_it_says_so(slack: SlackControl, tmp_path: Path, migrated_sqlite: str) -> None:
    async with world(slack, migrated_sqlite, tmp_path, TOKENS) as hub:
        made = await report(hub)
        assert codes(made, "fail", "warn") == {"channel.workspace"}  # a rule names one that is not connected
        _team, token = await hub.install_elsewhere()
        await hub("POST", "/api/v1/slack/workspaces", {"bot_token": token})
        made = await report(hub)
        there = [finding for finding in made["findings"] if finding["workspace"] == "otra-empresa"]
        assert {finding["code"] for finding in there if finding["state"] == "warn"} == {"channel.outside"}
        assert all(
            finding["code"] in ("scope.missing", "events.lost") for finding in there if finding["state"] == "fail"
        )
        home = {finding["code"] for finding in made["findings"] if finding["workspace"] == "Mesa de Ayuda"}
        assert home == {
            *("network.reached", "clock.right", "token.accepted", "scope.all", "call.works"),
            *("channel.there", "encoding.kept"),
        }


async def test_each_missing_scope_is_named_with_what_it_costs(
    slack: SlackControl, tmp_path: Path, migrated_sqlite: str
) -> None:
    await slack.add_bot(BOT_TOKEN, scopes=["chat:write", "channels:read", "users:read", "team:read"])
    async with world(slack, migrated_sqlite, tmp_path, TOKENS) as hub:
        made = await report(hub, "es")
        assert made["ok"] is False
        said = [finding["found"] for finding in made["findings"] if finding["code"] == "scope.missing"]
        assert any("usergroups:read" in text and "@oncall" in text for text in said)
        assert not any(" chat:write " in text for text in said)
        assert "message.im" in " ".join(f["found"] for f in made["findings"] if f["code"] == "events.lost")
        issue = next(issue for issue in made["issues"] if issue["name"] == "missing_messages")
        assert [cause["state"] for cause in issue["causes"]] == ["fail", "fail", "fail"]


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ("bot_token: xoxb-wrong", "token.refused"),
        (f"bot_token: {APP_TOKEN}, app_token: {BOT_TOKEN}", "token.kind"),
        ("bot_token: xoxp-person", "token.kind"),
        (f"bot_token: {BOT_TOKEN}, app_token: xapp-wrong", "socket.refused"),
        ("enabled: true", "token.none"),
        (f"bot_token: {BOT_TOKEN}, mode: http", "http.no_secret"),
        (f"bot_token: {BOT_TOKEN}, mode: http, signing_secret: {SIGNING_SECRET}", "http.unreachable"),
    ],
)
async def test_what_is_wrong_is_named(
    slack: SlackControl, tmp_path: Path, migrated_sqlite: str, settings: str, code: str
) -> None:
    async with world(slack, migrated_sqlite, tmp_path, settings) as hub:
        made = await report(hub)
        assert code in codes(made, "fail")
        assert all(finding["cure"] for finding in made["findings"] if finding["state"] == "fail")


async def test_without_an_app_token_nothing_is_heard(slack: SlackControl, tmp_path: Path, migrated_sqlite: str) -> None:
    async with world(slack, migrated_sqlite, tmp_path, f"bot_token: {BOT_TOKEN}") as hub:
        assert "socket.no_token" in codes(await report(hub), "warn")


async def test_channels_that_do_not_work_come_with_what_to_type(
    slack: SlackControl, tmp_path: Path, migrated_sqlite: str
) -> None:
    await slack.change_channel("#alerts", bot=False)
    await slack.change_channel("#reports", archived=True)
    hidden = await slack.add_channel("hidden", private=True, bot=False)
    named = f'reports_channel: "#reports", changes_channel: "#nowhere", incidents_channel: {hidden}'
    async with world(slack, migrated_sqlite, tmp_path, f"{TOKENS}, {named}") as hub:
        made = await report(hub)
        assert one(made, "channel.outside")["cure"] == "Type in #alerts: /invite @centralita"
        assert "#reports" in one(made, "channel.archived")["found"]
        unknown = [finding for finding in made["findings"] if finding["code"] == "channel.unknown"]
        assert {"#nowhere" in unknown[0]["found"], "#nowhere" in unknown[1]["found"]} == {True, False}
        assert all("/invite @centralita" in finding["cure"] for finding in unknown)


async def test_a_network_that_fails_explains_a_bot_that_is_offline(
    slack: SlackControl, tmp_path: Path, migrated_sqlite: str
) -> None:
    async with world(slack, migrated_sqlite, tmp_path, TOKENS) as hub:
        await slack.drop_next("auth.test", None)
        made = await report(hub)
        assert "network.failed" in codes(made, "fail")
        issue = next(issue for issue in made["issues"] if issue["name"] == "connection_errors")
        states = {cause["name"]: cause["state"] for cause in issue["causes"]}
        assert states["network"] == "fail" and states["limits"] == "ok"


async def test_what_slack_holds_back_and_refused_is_said(
    slack: SlackControl, tmp_path: Path, migrated_sqlite: str
) -> None:
    async with world(slack, migrated_sqlite, tmp_path, TOKENS) as hub:
        hub.hub.buckets.hold("chat.update@T0X", 60.0)
        assert "chat.update@T0X" in one(await report(hub), "limits.held")["found"]
        await slack.fail_next("chat.postMessage", None, error="invalid_metadata_format")
        settled = asyncio.Event()
        hub.hub.deliverer.on_settled = lambda event_ids: settled.set()
        await hub.receive("p1", "here")
        await settled.wait()
        assert one(await report(hub), "content.refused")["state"] == "fail"


async def test_a_disconnected_hub_checks_what_people_connected(
    slack: SlackControl, tmp_path: Path, migrated_sqlite: str
) -> None:
    async with world(slack, migrated_sqlite, tmp_path, "enabled: true") as hub:
        await hub("POST", "/api/v1/slack/workspaces", {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN})
        assert "token.accepted" in codes(await report(hub), "ok")
        await slack_setup.end(hub.hub, "T0MESAAYUDA", "app_uninstalled")
        assert "token.ended" in codes(await report(hub), "fail")


async def test_the_command_ends_with_1_when_something_fails(
    slack: SlackControl, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "centralita.yaml"
    about = f'locale: en\ndata_dir: {tmp_path}/data\nnetwork: {{allow: ["127.0.0.0/8"]}}\n'
    file.write_text(f'{about}slack: {{api_url: "{slack.url}/api/", {TOKENS}}}\n')

    async def run(*words: str) -> tuple[int, str]:
        code = await asyncio.to_thread(cli.run, ["--config", str(file), "slack", "check", *words])
        return code, capsys.readouterr().out

    code, out = await run()
    assert code == 0, out
    assert all(issue.name in out for issue in ISSUES)
    await slack.add_bot(BOT_TOKEN, scopes=["chat:write"])
    code, out = await run("--json")
    assert code == 1 and json.loads(out)["ok"] is False


async def test_the_doctor_asks_the_first_question_too(slack: SlackControl) -> None:
    settings = load(None, {})
    network = settings.network.model_copy(update={"allow": ("127.0.0.0/8",)})

    async def told(token: str) -> tuple[str, str]:
        section = settings.slack.model_copy(update={"api_url": f"{slack.url}/api/", "bot_token": SecretStr(token)})
        changed = settings.model_copy(update={"slack": section, "network": network})
        ((state, said, _cure),) = await examine_slack(changed, "en")
        return state, said

    assert await told(BOT_TOKEN) == ("ok", "accepts the bot token, with all scopes")
    assert await told("xoxb-wrong") == ("fail", "Slack does not accept the token.")
    await slack.add_bot(BOT_TOKEN, scopes=[one.name for one in BOT_SCOPES[1:]])
    assert await told(BOT_TOKEN) == ("warn", "1 scope is missing")
    await slack.drop_next("auth.test")
    assert (await told(BOT_TOKEN))[0] == "warn"
    assert await examine_slack(settings, "en") == []


def test_every_finding_explains_a_cause_and_has_words() -> None:
    assert CURES.keys() <= FOUND.keys()
    for name, text in CURES.items():
        wanted = {field for _, field, _, _ in string.Formatter().parse(text) if field}
        had = {field for _, field, _, _ in string.Formatter().parse(FOUND[name]) if field} | {"bot"}
        assert wanted <= had, name
    assert all(issue.causes.keys() == issue.solutions.keys() for issue in ISSUES)
    assert [issue.name for issue in ISSUES] == ["connection_errors", "missing_messages", "formatting_issues"]
