"""``doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from centralita.cli.commands import command
from centralita.cli.output import lamp, print_json, progress, say
from centralita.cli.session import Options
from centralita.cli.words import LOCALE, _


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(
        app,
        "doctor",
        "doctor.run",
        _("Look at everything that can be wrong here, and say what to do about it."),
        ["centralita doctor", "centralita doctor --json | jq '.[] | select(.state != \"ok\")'"],
    )(doctor)


def doctor(
    ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help=_("For machines."))] = False
) -> None:
    import asyncio

    from centralita.cli.examination import examine

    options: Options = ctx.obj
    settings = options.settings()
    with progress(_("Examining")):
        findings = asyncio.run(examine(settings, LOCALE))
    if as_json:
        print_json([{"check": f.check, "state": f.state, "found": f.found, "cure": f.cure} for f in findings])
    for finding in [] if as_json else findings:
        say(f"{lamp(finding.state)}  {finding.check}: {finding.found}")
        if finding.cure:
            say(f"    → {finding.cure}")
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(1)
