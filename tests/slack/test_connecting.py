"""Connecting workspaces while the hub runs: by the interface that installations use already, and what follows."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from centralita.sandbox.control import SlackControl
from centralita.sandbox.server import serve
from centralita.sandbox.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, LimitSettings, LocalSlack
from centralita.services import slack_setup
from centralita.store import audit
from tests.slack.hub_world import World, world

SETUP = "/v1/integrations/slack/setup"
TOKENS = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "signing_secret": SIGNING_SECRET}
SECRETS = re.compile(r"xoxb-|xapp-|local-signing")


@pytest.fixture
async def slack() -> AsyncIterator[SlackControl]:
    async with serve(LocalSlack(LimitSettings.off())) as address, SlackControl(address.url) as control:
        yield control


@pytest.fixture
async def hub(slack: SlackControl, tmp_path: Path, migrated_sqlite: str) -> AsyncIterator[World]:
    async with world(slack, migrated_sqlite, tmp_path) as made:
        yield made


async def test_setup_takes_effect_without_a_restart_and_shows_no_secret(hub: World, slack: SlackControl) -> None:
    reply = await hub("POST", SETUP, TOKENS, scopes=("slack.manage", "settings.read"))
    assert reply.status == 200, reply.body
    made = reply.json()
    assert made["ok"] is True
    assert (made["workspace"]["team_id"], made["workspace"]["domain"]) == ("T0MESAAYUDA", "mesa-de-ayuda")
    assert made["workspace"]["default"] is True and made["workspace"]["has_signing_secret"] is True
    assert (made["missing_scopes"], made["missing"]) == ([], [])
    await hub.receive("p1", "here")
    (posted,) = await slack.wait_for(method="chat.postMessage", channel="#alerts")
    assert posted.args["channel"] == "#alerts"
    for path in (SETUP, "/api/v1/slack/workspaces"):
        listed = await hub("GET", path, scopes=("settings.read",))
        assert listed.status == 200 and not SECRETS.search(listed.body.decode())
        assert [each["team_id"] for each in listed.json()["items"]] == ["T0MESAAYUDA"]
    assert not SECRETS.search(reply.body.decode())
    links = await hub.hub.database.read(lambda tx: audit.newest(tx, 10, None, "", "slack.connected"))
    assert len(links) == 1 and not SECRETS.search(links[0].entry.details)


async def test_what_is_missing_is_said_by_name(hub: World, slack: SlackControl) -> None:
    await slack.add_bot(BOT_TOKEN, scopes=["chat:write", "team:read"])
    made = (await hub("POST", SETUP, {"bot_token": BOT_TOKEN})).json()
    lacking = {each["scope"]: each["without"] for each in made["missing_scopes"]}
    assert lacking["usergroups:read"] == "mention user groups such as @oncall"
    assert "chat:write" not in lacking
    assert made["missing"] == ["app_token"]


@pytest.mark.parametrize(
    ("change", "at", "code"),
    [
        ({"bot_token": "xoxb-wrong"}, "bot_token", "slack.invalid_auth"),
        ({"bot_token": APP_TOKEN}, "bot_token", "slack.is_app_token"),
        ({"bot_token": "xoxp-person"}, "bot_token", "slack.is_user_token"),
        ({"bot_token": "hello"}, "bot_token", "slack.not_bot_token"),
        ({"app_token": BOT_TOKEN}, "app_token", "slack.is_bot_token"),
        ({"app_token": "xapp-wrong"}, "app_token", "slack.invalid_auth"),
        ({"signing_secret": BOT_TOKEN}, "signing_secret", "slack.is_bot_token"),
        ({"bot_token": "xoxb-ñ"}, "bot_token", "slack.invalid_auth"),
    ],
)
async def test_a_wrong_token_is_refused_by_name(hub: World, change: dict[str, str], at: str, code: str) -> None:
    reply = await hub("POST", SETUP, {**TOKENS, **change})
    assert reply.status == 422
    (error,) = reply.json()["errors"]
    assert (error["at"], error["code"]) == (at, code)
    assert error["detail"] != code and not any(value in reply.body.decode() for value in change.values())
    assert hub.hub.workspaces.default is None


async def test_only_who_may_manages(hub: World) -> None:
    body = {"bot_token": BOT_TOKEN}
    assert (await hub("POST", SETUP, body, scopes=("settings.read",))).status == 403
    assert (await hub("POST", SETUP, body, anonymous="1")).status == 401
    assert (await hub("GET", SETUP, anonymous="1")).status == 401
    assert (await hub("DELETE", SETUP, scopes=("settings.read",))).status == 403


async def test_slack_out_of_reach_is_said_and_nothing_is_kept(hub: World, slack: SlackControl) -> None:
    await slack.drop_next("auth.test")
    reply = await hub("POST", SETUP, TOKENS)
    assert (reply.status, reply.json()["code"]) == (502, "net.reset")
    await slack.fail_next("apps.connections.open", status=503)
    reply = await hub("POST", SETUP, TOKENS)
    assert (reply.status, reply.json()["code"]) == (502, "http.status")
    assert hub.hub.workspaces.default is None


async def test_the_files_workspace_is_the_files_alone(
    slack: SlackControl, tmp_path: Path, migrated_sqlite: str
) -> None:
    async with world(slack, migrated_sqlite, tmp_path, f"bot_token: {BOT_TOKEN}") as hub:
        reply = await hub("POST", SETUP, TOKENS)
        assert (reply.status, reply.json()["code"]) == (409, "slack.provided")
        assert (await hub("DELETE", SETUP)).status == 409
        (item,) = (await hub("GET", SETUP)).json()["items"]
        assert (item["origin"], item["default"], item["state"]) == ("file", True, "on")


async def test_a_second_workspace_gets_what_is_meant_for_it(hub: World, slack: SlackControl) -> None:
    await hub("POST", SETUP, TOKENS)
    team, token = await hub.install_elsewhere()
    assert (await hub("POST", "/api/v1/slack/workspaces", {"bot_token": token})).status == 201
    await hub.receive("p1", "there")
    await hub.receive("p2", "here")
    calls = await slack.wait_for(lambda call: call.method == "chat.postMessage", count=2)
    said = {call.args["channel"]: (call.result or {}).get("channel") for call in calls}
    assert said["#alerts"] == "C0ALERTS" and said["#general"] not in (None, "C0ALERTS")
    assert {each["team_id"]: each["default"] for each in (await hub("GET", SETUP)).json()["items"]} == {
        "T0MESAAYUDA": True,
        team: False,
    }
    buckets = hub.hub.buckets.snapshot()
    assert {"chat.postMessage", f"chat.postMessage@{team}"} <= buckets.keys()
    assert (buckets[f"chat.postMessage@{team}"].tokens or 0) > 290  # of a rate of its own, not of none


async def test_disconnected_it_is_forgotten(hub: World) -> None:
    await hub("POST", SETUP, TOKENS)
    assert (await hub("DELETE", "/api/v1/slack/workspaces/nobody")).status == 404
    assert (await hub("DELETE", "/api/v1/slack/workspaces/mesa-de-ayuda")).status == 204
    assert (await hub("GET", SETUP)).json()["items"] == []
    await hub("POST", SETUP, TOKENS)
    assert (await hub("DELETE", SETUP)).status == 204
    assert hub.hub.workspaces.default is None


async def test_what_slack_ended_waits_and_goes_on_when_it_is_connected_again(hub: World, slack: SlackControl) -> None:
    await hub("POST", SETUP, TOKENS)
    assert await slack_setup.end(hub.hub, "T0MESAAYUDA", "app_uninstalled")
    assert not await slack_setup.end(hub.hub, "T0MESAAYUDA", "app_uninstalled")
    assert not await slack_setup.end(hub.hub, "T0NOBODY", "app_uninstalled")
    (item,) = (await hub("GET", SETUP)).json()["items"]
    assert (item["state"], item["has_app_token"], item["default"]) == ("ended", False, True)
    assert (await hub("POST", SETUP, TOKENS)).status == 200
    await hub.receive("p1", "here")
    assert await slack.wait_for(method="chat.postMessage", channel="#alerts")
