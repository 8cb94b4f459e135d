"""``user add``, ``list``, ``role``, ``disable``, ``enable``, ``password``, ``invite``, ``sessions``, ``sign-out``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, print_json, say, table, warn
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
        (i["name"], i["role"], lamp("flowing" if i["enabled"] else "inactive"), i["email"], i["slack_id"], i["locale"])
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
    say(f"{changed['name']}  {lamp('flowing' if changed['enabled'] else 'inactive')}")


@command(
    app,
    "password",
    "user.manage",
    _("Set a person's password: asked for, or read from standard input. Signs them out everywhere."),
    ["centralita user password ana", "pass show desk/ana | centralita user password ana"],
)
def password(ctx: typer.Context, name: Name) -> None:
    if sys.stdin.isatty():
        given = typer.prompt(_("New password"), hide_input=True, confirmation_prompt=_("Once more"), err=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    with session(ctx.obj) as hub:
        hub.put(f"/users/{segment(name)}/password", {"password": given})
    say(_("{name} has a new password, and is signed out everywhere.").format(name=name))


@command(
    app,
    "invite",
    "user.manage",
    _("Make a link by which a person sets a password: once, within 24 hours."),
    ["centralita user invite ana"],
)
def invite(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        made = hub.post(f"/users/{segment(name)}/invitation")
    if as_json:
        print_json(made)
        return
    say(made["url"])
    warn(_("Whoever has this link comes in as {name}. It is not shown again.").format(name=name))
    if made["url"].startswith("/"):
        warn(_("The configuration lacks server.public_url: put the hub's address before it."))


@command(
    app,
    "sessions",
    "user.manage",
    _("List where a person is signed in to the dashboard."),
    ["centralita user sessions ana"],
)
def sessions(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        listed = hub.get(f"/users/{segment(name)}/sessions")
    if as_json:
        print_json(listed)
        return
    heads = (_("Number"), _("Since"), _("Last seen"), _("Address"), _("Browser"))
    rows = [
        (each["id"], ago(each["created_at"]), ago(each["seen_at"]), each["address"], each["user_agent"])
        for each in listed["items"]
    ]
    table(heads, rows, right=[0])


@command(
    app,
    "sign-out",
    "user.manage",
    _("Sign a person out of the dashboard, everywhere."),
    ["centralita user sign-out ana"],
)
def sign_out(ctx: typer.Context, name: Name) -> None:
    with session(ctx.obj) as hub:
        ended = hub.delete(f"/users/{segment(name)}/sessions")
    say(_("Sessions ended: {count}").format(count=ended["sessions"]))
