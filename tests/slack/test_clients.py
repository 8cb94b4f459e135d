"""Slack's own frameworks cannot tell the local workspace from Slack: one app, ``desk``, in Bolt for Python and for
JavaScript, each a process, over Socket Mode and over signed requests, judged by what appears in the workspace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from centralita.sandbox.control import SlackControl
from centralita.sandbox.slack import APP_ID, APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from tests.scenarios.processes import ROOT, serving_part
from tests.slack.javascript import JS, installed

LUIS, SAM = "U0LUISPARED", "U0SAMCARTER"
Json = dict[str, Any]
HERE = Path(__file__).parent


def manifest(port: int) -> Json:
    at = {"request_url": f"http://127.0.0.1:{port}/slack/events"} if port else {}
    events = ["app_mention", "message.channels", "message.im", "app_home_opened"]
    interactivity = at | ({"message_menu_options_url": at["request_url"]} if port else {})
    return {
        "display_information": {"name": "Centralita"},
        "features": {
            "app_home": {"home_tab_enabled": True},
            "slash_commands": [{"command": "/desk", "description": "Works", "url": at.get("request_url", "")}],
            "shortcuts": [
                {"name": "New incident", "type": "global", "callback_id": "new_incident"},
                {"name": "Make a ticket", "type": "message", "callback_id": "make_ticket"},
            ],
        },
        "settings": {
            "event_subscriptions": {"bot_events": events, **at},
            "interactivity": {"is_enabled": True, **interactivity},
            "socket_mode_enabled": not port,
        },
    }


@contextmanager
def running(command: list[str], url: str, **environment: str) -> Iterator[Json]:
    """A program that is told of the workspace, and what its first line says."""
    given = {
        "SLACK_API_URL": f"{url}/api/",
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
    }
    environ = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", **given, **environment}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            yield json.loads(line) if line.startswith("{") else {}
        finally:
            process.kill()


APPS = [
    pytest.param(("python", "socket"), id="python-socket"),
    pytest.param(("python", "http"), id="python-http"),
    pytest.param(("javascript", "socket"), id="javascript-socket", marks=pytest.mark.long),
    pytest.param(("javascript", "http"), id="javascript-http", marks=pytest.mark.long),
]


@pytest.fixture(scope="module", params=APPS)
def app(request: pytest.FixtureRequest) -> Iterator[Json]:
    """The app and a workspace of its own: ``{"url", "port"}``; port 0 in Socket Mode."""
    language, mode = request.param
    command, environment = [sys.executable, str(HERE / "desk.py")], {"MODE": mode}
    if language == "javascript":
        command, environment = ["node", str(JS / "desk.js")], {"MODE": mode, "NODE_PATH": str(installed())}
    with serving_part("slack") as url, running(command, url, **environment) as facts:
        yield {"url": url, **facts}


@pytest.fixture
async def slack(app: Json) -> AsyncIterator[SlackControl]:
    """The workspace, empty, with the app installed."""
    async with SlackControl(app["url"]) as control:
        await control.reset()
        await control.limits(enabled=False)
        await control.install(manifest(app["port"]))
        yield control


async def answered(slack: SlackControl, method: str, count: int = 1) -> list[Json]:
    """What the first successful calls of a method were answered, once there are that many."""
    return [call.result or {} for call in await slack.wait_for(method=method, count=count)]


async def test_post_thread_update_and_a_button(slack: SlackControl) -> None:
    luis = slack.person(LUIS)
    assert (await luis.command("#alerts", "/desk", "post disk & co"))["ok"]
    [updated] = await answered(slack, "chat.update")
    first, reply = await slack.thread("#alerts", updated["ts"])
    assert (first["text"], reply["text"]) == ("disk &amp; co, updated", "in its thread")
    assert first["reply_count"] == 1 and first["edited"]
    assert (await luis.press("#alerts", first["ts"], "take"))["ok"]
    await answered(slack, "response_url")
    first, reply = await slack.thread("#alerts", updated["ts"])
    assert first["text"] == f"Taken by <@{LUIS}>"
    assert "blocks" not in first, "who answers with text alone takes the buttons away"


async def test_a_command_is_answered_for_the_person_alone(slack: SlackControl) -> None:
    luis = slack.person(LUIS)
    assert (await luis.command("#alerts", "/desk", "hello mundo"))["ok"]
    assert [one["text"] for one in await luis.seen("C0ALERTS")] == ["hello mundo"]
    assert await slack.person(SAM).seen("C0ALERTS") == []


async def opened(slack: SlackControl) -> Json:
    """The form, as Luis sees it."""
    assert (await slack.person(LUIS).shortcut("new_incident"))["ok"]
    return dict((await answered(slack, "views.open"))[0]["view"])


@pytest.mark.parametrize(
    ("title", "ok", "titles"),
    [
        ("short", False, ["Incident"]),
        ("again", True, ["Again"]),
        ("further", True, ["Incident", "Further"]),
        ("enough", True, []),
    ],
)
async def test_what_a_submission_is_answered(slack: SlackControl, title: str, ok: bool, titles: list[str]) -> None:
    view, luis = await opened(slack), slack.person(LUIS)
    done = await luis.submit(view["id"], {"title": {"text": title}})
    assert done == {"ok": ok, "errors": {} if ok else {"title": "Too short"}}
    assert [one["title"]["text"] for one in await luis.modals()] == titles


async def test_a_form_with_a_choice_from_the_app(slack: SlackControl) -> None:
    view, luis = await opened(slack), slack.person(LUIS)
    offered = (await luis.suggest("which", "ma", view=view["id"]))["payload"]["options"]
    assert [one["value"] for one in offered] == ["mail", "maps"]
    done = await luis.submit(view["id"], {"title": {"text": "Down"}, "service": {"which": "mail"}})
    assert done == {"ok": True, "errors": {}}
    [posted] = await answered(slack, "chat.postMessage")
    assert posted["message"]["text"] == "Down, mail, from the form"
    assert await luis.modals() == []


async def test_a_form_is_updated_and_another_laid_on_it_and_closing_is_told(slack: SlackControl) -> None:
    view, luis = await opened(slack), slack.person(LUIS)
    assert (await luis.press_in_view(view["id"], "rename"))["ok"]
    await answered(slack, "views.update")
    assert (await luis.press_in_view(view["id"], "more"))["ok"]
    [pushed] = await answered(slack, "views.push")
    assert pushed["view"]["previous_view_id"] == view["id"]
    assert [one["title"]["text"] for one in await luis.modals()] == ["Renamed", "Details"]
    await luis.close(pushed["view"]["id"])
    await luis.close(view["id"])
    [posted] = await answered(slack, "chat.postMessage")
    assert posted["message"]["text"] == "closed, all: false"


async def test_a_message_becomes_a_ticket_in_its_thread(slack: SlackControl) -> None:
    luis = slack.person(LUIS)
    ts = await luis.say("C0ALERTS", "the printer is out of toner")
    assert (await luis.shortcut("make_ticket", "C0ALERTS", ts))["ok"]
    await answered(slack, "chat.postMessage")
    assert [one["text"] for one in await slack.thread("#alerts", ts)][1:] == ["Ticket: the printer is out of toner"]


async def test_events_mentions_messages_and_the_home(slack: SlackControl) -> None:
    luis = slack.person(LUIS)
    ts = await luis.say("C0ALERTS", "@centralita anybody there?")
    await answered(slack, "chat.postMessage")
    assert (await slack.thread("#alerts", ts))[1]["text"] == f"You called, <@{LUIS}>?"
    await luis.say("C0REPORTS", "ping")
    await answered(slack, "chat.postMessage", 2)
    assert [one["text"] for one in await slack.messages("#reports")] == ["ping", "pong"]
    assert await luis.home(APP_ID) is None
    await answered(slack, "views.publish")
    home = await luis.home(APP_ID)
    assert home is not None and home["blocks"][0]["text"]["text"] == "My incidents"


async def test_a_file_is_uploaded(slack: SlackControl) -> None:
    assert (await slack.person(LUIS).command("#reports", "/desk", "file El de hoy"))["ok"]
    await answered(slack, "files.completeUploadExternal")
    [message] = await slack.messages("#reports")
    [file] = message["files"]
    assert (message["text"], file["name"], file["title"], file["size"]) == ("El de hoy", "informe.csv", "Informe", 25)


async def test_429_is_waited_out_for_as_long_as_it_says(slack: SlackControl) -> None:
    await slack.limits(channel_post={"per_s": 1, "burst": 1})
    assert (await slack.person(LUIS).command("#alerts", "/desk", "burst take"))["ok"]
    await slack.wait_for(method="chat.postMessage", count=3, timeout_s=30)
    assert [one["text"] for one in await slack.messages("#alerts")] == ["take 1", "take 2", "take 3"]
    calls = await slack.posted(method="chat.postMessage")
    refused = [place for place, call in enumerate(calls) if call.outcome == "limited"]
    assert refused
    for place in refused:
        assert calls[place + 1].arrived_mono_ms - calls[place].arrived_mono_ms >= 1000, "Retry-After was 1"


async def test_socket_mode_is_refreshed_and_no_event_is_lost(slack: SlackControl, app: Json) -> None:
    # One of the clients reads from its new connection only seconds later; what it missed is sent again.
    await slack.change_app(retry_waits_s=[0.0, 0.0, 0.0])
    for overlap_s in (0.5, 0.0):
        if not app["port"]:
            assert await slack.refresh(overlap_s=overlap_s) == 1
            await slack.connections(least=1)
        calls = await slack.posted()
        ts = await slack.person(LUIS).say("C0REPORTS", "ping")
        [pong] = await slack.wait_for(method="chat.postMessage", after=calls[-1].seq if calls else 0)
        assert pong.result is not None and pong.result["ts"] > ts
    assert {one["text"] for one in await slack.messages("#reports")} == {"ping", "pong"}
