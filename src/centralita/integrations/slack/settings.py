"""The Slack section of the configuration, as the destination reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from centralita.i18n import N_
from centralita.ports import Config, ConfigField

DEFAULT_API_URL = "https://slack.com/api/"
DEFAULT_RATE_PER_S, DEFAULT_BURST = 1.0, 4

FIELDS = (
    ConfigField(
        name="api_url",
        help=N_("Slack's API; another address reaches the local workspace."),
        type="url",
        default=DEFAULT_API_URL,
    ),
    ConfigField(name="bot_token", help=N_("Bot token of the Slack app (xoxb-...)."), type="secret"),
    ConfigField(name="workspace", help=N_("Id of the workspace, if it is not the default one.")),
    ConfigField(
        name="webhook_url",
        help=N_("Incoming webhook, used when there is no bot token: messages are posted, but not changed or threaded."),
        type="secret",
    ),
    ConfigField(
        name="locale", help=N_("Language of messages in channels: es or en."), type="choice", choices=("es", "en")
    ),
    ConfigField(name="channels", help=N_("Settings of single channels, such as their language."), type="map"),
    ConfigField(name="public_url", help=N_("Address of the hub that links in messages lead to."), type="url"),
    ConfigField(
        name="rate_per_s", help=N_("Messages a second to one channel."), type="number", default=DEFAULT_RATE_PER_S
    ),
    ConfigField(
        name="burst", help=N_("Messages to one channel that may follow each other at once."), type="integer",
        default=DEFAULT_BURST,
    ),
    ConfigField(
        name="method_limits",
        help=N_("Whether Slack's limits per method are kept; off only for a local workspace without any."),
        type="boolean",
        default=True,
    ),
    ConfigField(
        name="interactive",
        help=N_("Whether the app is connected, so that messages can have buttons."),
        type="boolean",
        default=False,
    ),
    ConfigField(name="desk", help=N_("Source whose tickets can be changed by buttons.")),
)  # fmt: skip


class SlackSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``FIELDS`` with their defaults filled in."""

    api_url: str = DEFAULT_API_URL
    bot_token: str = ""
    workspace: str = ""
    webhook_url: str = ""
    locale: str = ""
    channels: Mapping[str, Any] = {}
    public_url: str = ""
    rate_per_s: float = DEFAULT_RATE_PER_S
    burst: int = DEFAULT_BURST
    method_limits: bool = True
    interactive: bool = False
    desk: str = ""

    def __repr__(self) -> str:
        return f"SlackSettings({self.api_url})"

    def locale_of(self, channel: str) -> str:
        """The language of a channel; "" when nobody said one."""
        for name, settings in self.channels.items():
            if _bare(name) == _bare(channel) and isinstance(settings, Mapping) and settings.get("locale"):
                return str(settings["locale"])
        return self.locale

    def inside(self, workspace: str) -> SlackSettings:
        """With the channels of one workspace, as they are called there; "" for the default one."""
        prefix = f"{workspace}/"
        if not workspace:
            return self
        channels = {
            name.strip()[len(prefix) :]: more
            for name, more in self.channels.items()
            if name.strip().lower().startswith(prefix)
        }
        return msgspec.structs.replace(self, channels=channels)


def _bare(channel: str) -> str:
    return channel.strip().removeprefix("#").lower()


def read_settings(config: Config) -> SlackSettings:
    """The settings in ``config``; what is None or unknown is left at its default."""
    given = {name: config[name] for name in SlackSettings.__struct_fields__ if config.get(name) is not None}
    return SlackSettings(**given)
