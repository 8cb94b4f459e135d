"""Every method of the Web API that exists here, with its rate limit tier and the scopes it needs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from centralita.sandbox.slack import (
    chat,
    conversations,
    directory,
    files,
    managing,
    pinning,
    reactions,
    scheduling,
    views,
)
from centralita.sandbox.slack.caller import Answer, Caller

SPECIAL = 0
"""The tier of methods with a limit of their own kind, or none worth the name."""


class Method(NamedTuple):
    run: Callable[[Caller], Answer]
    tier: int
    scopes: tuple[str, ...] = ()
    """One of them is enough."""
    by_kind: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """What it needs instead, by the kind of conversation that it is about; again one of them is enough."""


def _about(run: Callable[[Caller], Answer], tier: int, by_kind: Mapping[str, tuple[str, ...]]) -> Method:
    return Method(run, tier, tuple(dict.fromkeys(itertools.chain(*by_kind.values()))), by_kind)


def _each(word: str) -> Mapping[str, tuple[str, ...]]:
    families = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
    return {kind: (f"{family}:{word}",) for kind, family in families.items()}


_READ, _HISTORY = _each("read"), _each("history")
_WRITE = {**_each("write"), "public_channel": ("channels:manage",)}
_INVITE = {
    "public_channel": ("channels:manage", "channels:write.invites"),
    "private_channel": ("groups:write", "groups:write.invites"),
}
_TOPIC = {
    "public_channel": ("channels:manage", "channels:write.topic"),
    "private_channel": ("groups:write", "groups:write.topic"),
    "im": ("im:write", "im:write.topic"),
    "mpim": ("mpim:write", "mpim:write.topic"),
}

METHODS: Mapping[str, Method] = {
    "auth.test": Method(directory.auth_test, SPECIAL),
    "team.info": Method(directory.team_info, 3, ("team:read",)),
    "chat.postMessage": Method(chat.post_message, SPECIAL, ("chat:write",)),
    "chat.postEphemeral": Method(chat.post_ephemeral, 4, ("chat:write",)),
    "chat.update": Method(chat.update, 3, ("chat:write",)),
    "chat.delete": Method(chat.delete, 3, ("chat:write",)),
    "chat.getPermalink": Method(chat.get_permalink, SPECIAL),
    "conversations.list": _about(conversations.list_conversations, 2, _READ),
    "conversations.info": _about(conversations.info, 3, _READ),
    "conversations.members": _about(conversations.members, 4, _READ),
    "conversations.history": _about(conversations.history, 3, _HISTORY),
    "conversations.replies": _about(conversations.replies, 3, _HISTORY),
    "conversations.open": _about(conversations.open_conversation, 3, _WRITE),
    "conversations.join": Method(conversations.join, 3, ("channels:join",)),
    "conversations.create": _about(managing.create, 2, _WRITE),
    "conversations.invite": _about(managing.invite, 3, _INVITE),
    "conversations.kick": _about(managing.kick, 3, _WRITE),
    "conversations.leave": _about(managing.leave, 3, _WRITE),
    "conversations.archive": _about(managing.archive, 2, _WRITE),
    "conversations.unarchive": _about(managing.unarchive, 2, _WRITE),
    "conversations.rename": _about(managing.rename, 2, _WRITE),
    "conversations.setTopic": _about(managing.set_topic, 2, _TOPIC),
    "conversations.setPurpose": _about(managing.set_purpose, 2, _TOPIC),
    "chat.scheduleMessage": Method(scheduling.schedule, 3, ("chat:write",)),
    "chat.deleteScheduledMessage": Method(scheduling.delete, 3, ("chat:write",)),
    "chat.scheduledMessages.list": Method(scheduling.listing, 3),
    "pins.add": Method(pinning.add_pin, 2, ("pins:write",)),
    "pins.remove": Method(pinning.remove_pin, 2, ("pins:write",)),
    "pins.list": Method(pinning.list_pins, 2, ("pins:read",)),
    "bookmarks.add": Method(pinning.add_bookmark, 2, ("bookmarks:write",)),
    "bookmarks.edit": Method(pinning.edit_bookmark, 2, ("bookmarks:write",)),
    "bookmarks.remove": Method(pinning.remove_bookmark, 2, ("bookmarks:write",)),
    "bookmarks.list": Method(pinning.list_bookmarks, 3, ("bookmarks:read",)),
    "files.getUploadURLExternal": Method(files.get_upload_url, 4, ("files:write",)),
    "files.completeUploadExternal": Method(files.complete_upload, 4, ("files:write",)),
    "files.info": Method(files.info, 4, ("files:read",)),
    "bots.info": Method(directory.bots_info, 3, ("users:read",)),
    "users.conversations": _about(conversations.of_user, 3, _READ),
    "users.profile.get": Method(directory.users_profile_get, 4, ("users.profile:read", "users:read")),
    "usergroups.users.list": Method(directory.usergroup_members, 2, ("usergroups:read",)),
    "users.info": Method(directory.users_info, 4, ("users:read",)),
    "users.list": Method(directory.users_list, 2, ("users:read",)),
    "users.lookupByEmail": Method(directory.users_lookup_by_email, 3, ("users:read.email",)),
    "usergroups.list": Method(directory.usergroups_list, 2, ("usergroups:read",)),
    "views.open": Method(views.open_view, 4),
    "views.push": Method(views.push, 4),
    "views.update": Method(views.update, 4),
    "views.publish": Method(views.publish, 4),
    "reactions.add": Method(reactions.add, 3, ("reactions:write",)),
    "reactions.remove": Method(reactions.remove, 2, ("reactions:write",)),
    "reactions.get": Method(reactions.get, 3, ("reactions:read",)),
}
