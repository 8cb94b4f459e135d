"""``webhook test``, ``webhook snippet``: a message now, and what its receiver needs to verify it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from centralita.cli.commands import command
from centralita.cli.event import Json
from centralita.cli.output import lit, painted, plain, print_json, say
from centralita.cli.session import segment, session
from centralita.cli.words import _
from centralita.i18n import N_

Name = Annotated[str, typer.Argument(help=_("The webhook's name."))]
LANGUAGES = ("python", "javascript", "php")
PHASES = {
    "dns": N_("name looked up"),
    "connect": N_("connected"),
    "tls": N_("TLS agreed"),
    "first_byte": N_("first byte of the answer"),
    "total": N_("in all"),
}
_LAMPS = {"delivered": "ok", "retry": "warn"}


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(
        app, "test", "webhook.manage",
        _("Send a webhook a message now, and show what was sent, what came back and how long it took."),
        ["centralita webhook test erp", "centralita webhook test erp --type ticket.created",
         "centralita webhook test erp --event evt_01KAN4GQ000000000000000000 --even-if-off --json"],
    )(test)  # fmt: skip
    command(
        app, "snippet", "webhook.read",
        _("Print a program that verifies a webhook's signatures, for its receiver. The secret is not in it."),
        ["centralita webhook snippet erp", "centralita webhook snippet erp --language php > verify.php"],
    )(snippet)  # fmt: skip


def test(
    ctx: typer.Context,
    name: Name,
    event: Annotated[str, typer.Option(metavar="ID", help=_("An event that has happened; else an example."))] = "",
    type_: Annotated[str, typer.Option("--type", help=_("Event type of the example."))] = "",
    even_if_off: Annotated[bool, typer.Option("--even-if-off", help=_("Also if it is switched off."))] = False,
    as_json: Json = False,
) -> None:
    if event and type_:
        raise typer.BadParameter(_("Give --event or --type, not both."))
    with session(ctx.obj) as hub:
        body = {"event": event, "type": type_, "even_if_off": even_if_off}
        tried = hub.post(f"/webhooks/{segment(name)}/test", body)
    if as_json:
        print_json(tried)
    else:
        _say(tried)
    if tried["trial"]["state"] != "delivered":
        raise typer.Exit(1)


def _say(tried: dict[str, Any]) -> None:
    trial = tried["trial"]
    say(f"{lit(_LAMPS.get(trial['state'], 'fail'))} {painted(trial['type'], 'bold')}  {trial['event']}")
    say(f"  {plain(tried['verdict'])}")
    if trial["request"]:
        request = trial["request"]
        _say_message(_("Sent"), f"{request['method']} {request['url']}", request)
    if trial["response"] and trial["response"]["status"]:
        _say_message(_("Came back"), str(trial["response"]["status"]), trial["response"])
    if trial["timings"]:
        say(f"\n{painted(_('Timings'), 'bold')}")
        for phase, ms in trial["timings"].items():
            say(f"  {ms:>9.1f} ms  {_(PHASES.get(phase, phase))}")
    if trial["snippets"]:
        say("\n" + _("To verify it: {command}").format(command=f"centralita webhook snippet {trial['webhook']}"))


def _say_message(title: str, first: str, message: dict[str, Any]) -> None:
    say(f"\n{painted(title, 'bold')}\n  {plain(first)}")
    for header, value in message["headers"]:
        say(f"  {plain(header)}: {plain(value)}".replace("\n", " "))
    if message["body"]:
        say()
    for line in message["body"].splitlines():
        say(f"  {plain(line)}")


def snippet(
    ctx: typer.Context,
    name: Name,
    language: Annotated[str, typer.Option(help=_("python, javascript or php."))] = "python",
    as_json: Json = False,
) -> None:
    if language not in LANGUAGES:
        raise typer.BadParameter(_("There are: {known}.").format(known=", ".join(LANGUAGES)))
    with session(ctx.obj) as hub:
        found = hub.get(f"/webhooks/{segment(name)}/snippet", language=language)
    if as_json:
        print_json(found)
    else:
        say(found["code"].rstrip("\n"))
