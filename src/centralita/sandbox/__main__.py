"""``python -m centralita.sandbox slack --port N``: a part of the sandbox as a process of its own.

Its first line on stdout is JSON: what ``parts.facts_of`` says of it.
It ends on SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import suppress

from centralita.sandbox.invgate import LocalInvGate
from centralita.sandbox.parts import facts_of
from centralita.sandbox.server import Address, Servable, serve_until_signalled
from centralita.sandbox.sink import KEEP, WebhookSink
from centralita.sandbox.slack import LimitSettings, LocalSlack


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


async def _run(choice: argparse.Namespace) -> None:
    def announce(address: Address) -> None:
        print(json.dumps(facts_of(choice.part, address)), flush=True)

    await serve_until_signalled(_build(choice), choice.host, choice.port, announce)


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
