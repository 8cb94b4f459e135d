"""``send-fixture``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from centralita.cli.commands import command
from centralita.cli.event import Json
from centralita.cli.output import print_json, say, warn
from centralita.cli.session import Failed, Options, segment, session
from centralita.cli.words import _


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(
        app,
        "send-fixture",
        "source.manage",
        _("Send one of a source's examples, signed as its sender would: to a source of the hub, or to any address."),
        [
            "centralita send-fixture invgate ticket-created --source invgate",
            "centralita send-fixture alertmanager firing --to http://127.0.0.1:8420/in/alerts --secret s3cret-s3cret",
            "centralita send-fixture invgate    # lists the examples",
        ],
    )(send_fixture)


def send_fixture(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help=_("Kind of source: invgate, alertmanager, generic or a preset's name."))],
    name: Annotated[str, typer.Argument(help=_("The example's name; left out, the examples are listed."))] = "",
    source: Annotated[str, typer.Option(help=_("Slug of a source of this hub."))] = "",
    to: Annotated[str, typer.Option(help=_("Address to post to."))] = "",
    secret: Annotated[
        str, typer.Option(envvar="CENTRALITA_FIXTURE_SECRET", help=_("Secret to sign with, for --to."))
    ] = "",
    as_json: Json = False,
) -> None:
    from centralita.integrations import registry

    known = registry.fixtures(kind)
    if not known:
        raise typer.BadParameter(_("There are: {known}.").format(known=", ".join(registry.kinds())))
    if not name:
        for each in sorted(known):
            say(each)
        return
    if name not in known:
        raise typer.BadParameter(_("There are: {known}.").format(known=", ".join(sorted(known))))
    if bool(source) == bool(to):
        raise typer.BadParameter(_("Say where to: --source SLUG or --to URL."))
    if to:
        sent = _post(ctx.obj, kind, name, to, secret)
    else:
        with session(ctx.obj) as hub:
            sent = hub.post(f"/sources/{segment(source)}/fixtures/{segment(name)}")
    if as_json:
        print_json(sent)
    else:
        say(f"{sent['status']} {sent['body']}")
        if source and not sent["routed"] and sent["status"] < 300:
            warn(_("No server is running: it is kept, and routed when one starts."))
    if sent["status"] >= 300:
        raise typer.Exit(1)


def _post(options: Options, kind: str, name: str, url: str, secret: str) -> dict[str, Any]:
    """Posts by the hub's own client, but to wherever the person at this terminal says."""
    import asyncio
    import time

    from centralita.cli.words import LOCALE
    from centralita.integrations import registry
    from centralita.net import Client
    from centralita.ports import HttpRequest, HttpResponse
    from centralita.services.wording import explained, in_words

    fixture = registry.fixtures(kind)[name]
    try:
        signed = registry.signed(kind, fixture, [secret.encode()] if secret else [], fixture.settings, time.time())
    except ValueError as fault:
        raise Failed(in_words(str(fault), {}, LOCALE)) from None
    target = f"{url.rstrip('/')}/{signed.key}" if signed.key else url

    async def post() -> HttpResponse:
        async with Client(allow=["0.0.0.0/0", "::/0"]) as client:
            return await client.request(HttpRequest(url=target, headers=signed.headers, body=signed.body))

    response = asyncio.run(post())
    if not response.status:
        raise Failed(explained(response.reason or f"net.{response.error}", response.detail, LOCALE))
    return {"status": response.status, "body": response.body.decode("utf-8", "replace"), "routed": True}
