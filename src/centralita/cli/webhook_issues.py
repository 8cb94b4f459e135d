"""``webhook issues``, ``webhook issue``: what fails, in groups, and seeing to it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from centralita.cli.commands import command
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, print_json, say, table
from centralita.cli.session import segment, session
from centralita.cli.words import _

ACTIONS = ("acknowledge", "resolve", "ignore", "reopen")


def register(app: typer.Typer) -> None:
    """Adds the commands to their noun."""
    command(
        app, "issues", "webhook.read",
        _("List what fails at the webhooks, by kind of failure: the most common first."),
        ["centralita webhook issues", "centralita webhook issues --webhook erp --state all"],
    )(issues)  # fmt: skip
    command(
        app, "issue", "delivery.replay",
        _("Show an issue, or see to it: acknowledge, resolve, ignore, reopen."),
        ["centralita webhook issue 7", "centralita webhook issue 7 resolve"],
    )(issue)  # fmt: skip


def issues(
    ctx: typer.Context,
    webhook: Annotated[str, typer.Option(help=_("Only of this webhook."))] = "",
    state: Annotated[
        str, typer.Option(help=_("open, acknowledged, resolved, ignored or all; without it, what is not done with."))
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=_("Most to show."))] = 50,
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        wanted = [""] if state == "all" else [state] if state else ["open", "acknowledged"]
        items = [i for each in wanted for i in hub.pages("/webhook-issues", limit, state=each, webhook=webhook)]
    items = sorted(items, key=lambda one: -one["count"])[:limit]
    if as_json:
        print_json({"items": items})
        return
    if not items:
        say(_("Nothing fails."))
        return
    heads = (_("Issue"), _("State"), _("Webhook"), _("Failures"), _("Reason"), _("First"), _("Last"))
    table(heads, [
        (i["id"], lamp(i["state"]), i["webhook"], i["count"], _said(i), ago(i["first_at"]), ago(i["last_at"]))
        for i in items
    ], right=[0, 3])  # fmt: skip


def _said(issue: dict[str, Any]) -> str:
    return f"{issue['status'] or ''} {issue['said']}".strip()


def issue(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ISSUE", help=_("The issue's number."))],
    action: Annotated[str, typer.Argument(help=_("acknowledge, resolve, ignore or reopen; nothing to show it."))] = "",
    as_json: Json = False,
) -> None:
    if action and action not in ACTIONS:
        raise typer.BadParameter(_("Say acknowledge, resolve, ignore or reopen."))
    with session(ctx.obj) as hub:
        path = f"/webhook-issues/{number}"
        found = hub.post(f"{path}/{segment(action)}") if action else hub.get(path)
    if as_json:
        print_json(found)
        return
    say(f"{found['id']}  {lamp(found['state'])}  {found['webhook']}  {_said(found)}")
    said = _("{count} failures, the first {first}, the last {last}.")
    say("  " + said.format(count=found["count"], first=ago(found["first_at"]), last=ago(found["last_at"])))
    if found["changed_by"]:
        say("  " + _("By {who}, {when}.").format(who=found["changed_by"], when=ago(found["changed_at"])))
    say("  " + _("The newest: {command}").format(command=f"centralita webhook attempt {found['attempt']}"))
