"""``webhook listen``, ``webhook poll``: events for whoever has no server, or has one that only this machine reaches."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer

from centralita.cli.commands import command
from centralita.cli.event import Json
from centralita.cli.output import lit, plain, print_json, say, warn
from centralita.cli.reaching import Outside, RemoteHub
from centralita.cli.session import Failed, Session, segment, session
from centralita.cli.words import _

WAIT_S = 25
"""One request of the long poll: the hub answers as soon as there is something."""
PAUSES_S = (1, 2, 5, 10)
"""Before the same message is tried again; the last one for ever."""
TIMEOUT_S = 30.0
TOKEN = "CENTRALITA_TOKEN"  # noqa: S105 - the variable's name
Types = Annotated[
    list[str] | None, typer.Option("--type", help=_("Event type that it gets, or ticket.*; may be repeated."))
]
HubUrl = Annotated[
    str,
    typer.Option(
        "--hub", metavar="URL", envvar="CENTRALITA_URL", show_envvar=False,
        help=_("A hub elsewhere, by its address; its token is in CENTRALITA_TOKEN. Else the one of this machine."),
    ),
]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(
        app, "listen", "webhook.manage",
        _("Pass events on to a program of yours, also on this machine, for as long as this command runs."),
        ["centralita webhook listen http://localhost:3000/hook",
         "centralita webhook listen http://localhost:3000/hook --type 'ticket.*' --once",
         "CENTRALITA_TOKEN=ctl_... centralita webhook listen http://localhost:3000/ --hub https://desk.example.com"],
    )(listen)  # fmt: skip
    command(
        app, "poll", "webhook.poll",
        _("Fetch the next messages of a webhook without an address. They come again until their cursor is given back."),
        ["centralita webhook poll audit --json", "centralita webhook poll audit --cursor BQEB --wait 20"],
    )(poll)  # fmt: skip


def poll(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help=_("The webhook's name."))],
    cursor: Annotated[str, typer.Option(help=_("Of the answer before: its messages are safe, and end here."))] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=250, help=_("Most messages."))] = 50,
    wait: Annotated[int, typer.Option(min=0, max=WAIT_S, help=_("Seconds to wait until there is one."))] = 0,
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        found = _polled(hub, name, cursor, limit, wait)
    if as_json:
        print_json(found)
        return
    for message in found["messages"]:
        say(f"{message['id']}  {plain(message['type'])}\n  {plain(message['body'])}")
    if found["cursor"]:
        again = f"centralita webhook poll {name} --cursor {found['cursor']}"
        say(_("Once they are safe: {command}").format(command=again))
    else:
        say(_("There is nothing to fetch."))


def listen(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(help=_("Where the program listens, such as http://localhost:3000/hook."))],
    types: Types = None,
    webhook: Annotated[
        str, typer.Option(metavar="NAME", help=_("A webhook without an address that there is; else one for now."))
    ] = "",
    once: Annotated[bool, typer.Option("--once", help=_("End after the first one that was taken."))] = False,
    hub_url: HubUrl = "",
    as_json: Json = False,
) -> None:
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter(_("The address begins with http:// or https://."))
    if webhook and types:
        raise typer.BadParameter(_("Give --webhook or --type, not both."))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # either way what was made is removed
    with Outside() as outside, _hub(ctx, outside, hub_url) as hub, _webhook(hub, webhook, types or ["*"]) as name:
        # On standard error: standard output is for what comes.
        warn(_("Passing events on to {url}, straight from this machine. Ctrl-C ends it.").format(url=plain(url)))
        try:
            _Passing(hub, outside, name, url, as_json).run(once)
        except KeyboardInterrupt:
            warn(_("Ended."))


@contextmanager
def _hub(ctx: typer.Context, outside: Outside, url: str) -> Iterator[Session]:
    if url:
        yield Session(RemoteHub(outside, url, os.environ.get(TOKEN, "")), served=True, shared=True)
        return
    with session(ctx.obj) as hub:
        if not (hub.served or hub.shared):
            raise Failed(_("No server is running, so nothing can arrive: centralita serve"))
        yield hub


@contextmanager
def _webhook(hub: Session, name: str, types: list[str]) -> Iterator[str]:
    """The webhook that is fetched from: ``name``, else a new one, which is removed at the end."""
    if name:
        yield name
        return
    name = f"listen-{secrets.token_hex(4)}"
    about = _("Made by webhook listen, and removed when it ends.")
    made = hub.post("/webhooks", {"name": name, "url": "", "types": types, "description": about})
    try:
        if made["secret"]:
            warn(_("Signed with {secret}").format(secret=made["secret"]))
        yield name
    finally:
        try:
            hub.delete(f"/webhooks/{segment(name)}")
        except Failed:
            warn(_("The webhook stays: {command}").format(command=f"centralita webhook remove {name} --for-good"))
            raise


def _polled(hub: Session, name: str, cursor: str, limit: int, wait_s: int) -> Any:
    return hub.get(f"/webhooks/{segment(name)}/poll", cursor=cursor, limit=limit, wait_s=wait_s)


@dataclass
class _Passing:
    """Takes one message after the other to where it is wanted: each ends when it was taken."""

    hub: Session
    outside: Outside
    name: str
    url: str
    as_json: bool

    def run(self, once: bool) -> None:
        """For ever, or until one was taken."""
        cursor, failures = "", 0
        while True:
            answer = _polled(self.hub, self.name, cursor, 1, WAIT_S)
            cursor = ""
            for message in answer["messages"]:
                if self._pass(message):
                    cursor, failures = answer["cursor"], 0
                else:
                    # Fetched anew for the next try, so that its signature is of then.
                    time.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
                    failures += 1
            if once and cursor:
                _polled(self.hub, self.name, cursor, 1, 0)
                return

    def _pass(self, message: dict[str, Any]) -> bool:
        from centralita.ports import HttpRequest

        is_text = message["encoding"] == "text"
        body = message["body"].encode() if is_text else base64.b64decode(message["body"])
        headers = tuple(message["headers"].items())
        response = self.outside.request(HttpRequest(url=self.url, headers=headers, body=body, timeout_s=TIMEOUT_S))
        taken = 200 <= response.status < 300
        self._say(message, response.status, response.error, response.elapsed_ms, taken)
        return taken

    def _say(self, message: dict[str, Any], status: int, error: str, elapsed_ms: float, taken: bool) -> None:
        if self.as_json:
            said = {"id": message["id"], "type": message["type"], "status": status, "error": error}
            say(json.dumps({**said, "ms": round(elapsed_ms, 1), "taken": taken}, ensure_ascii=False))
            return
        at = datetime.now().astimezone().strftime("%H:%M:%S")
        what = str(status) if status else _error(error)
        parts = (at, plain(message["type"]), what, f"{elapsed_ms:.0f} ms", str(message["id"]))
        say(f"{lit('ok' if taken else 'fail')} {'  '.join(parts)}")


def _error(error: str) -> str:
    from centralita.cli.words import LOCALE
    from centralita.services.wording import in_words

    return in_words(f"net.{error}", {}, LOCALE)
