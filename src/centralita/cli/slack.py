"""``slack``: the app's manifest, whether it works, and the workspaces where it is installed."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from centralita.cli import slack_checking
from centralita.cli.commands import LOCAL, command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import ago, lamp, print_json, say, table
from centralita.cli.session import segment, session
from centralita.cli.words import LOCALE, _

app = group(_(CONTENTS["slack"]))
slack_checking.register(app)


@command(
    app,
    "manifest",
    LOCAL,
    _("Print the app's manifest, to be pasted at api.slack.com/apps, Create New App, From a manifest."),
    [
        "centralita slack manifest",
        "centralita slack manifest --json --command /nopesight --locale en",
        "centralita slack manifest --http --url https://desk.example.com",
    ],
)
def manifest(
    ctx: typer.Context,
    as_json: Json = False,
    as_yaml: Annotated[bool, typer.Option("--yaml", help=_("As YAML with the reason of each scope: the default."))] = (
        False
    ),
    socket: Annotated[
        bool | None, typer.Option("--socket/--http", help=_("How Slack reaches the hub; else as slack.mode says."))
    ] = None,
    word: Annotated[str, typer.Option("--command", help=_("What /centralita is called; else slack.command."))] = "",
    locale: Annotated[str, typer.Option(help=_("Language of the texts: es or en; else the hub's."))] = "",
    url: Annotated[str, typer.Option(help=_("Address of the hub on the internet; else server.public_url."))] = "",
) -> None:
    from centralita.chatops.offer import offered_commands, offered_shortcuts
    from centralita.integrations.slack.manifest import make_manifest

    if as_json and as_yaml:
        raise typer.BadParameter(_("--json or --yaml, not both."))
    settings = ctx.obj.settings()
    by_socket = settings.slack.mode == "socket" if socket is None else socket
    public_url = url or settings.server.public_url or ""
    if not by_socket and not public_url.startswith("https://"):
        raise typer.BadParameter(_("HTTP mode needs the hub's https address: --url, or server.public_url."))
    made = make_manifest(
        _language(locale) or settings.locale,
        socket_mode=by_socket,
        public_url=public_url if public_url.startswith("https://") else "",
        command=_slashed(word) or settings.slack.command,
        commands=offered_commands(),
        shortcuts=offered_shortcuts(),
    )
    if as_json:
        print_json(made)
    else:
        say(as_commented_yaml(made, _language(locale) or LOCALE).rstrip())


@command(
    app,
    "list",
    "settings.read",
    _("List the workspaces where the app is installed, without what opens doors."),
    ["centralita slack list", "centralita slack list --json"],
)
def list_workspaces(ctx: typer.Context, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        items = hub.get("/slack/workspaces")["items"]
    if as_json:
        print_json({"items": items})
        return
    if not items:
        say(_("No workspace yet. Connect one: {command}").format(command="centralita slack connect"))
        return
    heads = (_("Workspace"), _("Id"), _("Name"), _("State"), _("Default"), _("Connected"), _("By"))
    table(heads, [_row(item) for item in items])


def _row(item: dict[str, Any]) -> tuple[Any, ...]:
    state = {"ended": "disabled", "shut": "failed"}.get(item["state"], item["state"])
    named = item["domain"] or item["team_id"] or _("(of the file)")
    connected = ago(item["installed_at"])
    default = "✓" if item["default"] else ""
    return named, item["team_id"], item["name"], lamp(state), default, connected, item["installed_by"]


@command(
    app,
    "connect",
    "slack.manage",
    _("Connect a workspace by its tokens. They are asked for and not shown."),
    ["centralita slack connect", "centralita slack connect --json < tokens.txt"],
)
def connect(ctx: typer.Context, as_json: Json = False) -> None:
    body = {
        "bot_token": _asked(_("Bot token (xoxb-...)")),
        "app_token": _asked(_("App-level token (xapp-...), empty without Socket Mode")),
        "signing_secret": _asked(_("Signing secret, empty without HTTP mode")),
    }
    with session(ctx.obj) as hub:
        made = hub.post("/slack/workspaces", body)
    if as_json:
        print_json(made)
        return
    say(_("Connected: {name} ({domain}).").format(**made["workspace"]))
    for each in made["missing_scopes"]:
        said = _("The scope {scope} is missing: without it nobody can {reason}.")
        say(said.format(scope=each["scope"], reason=each["without"]))
    for name in made["missing"]:
        say(_("Still missing: {name}.").format(name=name))


def _asked(question: str) -> str:
    """A secret from the terminal, or a line of what is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return str(typer.prompt(question, default="", hide_input=True, show_default=False, err=True)).strip()


@command(
    app,
    "link",
    "slack.manage",
    _("Make a link by which somebody else installs the app in their workspace, within an hour."),
    ["centralita slack link"],
)
def link(ctx: typer.Context, as_json: Json = False) -> None:
    with session(ctx.obj) as hub:
        made = hub.post("/slack/links")
    if as_json:
        print_json(made)
    else:
        say(made["url"])


@command(
    app,
    "disconnect",
    "slack.manage",
    _("Forget a workspace and its tokens; at Slack the app stays installed."),
    ["centralita slack disconnect acme"],
)
def disconnect(
    ctx: typer.Context, workspace: Annotated[str, typer.Argument(help=_("Its domain or id in the list."))]
) -> None:
    with session(ctx.obj) as hub:
        hub.delete(f"/slack/workspaces/{segment(workspace)}")
    say(_("{workspace} is disconnected.").format(workspace=workspace))


def _language(given: str) -> str:
    if given not in ("", "es", "en"):
        raise typer.BadParameter(_("--locale is es or en."))
    return given


def _slashed(given: str) -> str:
    from centralita.settings.checks import slash_command

    if given:
        try:
            slash_command(given)
        except ValueError as fault:
            raise typer.BadParameter(f"--command: {_(str(fault))}") from None
    return given


def as_commented_yaml(made: dict[str, Any], locale: str) -> str:
    """The manifest as YAML, with the reason beside each scope and event."""
    import yaml

    from centralita.integrations.slack.manifest import reasons

    known, list_name, lines = reasons(locale), "", []
    for line in yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=120).splitlines():
        word = line.strip()
        if word.endswith(":"):
            list_name = word[:-1]
        reason = known.get(f"{list_name}.{word.removeprefix('- ')}") if word.startswith("- ") else None
        lines.append(f"{line}  # {reason}" if reason else line)
    return "\n".join(lines) + "\n"
