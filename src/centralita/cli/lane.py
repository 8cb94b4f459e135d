"""``lane list``, ``lane pause``, ``lane resume``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, print_json, say, table
from centralita.cli.session import segment, session
from centralita.cli.words import LOCALE, _

app = group(_(CONTENTS["lane"]))
Key = Annotated[str, typer.Argument(help=_("The lane, such as webhook:erp or slack:#alerts."))]


@command(
    app,
    "list",
    "delivery.read",
    _("List the lanes with what waits in each, and why."),
    ["centralita lane list", "centralita lane list --json | jq '.items[] | select(.state == \"held\")'"],
)
def list_lanes(ctx: typer.Context, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        items = list(hub.pages("/lanes", 1_000_000))
    if as_json:
        print_json({"items": items})
        return
    if not items:
        say(_("No lanes yet: the first delivery to a destination makes its lane."))
        return
    heads = (_("Lane"), _("State"), _("Waiting"), _("Oldest"), _("Dead"), _("Until"), _("Last error"))
    table(heads, [_row(item) for item in items], right=[2, 4])


def _row(item: dict[str, Any]) -> tuple[Any, ...]:
    from centralita.services.wording import explained

    reason, _space, detail = item["last_error"].partition(" ")
    if item["hold_reason"]:
        reason, detail = item["hold_reason"], ""
    if item["paused_reason"]:
        reason = item["paused_reason"]
    said = explained(reason, detail, LOCALE)
    oldest, until = ago(item["oldest_at"]), ago(item["held_until"])
    return item["key"], lamp(item["state"]), item["waiting"], oldest, item["dead"], until, said


@command(
    app,
    "pause",
    "lane.manage",
    _("Stop sending to a destination. What comes in waits, and nothing is lost."),
    ["centralita lane pause webhook:erp"],
)
def pause(ctx: typer.Context, key: Key, as_json: Json = False) -> None:
    _change(ctx, key, "pause", as_json)


@command(app, "resume", "lane.manage", _("Go on with what waits."), ["centralita lane resume webhook:erp"])
def resume(ctx: typer.Context, key: Key, as_json: Json = False) -> None:
    _change(ctx, key, "resume", as_json)


def _change(ctx: typer.Context, key: str, verb: str, as_json: bool) -> None:
    with session(ctx.obj) as hub:
        lane = hub.post(f"/lanes/{segment(key)}/{verb}")
    if as_json:
        print_json(lane)
        return
    say(f"{lane['key']}  {lamp(lane['state'])}  " + _("{count} waiting").format(count=lane["waiting"]))
