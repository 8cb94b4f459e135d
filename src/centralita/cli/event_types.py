"""``event types``: every type that there is, or one with its schema and an example."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from centralita.cli.commands import command
from centralita.cli.output import painted, print_json, say, table
from centralita.cli.session import segment, session
from centralita.cli.words import _

Json = Annotated[bool, typer.Option("--json", help=_("For machines."))]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(
        app,
        "types",
        "event.read",
        _("List the event types with what they mean; or show one with an example of what a webhook gets."),
        [
            "centralita event types",
            "centralita event types --text ticket",
            "centralita event types ticket.created",
            "centralita event types ticket.created --json | jq .schema",
        ],
    )(types)


def types(
    ctx: typer.Context,
    type_: Annotated[str, typer.Argument(metavar="[TYPE]", help=_("One type, or another name of it."))] = "",
    text: Annotated[str, typer.Option(help=_("Only those with this in name, other names or meaning."))] = "",
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        if type_:
            found = hub.get(f"/event-types/{segment(type_)}")
        else:
            found = {"items": hub.get("/event-types", text=text)["items"]}
    if as_json:
        print_json(found)
        return
    if not type_:
        rows = [(each["name"], each["meaning"], each["aliases"], each["kinds"]) for each in found["items"]]
        table((_("Type"), _("Meaning"), _("Other names"), _("Sent by")), rows)
        return
    about = found["type"]
    say(f"{painted(about['name'], 'bold')}  {about['meaning']}")
    for label, value in ((_("Other names"), about["aliases"]), (_("Sent by"), about["kinds"])):
        if value:
            say(f"  {label}: {', '.join(value)}")
    say(f"\n{_('An example in the format standard')}")
    say(json.dumps(found["example"], ensure_ascii=False, indent=2))
