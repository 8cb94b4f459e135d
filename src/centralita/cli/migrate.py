"""``migrate``."""

from __future__ import annotations

import typer

from centralita.cli.commands import LOCAL, command
from centralita.cli.output import say
from centralita.cli.session import Failed, Options
from centralita.cli.words import _


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(
        app,
        "migrate",
        LOCAL,
        _("Bring the database to this version's schema. Killed half way, it can be run again."),
        ["centralita migrate", "DATABASE_URL=postgresql://... centralita migrate"],
    )(migrate)


def migrate(ctx: typer.Context) -> None:
    import asyncio
    from contextlib import nullcontext

    from centralita.services.running import AlreadyRunning, only_process
    from centralita.store.database import StoreUnavailable

    options: Options = ctx.obj
    settings = options.settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = only_process(settings.data_dir) if settings.database_url.startswith("sqlite:") else nullcontext()
    try:
        with lock:
            before, after = asyncio.run(_migrate(settings.database_url))
    except AlreadyRunning:
        raise Failed(_("A server is running on this data directory; it has migrated at its start.")) from None
    except StoreUnavailable as fault:
        raise Failed(_("The database does not answer: {reason}").format(reason=fault.reason)) from None
    if before == after:
        say(_("The schema is current: {revision}.").format(revision=after))
    else:
        say(_("Migrated from {before} to {after}.").format(before=before or _("nothing"), after=after))


async def _migrate(url: str) -> tuple[str | None, str | None]:
    from centralita.store.database import open_database
    from centralita.store.migrate import migrate as upgrade

    database = await open_database(url)
    try:
        return await upgrade(database)
    finally:
        await database.close()
