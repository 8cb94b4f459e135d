"""``python -m centralita.sandbox slack --port N``: a part of the sandbox as a process of its own.

Its first line on stdout is JSON: ``{"url", "host", "port"}``, for the workspace also ``bot_token`` and ``hook_url``,
for InvGate ``api_user``, ``api_token``, ``client_id`` and ``client_secret``.
It ends on SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from contextlib import suppress

from centralita.sandbox.invgate import API_TOKEN, API_USER, CLIENT_ID, CLIENT_SECRET, LocalInvGate
from centralita.sandbox.server import Address, Servable, serve
from centralita.sandbox.sink import KEEP, WebhookSink
from centralita.sandbox.slack import BOT_TOKEN, HOOK_PATH, LimitSettings, LocalSlack


def _parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m centralita.sandbox")
    parts = parser.add_subparsers(dest="part", required=True)
    slack = parts.add_parser("slack", help="a local Slack workspace")
    slack.add_argument("--no-limits", action="store_true", help="without Slack's rate limits")
    sink = parts.add_parser("sink", help="a receiver of webhooks")
    sink.add_argument("--no-bodies", action="store_true", help="keep neither headers nor bodies")
    sink.add_argument("--keep", type=int, default=KEEP, help=f"how many requests to remember (default {KEEP})")
    invgate = parts.add_parser("invgate", help="a local InvGate: Service Desk and Assets")
    invgate.add_argument("--assets", type=int, default=0, help="how many assets to start with (default 0)")
    invgate.add_argument("--people", type=int, default=0, help="how many people to start with (default 0)")
    for part in (slack, sink, invgate):
        part.add_argument("--host", default="127.0.0.1")
        part.add_argument("--port", type=int, default=0, help="0: any free one")
    return parser.parse_args(words)


def _build(choice: argparse.Namespace) -> Servable:
    if choice.part == "sink":
        return WebhookSink(keep_bodies=not choice.no_bodies, keep=max(1, choice.keep))
    if choice.part == "invgate":
        return LocalInvGate(max(0, choice.assets), max(0, choice.people))
    return LocalSlack(LimitSettings.off() if choice.no_limits else LimitSettings())


def _announce(part: str, address: Address) -> None:
    facts: dict[str, str | int] = {"url": address.url, "host": address.host, "port": address.port}
    if part == "slack":
        facts |= {"bot_token": BOT_TOKEN, "hook_url": address.url + HOOK_PATH}
    if part == "invgate":
        facts |= {"api_user": API_USER, "api_token": API_TOKEN, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    print(json.dumps(facts), flush=True)


async def _run(choice: argparse.Namespace) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows' loop has none; there Ctrl C raises KeyboardInterrupt
            loop.add_signal_handler(one, ended.set)
    async with serve(_build(choice), choice.host, choice.port) as address:
        _announce(choice.part, address)
        await ended.wait()


def main(words: list[str] | None = None) -> int:
    """Runs until a signal; 0, or 1 when the address can't be had."""
    choice = _parse(sys.argv[1:] if words is None else words)
    try:
        with suppress(KeyboardInterrupt):
            _new_loop_run(choice)
    except OSError as error:
        print(f"can't listen on {choice.host}:{choice.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _new_loop_run(choice: argparse.Namespace) -> None:
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        asyncio.run(_run(choice))
    else:
        uvloop.run(_run(choice))


if __name__ == "__main__":
    raise SystemExit(main())
