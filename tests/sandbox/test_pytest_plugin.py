"""The fixture for whoever tests an app: from plain and from asynchronous tests, with Slack's own clients."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from centralita.sandbox.alongside import SlackWorkspace, slack_alongside

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "slack_app.py"


def test_a_plain_test_posts_and_looks(slack_workspace: SlackWorkspace) -> None:
    client = WebClient(token=slack_workspace.bot_token, base_url=slack_workspace.api_url)
    posted = client.chat_postMessage(channel="#alerts", text="hola")
    [seen] = slack_workspace.do(lambda slack: slack.messages("#alerts"))
    assert (seen["ts"], seen["text"]) == (posted["ts"], "hola")
    answer = slack_workspace.do(lambda slack: slack.person(slack_workspace.people["ana"]).say("C0MESAAYUDA", "hi"))
    assert client.conversations_history(channel="C0MESAAYUDA")["messages"][0]["ts"] == answer


async def test_an_asynchronous_test_does_the_same(slack_workspace: SlackWorkspace) -> None:
    client = AsyncWebClient(token=slack_workspace.bot_token, base_url=slack_workspace.api_url)
    async with slack_workspace.control() as slack:
        await client.chat_postMessage(channel="#alerts", text="hola")
        assert [one["text"] for one in await slack.messages("#alerts")] == ["hola"]
    with pytest.raises(RuntimeError, match="async with"):
        slack_workspace.do(lambda slack: slack.messages("#alerts"))


def test_bolt_runs_beside_a_plain_test(slack_workspace: SlackWorkspace) -> None:
    app = App(
        client=WebClient(token=slack_workspace.bot_token, base_url=slack_workspace.api_url),
        signing_secret=slack_workspace.signing_secret,
    )

    @app.command("/hola")
    def hello(ack, command):  # type: ignore[no-untyped-def]  # Bolt finds arguments by their names
        ack(f"hola {command['text']}")

    manifest = {
        "features": {"slash_commands": [{"command": "/hola", "description": "greets"}]},
        "settings": {"socket_mode_enabled": True},
    }
    slack_workspace.do(lambda slack: slack.install(manifest))
    handler = SocketModeHandler(app, slack_workspace.app_token, web_client=WebClient(base_url=slack_workspace.api_url))
    handler.connect()
    try:
        luis = slack_workspace.people["luis"]
        assert slack_workspace.do(lambda slack: slack.person(luis).command("#alerts", "/hola", "mundo"))["ok"]
        [shown] = slack_workspace.do(lambda slack: slack.person(luis).seen("C0ALERTS"))
        assert shown["text"] == "hola mundo"
    finally:
        handler.close()


def test_limits_are_off_until_they_are_asked_for(slack_workspace: SlackWorkspace) -> None:
    client = WebClient(token=slack_workspace.bot_token, base_url=slack_workspace.api_url)
    for number in range(8):
        client.chat_postMessage(channel="#alerts", text=str(number))
    slack_workspace.do(lambda slack: slack.limits(channel_post={"per_s": 0.01, "burst": 1}))
    client.chat_postMessage(channel="#alerts", text="one more")
    with pytest.raises(SlackApiError, match="ratelimited"):
        client.chat_postMessage(channel="#alerts", text="too many")


def test_each_test_has_its_own(slack_workspace: SlackWorkspace) -> None:
    with slack_alongside() as other:
        assert other.url != slack_workspace.url
        WebClient(token=other.bot_token, base_url=other.api_url).chat_postMessage(channel="#alerts", text="x")
        assert slack_workspace.do(lambda slack: slack.messages("#alerts")) == []
        with pytest.raises(OSError), slack_alongside(port=int(other.url.rpartition(":")[2])):
            pass
    with pytest.raises(RuntimeError):
        asyncio.run(_do_inside(slack_workspace))


async def _do_inside(workspace: SlackWorkspace) -> None:
    workspace.do(lambda slack: slack.reset())


def test_a_project_of_somebody_else_uses_it(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_bytes(EXAMPLE.read_bytes())
    without = ["-p", "no:cacheprovider", "-p", "no:asyncio"]
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", *without, str(tmp_path)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
