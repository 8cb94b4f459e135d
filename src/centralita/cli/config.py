"""``config check`` and ``config show``."""

from __future__ import annotations

from typing import Annotated

import typer

from centralita.cli.commands import LOCAL, command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.output import painted, print_json, say, table, warn
from centralita.cli.session import Options
from centralita.cli.words import LOCALE, _

app = group(_(CONTENTS["config"]))


@command(
    app,
    "check",
    LOCAL,
    _("Read the configuration and tell everything that is wrong with it, with line and column."),
    ["centralita config check", "centralita --config /etc/centralita.yaml config check"],
)
def check(ctx: typer.Context) -> None:
    import asyncio

    from centralita.cli.checking import problems_of, warnings_of
    from centralita.cli.stored import read_sources, slugs_of
    from centralita.settings import SettingsError

    options: Options = ctx.obj
    try:
        settings = options.settings()
    except SettingsError as wrong:
        for problem in [wrong.text(LOCALE), *(problems_of(wrong.sound, LOCALE) if wrong.sound else ())]:
            warn(problem)
        raise typer.Exit(2) from None
    problems = problems_of(settings, LOCALE)
    stored = [] if problems else asyncio.run(read_sources(settings))
    for problem in problems:
        warn(problem)
    for notice in [] if problems else warnings_of(settings, LOCALE, stored):
        warn(f"{painted(_('warning'), 'yellow')}: {notice}")
    if problems:
        raise typer.Exit(2)
    file = options.file()
    said = str(file) if file is not None else _("the defaults and the environment")
    counts = {
        "sources": len(slugs_of(settings, stored)),
        "rules": len(settings.rules),
        "webhooks": len(settings.webhooks),
    }
    say(_("{file}: fine. Sources: {sources}, rules: {rules}, webhooks: {webhooks}.").format(file=said, **counts))


@command(
    app,
    "show",
    "settings.read",
    _("Show every setting, where it comes from, and no secret."),
    ["centralita config show", "centralita config show --json | jq '.[] | select(.origin != \"default\")'"],
)
def show(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help=_("Also what is at its default."))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_("For machines."))] = False,
) -> None:
    from centralita.settings import shown

    options: Options = ctx.obj
    values = shown(options.settings())
    if as_json:
        print_json([{"path": each.path, "value": each.value, "origin": each.origin} for each in values])
        return
    wanted = [each for each in values if everything or each.origin != "default"]
    if not wanted:
        say(_("Everything is at its default: centralita config show --all"))
        return
    table((_("Setting"), _("Value"), _("From")), [(each.path, each.value, each.origin) for each in wanted])
