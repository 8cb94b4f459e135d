"""Events of the Events API, made of what changes in the workspace, for the apps that subscribe and may see it.

https://docs.slack.dev/reference/events
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from centralita.sandbox.slack.apps import App
from centralita.sandbox.slack.dispatch import Dispatcher
from centralita.sandbox.slack.workspace import Bot, Change, Conversation, Workspace

CHANNEL_TYPE = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
MESSAGE_EVENT = {
    "public_channel": "message.channels",
    "private_channel": "message.groups",
    "im": "message.im",
    "mpim": "message.mpim",
}
_CHANNELS = ("channels:read", "groups:read")
SCOPES: Mapping[str, tuple[str, ...]] = {
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "message.mpim": ("mpim:history",),
    "app_mention": ("app_mentions:read",),
    "reaction_added": ("reactions:read",),
    "reaction_removed": ("reactions:read",),
    "user_change": ("users:read",),
    "team_join": ("users:read",),
    **{f"member_{what}_channel": _CHANNELS for what in ("joined", "left")},
    **{f"channel_{what}": ("channels:read",) for what in ("created", "rename", "archive", "unarchive")},
    **{f"group_{what}": ("groups:read",) for what in ("rename", "archive", "unarchive")},
}
"""What an app needs, one of them, to be told of an event; the others need none."""

_MENTION = re.compile(r"<@(\w+)")


class Emitter:
    """Hears of every change of a workspace and tells the apps."""

    def __init__(self, space: Workspace, dispatcher: Dispatcher) -> None:
        self._space, self._dispatcher = space, dispatcher

    def hear(self, change: Change) -> None:
        """A listener of ``Workspace.listeners``."""
        conversation = self._space.conversations.get(change.channel)
        if change.event is not None:
            self.tell_all(conversation, change.event)
        if conversation is None or change.message is None:
            return
        for event, name in _events_of(change, conversation):
            for app in self._space.apps.values():
                self._tell(app, conversation, name, event)

    def tell_all(self, conversation: Conversation | None, event: Mapping[str, Any]) -> None:
        """Something else than a message: ``event`` has its type."""
        for app in self._space.apps.values():
            self._tell(app, conversation, str(event["type"]), event)

    def _tell(self, app: App, conversation: Conversation | None, name: str, event: Mapping[str, Any]) -> None:
        bot = self._space.bot_of(app.id)
        if bot is None or name not in app.events or (name in SCOPES and not bot.scopes.intersection(SCOPES[name])):
            return
        if conversation is not None and bot.user_id not in conversation.members:
            return
        if event["type"] == "app_mention" and bot.user_id not in _MENTION.findall(str(event.get("text", ""))):
            return
        self._dispatcher.later(self._dispatcher.event(app, self._body(app, bot, event)))

    def _body(self, app: App, bot: Bot, event: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "token": app.verification_token,
            "team_id": self._space.team_id,
            "api_app_id": app.id,
            "event": dict(event),
            "type": "event_callback",
            "event_id": self._space.new_id("Ev"),
            "event_time": int(time.time()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": self._space.team_id,
                    "user_id": bot.user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }


def _events_of(change: Change, conversation: Conversation) -> Iterator[tuple[dict[str, Any], str]]:
    message = change.message or {}
    name = MESSAGE_EVENT[conversation.kind]
    where = {
        "channel": conversation.id,
        "channel_type": CHANNEL_TYPE[conversation.kind],
        "event_ts": message.get("ts", ""),
    }
    if change.kind == "posted":
        posted = {**conversation.show(message, metadata=False), **where}
        yield posted, name
        if not conversation.is_direct and "bot_id" not in message:
            # A mention comes as a message too: an app that wants both gets both.
            kept = {key: value for key, value in posted.items() if key not in ("channel_type", "subtype")}
            yield {**kept, "type": "app_mention"}, "app_mention"
    elif change.kind == "edited":
        yield (
            {
                **{"type": "message", "subtype": "message_changed", "hidden": True, "ts": message["ts"]},
                "message": conversation.show(message, metadata=False),
                "previous_message": change.before or {},
                **where,
            },
            name,
        )
    elif change.kind == "deleted":
        yield (
            {
                **{"type": "message", "subtype": "message_deleted", "hidden": True, "ts": message["ts"]},
                "deleted_ts": message["ts"],
                "previous_message": message,
                **where,
            },
            name,
        )
