"""``source list`` and ``source show``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, painted, print_json, say, table
from centralita.cli.session import segment, session
from centralita.cli.words import _

app = group(_(CONTENTS["source"]))


@command(
    app,
    "list",
    "source.read",
    _("List the sources with what came from each."),
    ["centralita source list", "centralita source list --json | jq '.items[].slug'"],
)
def list_sources(ctx: typer.Context, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        items = hub.get("/sources")["items"]
    if as_json:
        print_json({"items": items})
        return
    heads = (
        _("Source"), _("Kind"), _("State"), _("Accepted"), _("Duplicates"), _("Rejected"), _("Last accepted"),
        _("Last rejected"),
    )  # fmt: skip
    rows = [
        (i["slug"], i["kind"], lamp("flowing" if i["enabled"] else "off"), i["accepted"], i["duplicates"],
         i["rejected"], ago(i["last_accepted_at"]), ago(i["last_rejected_at"]))
        for i in items
    ]  # fmt: skip
    table(heads, rows, right=[3, 4, 5])


@command(
    app,
    "show",
    "source.read",
    _("Show one source: nothing arrives? Here is what was refused, and why."),
    ["centralita source show invgate"],
)
def show(
    ctx: typer.Context, slug: Annotated[str, typer.Argument(help=_("The source's slug."))], as_json: Json = False
) -> None:
    with session(ctx.obj) as hub:
        found = hub.get(f"/sources/{segment(slug)}")
    if as_json:
        print_json(found)
        return
    detail, reasons = found["detail"], found["reasons"]
    source = detail["source"]
    say(f"{painted(source['slug'], 'bold')}  {source['kind']}  {lamp('flowing' if source['enabled'] else 'off')}")
    say(f"  POST {detail['address']}")
    said = _("{accepted} accepted, {duplicates} duplicates, {conflicts} with another body, {rejected} rejected.")
    say("  " + said.format(**source))
    for fault in detail["faults"]:
        say(f"  {lamp('fail')}  {fault}")
    if detail["seen"]:
        say(f"\n{_('Types of the last 1,000 events')}")
        table((_("Type"), _("Count")), sorted(detail["seen"].items()), right=[1])
    _refused(detail, reasons)


def _refused(detail: dict[str, Any], reasons: dict[str, str]) -> None:
    if not detail["rejections"] and not detail["unparsed"]:
        say(f"\n{_('Nothing was refused.')}")
    if detail["rejections"]:
        say(f"\n{_('The last refused requests')}")
        rows = [
            (ago(row["at"]), row["status"], f"{reasons[row['reason']]} {row['detail']}".strip(), row["remote"])
            for row in detail["rejections"]
        ]
        table((_("When"), _("Status"), _("Why"), _("From")), rows, right=[1])
    if detail["unparsed"]:
        say(f"\n{_('Receipts that could not be read; they are kept')}")
        unread = [(row["receipt"], ago(row["at"]), reasons[row["reason"]]) for row in detail["unparsed"]]
        table((_("Receipt"), _("When"), _("Why")), unread)
