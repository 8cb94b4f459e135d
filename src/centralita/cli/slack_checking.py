"""``slack check``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from centralita.cli.commands import command
from centralita.cli.event import Json
from centralita.cli.output import lit, print_json, progress, say
from centralita.cli.session import session
from centralita.cli.words import _


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(
        app,
        "check",
        "doctor.run",
        _("Ask Slack whether the app works, and walk through the common issues. Ends with 1 when something fails."),
        ["centralita slack check", "centralita slack check --json | jq '.findings[] | select(.state == \"fail\")'"],
    )(check)


def check(ctx: typer.Context, as_json: Json = False) -> None:
    with progress(_("Asking Slack")), session(ctx.obj) as hub:
        report = hub.get("/slack/check")
    if as_json:
        print_json(report)
    else:
        _tell(report)
    if not report["ok"]:
        raise typer.Exit(1)


def _tell(report: Mapping[str, Any]) -> None:
    where = None
    for finding in report["findings"]:
        if finding["workspace"] != where:
            where = finding["workspace"]
            say(f"{where}:" if where else _("The app:"))
        say(f"  {lit(finding['state'])} {finding['found']}")
        if finding["cure"]:
            say(f"      → {finding['cure']}")
    for issue in report["issues"]:
        say("")
        say(f"{issue['name']}: {issue['symptom']}")
        for cause in issue["causes"]:
            _tell_cause(cause)


def _tell_cause(cause: Mapping[str, Any]) -> None:
    bad = [finding for finding in cause["findings"] if finding["state"] != "ok"]
    said = "; ".join(dict.fromkeys(finding["found"] for finding in bad)) or _("nothing found")
    say(f"  {lit(cause['state'])} {cause['cause']}: {said}")
    if bad:
        say(f"      → {cause['solution']}")
