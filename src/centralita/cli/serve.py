"""``serve``: the hub itself."""

from __future__ import annotations

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from centralita.cli.commands import LOCAL, command
from centralita.cli.output import say, warn
from centralita.cli.session import Failed, Options
from centralita.cli.words import LOCALE, _, why


class Role(StrEnum):
    """What a process does."""

    ALL = "all"
    WEB = "web"
    WORKER = "worker"


def register(root: typer.Typer) -> None:
    """Adds the command."""
    command(
        root,
        "serve",
        LOCAL,
        _("Run the hub: receive, route, deliver, until it is told to stop (SIGTERM, Ctrl-C)."),
        [
            "centralita serve",
            "centralita --config /etc/centralita.yaml serve",
            "centralita serve --role web",
            "centralita serve --role worker",
        ],
    )(serve)


def serve(
    ctx: typer.Context,
    role: Annotated[
        Role, typer.Option("--role", help=_("What this process does; web and worker need PostgreSQL."))
    ] = Role.ALL,
) -> None:
    from centralita import logs
    from centralita.cli.checking import problems_of, warnings_of

    options: Options = ctx.obj
    settings = options.settings()
    problems = problems_of(settings, LOCALE)
    for problem in problems:
        warn(problem)
    if problems:
        raise typer.Exit(2)
    for notice in warnings_of(settings, LOCALE):
        warn(notice)
    if role is not Role.ALL and settings.database_url.startswith("sqlite:"):
        warn(_("--role {role} needs PostgreSQL: SQLite has one process. Set database.url.").format(role=role.value))
        raise typer.Exit(2)
    close_logs = logs.configure(settings.logs)
    try:
        _run(options, role.value)
    finally:
        close_logs()


def _run(options: Options, role: str) -> None:
    from centralita.services.first_run import dashboard_address
    from centralita.services.hub import Hub
    from centralita.services.rulesets import RulesetDiffers
    from centralita.services.running import AlreadyRunning
    from centralita.serving import run, serve_until_signalled
    from centralita.store.database import StoreUnavailable

    def announce(hub: Hub, url: str, setup_link: str) -> None:
        say(_("Centralita listens on {url}").format(url=url))
        if role == "worker":
            return
        if setup_link:
            say(_("It belongs to nobody yet. Whoever opens this link sets it up: {link}").format(link=setup_link))
        else:
            say(_("Its dashboard: {url}").format(url=dashboard_address(hub)))

    settings = options.settings()
    _need_directory(settings.data_dir)
    try:
        run(serve_until_signalled(settings, role, announce))
    except AlreadyRunning:
        raise Failed(
            _("Another process serves from the data directory {directory}.").format(directory=settings.data_dir)
        ) from None
    except RulesetDiffers as fault:
        raise Failed(
            _(
                "Other processes ({others}) run by other rules (version {version}) than this file has. "
                "Give all of them the same file, or stop them first."
            ).format(others=", ".join(fault.others), version=fault.version)
        ) from None
    except StoreUnavailable as fault:
        raise Failed(_("The database does not answer: {reason}").format(reason=fault.reason)) from None
    except OSError as fault:
        place = f"{settings.server.host}:{settings.server.port}"
        said = _("{place} cannot be listened on: {reason}. Another port: server.port, or CENTRALITA_SERVER__PORT.")
        raise Failed(said.format(place=place, reason=why(fault))) from None


def _need_directory(directory: Path) -> None:
    """Makes the data directory, and tries whether it can be written to. Raises Failed."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as fault:
        said = _(
            "The data directory {directory} cannot be written to: {reason}. Another one: --data, or CENTRALITA_DATA."
        )
        raise Failed(said.format(directory=directory, reason=why(fault))) from None
