"""``ci import``: InvGate's inventory, read page by page."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from centralita.cli.commands import command
from centralita.cli.event import Json
from centralita.cli.output import print_json, progress, say
from centralita.cli.session import Session, session
from centralita.cli.words import _


def register(app: typer.Typer) -> None:
    """Adds the command to the group ``ci``."""

    @command(
        app,
        "import",
        "ci.manage",
        _("Read the inventory of InvGate Assets into the configuration items. What people changed stays."),
        ["centralita ci import --dry-run", "centralita ci import"],
    )
    def import_cis(
        ctx: typer.Context,
        dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would change."))] = False,
        as_json: Json = False,
    ) -> None:
        with session(ctx.obj) as hub:
            done = _to_the_end(hub, dry_run)
        if as_json:
            print_json(done)
            return
        if dry_run:
            say(_("Nothing was written. An import would lead to this:"))
        for text, name in (
            (_("read"), "read"),
            (_("new"), "created"),
            (_("updated"), "updated"),
            (_("as they were"), "unchanged"),
            (_("gone from the inventory"), "gone"),
        ):
            say(f"  {done[name]:>7}  {text}")


def _to_the_end(hub: Session, dry_run: bool) -> Any:
    done = hub.post("/cis/import", {"dry_run": dry_run})
    with progress(_("Reading the inventory"), done["total"]) as advance:
        advance(done["read"])
        while done["next"]:
            before = done["read"]
            done = hub.post("/cis/import", {"cursor": done["next"]})
            advance(done["read"] - before)
    return done
