"""The app by signed requests to ``/slack/events``: what Slack signed is carried out, once, and nothing else is."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from centralita.sandbox.control import SlackControl
from centralita.sandbox.slack import SIGNING_SECRET
from tests.chatops.conftest import MANIFEST
from tests.scenarios.chat import (
    DESK,
    INCIDENTS,
    ROOM,
    app_settings,
    filled,
    holding,
    open_form,
    settled,
    text_of,
    told_of,
)
from tests.scenarios.conftest import World
from tests.scenarios.processes import HubProcess

STALE_S = 301
LUIS, TEAM, APP = "U0LUISPARED", "T0MESAAYUDA", "A0CENTRALIT"


def by_requests(url: str) -> dict[str, Any]:
    """The manifest, for an app that is told of everything at ``url``."""
    settings, features = MANIFEST["settings"], MANIFEST["features"]
    subscriptions = {**settings["event_subscriptions"], "request_url": url}
    commands = [{**command, "url": url} for command in features["slash_commands"]]
    return {
        **MANIFEST,
        "features": {**features, "slash_commands": commands},
        "settings": {
            "interactivity": {"is_enabled": True, "request_url": url},
            "socket_mode_enabled": False,
            "event_subscriptions": subscriptions,
        },
    }


async def told(
    hub: HubProcess, body: bytes, *, secret: str = SIGNING_SECRET, late_s: int = 0, retry: int = 0, form: bool = False
) -> tuple[int, str]:
    """A request as Slack makes it, or as somebody does who only says so: (status, answer)."""
    sent_at = str(int(time.time()) - late_s)
    signed = hmac.new(secret.encode(), b"v0:" + sent_at.encode() + b":" + body, hashlib.sha256).hexdigest()
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    headers = {"content-type": kind, "x-slack-request-timestamp": sent_at, "x-slack-signature": f"v0={signed}"}
    if retry:
        headers |= {"x-slack-retry-num": str(retry), "x-slack-retry-reason": "http_timeout"}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{hub.url}/slack/events", data=body, headers=headers) as response:
            return response.status, await response.text()


def reply(event_id: str, thread: str, text: str) -> bytes:
    """Somebody writes in a thread."""
    event = {
        **{"type": "message", "channel": ROOM, "channel_type": "channel", "user": LUIS, "text": text},
        **{"ts": "1700000000.000100", "thread_ts": thread},
    }
    envelope = {"type": "event_callback", "team_id": TEAM, "api_app_id": APP, "event_id": event_id, "event": event}
    return json.dumps(envelope).encode()


def command(number: str, text: str) -> bytes:
    """Somebody types a command."""
    fields = {"command": "/incident", "text": text, "user_id": LUIS, "team_id": TEAM, "channel_id": ROOM}
    return urlencode({**fields, "api_app_id": APP, "trigger_id": number}).encode()


async def http_hub(world: World, slack: SlackControl) -> HubProcess:
    """A hub that Slack's requests reach; the workspace has verified the address."""
    hub = await world.hub(app_settings(slack, mode="http"), DESK)
    await slack.install(by_requests(f"{hub.url}/slack/events"))
    return hub


@pytest.mark.timeout(60)
async def test_everything_that_people_do_arrives_by_requests(usual_world: World, slack: SlackControl) -> None:
    world = usual_world
    await http_hub(world, slack)
    luis = slack.person(LUIS)
    assert "Acknowledge" not in text_of(await luis.command("#alerts", "/incident", "list"))
    view = (await open_form(luis))["id"]
    answer = await luis.submit(view, filled("x" * 201))
    assert not answer["ok"] and "200" in answer["errors"]["title"], "what is wrong is said in place"
    assert (await luis.submit(view, filled("No network")))["ok"]
    [root] = await holding(slack, INCIDENTS, lambda message: "No network" in text_of(message))
    assert (await luis.press(ROOM, root["ts"], "incident_acknowledge"))["ok"]
    ts = await luis.say(ROOM, "It is the switch", root["ts"])
    await luis.edit(ROOM, ts, "It was the switch")
    events = await slack.told(count=2, kind="events_api")
    assert {one.via for one in await slack.told()} == {"http"} and all(one.acknowledged for one in events)
    await settled(world)
    rows = world.reader.rows("select kind, text from incident_entries order by id")
    assert [kind for kind, _text in rows] == ["create", "acknowledge", "comment"] and rows[-1][1] == "It was the switch"
    await world.settle()


@pytest.mark.timeout(60)
async def test_only_what_slack_signed_lately_is_carried_out_and_only_once(
    usual_world: World, slack: SlackControl
) -> None:
    world = usual_world
    hub = await http_hub(world, slack)
    asked = json.dumps({"type": "url_verification", "challenge": "c1", "token": ""}).encode()
    status, said = await told(hub, asked)
    assert status == 200 and "c1" in said
    for body, wrong in (
        (asked, {"secret": "another"}),
        (asked, {"secret": ""}),
        (asked, {"late_s": STALE_S}),
        (asked, {"late_s": -STALE_S}),
        (command("1.1", "create Forged"), {"secret": "another", "form": True}),
        (command("1.1", "create Stale"), {"late_s": STALE_S, "form": True}),
    ):
        status, said = await told(hub, body, **wrong)
        assert status == 401 and "c1" not in said, wrong

    twice = [await told(hub, command("1.2", "create Signed"), form=True) for _time in range(2)]
    assert [status for status, _said in twice] == [200, 200] and "INC-1. Signed" in twice[0][1]
    [root] = await holding(slack, INCIDENTS, lambda message: "Signed" in text_of(message))
    body = reply("Ev1", root["ts"], "Noted once")
    answers = await asyncio.gather(told(hub, body), *(told(hub, body, retry=number) for number in (1, 2)))
    assert {status for status, _said in answers} == {200}
    await settled(world)
    assert told_of(world, "incident.created") == {"incident/1": 1}
    assert world.reader.rows("select text from incident_entries where kind = 'comment'") == [("Noted once",)]
    await world.settle()
