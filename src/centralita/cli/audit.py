"""``audit list``, ``audit verify``, ``audit export-head``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from centralita.cli.commands import command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, print_json, say, table
from centralita.cli.session import Failed, session
from centralita.cli.words import _

app = group(_(CONTENTS["audit"]))


@command(
    app,
    "list",
    "audit.read",
    _("List what was done, newest first."),
    ["centralita audit list", "centralita audit list --action token.created --json"],
)
def list_audit(
    ctx: typer.Context,
    actor: Annotated[str, typer.Option(help=_("Only by this actor, such as token:3 or local:ana."))] = "",
    action: Annotated[str, typer.Option(help=_("Only this action, such as token.created."))] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help=_("Most entries."))] = 50,
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        items = list(hub.pages("/audit", limit, actor=actor, action=action))
    if as_json:
        print_json({"items": items})
        return
    heads = (_("Number"), _("When"), _("Who"), _("What"), _("To what"), _("Details"))
    rows = [
        (i["number"], ago(i["at"]), i["actor"], i["action"], i["subject"], json.dumps(i["details"], ensure_ascii=False))
        for i in items
    ]
    table(heads, rows, right=[0])


@command(
    app,
    "verify",
    "audit.read",
    _("Walk the whole chain. With a head that was exported earlier, a tail that was cut is found too."),
    ["centralita audit verify", "centralita audit verify --head /mnt/elsewhere/audit-head.json"],
)
def verify(
    ctx: typer.Context,
    head: Annotated[Path | None, typer.Option(help=_("A file that export-head has written."))] = None,
    as_json: Json = False,
) -> None:
    known = _read_head(head) if head is not None else None
    with session(ctx.obj) as hub:
        found = hub.post("/audit/verify", known)
    if as_json:
        print_json(found)
    elif found["ok"]:
        said = _("The chain holds: {number} entries, the last one {hash}.")
        say(f"{lamp('ok')}  " + said.format(number=found["number"], hash=found["hash"][:12]))
    else:
        say(f"{lamp('fail')}  {found['detail']}")
    if not found["ok"]:
        raise typer.Exit(1)


def _read_head(file: Path) -> dict[str, object]:
    try:
        head = json.loads(file.read_text())
        return {"number": int(head["number"]), "hash": str(head["hash"])}
    except (OSError, ValueError, KeyError, TypeError):
        raise Failed(_("{file} holds no head of an audit log.").format(file=file)) from None


@command(
    app,
    "export-head",
    "audit.read",
    _("Print where the chain ends. Kept on another machine, it proves later that nothing was cut off."),
    ["centralita audit export-head > /mnt/elsewhere/audit-head.json"],
)
def export_head(ctx: typer.Context) -> None:
    with session(ctx.obj) as hub:
        print_json(hub.get("/audit/head"))
