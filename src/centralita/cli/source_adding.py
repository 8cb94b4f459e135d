"""``source add`` and ``source wait``."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated, Any

import typer

from centralita.cli.commands import command
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, painted, print_json, say, warn
from centralita.cli.session import Failed, Session, segment, session
from centralita.cli.source_waiting import first_event, now_of, say_events
from centralita.cli.words import LOCALE, _

Slug = Annotated[str, typer.Argument(help=_("The source's slug."))]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=_("A setting of its kind; may be repeated."))
]
Secret = Annotated[
    str, typer.Option(help=_("-: read the sender's own secret from standard input; without it one is made."))
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(
        app,
        "add",
        "source.manage",
        _("Add a source: asks what its kind needs, prints what to enter at the sender, waits for the first event."),
        [
            "centralita source add invgate",
            "centralita source add generic --slug ci --set auth=hmac --set scheme=github --set map.title=build.name",
            "pass show pagerduty | centralita source add pagerduty --secret - --no-wait",
        ],
    )(add)
    command(
        app,
        "wait",
        "source.read",
        _("Wait for a source's next event: tells what is refused and why, and what was understood."),
        ["centralita source wait invgate"],
    )(wait)


def add(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help=_("Kind of sender: invgate, alertmanager, generic, a preset's name..."))],
    slug: Annotated[str, typer.Option(help=_("Name in the address: /in/SLUG; else the kind's."))] = "",
    name: Annotated[str, typer.Option(help=_("Name that people see; else the slug."))] = "",
    set_: Set = None,
    secret: Secret = "",
    no_wait: Annotated[bool, typer.Option("--no-wait", help=_("Do not wait for the first event."))] = False,
    as_json: Json = False,
) -> None:
    from centralita.cli.source_settings import complete, read_pairs
    from centralita.integrations import registry

    if kind not in registry.kinds():
        raise typer.BadParameter(_("There are: {known}.").format(known=", ".join(registry.kinds())))
    integration, _defaults = registry.configured(kind, {})
    given = {key: value for key, value in read_pairs(integration, set_ or []).items() if value is not None}
    ask = not set_ and not as_json and secret != "-" and sys.stdin.isatty() and sys.stdout.isatty()  # noqa: S105 - no secret
    settings = complete(kind, given, ask=ask)
    body = {"kind": kind, "slug": slug, "name": name, "settings": settings, "secret": read_secret(secret)}
    with session(ctx.obj) as hub:
        made = hub.post("/sources", body)
        slug = made["source"]["slug"]
        cursor = now_of(hub, slug)
        if as_json:
            print_json(made)
            return
        say(f"{lamp('flowing')}  {painted(slug, 'bold')}  {kind}\n")
        say_handover(made["handover"])
        if secret != "-":  # noqa: S105 - says where it is read from
            own = _("Does the sender make the secret itself? Then: {command}")
            say(own.format(command=f"centralita source rotate {slug} --secret - --keep 0s"))
        _say_steps(kind, made["handover"]["address"])
        if not no_wait:
            _wait(hub, slug, cursor)


def wait(ctx: typer.Context, slug: Slug, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        source = hub.get(f"/sources/{segment(slug)}")["detail"]["source"]
        if as_json:
            print_json(first_event(hub, slug, now_of(hub, slug), warn))
            return
        if source["accepted"]:
            came = _("{count} accepted so far, the last one {ago}: {command}")
            when = ago(source["last_accepted_at"])
            say(came.format(count=source["accepted"], ago=when, command=f"centralita event list --source {slug}"))
        if not _wait(hub, slug, now_of(hub, slug)):
            raise typer.Exit(1)


def read_secret(option: str) -> str:
    """The secret on standard input for ``-``, "" for "". Raises BadParameter."""
    if option not in ("", "-"):
        # What stands on a command line, everybody on the machine can read.
        raise typer.BadParameter(_("--secret takes - only: the secret is read from standard input."))
    if not option:
        return ""
    secret = getpass.getpass(f"{_('Secret')}: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    if not secret:
        raise typer.BadParameter(_("Standard input holds no secret."))
    return secret


def say_handover(given: dict[str, Any]) -> None:
    """The address and the secret, this once."""
    rows = [(_("Address"), given["address"]), (_("Secret"), given["secret"])]
    rows += [(_("Header"), ", ".join(given["headers"]))] if given["headers"] else []
    width = max(len(name) for name, _value in rows)
    for name, value in rows:
        say(f"  {name:<{width}}  {value}")
    warn(_("Keep the secret now: it is not shown again."))
    if given["address"].startswith(("http://127.", "http://localhost", "http://[::1]", "/", "http://0.")):
        warn(_("Only this machine knows that address; set server.public_url to the one that senders reach."))


def _say_steps(kind: str, address: str) -> None:
    from centralita.integrations import registry
    from centralita.services.source_setup import instructions

    found = instructions(kind, address, LOCALE)
    page = registry.readme(registry.configured(kind, {})[0].kind)
    say("\n" + _("At the sender") + (f": {page}" if not found else ""))
    for line in found:
        say(f"  {line}".rstrip())


def _wait(hub: Session, slug: str, cursor: str) -> bool:
    """Waits for the first event; False when somebody has had enough."""
    later = _("Go on later with: {command}").format(command=f"centralita source wait {slug}")
    if not (hub.served or hub.shared):
        warn(_("No server is running, so nothing can arrive: centralita serve") + f"\n{later}")
        return False
    try:
        say(_("Waiting for the first event; Ctrl-C ends the waiting, the source stays.") + "\n")
        say_events(first_event(hub, slug, cursor, say))
    except KeyboardInterrupt:
        say(f"\n{later}")
        return False
    except Failed:
        warn(later)
        raise
    return True
