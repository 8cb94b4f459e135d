"""``source``: listed and shown, changed, given another secret, switched off and removed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from centralita.cli import source_adding, source_testing
from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, painted, print_json, say, table, warn
from centralita.cli.session import segment, session
from centralita.cli.source_adding import Secret, Set, Slug, read_secret, say_handover
from centralita.cli.words import _
from centralita.i18n import N_

app = group(_(CONTENTS["source"]))
source_adding.register(app)
source_testing.register(app)


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
        _("Last rejected"), _("Provided by"),
    )  # fmt: skip
    rows = [
        (i["slug"], i["kind"], lamp("flowing" if i["enabled"] else "off"), i["accepted"], i["duplicates"],
         i["rejected"], ago(i["last_accepted_at"]), ago(i["last_rejected_at"]), _origin(i))
        for i in items
    ]  # fmt: skip
    table(heads, rows, right=[3, 4, 5])
    for each in items:
        _warn_of_hidden(each)


def _origin(source: dict[str, Any]) -> str:
    return str(source["place"]) or _({"hub": N_("the hub"), "file": N_("the file")}.get(source["origin"], N_("people")))


def _warn_of_hidden(source: dict[str, Any]) -> None:
    if source["hides"]:
        said = _("{slug}: the database has a source of this name too; the one of {place} is used.")
        warn(said.format(slug=source["slug"], place=source["place"]))


@command(
    app,
    "show",
    "source.read",
    _("Show one source: nothing arrives? Here is what was refused, and why."),
    ["centralita source show invgate"],
)
def show(ctx: typer.Context, slug: Slug, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        found = hub.get(f"/sources/{segment(slug)}")
    if as_json:
        print_json(found)
        return
    detail, reasons = found["detail"], found["reasons"]
    source = detail["source"]
    say(f"{painted(source['slug'], 'bold')}  {source['kind']}  {lamp('flowing' if source['enabled'] else 'off')}")
    say(f"  POST {detail['address']}")
    say(f"  {_('Provided by')}: {_origin(source)}")
    _warn_of_hidden(source)
    for name, value in sorted(detail["settings"].items()):
        say(f"  {name}: {value}")
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


@command(
    app,
    "dismiss",
    "event.replay",
    _("Lay a receipt to rest that could not be read. Its bytes are kept; centralita event replay reads them again."),
    ["centralita source dismiss invgate rcp_01JDK4T8W0N6Q2"],
)
def dismiss(
    ctx: typer.Context,
    slug: Slug,
    receipt: Annotated[str, typer.Argument(help=_("Its id, as centralita source show says it."))],
) -> None:
    with session(ctx.obj) as hub:
        hub.delete(f"/sources/{segment(slug)}/unparsed/{segment(receipt)}")
    say(_("Laid to rest: {receipt}.").format(receipt=receipt))


@command(
    app,
    "edit",
    "source.manage",
    _("Change the settings or the name of a source that people made."),
    [
        "centralita source edit invgate --set instance=acme.sd.cloud.invgate.net",
        "centralita source edit builds --set map.title=build.name --set timezone=     # nothing takes it away",
    ],
)
def edit(
    ctx: typer.Context,
    slug: Slug,
    set_: Set = None,
    name: Annotated[str | None, typer.Option(help=_("Name that people see."))] = None,
    as_json: Json = False,
) -> None:
    from centralita.cli.source_settings import read_pairs
    from centralita.integrations import registry

    if not set_ and name is None:
        raise typer.BadParameter(_("Say what is to change: --set or --name."))
    with session(ctx.obj) as hub:
        detail = hub.get(f"/sources/{segment(slug)}")["detail"]
        integration = registry.configured(detail["source"]["kind"], {})[0]
        given = read_pairs(integration, set_ or [])
        for key, value in given.items():  # one entry of a table leaves the others as they are
            before = detail["settings"].get(key)
            if any(pair.startswith(f"{key}.") for pair in set_ or []) and isinstance(before, dict):
                given[key] = {**before, **value}
        changed = hub.patch(f"/sources/{segment(slug)}", {"name": name, "settings": given})
    print_json(changed) if as_json else say(_("{slug} is changed.").format(slug=changed["slug"]))


@command(
    app,
    "rotate",
    "source.manage",
    _("Give a source another secret; the one before it is good for a while, until the sender has the new one."),
    ["centralita source rotate invgate --keep 24h", "centralita source rotate invgate --keep 0s   # it leaked"],
)
def rotate(
    ctx: typer.Context,
    slug: Slug,
    keep: Annotated[str, typer.Option(help=_("How long those before it are good: 24h, 7d; 0s: not at all."))] = "24h",
    secret: Secret = "",
    as_json: Json = False,
) -> None:
    from centralita.services.times import span_s

    keep_s = span_s(keep)
    if keep_s is None:
        raise typer.BadParameter(_("--keep is a span such as 24h or 7d."))
    body = {"keep_s": keep_s, "secret": read_secret(secret)}
    with session(ctx.obj) as hub:
        given = hub.post(f"/sources/{segment(slug)}/secrets", body)
    if as_json:
        print_json(given)
        return
    say_handover(given)
    if given["old_until"]:
        say(_("The secrets before it are good until {time}.").format(time=given["old_until"]))
    else:
        say(_("The secrets before it open nothing any more."))


@command(app, "disable", "source.manage", _("Take nothing from a source for now."), ["centralita source disable erp"])
def disable(ctx: typer.Context, slug: Slug) -> None:
    _enable(ctx, slug, False)


@command(app, "enable", "source.manage", _("Take requests from a source again."), ["centralita source enable erp"])
def enable(ctx: typer.Context, slug: Slug) -> None:
    _enable(ctx, slug, True)


def _enable(ctx: typer.Context, slug: str, enabled: bool) -> None:
    with session(ctx.obj) as hub:
        changed = hub.patch(f"/sources/{segment(slug)}", {"enabled": enabled})
    say(f"{changed['slug']}  {lamp('flowing' if changed['enabled'] else 'off')}")


@command(
    app,
    "remove",
    "source.manage",
    _("Take nothing more from a source that people made; what it has sent is still routed."),
    ["centralita source remove erp"],
)
def remove(ctx: typer.Context, slug: Slug) -> None:
    with session(ctx.obj) as hub:
        hub.delete(f"/sources/{segment(slug)}")
    say(_("{slug} is removed; its events stay.").format(slug=slug))
    back = _("For 10 minutes it can be brought back with its secrets: {command}")
    say(back.format(command=f"centralita source restore {slug}"))


@command(
    app,
    "restore",
    "source.manage",
    _("Bring back a source that was removed less than ten minutes ago."),
    ["centralita source restore erp"],
)
def restore(ctx: typer.Context, slug: Slug) -> None:
    with session(ctx.obj) as hub:
        back = hub.post(f"/sources/{segment(slug)}/restore", {})
    say(f"{back['slug']}  {lamp('flowing' if back['enabled'] else 'off')}")
