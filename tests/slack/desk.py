"""The app of the scenarios in Bolt for Python; ``js/desk.js`` is the same in JavaScript.

Its first line on stdout is JSON: where it listens, in HTTP mode.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

API_URL = os.environ["SLACK_API_URL"]
INCIDENTS = "C0INCIDENTS"
Json = dict[str, Any]

client = WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=API_URL)
client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=5))
app = App(client=client, signing_secret=os.environ["SLACK_SIGNING_SECRET"])


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def button(action_id: str, text: str) -> Json:
    return {"type": "button", "action_id": action_id, "value": "42", "text": plain(text)}


def form(title: str, callback_id: str = "incident") -> Json:
    text = {"type": "plain_text_input", "action_id": "text"}
    which = {"type": "external_select", "action_id": "which", "min_query_length": 1}
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title),
        "submit": plain("Create"),
        "notify_on_close": callback_id == "incident",
        "private_metadata": "from the form",
        "blocks": [
            {"type": "input", "block_id": "title", "label": plain("Title"), "element": text},
            {"type": "input", "block_id": "service", "optional": True, "label": plain("Service"), "element": which},
            {"type": "actions", "block_id": "row", "elements": [button("more", "More"), button("rename", "Rename")]},
        ],
    }


def hello(ack: Any, channel: str, text: str) -> None:
    ack(f"hello {text}")


def post(ack: Any, channel: str, text: str) -> None:
    ack()
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    blocks = [section, {"type": "actions", "elements": [button("take", "Take")]}]
    ts = client.chat_postMessage(channel=channel, text=text, blocks=blocks)["ts"]
    client.chat_postMessage(channel=channel, text="in its thread", thread_ts=ts)
    client.chat_update(channel=channel, ts=ts, text=f"{text}, updated")


def burst(ack: Any, channel: str, text: str) -> None:
    ack()
    for number in (1, 2, 3):
        client.chat_postMessage(channel=channel, text=f"{text} {number}")


def file(ack: Any, channel: str, text: str) -> None:
    ack()
    content = b"ticket;estado\n42;abierto\n"
    client.files_upload_v2(
        channel=channel, content=content, filename="informe.csv", title="Informe", initial_comment=text
    )


DEEDS: dict[str, Callable[[Any, str, str], None]] = {"hello": hello, "post": post, "burst": burst, "file": file}


@app.command("/desk")
def desk(ack: Any, command: Json) -> None:
    deed, _, text = command["text"].partition(" ")
    DEEDS[deed](ack, command["channel_id"], text)


@app.shortcut("new_incident")
def new_incident(ack: Any, body: Json) -> None:
    ack()
    client.views_open(trigger_id=body["trigger_id"], view=form("Incident"))


@app.shortcut("make_ticket")
def make_ticket(ack: Any, body: Json) -> None:
    ack()
    message = body["message"]
    client.chat_postMessage(channel=body["channel"]["id"], thread_ts=message["ts"], text=f"Ticket: {message['text']}")


@app.action("take")
def take(ack: Any, respond: Any, body: Json) -> None:
    ack()
    respond(replace_original=True, text=f"Taken by <@{body['user']['id']}>")


@app.action("more")
def more(ack: Any, body: Json) -> None:
    ack()
    client.views_push(trigger_id=body["trigger_id"], view=form("Details", "details"))


@app.action("rename")
def rename(ack: Any, body: Json) -> None:
    ack()
    client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=form("Renamed"))


@app.options("which")
def which(ack: Any, body: Json) -> None:
    found = [name for name in ("mail", "maps", "printing") if name.startswith(body["value"])]
    ack(options=[{"text": plain(name), "value": name} for name in found])


@app.view("incident")
def incident(ack: Any, view: Json) -> None:
    values = view["state"]["values"]
    title = values["title"]["text"]["value"]
    answers: dict[str, Json] = {
        "short": {"response_action": "errors", "errors": {"title": "Too short"}},
        "again": {"response_action": "update", "view": form("Again")},
        "further": {"response_action": "push", "view": form("Further", "details")},
        "enough": {"response_action": "clear"},
    }
    ack(**answers.get(title, {}))
    if title not in answers:
        service = (values["service"]["which"]["selected_option"] or {}).get("value", "no service")
        client.chat_postMessage(channel=INCIDENTS, text=f"{title}, {service}, {view['private_metadata']}")


@app.view_closed("incident")
def closed(ack: Any, body: Json) -> None:
    ack()
    client.chat_postMessage(channel=INCIDENTS, text=f"closed, all: {json.dumps(body['is_cleared'])}")


@app.event("app_mention")
def mention(event: Json, say: Any) -> None:
    say(text=f"You called, <@{event['user']}>?", thread_ts=event.get("thread_ts") or event["ts"])


@app.event("app_home_opened")
def home(event: Json) -> None:
    blocks = [{"type": "header", "text": plain("My incidents")}]
    client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})


@app.message(re.compile("ping"))
def ping(say: Any) -> None:
    say("pong")


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def main() -> None:
    if os.environ["MODE"] == "socket":
        web = WebClient(base_url=API_URL)
        SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"], web_client=web).connect()
        print(json.dumps({"port": 0}), flush=True)
        threading.Event().wait()
    server = make_server("127.0.0.1", 0, SlackRequestHandler(app), handler_class=_Quiet)
    print(json.dumps({"port": server.server_port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
