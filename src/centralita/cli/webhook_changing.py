"""``webhook add``, ``edit``, ``rotate``; ``enable``, ``disable``, ``pause``, ``resume``; ``remove``, ``restore``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from centralita.cli.commands import command, taking
from centralita.cli.event import Json
from centralita.cli.output import lamp, painted, print_json, say, warn
from centralita.cli.session import segment, session
from centralita.cli.source_adding import read_secret
from centralita.cli.words import _

Name = Annotated[str, typer.Argument(help=_("The webhook's name."))]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help=_("A setting, as the configuration file names it; may be repeated.")
    ),
]
Secret = Annotated[str, typer.Option(help=_("-: read a secret of your own from standard input; else one is made."))]
Scheme = Annotated[str, typer.Option(help=_("What is made: v1, a shared secret; v1a, a key pair (ed25519)."))]
_SETTINGS = taking(
    types=Annotated[
        list[str] | None, typer.Option("--type", help=_("Event type that it gets, or ticket.*; may be repeated."))
    ],
    channels=Annotated[
        list[str] | None,
        typer.Option("--channel", help=_("Only events of this source or channel; may be repeated.")),
    ],
    condition=Annotated[str | None, typer.Option(help=_("Which of those events it gets, in the condition language."))],
    format=Annotated[str | None, typer.Option(help=_("What the receiver gets: standard, cloudevents, ..."))],
    description=Annotated[str | None, typer.Option(help=_("What it is for."))],
    headers=Annotated[
        list[str] | None,
        typer.Option("--header", metavar="NAME=VALUE", help=_("Sent with each request; may be repeated.")),
    ],
    template=Annotated[Path | None, typer.Option(help=_("File with the Liquid text, for the format template."))],
)
"""What ``add`` and ``edit`` take, by the names that the API has for it."""
Url = Annotated[str, typer.Argument(help=_("Where events are posted to; mailto:ADDRESS; left out: they are polled."))]
NewUrl = Annotated[str | None, typer.Option("--url", help=_("Where events are posted to."))]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for name, text, examples, function in (*_changes(), *_switches(), *_endings()):
        command(app, name, "lane.manage" if name == "pause" else "webhook.manage", text, examples)(function)


_Command = tuple[str, str, list[str], Callable[..., None]]


def _changes() -> list[_Command]:
    return [
        (
            "add",
            _("Add a webhook: the very next event reaches it. Prints the secret that its receiver verifies with."),
            [
                "centralita webhook add erp https://erp.example.com/hook --type 'ticket.*'",
                "centralita webhook add noc mailto:noc@example.com --format mail --condition \"severity == 'high'\"",
                "centralita webhook add audit https://audit.example.com/in --scheme v1a --set rate_per_s=10",
            ],
            add,
        ),
        (
            "edit",
            _("Change a webhook that people made."),
            [
                "centralita webhook edit erp --url https://erp.example.com/hooks/desk",
                "centralita webhook edit erp --set timeout_s=30 --set rate_per_s=     # nothing resets it",
            ],
            edit,
        ),
        (
            "rotate",
            _("Give a webhook another secret; requests carry both signatures for a while."),
            ["centralita webhook rotate erp --keep 24h", "centralita webhook rotate erp --keep 0s   # it leaked"],
            rotate,
        ),
    ]


def _switches() -> list[_Command]:
    return [
        ("enable", _("Send to a webhook again."), ["centralita webhook enable erp"], enable),
        (
            "disable",
            _("Send nothing to a webhook for now. What waits is kept."),
            ["centralita webhook disable erp"],
            disable,
        ),
        (
            "pause",
            _("Send nothing to a webhook for now. What waits is kept, and what happens meanwhile waits too."),
            ["centralita webhook pause erp"],
            pause,
        ),
        (
            "resume",
            _("Go on with a webhook that was paused, or stopped by the hub because it kept failing."),
            ["centralita webhook resume erp"],
            resume,
        ),
    ]


def _endings() -> list[_Command]:
    return [
        (
            "remove",
            _("Remove a webhook that people made. For ten minutes it can be restored, with what waits for it."),
            [
                "centralita webhook remove erp",
                "centralita webhook remove erp --for-good    # what waits for it ends as skipped, at once",
            ],
            remove,
        ),
        (
            "restore",
            _("Bring back a webhook that was removed less than ten minutes ago, with its secrets and its queue."),
            ["centralita webhook restore erp"],
            restore,
        ),
    ]


@_SETTINGS
def add(
    ctx: typer.Context,
    name: Name,
    given: dict[str, Any],
    url: Url = "",
    set_: Set = None,
    secret: Secret = "",
    scheme: Scheme = "v1",
    as_json: Json = False,
) -> None:
    _complete(given, set_)
    given = {key: value for key, value in given.items() if value is not None}
    own = read_secret(secret)
    body = {**given, "name": name, "url": url, "scheme": scheme, **({"secret": own} if own else {})}
    with session(ctx.obj) as hub:
        made = hub.post("/webhooks", body)
    if as_json:
        print_json(made)
        return
    say(f"{lamp(made['webhook']['state'])}  {painted(name, 'bold')}  {made['webhook']['address']}\n")
    _say_secret(made)
    _warn_of(made)


@_SETTINGS
def edit(
    ctx: typer.Context,
    name: Name,
    given: dict[str, Any],
    url: NewUrl = None,
    set_: Set = None,
    as_json: Json = False,
) -> None:
    _complete(given, set_)
    if url is not None:
        given["url"] = url
    if not given:
        raise typer.BadParameter(_("Say what is to change: --url, --type, --set..."))
    with session(ctx.obj) as hub:
        changed = hub.patch(f"/webhooks/{segment(name)}", given)
    if as_json:
        print_json(changed)
        return
    say(_("{name} is changed.").format(name=name))
    _warn_of(changed)


def rotate(
    ctx: typer.Context,
    name: Name,
    keep: Annotated[
        str, typer.Option(help=_("How long those before it sign too: 24h, at most 7d; 0s: not at all."))
    ] = "24h",
    secret: Secret = "",
    scheme: Scheme = "v1",
    as_json: Json = False,
) -> None:
    from centralita.services.times import span_s

    keep_s = span_s(keep)
    if keep_s is None:
        raise typer.BadParameter(_("--keep is a span such as 24h or 7d."))
    body = {"keep_s": keep_s, "secret": read_secret(secret), "scheme": scheme}
    with session(ctx.obj) as hub:
        made = hub.post(f"/webhooks/{segment(name)}/secrets", body)
    if as_json:
        print_json(made)
        return
    _say_secret(made)
    if made["old_until"]:
        say(_("Requests carry signatures by the secrets before it until {time}.").format(time=made["old_until"]))
    else:
        say(_("The secrets before it sign nothing any more."))


def enable(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    _switch(ctx, name, "enable", as_json)


def disable(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    _switch(ctx, name, "disable", as_json)


def pause(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    _switch(ctx, name, "pause", as_json)


def resume(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    _switch(ctx, name, "resume", as_json)


def _switch(ctx: typer.Context, name: str, verb: str, as_json: bool) -> None:
    with session(ctx.obj) as hub:
        hook = hub.post(f"/webhooks/{segment(name)}/{verb}")
    if as_json:
        print_json(hook)
        return
    say(f"{hook['name']}  {lamp(hook['state'])}  " + _("{count} waiting").format(count=hook["waiting"]))


def restore(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    _switch(ctx, name, "restore", as_json)


def remove(
    ctx: typer.Context,
    name: Name,
    restorable: Annotated[
        bool,
        typer.Option(
            "--restorable/--for-good", help=_("Whether it can be restored for ten minutes, with its name and secrets.")
        ),
    ] = True,
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        gone = hub.delete(f"/webhooks/{segment(name)}" + ("?restorable=true" if restorable else ""))
    if as_json:
        print_json(gone)
        return
    if gone["restorable_until"]:
        said = _("{name} is removed. Until {time} it can be brought back: {command}")
        command_ = f"centralita webhook restore {name}"
        say(said.format(name=name, time=gone["restorable_until"], command=command_))
        return
    said = _("{name} is removed; {count} deliveries that waited end as skipped.")
    say(said.format(name=name, count=gone["waiting"]))


def _say_secret(made: dict[str, Any]) -> None:
    if made["public_key"]:
        say(f"  {_('Public key')}  {made['public_key']}")
        say("\n" + _("Give the public key to the receiver; the private half stays here, and is not shown."))
        return
    say(f"  {_('Secret')}  {made['secret']}")
    warn(_("Keep the secret now: it is not shown again."))
    say(_("The receiver verifies the header webhook-signature with it: https://www.standardwebhooks.com"))


def _warn_of(made: dict[str, Any]) -> None:
    for each in made["warnings"]:
        warn(f"{each['at']}: {each['detail']}")


def _complete(given: dict[str, Any], pairs: list[str] | None) -> None:
    """Reads what options only point at, and puts ``--set`` on top."""
    if "headers" in given:
        given["headers"] = dict(_pair(each) for each in given["headers"])
    if "template" in given:
        file = given["template"]
        given["template"] = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    put(given, pairs)


def put(given: dict[str, Any], pairs: list[str] | None) -> None:
    """Puts KEY=VALUE pairs, whose keys may have dots, into ``given``; None for a setting that is to be reset."""
    for each in pairs or ():
        key, value = _pair(each)
        holder = given
        *path, last = key.split(".")
        for part in path:
            holder = holder.setdefault(part, {})
        holder[last] = _value(value)


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not (key and separator):
        raise typer.BadParameter(_("{text} is no KEY=VALUE.").format(text=text))
    return key, value


def _value(text: str) -> Any:
    """JSON where it is, such as 30 or [5, 60]; else text; None for nothing, which resets."""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
