"""Apps that are installed in the workspace: how they are reached, and what people can do with them.

What an app offers comes from a manifest, as in Slack (https://docs.slack.dev/reference/app-manifest).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from centralita.sandbox.http import ControlError

ACK_S = 3.0


@dataclass(frozen=True)
class Command:
    """A slash command."""

    name: str
    """With its slash."""
    description: str = ""
    usage_hint: str = ""
    url: str = ""
    """Where it is posted to in HTTP mode; "" for the interactivity URL."""
    should_escape: bool = False
    """Whether people and channels come as ids, whatever they are called."""


@dataclass(frozen=True)
class Shortcut:
    """An entry of the shortcuts' menu, or of a message's."""

    name: str
    kind: Literal["global", "message"]
    callback_id: str
    description: str = ""


@dataclass
class App:
    """An app; in each workspace where it is installed, it acts as a bot (``Workspace.bot_of``)."""

    id: str
    name: str
    app_token: str
    """``xapp-...``, for Socket Mode."""
    signing_secret: str
    client_id: str
    client_secret: str
    verification_token: str = "local-verification"  # noqa: S105  what old apps compared; it proves nothing
    socket_mode: bool = True
    commands: dict[str, Command] = field(default_factory=dict)
    shortcuts: dict[str, Shortcut] = field(default_factory=dict)
    """By callback id."""
    events: frozenset[str] = frozenset()
    """``app_mention``, ``message.channels``..."""
    events_url: str = ""
    interactivity_url: str = ""
    options_url: str = ""
    interactive: bool = False
    home: bool = False
    """Whether it has a home tab."""
    retry_waits_s: tuple[float, ...] = (0.0, 60.0, 300.0)
    """When an event that was not acknowledged is sent again."""
    ack_s: float = ACK_S
    """How long an answer is waited for."""

    def describe(self) -> dict[str, Any]:
        """What the page needs to offer it."""
        return {
            "id": self.id,
            "name": self.name,
            "home": self.home,
            "commands": [vars(one) for one in sorted(self.commands.values(), key=lambda one: one.name)],
            "shortcuts": [vars(one) for one in self.shortcuts.values()],
        }


def apply_manifest(app: App, manifest: Mapping[str, Any]) -> frozenset[str] | None:
    """Makes the app what its manifest says; the bot's scopes that it asks for, None when it names none.

    Raises ControlError for what is none.
    """
    features, settings = _part(manifest, "features"), _part(manifest, "settings")
    app.name = str(_part(manifest, "display_information").get("name") or app.name)
    app.commands = {}
    for one in features.get("slash_commands") or ():
        name = str(one.get("command", ""))
        if not name.startswith("/") or len(name) > 32 or name != name.lower():
            raise ControlError(f"features.slash_commands: {name!r} is no command")
        said = {key: str(one.get(key, "")) for key in ("description", "usage_hint", "url")}
        app.commands[name] = Command(name, **said, should_escape=bool(one.get("should_escape")))
    app.shortcuts = {}
    for one in features.get("shortcuts") or ():
        if one.get("type") not in ("global", "message") or not one.get("callback_id"):
            raise ControlError("features.shortcuts: each needs a type, global or message, and a callback_id")
        callback_id = str(one["callback_id"])
        app.shortcuts[callback_id] = Shortcut(
            str(one.get("name", "")), one["type"], callback_id, str(one.get("description", ""))
        )
    app.home = bool(_part(features, "app_home").get("home_tab_enabled"))
    subscriptions, interactivity = _part(settings, "event_subscriptions"), _part(settings, "interactivity")
    app.events = frozenset(map(str, subscriptions.get("bot_events") or ()))
    app.events_url = str(subscriptions.get("request_url") or "")
    app.interactive = bool(interactivity.get("is_enabled"))
    app.interactivity_url = str(interactivity.get("request_url") or "")
    app.options_url = str(interactivity.get("message_menu_options_url") or "")
    app.socket_mode = bool(settings.get("socket_mode_enabled"))
    scopes = _part(_part(manifest, "oauth_config"), "scopes").get("bot")
    return None if scopes is None else frozenset(map(str, scopes))


def _part(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key) or {}
    if not isinstance(found, Mapping):
        raise ControlError(f"{key} must be an object")
    return found
