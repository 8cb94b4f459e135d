"""Which scopes the app asks for and which events it wants to hear, each with its reason.

https://docs.slack.dev/reference/scopes, https://docs.slack.dev/reference/events
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from centralita.i18n import N_


class Scope(msgspec.Struct, frozen=True):
    """Something that a token may be allowed to do."""

    name: str
    reason: str
    """What it is for: a msgid that completes "without it nobody can"."""
    vital: bool = False
    """Whether nothing at all reaches anybody without it."""


BOT_SCOPES: tuple[Scope, ...] = (
    Scope("app_mentions:read", N_("answer when somebody mentions the app")),
    Scope("channels:history", N_("follow threads in public channels, and look whether a message already arrived")),
    Scope("channels:read", N_("find a public channel by its name")),
    Scope("chat:write", N_("post messages"), vital=True),
    Scope("chat:write.public", N_("post in public channels without being invited")),
    Scope("commands", N_("offer slash commands and shortcuts")),
    # Of the ten that the guide asks for. Nothing uploads a file yet; whoever installed by the guide has granted it.
    Scope("files:write", N_("upload reports and timelines")),
    Scope("groups:history", N_("follow threads in private channels, and look whether a message already arrived")),
    Scope("groups:read", N_("find a private channel by its name")),
    Scope("im:history", N_("read what people answer in direct messages")),
    Scope("im:read", N_("know the direct messages that are open")),
    Scope("im:write", N_("open a direct message")),
    Scope("reactions:write", N_("mark a message as acknowledged or resolved with an emoji")),
    Scope("team:read", N_("know the workspace's domain, by which rules name it")),
    Scope("usergroups:read", N_("mention user groups such as @oncall")),
    Scope("users.profile:read", N_("show people's titles and display names")),
    Scope("users:read", N_("know people's names and languages")),
    Scope("users:read.email", N_("find the person that an e-mail address belongs to")),
)
"""Those of the bot, by name: the ten that an installation has had so far, and what these lack."""

USER_SCOPES: tuple[Scope, ...] = (
    Scope("channels:history", N_("read public channels as the person")),
    Scope("channels:read", N_("list public channels as the person")),
    Scope("chat:write", N_("write as the person")),
    Scope("files:read", N_("read files as the person")),
)
"""Those of a person; the hub keeps no token of a person and works without one."""


class Subscription(msgspec.Struct, frozen=True):
    """An event that Slack is to tell the app."""

    name: str
    reason: str
    """As a scope's."""
    scope: str = ""
    """The scope that it needs; "" for none."""


BOT_EVENTS: tuple[Subscription, ...] = (
    Subscription("app_home_opened", N_("see the app's home tab")),
    Subscription("app_mention", N_("call the app by mentioning it"), "app_mentions:read"),
    Subscription("app_uninstalled", N_("be told that the app was uninstalled")),
    Subscription("message.channels", N_("write into an incident from a public channel's thread"), "channels:history"),
    Subscription("message.groups", N_("write into an incident from a private channel's thread"), "groups:history"),
    Subscription("message.im", N_("write to the app directly"), "im:history"),
    Subscription("tokens_revoked", N_("be told that a token was revoked")),
    Subscription("user_change", N_("be greeted in a language that was changed in Slack"), "users:read"),
)
"""By name."""

CALLS: Mapping[str, tuple[str, ...]] = {
    "conversations.info": ("channels:read", "groups:read"),
    "users.list": ("users:read",),
    "usergroups.list": ("usergroups:read",),
}
"""Method to the scopes that it needs, for a refusal that does not name them."""


def granted(header: str) -> frozenset[str]:
    """The scopes in Slack's header ``x-oauth-scopes``: ``chat:write,commands``."""
    return frozenset(one.strip() for one in header.split(",") if one.strip())


def missing(held: Iterable[str]) -> tuple[Scope, ...]:
    """The bot's scopes that a token does not have."""
    known = frozenset(held)
    return tuple(scope for scope in BOT_SCOPES if scope.name not in known)
