"""``demo``: everything on this machine, with a story to watch."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from centralita.cli.commands import LOCAL, command
from centralita.cli.output import painted, print_json, say, warn
from centralita.cli.session import Failed
from centralita.cli.words import _

if TYPE_CHECKING:
    from centralita.demo.story import Step
    from centralita.demo.world import World

PORTS = (8420, 8421, 8422, 8423)
"""The hub's, the local Slack's, the sink's and the local InvGate's, when they are free."""


def register(root: typer.Typer) -> None:
    """Adds the command."""
    command(
        root,
        "demo",
        LOCAL,
        _("Run the hub with a local Slack, a local InvGate and a webhook sink; play a story; keep running."),
        ["centralita demo", "centralita demo --check"],
    )(demo)


def demo(
    check: Annotated[
        bool, typer.Option("--check", help=_("Play the story once, without waiting; fail if a step was not seen."))
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_("With --check: the steps for machines."))] = False,
) -> None:
    from centralita import logs
    from centralita.serving import run
    from centralita.settings import Logs

    close_logs = logs.configure(Logs(level="warning"))
    try:
        steps = run(_check(as_json) if check else _stay())
    except OSError as fault:
        raise Failed(_("The demo cannot listen: {reason}").format(reason=fault.strerror)) from None
    finally:
        close_logs()
    if not all(step.seen for step in steps):
        raise typer.Exit(1)


async def _check(as_json: bool) -> list[Step]:
    from centralita.demo.world import world

    async with world() as everything:
        steps = await _play(everything, quiet=as_json)
    if as_json:
        print_json([_facts(step) for step in steps])
    return steps


def _facts(step: Step) -> dict[str, Any]:
    return {"step": step.name, "seen": step.seen, "elapsed_ms": round(step.elapsed_ms, 1), "detail": step.detail}


async def _play(everything: World, *, quiet: bool) -> list[Step]:
    from centralita.demo.story import play

    steps = []
    async for step in play(everything):
        steps.append(step)
        if not quiet:
            lamp = painted("●", "green") if step.seen else painted("✕", "red")
            say(f"  {lamp} {step.elapsed_ms:7.0f} ms  {_(step.name)}  ({step.detail})")
    return steps


async def _stay() -> list[Step]:
    from centralita.demo.world import world

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stop.set)
    async with _open(world) as everything:
        _introduce(everything)
        steps = await _play(everything, quiet=False)
        if not all(step.seen for step in steps):
            warn(_("Not every step was seen; the log above says why."))
        say("\n" + _("It goes on running: Ctrl-C ends it, and nothing of it is left behind."))
        await stop.wait()
    return steps


def _open(world: Any) -> contextlib.AbstractAsyncContextManager[World]:
    free = [_is_free(port) for port in PORTS]
    ports = (port if is_free else 0 for port, is_free in zip(PORTS, free, strict=True))
    opened: contextlib.AbstractAsyncContextManager[World] = world(*ports)
    return opened


def _is_free(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _introduce(everything: World) -> None:
    from centralita.demo.world import ADMIN

    say(painted(_("Centralita, the demo"), "bold"))
    for name, place in (
        (_("Slack, on this machine"), everything.slack_url),
        (_("InvGate, on this machine"), everything.invgate_url),
        (_("What the outgoing webhook's receiver got"), everything.sink_url),
        (_("The hub's dashboard"), everything.hub_url),
        (_("To sign in there"), f"{ADMIN}  {everything.password}"),
        (_("Its API"), f"{everything.hub_url}/api/docs"),
        (_("Its configuration"), str(everything.config)),
    ):
        say(f"  {name:<42} {painted(place, 'cyan')}")
    data = everything.hub.settings.data_dir
    say(f"  {_('To look inside'):<42} centralita --config {everything.config} --data {data} event list")
    say("\n" + _("The story:"))
