"""``asset``: who owns what. The commands that plan and change are in ``cli.asset_plan``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from centralita.cli import asset_plan
from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import ago, print_json, say, table, warn
from centralita.cli.session import Failed, segment, session
from centralita.cli.words import LOCALE, _

app = group(_(CONTENTS["asset"]))
sightings = group(_("Who was seen on which asset, from elsewhere than the inventory."))
Id = Annotated[str, typer.Argument(metavar="ID", help=_("The asset's id in InvGate Assets."))]


@command(
    app,
    "list",
    "asset.read",
    _("List assets, those that were described last first."),
    ["centralita asset list --text NB-00", "centralita asset list --json | jq '.items[].last_user'"],
)
def list_assets(
    ctx: typer.Context,
    text: Annotated[str, typer.Option(help=_("Part of the name or the id."))] = "",
    source: Annotated[str, typer.Option(help=_("Only what this source described."))] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help=_("Most assets."))] = 50,
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        items = list(hub.pages("/assets", limit, text=text, source=source))
    if as_json:
        print_json({"items": items})
        return
    if not items:
        say(_("No asset yet. A plan reads the inventory: centralita asset plan"))
        return
    heads = (_("Asset"), _("Name"), _("Serial"), _("Type"), _("Owner"), _("Last user"), _("Source"), _("Read"))
    columns = ("id", "name", "serial", "type", "owner", "last_user", "source")
    table(heads, [(*(one[column] for column in columns), ago(one["updated_at"])) for one in items])


@command(
    app,
    "show",
    "asset.read",
    _("Show an asset: its owner, who was seen on it, and what the newest plan says."),
    ["centralita asset show 1042"],
)
def show(ctx: typer.Context, id: Id, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        found = hub.get(f"/assets/{segment(id)}")
    if as_json:
        print_json(found)
        return
    asset = found["asset"]
    say(f"{asset['id']}  {asset['name']}")
    flags = [text for flag, text in ((found["locked"], _("locked")), (found["shared"], _("shared"))) if flag]
    row = found["row"]
    for name, value in (
        (_("Serial"), asset["serial"]),
        (_("Type"), asset["type"]),
        (_("Status"), asset["status"]),
        (_("Owner"), " ".join([asset["owner"] or _("nobody"), *(f"({flag})" for flag in flags)])),
        (_("Last user"), asset["last_user"]),
        (_("To decide"), asset_plan.reason(found["conflict"], row["why"] if row else {}) if found["conflict"] else ""),
        (_("Newest plan"), f"{found['plan']}  {asset_plan.reason(row['verdict'], row['why'])}" if row else ""),
    ):
        if value:
            say(f"  {name:<14} {value}")
    if found["sightings"]:
        say()
        heads = (_("User"), _("Seen"), _("Source"))
        table(heads, [(one["account"], one["at"][:10], one["source"]) for one in found["sightings"]])


@command(
    app,
    "conflicts",
    "asset.read",
    _("List the assets about whose owner a person has to decide."),
    ["centralita asset conflicts", "centralita asset resolve 1042 --owner ana@example.com"],
)
def conflicts(ctx: typer.Context, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        items = list(hub.pages("/assets/conflicts", 1_000_000))
    if as_json:
        print_json({"items": items})
        return
    if not items:
        say(_("Nobody has to decide anything."))
        return
    rows = [
        (one["asset"], one["name"], asset_plan.reason(one["reason"], one["why"]), ago(one["since"])) for one in items
    ]
    table((_("Asset"), _("Name"), _("Why"), _("Since")), rows)


@command(
    app,
    "resolve",
    "asset.manage",
    _("Decide whose an asset is. It is changed in InvGate at once, and locked."),
    ["centralita asset resolve 1042 --owner ana@example.com", "centralita asset resolve 1042 --ignore"],
)
def resolve(
    ctx: typer.Context,
    id: Id,
    owner: Annotated[str, typer.Option(metavar="EMAIL", help=_("The owner's e-mail address."))] = "",
    ignore: Annotated[
        bool, typer.Option("--ignore", help=_("Leave it as it is for as long as it is that account."))
    ] = False,
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        plan = hub.post(f"/assets/{segment(id)}/resolve", {"owner": owner, "ignore": ignore})["plan"]
        if plan is None:
            print_json({"plan": None}) if as_json else say(_("{asset} stays as it is.").format(asset=id))
            return
        asset_plan.follow(hub, plan, as_json)


def _mark(ctx: typer.Context, ids: list[str], how: str, as_json: bool) -> None:
    with session(ctx.obj) as hub:
        items = [hub.post(f"/assets/{segment(id)}/{how}") for id in ids]
    if as_json:
        print_json({"items": items})
        return
    for one in items:
        state = [_("locked") if one["locked"] else _("not locked"), _("shared") if one["shared"] else ""]
        say(f"{one['asset']['id']}  {one['asset']['name']}  {', '.join(text for text in state if text)}")


Ids = Annotated[list[str], typer.Argument(metavar="ID...", help=_("Ids of assets in InvGate Assets."))]


@command(
    app, "lock", "asset.manage", _("Keep owners as they are: no plan changes them."), ["centralita asset lock 7 8"]
)
def lock(ctx: typer.Context, ids: Ids, as_json: Json = False) -> None:
    _mark(ctx, ids, "lock", as_json)


@command(app, "unlock", "asset.manage", _("Let plans change owners again."), ["centralita asset unlock 7"])
def unlock(ctx: typer.Context, ids: Ids, as_json: Json = False) -> None:
    _mark(ctx, ids, "unlock", as_json)


@command(
    app, "share", "asset.manage", _("Say that assets are nobody's own: kiosks, meeting rooms."),
    ["centralita asset share 25"],
)  # fmt: skip
def share(ctx: typer.Context, ids: Ids, as_json: Json = False) -> None:
    _mark(ctx, ids, "share", as_json)


@command(app, "unshare", "asset.manage", _("Say that assets may have an owner."), ["centralita asset unshare 25"])
def unshare(ctx: typer.Context, ids: Ids, as_json: Json = False) -> None:
    _mark(ctx, ids, "unshare", as_json)


@command(
    sightings,
    "import",
    "asset.manage",
    _("Note who was seen on which asset from a CSV file: asset, serial or name; user; at."),
    ["centralita asset sightings import logins.csv", "centralita asset sightings import - < logins.csv"],
)
def import_sightings(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE.csv", help=_("The file; - reads the input."))],
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        done = hub.post("/assets/sightings", {"csv": _read(file)})
    if as_json:
        print_json(done)
    else:
        _tell_import(done)
    if done["bad"]:
        raise typer.Exit(1)


def _read(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as fault:
        raise Failed(f"{file}: {fault.strerror}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")  # as spreadsheets on Windows save it


def _tell_import(done: dict[str, Any]) -> None:
    from centralita.services.wording import in_words

    say(_("{count} sightings noted.").format(count=done["noted"]))
    for one in done["bad"]:
        text = in_words(one["reason"], {"user": ""}, LOCALE)
        warn(_("Line {line}: {reason}").format(line=one["line"], reason=text))


asset_plan.register(app)
app.add_typer(sightings, name="sightings")
