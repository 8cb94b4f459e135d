"""``ci``: configuration items, found, shown, made, changed and related."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from centralita.cli import ci_import
from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import ago, print_json, say, table, warn
from centralita.cli.session import Failed, segment, session
from centralita.cli.words import _

app = group(_(CONTENTS["ci"]))
Name = Annotated[str, typer.Argument(metavar="CI", help=_("Its id, its source's id or its name."))]
Type = Annotated[str | None, typer.Option(help=_("server, laptop, printer, service... or a word of yours."))]
Status = Annotated[str | None, typer.Option(help=_("A word of yours."))]
Owner = Annotated[str | None, typer.Option(metavar="EMAIL", help=_("Whose it is; nobody for nobody."))]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=_("An attribute; several times for several."))
]


def _row(ci: Any) -> tuple[Any, ...]:
    return (ci["name"], ci["type"], ci["status"], _whose(ci["owner"]), ci["source"] or _("by hand"), ci["id"])


def _whose(owner: Any) -> str:
    return (owner["name"] or owner["email"]) if owner else ""


def _list(cis: Sequence[Any]) -> None:
    heads = (_("Name"), _("Type"), _("Status"), _("Owner"), _("Source"), _("CI"))
    table(heads, [_row(ci) for ci in cis])


@command(
    app,
    "search",
    "ci.read",
    _("Find configuration items by what you remember of them; accents and typing errors don't matter."),
    ["centralita ci search 'servdor pagos'", "centralita ci search impresora --json | jq '.items[].ci.name'"],
)
def search(
    ctx: typer.Context,
    text: Annotated[list[str], typer.Argument(metavar="TEXT...", help=_("A name, a serial number, an owner..."))],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=50, help=_("Most hits."))] = 10,
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        items = hub.get("/cis/search", text=" ".join(text), limit=limit)["items"]
    if as_json:
        print_json({"items": items})
        return
    if not items:
        say(_("Nothing is called anything like that."))
        return
    sure = [hit["ci"] for hit in items if hit["sure"]]
    if not sure:
        warn(_("Nothing is called so. The nearest:"))
    _list(sure or [hit["ci"] for hit in items])


@command(
    app,
    "list",
    "ci.read",
    _("List configuration items by name."),
    ["centralita ci list --type server", "centralita ci list --owner ana@example.com --json"],
)
def list_cis(
    ctx: typer.Context,
    text: Annotated[str, typer.Option(help=_("Part of the name."))] = "",
    type: Annotated[str, typer.Option(help=_("Only of this type."))] = "",
    status: Annotated[str, typer.Option(help=_("Only in this status."))] = "",
    owner: Annotated[str, typer.Option(metavar="EMAIL", help=_("Only those of this owner."))] = "",
    source: Annotated[str, typer.Option(help=_("Only what this source tells of; hand: what people made."))] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help=_("Most items."))] = 50,
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        items = list(hub.pages("/cis", limit, text=text, type=type, status=status, owner=owner, source=source))
    if as_json:
        print_json({"items": items})
    elif items:
        _list(items)
    else:
        say(_("No configuration item. InvGate's inventory is read by: centralita ci import"))


@command(
    app,
    "show",
    "ci.read",
    _("Show a configuration item: what is known of it, and what it has to do with others."),
    ["centralita ci show erp-db-01"],
)
def show(ctx: typer.Context, ci: Name, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        found = hub.get(f"/cis/{segment(ci)}")
    _show(found, as_json)


def _show(found: Any, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    ci, said = found["ci"], found["said"]
    say(f"{ci['name']}  {ci['id']}")
    source = f"{ci['source']} ({ci['external_id']})" if ci["source"] else _("by hand")
    owner = ci["owner"]
    written = " ".join(part for part in (owner["name"], owner["email"]) if part) if owner else _("nobody")
    for field, name, value in (
        ("type", _("Type"), ci["type"]),
        ("status", _("Status"), ci["status"]),
        ("owner", _("Owner"), written),
        ("", _("Source"), source),
        ("", _("Changed"), ago(ci["updated_at"])),
        *((f"attributes.{key}", key, value) for key, value in sorted(ci["attributes"].items())),
    ):
        if value:
            beside = f"  ({_('the source says')}: {said[field]})" if field in said else ""
            say(f"  {name:<14} {value}{beside}")
    if found["relations"]:
        say()
        rows = [(one["kind"], one["name"], one["type"], one["ci"]) for one in found["relations"]]
        table((_("Relation"), _("Name"), _("Type"), _("CI")), rows)


def _change(type: str | None, status: str | None, owner: str | None, given: list[str] | None) -> dict[str, Any]:
    change: dict[str, Any] = {name: value for name, value in (("type", type), ("status", status)) if value is not None}
    if owner is not None:
        change["owner"] = {} if owner == "nobody" else {"email": owner}
    attributes = {}
    for each in given or []:
        key, equals, value = each.partition("=")
        if not equals or not key.strip():
            raise Failed(_("{text} is no KEY=VALUE.").format(text=each))
        attributes[key.strip()] = value.strip()
    return {**change, **({"attributes": attributes} if attributes else {})}


@command(
    app,
    "add",
    "ci.manage",
    _("Make a configuration item that no source tells of."),
    ["centralita ci add 'Portal de pagos' --type service --owner ana@example.com --set rto=4h"],
)
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=_("What people call it."))],
    type: Type = None,
    status: Status = None,
    owner: Owner = None,
    attributes: Set = None,
    as_json: Json = False,
) -> None:
    change = _change(type, status, owner, attributes)
    with session(ctx.obj) as hub:
        _show(hub.post("/cis", {"name": name, **change}), as_json)


@command(
    app,
    "update",
    "ci.manage",
    _("Change a configuration item. What you say wins over its source, until you take it back with --reset."),
    [
        "centralita ci update erp-db-01 --status 'En mantenimiento' --set rack=B4",
        "centralita ci update erp-db-01 --reset status --reset attributes.rack",
    ],
)
def update(
    ctx: typer.Context,
    ci: Name,
    name: Annotated[str | None, typer.Option(help=_("What people call it."))] = None,
    type: Type = None,
    status: Status = None,
    owner: Owner = None,
    attributes: Set = None,
    reset: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help=_("Let the source's word count again: name, owner, attributes.KEY...")),
    ] = None,
    as_json: Json = False,
) -> None:
    change = _change(type, status, owner, attributes)
    if name is not None:
        change["name"] = name
    for field in reset or []:
        top, _dot, key = field.partition(".")
        if key:
            change.setdefault(top, {})[key] = None
        else:
            change[field] = None
    with session(ctx.obj) as hub:
        _show(hub.patch(f"/cis/{segment(ci)}", change), as_json)


@command(
    app,
    "relate",
    "ci.manage",
    _("Say what a configuration item has to do with another; or take that back."),
    [
        "centralita ci relate 'Portal de pagos' depends_on erp-db-01",
        "centralita ci relate erp-db-01 required_by 'Portal de pagos' --remove",
    ],
)
def relate(
    ctx: typer.Context,
    ci: Name,
    kind: Annotated[str, typer.Argument(help=_("depends_on, runs_on, part_of, connected_to, required_by..."))],
    other: Annotated[str, typer.Argument(metavar="OTHER", help=_("The other: its id or name."))],
    remove: Annotated[bool, typer.Option("--remove", help=_("Take it back."))] = False,
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        path = f"/cis/{segment(ci)}/relations"
        if remove:
            found = hub.delete(f"{path}/{segment(kind)}/{segment(other)}")
        else:
            found = hub.post(path, {"kind": kind, "ci": other})
    _show(found, as_json)


@command(
    app,
    "remove",
    "ci.manage",
    _("Take away a configuration item that a person made."),
    ["centralita ci remove 'Portal de pagos'"],
)
def remove(ctx: typer.Context, ci: Name) -> None:
    with session(ctx.obj) as hub:
        hub.delete(f"/cis/{segment(ci)}")
    say(_("{name} is gone.").format(name=ci))


ci_import.register(app)
