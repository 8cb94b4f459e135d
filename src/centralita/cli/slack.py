"""``slack``: the app's manifest, whether it works, and the workspaces where it is installed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from centralita.cli.commands import LOCAL, command, group
from centralita.cli.contents import CONTENTS
from centralita.cli.event import Json
from centralita.cli.output import print_json, say
from centralita.cli.words import LOCALE, _

app = group(_(CONTENTS["slack"]))


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
    )
    if as_json:
        print_json(made)
    else:
        say(as_commented_yaml(made, _language(locale) or LOCALE).rstrip())


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
