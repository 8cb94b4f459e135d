"""``sandbox slack``, ``sandbox invgate``, ``sandbox sink``: the outside world on this machine, to try things on."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from centralita.cli.commands import LOCAL, command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import painted, print_json, say
from centralita.cli.session import Failed
from centralita.cli.words import _, why

if TYPE_CHECKING:
    from centralita.sandbox.parts import Part
    from centralita.sandbox.server import Address, Servable

app = group(_(CONTENTS["sandbox"]))
Port = Annotated[int, typer.Option(min=0, max=65535, help=_("Where it listens on this machine; 0: any free port."))]


@command(
    app,
    "slack",
    LOCAL,
    _("Run a local Slack workspace until Ctrl-C: its page shows what was posted."),
    ["centralita sandbox slack", "centralita sandbox slack --no-limits"],
)
def slack(
    port: Port = 8421,
    limits: Annotated[bool, typer.Option("--limits/--no-limits", help=_("Keep Slack's rate limits."))] = True,
    as_json: Json = False,
) -> None:
    from centralita.sandbox.slack import LimitSettings, LocalSlack

    _serve("slack", LocalSlack(LimitSettings() if limits else LimitSettings.off()), port, as_json)


@command(
    app,
    "invgate",
    LOCAL,
    _("Run a local InvGate until Ctrl-C: Service Desk and Assets, with a page for its tickets, approvals and assets."),
    ["centralita sandbox invgate", "centralita sandbox invgate --assets 1000 --people 200"],
)
def invgate(
    port: Port = 8423,
    assets: Annotated[int, typer.Option(min=0, max=200_000, help=_("Assets to start with."))] = 100,
    people: Annotated[int, typer.Option(min=0, max=200_000, help=_("People to start with."))] = 20,
    as_json: Json = False,
) -> None:
    from centralita.sandbox.invgate import LocalInvGate

    _serve("invgate", LocalInvGate(assets, people), port, as_json)


@command(
    app,
    "sink",
    LOCAL,
    _("Run a receiver of webhooks until Ctrl-C: its page shows what arrived."),
    ["centralita sandbox sink", "centralita sandbox sink --port 9000"],
)
def sink(port: Port = 8422, as_json: Json = False) -> None:
    from centralita.sandbox.sink import WebhookSink

    _serve("sink", WebhookSink(), port, as_json)


def _serve(part: Part, served: Servable, port: int, as_json: bool) -> None:
    from centralita.sandbox.parts import facts_of
    from centralita.sandbox.server import serve_until_signalled
    from centralita.serving import run

    def announce(address: Address) -> None:
        facts = facts_of(part, address)
        if as_json:
            print_json(facts)
            return
        for name, value in facts.items():
            if name not in ("host", "port"):
                say(f"  {name:<14} {painted(str(value), 'cyan')}")
        if part == "slack":
            say(_("Slack's clients take api_url as their address: base_url in Python, slackApiUrl in JavaScript."))
        say(_("Ctrl-C ends it, and nothing of it is left behind."))

    try:
        with contextlib.suppress(KeyboardInterrupt):
            run(serve_until_signalled(served, "127.0.0.1", port, announce))
    except OSError as fault:
        raise Failed(_("Nothing can listen on port {port}: {reason}").format(port=port, reason=why(fault))) from None
