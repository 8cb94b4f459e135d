"""The code of the Slack document that Centralita comes from, run against the local workspace: ``slack/`` holds each
block as it stands there, with what it takes for granted; what had to differ, its first lines say."""

from __future__ import annotations

import importlib.util
import json
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import yaml
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from werkzeug.serving import make_server

from centralita.sandbox.alongside import SlackWorkspace
from tests.slack.javascript import installed
from tests.slack.test_clients import running

SEEDS = Path(__file__).with_name("slack")
# Slack's client asks for a text beside the blocks; the document has none.
pytestmark = pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing")
EVENTS = ["app_mention", "message.channels", "message.im"]
Json = dict[str, Any]


@pytest.fixture
def environment(slack_workspace: SlackWorkspace, monkeypatch: pytest.MonkeyPatch) -> SlackWorkspace:
    """The workspace, named in the variables that the document uses."""
    given = {
        "SLACK_BOT_TOKEN": slack_workspace.bot_token,
        "SLACK_APP_TOKEN": slack_workspace.app_token,
        "SLACK_SIGNING_SECRET": slack_workspace.signing_secret,
        "SLACK_WEBHOOK_URL": slack_workspace.hook_url,
        "SLACK_API_URL": slack_workspace.api_url,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return slack_workspace


def seed(name: str) -> ModuleType:
    """A block, run anew."""
    spec = importlib.util.spec_from_file_location(f"seed_{name}", SEEDS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def offer(slack: SlackWorkspace, *commands: Json, **settings: Any) -> None:
    """The app offers these commands."""
    manifest = {
        "features": {"slash_commands": list(commands)},
        "settings": {
            "interactivity": {"is_enabled": True},
            "event_subscriptions": {"bot_events": EVENTS},
            "socket_mode_enabled": True,
            **settings,
        },
    }
    slack.do(lambda control: control.install(manifest))


@contextmanager
def connected(slack: SlackWorkspace, app: App) -> Iterator[None]:
    handler = SocketModeHandler(app, slack.app_token, web_client=WebClient(base_url=slack.api_url))
    handler.connect()
    try:
        yield
    finally:
        handler.close()


def command(slack: SlackWorkspace, name: str, text: str, person: str = "luis") -> Json:
    return slack.do(lambda control: control.person(slack.people[person]).command("#alerts", name, text))


def posted(slack: SlackWorkspace, method: str = "chat.postMessage", count: int = 1) -> Json:
    """What the last of ``count`` calls was answered, once there are so many."""
    calls = slack.do(lambda control: control.wait_for(method=method, count=count))
    return calls[-1].result or {}


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *given: Any) -> None:
        return None


def post(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Status, body and ``Location`` of the answer, wherever it leads."""
    request = urllib.request.Request(url, body, dict(headers or {}))  # noqa: S310  an address of this test
    try:
        answer = urllib.request.build_opener(_Stay).open(request, timeout=10)
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        return answer.status, answer.read().decode(), answer.headers.get("Location", "")


# ---- Installation


def test_installation_the_scopes_suffice_but_for_user_groups(slack_workspace: SlackWorkspace) -> None:
    asked = yaml.safe_load((SEEDS / "required_scopes.yaml").read_text(encoding="utf-8"))["bot_token_scopes"]
    other = slack_workspace.do(lambda control: control.add_workspace("Sucursal Sur"))
    back = "http://127.0.0.1:9/oauth"
    app = {"client_id": "1000000000.2000000000", "redirect_uri": back}
    query = urlencode({**app, "scope": ",".join(asked)})
    page = f"{slack_workspace.url}/oauth/v2/authorize?{query}"
    _, _, location = post(page, urlencode({"team": other["team"], "answer": "allow"}).encode())
    code = parse_qs(urlsplit(location).query)["code"][0]
    given = WebClient(base_url=slack_workspace.api_url).oauth_v2_access(
        **app, client_secret="local-client-secret", code=code
    )
    assert given["scope"].split(",") == sorted(asked)
    client = WebClient(token=given["access_token"], base_url=slack_workspace.api_url)
    assert client.chat_postMessage(channel=other["channel"], text="chat:write.public")["ok"]
    assert client.users_info(user=other["admin"])["user"]["profile"]["email"]
    assert client.conversations_open(users=other["admin"])["ok"]
    assert client.files_getUploadURLExternal(filename="x", length=1)["ok"]
    with pytest.raises(SlackApiError) as refused:
        client.usergroups_list()
    assert (refused.value.response["error"], refused.value.response["needed"]) == ("missing_scope", "usergroups:read")


# ---- Configuration


def test_configuration_every_channel_and_group_that_it_names_is_there(environment: SlackWorkspace) -> None:
    said = yaml.safe_load((SEEDS / "channel_mapping.yaml").read_text(encoding="utf-8"))["integrations"]["slack"]
    rules = said["notification_rules"]
    client = WebClient(token=environment.bot_token, base_url=environment.api_url)
    channels = {*said["channel_mappings"].values(), *(rule["channel"] for rule in rules), "#changes", "#reports"}
    for channel in sorted(channels):
        assert client.chat_postMessage(channel=channel, text="x")["ok"], channel
    handles = {group["handle"] for group in client.usergroups_list()["usergroups"]}
    assert {name.removeprefix("@") for rule in rules for name in rule["mentions"]} <= handles
    said_by_hook = json.dumps({"text": "by the webhook"}).encode()
    assert post(environment.hook_url, said_by_hook, {"Content-Type": "application/json"})[:2] == (200, "ok")
    assert environment.do(lambda control: control.messages("#alerts"))[-1]["text"] == "by the webhook"


# ---- Slash Commands


@pytest.mark.long
def test_slash_commands_command_registration(slack_workspace: SlackWorkspace) -> None:
    with running(["node", str(SEEDS / "command_registration.js")], slack_workspace.url) as said:
        registered = said["slashCommands"]
    offer(slack_workspace, *registered)
    [app] = slack_workspace.do(lambda control: control.ask("GET", "boot", below="_view"))["apps"]
    assert [(one["name"], one["usage_hint"]) for one in app["commands"]] == [
        ("/cmdb", "[search|show|update] [query]"),
        ("/incident", "[create|update|resolve] [options]"),
        ("/nopesight", "[status|search|report|help] [options]"),
    ]


def test_slash_commands_command_handler(environment: SlackWorkspace) -> None:
    offer(environment, {"command": "/nopesight"}, {"command": "/cmdb"})
    luis = environment.people["luis"]
    with connected(environment, seed("command_handler").app):
        assert command(environment, "/nopesight", "status")["ok"]
        blocks = posted(environment)["message"]["blocks"]
        assert blocks[0]["text"]["text"] == "🟢 NopeSight System Status"
        assert [one["text"] for one in blocks[1]["fields"]] == [
            "*API Status:* operational",
            "*Response Time:* 12ms",
            "*Active Agents:* 3/4",
            "*Open Events:* 5",
        ]
        for number, text in enumerate(("", "help", "search srv", "dance"), start=1):
            command(environment, "/nopesight", text)
            posted(environment, "chat.postEphemeral", number)
        assert command(environment, "/cmdb", "search srv")["ok"]
        assert posted(environment, count=2)["message"]["text"] == "srv: 2 found"
        command(environment, "/cmdb", "show ci_1")
        assert posted(environment, count=3)["message"]["text"] == "srv-01 is a server"
        command(environment, "/cmdb", "update ci_1")
        assert posted(environment, "views.open")["view"]["private_metadata"] == "ci_1"
        command(environment, "/cmdb", "juggle")
        posted(environment, "chat.postEphemeral", 5)
    seen = environment.do(lambda control: control.person(luis).seen("C0ALERTS"))
    assert [one["text"] for one in seen if one.get("is_ephemeral")] == [
        "/nopesight [status|search|report|help]",
        "/nopesight [status|search|report|help]",
        "srv: srv-01, srv-02",
        "Unknown command: dance. Type `/nopesight help` for available commands.",
        "/cmdb [search|show|update] [query]",
    ]


# ---- Interactive Components


@pytest.mark.long
def test_interactive_components_message_actions(slack_workspace: SlackWorkspace) -> None:
    program = ["node", str(SEEDS / "message_actions.js")]
    with running(program, slack_workspace.url, NODE_PATH=str(installed())) as said:
        [message] = slack_workspace.do(lambda control: control.messages("#alerts"))
    assert message["ts"] == said["ts"]
    text, described, actions = message["blocks"]
    assert text["text"]["text"].startswith("🚨 *Critical Alert*: Disk full\n*Severity:* critical")
    assert described["accessory"]["url"] == "https://nopesight.com/events/evt_42"
    assert [(one["action_id"], one["value"], one.get("style")) for one in actions["elements"]] == [
        ("acknowledge_event", "evt_42", "primary"),
        ("create_incident", "evt_42", None),
        ("run_playbook", "evt_42", None),
    ]


def alert(slack: SlackWorkspace) -> str:
    """A message with the buttons of the document; its ts."""
    names = {"acknowledge_event": "Acknowledge", "create_incident": "Create Incident"}
    buttons = [
        {"type": "button", "action_id": name, "value": "evt_42", "text": {"type": "plain_text", "text": said}}
        for name, said in names.items()
    ]
    blocks = [{"type": "actions", "elements": buttons}]
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    return str(client.chat_postMessage(channel="#alerts", text="Disk full", blocks=blocks)["ts"])


def test_interactive_components_modal_forms(environment: SlackWorkspace) -> None:
    offer(environment)
    ts, luis = alert(environment), environment.people["luis"]
    with connected(environment, seed("modal_forms").app):
        assert environment.do(lambda control: control.person(luis).press("#alerts", ts, "create_incident"))["ok"]
        view = posted(environment, "views.open")["view"]
        assert (view["title"]["text"], view["private_metadata"]) == ("Create Incident", "evt_42")
        values = {"priority": {"priority_select": "critical"}, "assignee": {"assignee_select": luis}}
        done = environment.do(lambda control: control.person(luis).submit(view["id"], values))
        assert done == {"ok": True, "errors": {}}
        assert posted(environment, count=2)["message"]["text"] == f"Disk full (critical) of evt_42, for <@{luis}>"


# ---- Notification Templates


@pytest.mark.long
def test_notification_templates_report_notifications(slack_workspace: SlackWorkspace, tmp_path: Path) -> None:
    report = tmp_path / "report.pdf"
    report.write_bytes(b"%PDF-1.7\n")
    given = {"NODE_PATH": str(installed()), "REPORT": str(report)}
    with running(["node", str(SEEDS / "report_notifications.js")], slack_workspace.url, **given) as said:
        uploaded, message = slack_workspace.do(lambda control: control.messages("#reports"))
    assert (uploaded["text"], uploaded["files"][0]["name"]) == ("Full report attached", "Semana 10.pdf")
    assert message["ts"] == said["ts"]
    assert [one["text"]["text"] for one in message["blocks"][2]["elements"]] == ["Download PDF", "View Online", "Share"]


# ---- Security


def test_security_request_verification(environment: SlackWorkspace) -> None:
    verification = seed("request_verification")
    server = make_server("127.0.0.1", 0, verification.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/slack"
        offer(
            environment,
            {"command": "/nopesight", "url": f"{url}/commands"},
            event_subscriptions={"bot_events": EVENTS, "request_url": f"{url}/events"},
            socket_mode_enabled=False,
        )
        assert command(environment, "/nopesight", "status")["payload"] == {"text": "heard status"}
        luis = environment.people["luis"]
        environment.do(lambda control: control.person(luis).say("C0ALERTS", "hola"))
        told = environment.do(lambda control: control.told(count=2))
        assert [one.acknowledged for one in told] == [True, True]
        assert verification.heard == ["status", "hola"]
        forged = {"X-Slack-Request-Timestamp": "1700000000", "X-Slack-Signature": f"v0={'0' * 64}"}
        for headers in (forged, {**forged, "X-Slack-Request-Timestamp": str(int(time.time()))}):
            assert post(f"{url}/commands", b"text=status", headers)[0] == 403
        assert verification.heard == ["status", "hola"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# ---- Example Integration


def test_example_integration(environment: SlackWorkspace) -> None:
    offer(environment, {"command": "/nopesight"}, {"command": "/cmdb"})
    ts, luis = alert(environment), environment.people["luis"]
    with running([sys.executable, str(SEEDS / "example_integration.py")], environment.url):
        environment.do(lambda control: control.connections(least=1))
        assert command(environment, "/nopesight", "status")["payload"] == {"text": "API: operational"}
        assert command(environment, "/cmdb", "srv-99")["payload"] == {"text": "Nothing is called srv-99"}
        environment.do(lambda control: control.person(luis).press("#alerts", ts, "create_incident"))
        view = posted(environment, "views.open")["view"]["id"]
        assert environment.do(lambda control: control.person(luis).submit(view))["ok"]
        assert posted(environment, count=2)["message"]["text"] == "Incident: Disk full"
        asked = environment.do(lambda control: control.person(luis).say("C0ALERTS", "@centralita?"))
        assert posted(environment, count=3)["message"]["thread_ts"] == asked
        environment.do(lambda control: control.person(luis).press("#alerts", ts, "acknowledge_event"))
        posted(environment, "response_url")
        [changed] = environment.do(lambda control: control.thread("#alerts", ts))
        assert changed["text"] == f"Acknowledged by <@{luis}>"
        bot = WebClient(token=environment.bot_token, base_url=environment.api_url)
        direct = bot.conversations_open(users=luis)["channel"]["id"]
        environment.do(lambda control: control.person(luis).say(direct, "hola"))
        assert posted(environment, count=4)["message"]["text"] == "You said: hola"
