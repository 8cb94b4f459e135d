"""``delivery list-dead`` and ``delivery resend``."""

from __future__ import annotations

from typing import Annotated

import typer

from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json, Since, replay_slices
from centralita.cli.output import ago, print_json, say, table
from centralita.cli.session import segment, session
from centralita.cli.words import LOCALE, _

app = group(_(CONTENTS["delivery"]))


@command(
    app,
    "list-dead",
    "delivery.read",
    _("List dead letters, oldest first: deliveries that were given up and wait for somebody."),
    ["centralita delivery list-dead", "centralita delivery list-dead --lane webhook:erp --since 1d"],
)
def list_dead(
    ctx: typer.Context,
    lane: Annotated[str, typer.Option(help=_("Only of this lane."))] = "",
    since: Since = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=_("Most of them."))] = 50,
    as_json: Json = False,
) -> None:
    from centralita.services.wording import explained

    with session(ctx.obj) as hub:
        items = list(hub.pages("/dead-letters", limit, lane=lane, since=since))
    if as_json:
        print_json({"items": items})
        return
    if not items:
        say(_("No dead letters."))
        return
    heads = (_("Delivery"), _("Died"), _("Lane"), _("Event"), _("Rule"), _("Attempts"), _("Reason"))
    rows = [
        (i["id"], ago(i["died_at"]), i["lane"], i["event"], i["rule"], i["attempts"],
         explained(i["reason"], i["detail"], LOCALE))
        for i in items
    ]  # fmt: skip
    table(heads, rows, right=[5])


@command(
    app,
    "dismiss",
    "delivery.replay",
    _("Lay a dead letter to rest that somebody has seen to: it is not sent again, and what it held back goes on."),
    ["centralita delivery dismiss dlv_17"],
)
def dismiss(
    ctx: typer.Context, delivery: Annotated[str, typer.Argument(help=_("The delivery's id."))], as_json: Json = False
) -> None:
    with session(ctx.obj) as hub:
        hub.post(f"/deliveries/{segment(delivery)}/dismiss")
    if as_json:
        print_json({"delivery": delivery, "state": "skipped"})
        return
    say(_("{delivery} waits for nobody any more.").format(delivery=delivery))


@command(
    app,
    "resend",
    "delivery.replay",
    _("Send a delivery again as it was, or the dead letters of a lane, or all of them."),
    [
        "centralita delivery resend dlv_17",
        "centralita delivery resend --lane webhook:erp",
        "centralita delivery resend --all --since 1d",
    ],
)
def resend(
    ctx: typer.Context,
    delivery: Annotated[str, typer.Argument(help=_("The delivery's id; left out for many."))] = "",
    event: Annotated[str, typer.Option(help=_("Its event, for one that is no dead letter."))] = "",
    lane: Annotated[str, typer.Option(help=_("All dead letters of this lane."))] = "",
    since: Since = "",
    everything: Annotated[bool, typer.Option("--all", help=_("All dead letters."))] = False,
    as_json: Json = False,
) -> None:
    if bool(delivery) == bool(lane or since or everything):
        raise typer.BadParameter(_("Name one delivery, or say which by --lane, --since or --all."))
    with session(ctx.obj) as hub:
        if delivery:
            done = hub.post(f"/deliveries/{segment(delivery)}/resend", {"event": event})
        else:
            body = {"lane": lane, "since": since, "all": everything}
            done = replay_slices(hub, "/dead-letters/replay", body, ("events", "deliveries"))
    if as_json:
        print_json(done)
    elif delivery:
        say(_("Queued again as {delivery}.").format(**done))
    else:
        say(_("{count} dead letters queued again.").format(count=done["deliveries"]))
