"""``webhook``: listed and shown, added, changed, given another secret, switched off and removed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from centralita.cli import (
    webhook_changing,
    webhook_history,
    webhook_issues,
    webhook_listening,
    webhook_preview,
    webhook_statistics,
    webhook_trial,
)
from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, painted, print_json, say, table
from centralita.cli.session import segment, session
from centralita.cli.words import LOCALE, _
from centralita.i18n import N_

app = group(_(CONTENTS["webhook"]))
Name = Annotated[str, typer.Argument(help=_("The webhook's name."))]
for part in (
    *(webhook_changing, webhook_history, webhook_issues, webhook_preview, webhook_statistics),
    *(webhook_trial, webhook_listening),
):
    part.register(app)


@command(
    app,
    "list",
    "webhook.read",
    _("List the webhooks with how each is doing."),
    ["centralita webhook list", "centralita webhook list --state disabled", "centralita webhook list --json"],
)
def list_webhooks(
    ctx: typer.Context,
    state: Annotated[str, typer.Option(help=_("on, off, held, paused or disabled."))] = "",
    type_: Annotated[str, typer.Option("--type", help=_("Only those that subscribe to this event type."))] = "",
    text: Annotated[str, typer.Option(help=_("Only those with this in name, description or address."))] = "",
    limit: Annotated[int, typer.Option(min=1, help=_("Most to show."))] = 10_000,
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        items = list(hub.pages("/webhooks", limit, state=state, type=type_, text=text))
    if as_json:
        print_json({"items": items})
        return
    if not items:
        asked = state or type_ or text
        hint = _("No webhooks yet. Add one: {command}").format(command="centralita webhook add erp https://...")
        say(_("No webhook is like that.") if asked else hint)
        return
    heads = (_("Webhook"), _("State"), _("Types"), _("Address"), _("Waiting"), _("Dead"), _("Last delivered"))
    rows = [
        (i["name"], lamp(i["state"]), ", ".join(i["types"]), i["address"] or _("polled"), i["waiting"], i["dead"],
         ago(i["last_success_at"]))
        for i in items
    ]  # fmt: skip
    table(heads, rows, right=[4, 5])


@command(
    app,
    "show",
    "webhook.read",
    _("Show one webhook: what it is sent, how, and how it is doing."),
    ["centralita webhook show erp"],
)
def show(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    from centralita.services.wording import in_words

    with session(ctx.obj) as hub:
        found = hub.get(f"/webhooks/{segment(name)}")
    if as_json:
        print_json(found)
        return
    hook = found["webhook"]
    why = in_words(hook["reason"], {}, LOCALE) if hook["reason"] else ""
    say(f"{painted(hook['name'], 'bold')}  {lamp(hook['state'])}  {why}".rstrip())
    for label, value in _facts(found):
        if value not in ("", None, []):
            say(f"  {label}: {value}")
    counts = _("{waiting} waiting, {dead} given up.")
    say("  " + counts.format(waiting=hook["waiting"], dead=hook["dead"]))
    for key in found["keys"]:
        until = _("until {time}").format(time=key["ends_at"]) if key["ends_at"] else _("in use")
        say(f"  {_('Secret')}: {key['id'] or key['scheme']}  {until}  {key['public_key']}".rstrip())
    if hook["reason"] and hook["state"] == "disabled" and hook["origin"] == "database":
        say(_("When the receiver is well again: {command}").format(command=f"centralita webhook resume {name}"))


def _facts(found: dict[str, Any]) -> list[tuple[str, Any]]:
    hook, settings = found["webhook"], found["settings"]
    auth = settings.get("auth") or {}
    secret = _("the default one (WEBHOOK_SECRET)") if found["uses_default_secret"] else ""
    provided = _({"file": N_("the file")}.get(hook["origin"], N_("people")))
    policy = hook["policy"]
    return [
        (_("Description"), hook["description"]),
        (_("Address"), hook["address"] or _("polled")),
        (_("Provided by"), provided),
        (_("Types"), ", ".join(hook["types"])),
        (_("Channels"), ", ".join(hook["channels"])),
        (_("Condition"), hook["condition"]),
        (_("Format"), hook["format"]),
        (_("Headers"), ", ".join(found["headers"])),
        (_("Proof"), auth.get("kind", "")),
        (_("Waits between attempts"), ", ".join(f"{wait:g} s" for wait in policy["schedule_s"])),
        (_("Time-out"), f"{policy['timeout_s']:g} s"),
        (_("Rate"), f"{policy['rate_per_s']:g}/s" if policy["rate_per_s"] else ""),
        (_("Last delivered"), ago(hook["last_success_at"])),
        (_("Last failure"), ago(hook["last_failure_at"])),
        (_("Last error"), hook["last_error"]),
        (_("Secret"), secret),
    ]
