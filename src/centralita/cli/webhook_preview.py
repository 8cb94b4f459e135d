"""``webhook preview``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from centralita.cli.commands import command
from centralita.cli.event import Json
from centralita.cli.output import print_json, say, warn
from centralita.cli.session import segment, session
from centralita.cli.words import _

Name = Annotated[str, typer.Argument(help=_("A webhook that there is; else --format says what is tried."))]
Format = Annotated[str, typer.Option("--format", help=_("What the receiver gets: standard, cloudevents, ..."))]
Template = Annotated[Path | None, typer.Option(help=_("File with the Liquid text, for the format template."))]
ContentType = Annotated[str, typer.Option(help=_("Content type of what the template writes."))]
Event = Annotated[str, typer.Option(help=_("Id of an event that has happened; else an example is shown."))]
Type = Annotated[str, typer.Option("--type", help=_("Type of the example."))]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    examples = [
        "centralita webhook preview erp",
        "centralita webhook preview --format cloudevents --type ticket.created",
        "centralita webhook preview --format template --template erp.liquid --event evt_01KAN4GQ000000000000000000",
    ]
    text = _("Show what a receiver would get, headers and body. Nothing is sent.")
    command(app, "preview", "webhook.read", text, examples)(preview)


def preview(
    ctx: typer.Context,
    name: Name = "",
    format_: Format = "",
    template: Template = None,
    content_type: ContentType = "",
    event: Event = "",
    type_: Type = "",
    as_json: Json = False,
) -> None:
    """See ``register``."""
    draft = _draft(format_, template, content_type)
    if name and draft:
        raise typer.BadParameter(_("Give a webhook's name or settings to try, not both."))
    looked = {"event": event, "type": type_}
    with session(ctx.obj) as hub:
        if name:
            found = hub.post(f"/webhooks/{segment(name)}/preview", looked)
        else:
            found = hub.post("/webhooks/preview", {"webhook": {"name": "preview", **draft}, **looked})
    if as_json:
        print_json(found)
    else:
        _print(found)
    if found["faults"]:
        raise typer.Exit(1)


def _draft(format_: str, template: Path | None, content_type: str) -> dict[str, Any]:
    draft: dict[str, Any] = {"format": format_} if format_ else {}
    if template is not None:
        text = sys.stdin.read() if str(template) == "-" else template.read_text(encoding="utf-8")
        draft = {"format": "template", **draft, "template": text}
    if content_type:
        draft["content_type"] = content_type
    return draft


def _print(found: dict[str, Any]) -> None:
    shown = found["preview"]
    for header, value in shown["headers"]:
        say(f"{header}: {value}")
    if shown["body"]:
        say("")
        say(_readable(shown))
    if not shown["taken"]:
        warn(_("The webhook does not subscribe to such an event."))
    for fault in found["faults"]:
        warn(fault)


def _readable(shown: dict[str, Any]) -> str:
    """The body: JSON indented, and nothing in it that a terminal would obey."""
    body = shown["body"]
    if "json" in shown["headers"][0][1]:
        body = json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    return "".join(mark if mark.isprintable() or mark in "\n\t" else " " for mark in body.replace("\r\n", "\n"))
