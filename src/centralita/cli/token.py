"""``token create``, ``token list``, ``token revoke``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, print_json, say, table, warn
from centralita.cli.session import session
from centralita.cli.words import _

app = group(_(CONTENTS["token"]))


@command(
    app,
    "create",
    "token.manage",
    _("Make a token. It is shown this once: only its hash is kept."),
    [
        "centralita token create grafana --role viewer --expires 90d",
        "centralita token create deploy --scope event.read --scope event.replay",
    ],
)
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help=_("What it is for."))],
    role: Annotated[str, typer.Option(help=_("With the permissions of this role."))] = "",
    scope: Annotated[list[str] | None, typer.Option(help=_("A permission such as event.read, event.* or *."))] = None,
    expires: Annotated[str, typer.Option(help=_("After this span it opens nothing: 12h, 90d."))] = "",
    as_json: Json = False,
) -> None:
    from centralita.services.times import span_s

    expires_in_s = span_s(expires) if expires else None
    if expires and not expires_in_s:
        raise typer.BadParameter(_("--expires is a span such as 12h or 90d."))
    body = {"name": name, "role": role, "scopes": scope or [], "expires_in_s": expires_in_s}
    with session(ctx.obj) as hub:
        made = hub.post("/tokens", body)
    if as_json:
        print_json(made)
        return
    say(made["token"])
    warn(_("Keep it now: it is not shown again."))


@command(app, "list", "token.manage", _("List the tokens, without what opens doors."), ["centralita token list"])
def list_tokens(ctx: typer.Context, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        items = list(hub.pages("/tokens", 1_000_000))
    if as_json:
        print_json({"items": items})
        return
    heads = (_("Number"), _("Name"), _("Begins"), _("State"), _("Scopes"), _("Expires"), _("Last used"), _("Made by"))
    table(heads, [_row(item) for item in items], right=[0])


def _row(item: dict[str, Any]) -> tuple[Any, ...]:
    expiry = ago(item["expires_at"])
    state = lamp("off" if item["revoked_at"] else "flowing")
    used = ago(item["last_used_at"])
    return item["id"], item["name"], item["prefix"] + "…", state, item["scopes"], expiry, used, item["created_by"]


@command(app, "revoke", "token.manage", _("End a token for good, at once."), ["centralita token revoke 3"])
def revoke(ctx: typer.Context, number: Annotated[int, typer.Argument(help=_("Its number in the list."))]) -> None:
    with session(ctx.obj) as hub:
        hub.delete(f"/tokens/{number}")
    say(_("Token {number} opens nothing any more.").format(number=number))
