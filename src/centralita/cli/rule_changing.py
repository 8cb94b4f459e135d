"""``rule add``, ``edit``, ``move``, ``remove``, ``restore``, ``enable`` and ``disable``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from centralita.cli.commands import command, taking
from centralita.cli.event import Json
from centralita.cli.output import lamp, painted, print_json, say, warn
from centralita.cli.session import Refusal, Session, segment, session
from centralita.cli.webhook_changing import Set, put
from centralita.cli.words import _

Name = Annotated[str, typer.Argument(help=_("The rule's name."))]
_SETTINGS = taking(
    condition=Annotated[
        str | None, typer.Option(help=_("Which events it is for, in the condition language; empty for all."))
    ],
    channel=Annotated[str | None, typer.Option(help=_("Slack channel; left out: the one of the event's severity."))],
    dm=Annotated[
        list[str] | None,
        typer.Option("--dm", help=_("requester, agent, approver or an e-mail address; may be repeated.")),
    ],
    mentions=Annotated[
        list[str] | None, typer.Option("--mention", help=_("Who is mentioned, such as @oncall; may be repeated."))
    ],
    webhook=Annotated[str | None, typer.Option(help=_("Name of an outgoing webhook."))],
    fallback=Annotated[str | None, typer.Option(help=_("Channel for a person who is not in Slack."))],
    stop=Annotated[
        bool | None, typer.Option("--stop/--go-on", help=_("Whether the rules after it are left out when it matches."))
    ],
)
"""What ``add`` and ``edit`` take, by the names that the API has for it."""
STATES = {"on": "in_force", "off": "not_in_force"}
"""A rule's state -> its lamp; of any other it is to be said why."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for name, text, examples, function in (*_changes(), *_switches()):
        command(app, name, "rule.manage", text, examples)(function)


_Command = tuple[str, str, list[str], Callable[..., None]]


def _changes() -> list[_Command]:
    return [
        (
            "add",
            _("Add a rule behind the others: the very next event is decided by it."),
            [
                "centralita rule add Printers --condition \"title contains 'printer'\" --channel '#notifications'",
                "centralita rule add Approvers --condition \"type == 'approval.requested'\" --dm approver",
            ],
            add,
        ),
        (
            "edit",
            _("Change a rule that people made."),
            [
                "centralita rule edit Printers --channel '#alerts' --mention @oncall",
                "centralita rule edit Printers --set formatting.use_blocks=false --set channel=   # nothing resets it",
            ],
            edit,
        ),
        (
            "move",
            _("Change the order in which the rules that people made are tried."),
            ["centralita rule move Printers --before Approvers", "centralita rule move Printers   # the last one"],
            move,
        ),
    ]


def _switches() -> list[_Command]:
    return [
        ("enable", _("Have a rule decide again."), ["centralita rule enable Printers"], enable),
        ("disable", _("Have a rule decide nothing for now."), ["centralita rule disable Printers"], disable),
        ("remove", _("Remove a rule that people made."), ["centralita rule remove Printers"], remove),
        ("restore", _("Bring back a rule that was removed."), ["centralita rule restore Printers"], restore),
    ]


@_SETTINGS
def add(
    ctx: typer.Context,
    name: Name,
    given: dict[str, Any],
    set_: Set = None,
    as_json: Json = False,
) -> None:
    put(given, set_)
    body = {"name": name, **{key: value for key, value in given.items() if value is not None}}
    with _telling(ctx) as hub:
        made = hub.post("/rules", body)
    _say_made(made, as_json)


@_SETTINGS
def edit(
    ctx: typer.Context,
    name: Name,
    given: dict[str, Any],
    rename: Annotated[str | None, typer.Option(help=_("Another name."))] = None,
    set_: Set = None,
    as_json: Json = False,
) -> None:
    put(given, set_)
    if rename is not None:
        given["name"] = rename
    if not given:
        raise typer.BadParameter(_("Say what is to change: --condition, --channel, --set..."))
    with _telling(ctx) as hub:
        made = hub.patch(f"/rules/{segment(name)}", given)
    _say_made(made, as_json)


def move(
    ctx: typer.Context,
    name: Name,
    before: Annotated[str, typer.Option(help=_("The one that is tried after it; left out: it is the last."))] = "",
    as_json: Json = False,
) -> None:
    with session(ctx.obj) as hub:
        rule = hub.post(f"/rules/{segment(name)}/move", {"before": before})
    _say_rule(rule, as_json)


def enable(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    with _telling(ctx) as hub:
        rule = hub.post(f"/rules/{segment(name)}/enable")
    _say_rule(rule, as_json)


def disable(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    with _telling(ctx) as hub:
        rule = hub.post(f"/rules/{segment(name)}/disable")
    _say_rule(rule, as_json)


def restore(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        rule = hub.post(f"/rules/{segment(name)}/restore")
    _say_rule(rule, as_json)


def remove(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        gone = hub.delete(f"/rules/{segment(name)}")
    if as_json:
        print_json(gone)
        return
    said = _("{name} is removed. Bring it back: {command}")
    say(said.format(name=name, command=f"centralita rule restore {name!r}"))


@contextmanager
def _telling(ctx: typer.Context) -> Iterator[Session]:
    """The hub; what is wrong with a rule is told with a caret below its condition, and ends the command with 2."""
    with session(ctx.obj) as hub:
        try:
            yield hub
        except Refusal as refusal:
            if refusal.problem.get("code") != "rules.invalid":
                raise
            for problem in refusal.problem["problems"]:
                pointed = "".join(f"\n    {line}" for line in problem["point"].splitlines())
                warn(f"{problem['rule']}: {problem['key']}: {problem['detail']}{pointed}")
            raise typer.Exit(2) from None


def _say_made(made: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(made)
        return
    _say_rule(made["rule"], as_json)
    for each in made["warnings"]:
        warn(f"{each['at']}: {each['detail']}")


def _say_rule(rule: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(rule)
        return
    number = _("number {number}").format(number=rule["number"])
    say(f"{lamp(STATES.get(rule['state'], 'fail'))}  {painted(rule['name'], 'bold')}  {number}")
