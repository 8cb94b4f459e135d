"""Slack's app manifest, made of what the app can do.

https://docs.slack.dev/reference/app-manifest
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.integrations.slack.scopes import BOT_EVENTS, BOT_SCOPES, USER_SCOPES

EVENTS_PATH = "/slack/events"
"""Where Slack posts everything in HTTP mode: events, buttons, forms, commands."""
REDIRECT_PATH = "/slack/oauth_redirect"
DEFAULT_COMMAND = "/centralita"
_LONGEST_DESCRIPTION = 2000
"""Of a command; https://docs.slack.dev/reference/app-manifest#features"""


class Command(msgspec.Struct, frozen=True):
    """A slash command; the texts are msgids."""

    name: str
    """With its slash."""
    description: str
    usage: str
    """What may follow it: ``[search|show|update] [query]``."""


class Shortcut(msgspec.Struct, frozen=True):
    """An entry of the menu of shortcuts, or of a message's menu; the texts are msgids."""

    callback_id: str
    kind: str
    """``global`` or ``message``."""
    name: str
    """At most 24 characters in either language."""
    description: str


COMMANDS: tuple[Command, ...] = (
    Command(DEFAULT_COMMAND, N_("Ask the hub: how it is, what happened"), "[status|search|report|help]"),
    Command("/cmdb", N_("Query configuration items"), "[search|show|update] [query]"),
    Command("/incident", N_("Manage incidents"), "[create|update|resolve|list|assign] [options]"),
    Command("/ticket", N_("Show and change tickets"), "[create|show|list|comment|assign|status] [number]"),
    Command("/approve", N_("Decide what waits for you"), "[list|show] [id]"),
)
SHORTCUTS: tuple[Shortcut, ...] = (
    Shortcut("new_incident", "global", N_("New incident"), N_("Opens the form for an incident")),
    Shortcut("create_incident_from_message", "message", N_("Create incident"), N_("An incident about this message")),
    Shortcut("create_ticket_from_message", "message", N_("Create ticket"), N_("A ticket about this message")),
    Shortcut("publish_as_comment", "message", N_("Publish as comment"), N_("A comment on the thread's ticket")),
)


def make_manifest(
    locale: str,
    *,
    socket_mode: bool = True,
    public_url: str = "",
    command: str = DEFAULT_COMMAND,
    name: str = "Centralita",
    commands: Sequence[Command] = COMMANDS,
    shortcuts: Sequence[Shortcut] = SHORTCUTS,
) -> dict[str, Any]:
    """The manifest as JSON. ``command`` is what ``DEFAULT_COMMAND`` is called in this workspace.

    ``public_url`` is where Slack and browsers reach the hub: needed in HTTP mode, and for installing by OAuth.
    """
    at = public_url.rstrip("/")
    receiver = {} if socket_mode else {"request_url": at + EVENTS_PATH}
    features = {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "bot_user": {"display_name": name, "always_online": True},
        "shortcuts": [_shortcut(one, locale) for one in shortcuts],
        "slash_commands": [_command(one, command, locale, "" if socket_mode else at) for one in commands],
    }
    scopes = {"bot": [one.name for one in BOT_SCOPES], "user": [one.name for one in USER_SCOPES]}
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": name,
            "description": _("Tells the service desk what happens, and takes its answers.", locale),
            "background_color": "#16202c",
        },
        "features": features,
        "oauth_config": {**({"redirect_urls": [at + REDIRECT_PATH]} if at else {}), "scopes": scopes},
        "settings": {
            "event_subscriptions": {**receiver, "bot_events": [one.name for one in BOT_EVENTS]},
            "interactivity": {
                "is_enabled": True,
                **receiver,
                **({"message_menu_options_url": at + EVENTS_PATH} if receiver else {}),
            },
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }


def _command(one: Command, alias: str, locale: str, at: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "command": alias if one.name == DEFAULT_COMMAND else one.name,
        "description": _(one.description, locale)[:_LONGEST_DESCRIPTION],
        "usage_hint": one.usage,
        # People and channels come as ids, whatever they are called.
        "should_escape": True,
    }
    return {**made, "url": at + EVENTS_PATH} if at else made


def _shortcut(one: Shortcut, locale: str) -> dict[str, Any]:
    described = {"name": _(one.name, locale), "description": _(one.description, locale)}
    return {"type": one.kind, "callback_id": one.callback_id, **described}


def reasons(locale: str) -> Mapping[str, str]:
    """Why the app asks for each scope and event, by the path in the manifest: ``bot.commands``, ``event.app_mention``.

    For the comments of the YAML."""
    groups = (("bot", BOT_SCOPES), ("user", USER_SCOPES), ("bot_events", BOT_EVENTS))
    return {f"{group}.{one.name}": _(one.reason, locale) for group, members in groups for one in members}
