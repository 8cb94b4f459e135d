"""``user add``, ``user list``, ``user role``, ``user disable``, ``user enable``."""

from __future__ import annotations

from typing import Annotated

import typer

from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import lamp, print_json, say, table
from centralita.cli.session import segment, session
from centralita.cli.words import _

app = group(_(CONTENTS["user"]))
Name = Annotated[str, typer.Argument(help=_("The person's name."))]


@command(
    app,
    "add",
    "user.manage",
    _("Add a person."),
    ["centralita user add ana --role operator --email ana@example.com --slack U12345678"],
)
def add(
    ctx: typer.Context,
    name: Name,
    role: Annotated[str, typer.Option(help=_("admin, operator, viewer, or a role of your own."))],
    email: Annotated[str, typer.Option(help=_("E-mail address."))] = "",
    slack: Annotated[str, typer.Option(help=_("Slack user id."))] = "",
    locale: Annotated[str, typer.Option(help=_("es or en; else the hub's language."))] = "",
    as_json: Json = False,
) -> None:
    body = {"name": name, "role": role, "email": email, "slack_id": slack, "locale": locale}
    with session(ctx.obj) as hub:
        made = hub.post("/users", body)
    print_json(made) if as_json else say(_("{name} is {role}.").format(name=made["name"], role=made["role"]))


@command(app, "list", "user.manage", _("List the people and their roles."), ["centralita user list"])
def list_users(ctx: typer.Context, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        items = list(hub.pages("/users", 1_000_000))
    if as_json:
        print_json({"items": items})
        return
    heads = (_("Name"), _("Role"), _("State"), _("E-mail"), "Slack", _("Language"))
    table(heads, [
        (i["name"], i["role"], lamp("flowing" if i["enabled"] else "off"), i["email"], i["slack_id"], i["locale"])
        for i in items
    ])  # fmt: skip


@command(app, "role", "user.manage", _("Give a person another role."), ["centralita user role ana viewer"])
def role(ctx: typer.Context, name: Name, role: Annotated[str, typer.Argument(help=_("The new role."))]) -> None:
    with session(ctx.obj) as hub:
        changed = hub.patch(f"/users/{segment(name)}", {"role": role})
    say(_("{name} is {role}.").format(name=changed["name"], role=changed["role"]))


@command(app, "disable", "user.manage", _("Take a person's access away."), ["centralita user disable ana"])
def disable(ctx: typer.Context, name: Name) -> None:
    _enable(ctx, name, False)


@command(app, "enable", "user.manage", _("Give a person's access back."), ["centralita user enable ana"])
def enable(ctx: typer.Context, name: Name) -> None:
    _enable(ctx, name, True)


def _enable(ctx: typer.Context, name: str, enabled: bool) -> None:
    with session(ctx.obj) as hub:
        changed = hub.patch(f"/users/{segment(name)}", {"enabled": enabled})
    say(f"{changed['name']}  {lamp('flowing' if changed['enabled'] else 'off')}")
