"""``incident list|show|create|update|acknowledge|assign|resolve|reopen|comment|timeline``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, print_json, say, table, warn
from centralita.cli.session import segment, session
from centralita.cli.words import _

app = group(_(CONTENTS["incident"]))
Id = Annotated[str, typer.Argument(metavar="ID", help=_("The incident: INC-12, or 12."))]
Note = Annotated[str, typer.Option(help=_("What to say about it."))]
_LAMPS = {"open": "unattended", "acknowledged": "in_hand", "resolved": "solved"}
Ci = Annotated[list[str], typer.Option("--ci", help=_("Id of an affected CI; once for each."))]


@command(
    app,
    "list",
    "incident.read",
    _("List incidents, the newest first: those that are not over, unless told otherwise."),
    ["centralita incident list", "centralita incident list --state all --text red --json"],
)
def list_incidents(
    ctx: typer.Context,
    state: Annotated[
        str, typer.Option(help=_("unresolved, all, or one of open, acknowledged, resolved."))
    ] = "unresolved",
    priority: Annotated[str, typer.Option(help=_("critical, high, medium or low."))] = "",
    assignee: Annotated[str, typer.Option(help=_("Whose: an e-mail address, me or nobody."))] = "",
    text: Annotated[str, typer.Option(help=_("Part of the title."))] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help=_("Most incidents."))] = 50,
    as_json: Json = False,
) -> None:
    query = {"state": "" if state == "all" else state, "priority": priority, "assignee": assignee, "text": text}
    with session(ctx.obj) as hub:
        items = list(hub.pages("/incidents", limit, **query))
    if as_json:
        print_json({"items": items})
        return
    if not items:
        warn(_("No incident is open.") if state == "unresolved" else _("No incident fits."))
        return
    heads = (_("Incident"), _("State"), _("Priority"), _("Title"), _("Assigned to"), _("Since"))
    table(heads, [_row(item) for item in items])


def _row(item: dict[str, Any]) -> tuple[Any, ...]:
    who = _called(item["assignee"])
    return item["id"], lamp(_LAMPS[item["state"]]), item["priority"], item["title"], who, ago(item["created_at"])


def _called(person: dict[str, Any]) -> str:
    return str(person["name"] or person["email"] or person["slack"])


@command(app, "show", "incident.read", _("Show an incident."), ["centralita incident show INC-12"])
def show(ctx: typer.Context, id: Id, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        item = hub.get(f"/incidents/{segment(id)}")
    _print(item, as_json)
    if not as_json and item["description"]:
        say(f"\n{item['description']}")


@command(
    app,
    "create",
    "incident.manage",
    _("Create an incident; it is told in the incidents' channel. From an event, what is left out comes from that."),
    [
        "centralita incident create 'Sin red en el 2º piso' --priority high --assignee luis@example.com",
        "centralita incident create --event evt_01KAN7A5YR0000000000000000",
    ],
)
def create(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help=_("What is wrong, in one line."))] = "",
    priority: Annotated[str, typer.Option(help=_("critical, high, medium or low."))] = "",
    description: Annotated[str, typer.Option("--description", "-d", help=_("What is known so far."))] = "",
    assignee: Annotated[str, typer.Option(help=_("Who has to see to it: an e-mail address."))] = "",
    ci: Ci = [],  # noqa: B006  typer reads the default and changes nothing
    event: Annotated[str, typer.Option(help=_("Event that it is created from: evt_..."))] = "",
    as_json: Json = False,
) -> None:
    wish = {"title": title, "priority": priority, "description": description, "assignee": assignee, "event": event}
    _ask(ctx, "/incidents", {**wish, "affected_cis": [{"id": each} for each in ci]}, as_json)


@command(
    app,
    "update",
    "incident.manage",
    _("Change an incident: what is left out stays as it is."),
    ["centralita incident update INC-12 --priority critical"],
)
def update(
    ctx: typer.Context,
    id: Id,
    title: Annotated[str, typer.Option(help=_("New title."))] = "",
    priority: Annotated[str, typer.Option(help=_("critical, high, medium or low."))] = "",
    description: Annotated[str, typer.Option("--description", "-d", help=_("New description."))] = "",
    ci: Ci = [],  # noqa: B006  typer reads the default and changes nothing
    as_json: Json = False,
) -> None:
    wish: dict[str, Any] = {"title": title, "priority": priority, "description": description}
    wish |= {"affected_cis": [{"id": each} for each in ci]}
    with session(ctx.obj) as hub:
        item = hub.patch(f"/incidents/{segment(id)}", {name: value for name, value in wish.items() if value})
    _print(item, as_json)


@command(
    app, "acknowledge", "incident.acknowledge", _("Take charge of an incident."), ["centralita incident acknowledge 12"]
)
def acknowledge(ctx: typer.Context, id: Id, as_json: Json = False) -> None:
    _ask(ctx, f"/incidents/{segment(id)}/acknowledge", {}, as_json)


@command(
    app,
    "assign",
    "incident.manage",
    _("Give an incident to somebody, who is told; without an address, to oneself."),
    ["centralita incident assign INC-12 luis@example.com", "centralita incident assign INC-12 --nobody"],
)
def assign(
    ctx: typer.Context,
    id: Id,
    to: Annotated[str, typer.Argument(help=_("E-mail address."))] = "",
    nobody: Annotated[bool, typer.Option("--nobody", help=_("To nobody in particular."))] = False,
    as_json: Json = False,
) -> None:
    wish: dict[str, Any] = {"to": to} if to else {"to": ""} if nobody else {}
    _ask(ctx, f"/incidents/{segment(id)}/assign", wish, as_json)


@command(
    app,
    "resolve",
    "incident.manage",
    _("End an incident."),
    ["centralita incident resolve INC-12 --note 'Se cambió el switch'"],
)
def resolve(ctx: typer.Context, id: Id, note: Note = "", as_json: Json = False) -> None:
    _ask(ctx, f"/incidents/{segment(id)}/resolve", {"note": note}, as_json)


@command(
    app,
    "reopen",
    "incident.manage",
    _("Open a resolved incident again."),
    ["centralita incident reopen INC-12 --note 'Volvió a caer'"],
)
def reopen(ctx: typer.Context, id: Id, note: Note = "", as_json: Json = False) -> None:
    _ask(ctx, f"/incidents/{segment(id)}/reopen", {"note": note}, as_json)


@command(
    app,
    "comment",
    "incident.acknowledge",
    _("Note something in an incident's timeline; it is told in its thread."),
    ["centralita incident comment INC-12 'Es el switch del 2º piso'"],
)
def comment(
    ctx: typer.Context,
    id: Id,
    text: Annotated[str, typer.Argument(help=_("What there is to say."))],
    as_json: Json = False,
) -> None:
    _ask(ctx, f"/incidents/{segment(id)}/comments", {"text": text}, as_json)


@command(
    app,
    "timeline",
    "incident.read",
    _("Print what happened, as a Markdown document to keep."),
    ["centralita incident timeline INC-12 > INC-12.md"],
)
def timeline(ctx: typer.Context, id: Id, as_json: Json = False) -> None:
    path = f"/incidents/{segment(id)}/timeline"
    with session(ctx.obj) as hub:
        if as_json:
            print_json(hub.get(path))
        else:
            say(hub.text(path, "text/markdown").rstrip())


def _ask(ctx: typer.Context, path: str, wish: dict[str, Any], as_json: bool) -> None:
    with session(ctx.obj) as hub:
        _print(hub.post(path, wish), as_json)


def _print(item: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(item)
        return
    say(f"{item['id']}  {lamp(_LAMPS[item['state']])}  {item['title']}")
    for name, value in (
        (_("Priority"), item["priority"]),
        (_("Assigned to"), _called(item["assignee"])),
        (_("Reported by"), _called(item["reporter"])),
        (_("Affected CIs"), ", ".join(each["name"] or each["id"] for each in item["affected_cis"])),
        (_("Resolution"), item["resolution"]),
        (_("Thread"), item["thread"]),
        (_("Event"), item["event"]),
    ):
        if value:
            say(f"  {name:<16} {value}")
