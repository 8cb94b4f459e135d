"""``source test``: a kind's examples go the whole way, from the inbound address to their receivers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from centralita.cli.cable import understood
from centralita.cli.commands import command
from centralita.cli.event import Json
from centralita.cli.output import lit, painted, print_json, say, warn
from centralita.cli.session import Failed, Session, segment, session
from centralita.cli.words import LOCALE, _

WAIT_S = 10


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(
        app,
        "test",
        "source.manage",
        _("Send the kind's example through a source, signed as its sender would, and tell what became of it."),
        ["centralita source test invgate", "centralita source test invgate --fixture ticket-closed",
         "centralita source test invgate --all"],
    )(test)  # fmt: skip


def test(
    ctx: typer.Context,
    slug: Annotated[str, typer.Argument(help=_("The source's slug."))],
    fixture: Annotated[str, typer.Option(help=_("Name of the example; else the first."))] = "",
    everything: Annotated[bool, typer.Option("--all", help=_("Every example of its kind."))] = False,
    as_json: Json = False,
) -> None:
    if fixture and everything:
        raise typer.BadParameter(_("Give --fixture or --all, not both."))
    with session(ctx.obj) as hub:
        known = hub.get(f"/sources/{segment(slug)}")["detail"]["fixtures"]
        if not known:
            raise Failed(_("Its kind has no example."))
        if fixture and fixture not in known:
            raise typer.BadParameter(_("There are: {known}.").format(known=", ".join(known)))
        tried = [try_one(hub, slug, name) for name in (known if everything else [fixture or known[0]])]
        if as_json:
            print_json({"items": tried})
        else:
            for each in tried:
                _say(each, hub.served)
    if not all(each["ok"] for each in tried):
        raise typer.Exit(1)


def try_one(hub: Session, slug: str, name: str) -> dict[str, Any]:
    """Sends one example: ``{fixture, sent, events, ok}``, the events whole."""
    sent = hub.post(f"/sources/{segment(slug)}/fixtures/{segment(name)}?wait_s={WAIT_S}")
    events = [hub.get(f"/events/{segment(event)}") for event in sent["events"]]
    ends = [delivery["state"] for event in events for delivery in event["deliveries"]]
    unserved = not hub.served and sent["status"] < 300  # it waits for a server, as it should
    fine = sent["status"] < 300 and not sent["unparsed"] and "dead" not in ends and (sent["settled"] or unserved)
    return {"fixture": name, "sent": sent, "events": events, "ok": fine}


def _say(tried: dict[str, Any], served: bool) -> None:
    from centralita.services.wording import in_words

    sent, ok = tried["sent"], tried["ok"]
    said = {200: _("known already: nothing is sent again"), 202: _("accepted")}.get(sent["status"], sent["body"])
    say(f"{lit('ok' if ok else 'fail')} {painted(tried['fixture'], 'bold')}  {sent['status']} {said}")
    if sent["unparsed"]:
        say(f"    {in_words(sent['unparsed']['reason'], {}, LOCALE)} {sent['unparsed']['detail']}".rstrip())
    for event in tried["events"]:
        for line in understood(event):
            say(f"  {line}".rstrip())
    if not served and not sent["settled"] and sent["status"] < 300:
        warn(_("No server is running: it is kept, and routed when one starts."))
    elif sent["receipt"] and not sent["settled"]:
        warn(_("Not everything has ended within {seconds} s: centralita lane list").format(seconds=WAIT_S))
