"""Slack's clients for JavaScript without a framework, and the page's example."""

from __future__ import annotations

import pytest

from centralita.sandbox.alongside import SlackWorkspace
from tests.slack.javascript import JS, installed
from tests.slack.test_clients import manifest, running

pytestmark = pytest.mark.long
EXAMPLE = JS.parents[2] / "docs" / "examples" / "slack_app.js"


def test_the_web_client_and_the_socket_client(slack_workspace: SlackWorkspace) -> None:
    luis = slack_workspace.people["luis"]
    slack_workspace.do(lambda slack: slack.install(manifest(0)))
    slack_workspace.do(lambda slack: slack.limits(channel_post={"per_s": 0.1, "burst": 2}))
    with running(["node", str(JS / "clients.js")], slack_workspace.url, NODE_PATH=str(installed())) as found:
        assert [len(page) for page in found["channels"]] == [4, 4, 1]
        assert found["who"] == slack_workspace.people["ana"]
        blocks, channel = found["refused"]
        assert (blocks["error"], channel["error"]) == ("invalid_blocks", "channel_not_found")
        assert blocks["errors"] == ["must be less than 151 characters [json-pointer:/blocks/0/text/text]"]
        assert found["limited"] == "slack_webapi_rate_limited_error" and 1 <= found["retry_after_s"] <= 10
        parent, *replies = slack_workspace.do(lambda slack: slack.messages("#reports"))
        assert [(one["thread_ts"], one["files"][0]["name"]) for one in replies] == [(parent["ts"], "a.csv")]
        answer = slack_workspace.do(lambda slack: slack.person(luis).command("#alerts", "/desk", "me"))
        assert answer["payload"] == {"text": "heard me"}
        ts = slack_workspace.do(lambda slack: slack.person(luis).say("C0INCIDENTS", "fire"))
        slack_workspace.do(lambda slack: slack.wait_for(method="reactions.add"))
        [message] = slack_workspace.do(lambda slack: slack.messages("#incidents"))
        assert (message["ts"], message["reactions"][0]["name"]) == (ts, "eyes")


def test_the_example_of_the_page(slack_workspace: SlackWorkspace) -> None:
    luis = slack_workspace.people["luis"]
    offered = {
        "features": {"slash_commands": [{"command": "/hola", "description": "Greets"}]},
        "settings": {"socket_mode_enabled": True},
    }
    slack_workspace.do(lambda slack: slack.install(offered))
    environment = {"NODE_PATH": str(installed()), "SLACK_API_URL": slack_workspace.api_url}
    with running(["node", str(EXAMPLE)], slack_workspace.url, **environment):
        slack_workspace.do(lambda slack: slack.connections(least=1))
        answer = slack_workspace.do(lambda slack: slack.person(luis).command("#alerts", "/hola", "mundo"))
        assert answer["payload"] == {"text": "Hola, mundo"}
