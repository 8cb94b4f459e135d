"""What a workspace holds: people, conversations and their messages. In memory, single-threaded, no network."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from centralita.sandbox.slack.grants import Grants

if TYPE_CHECKING:
    from centralita.sandbox.slack.apps import App
    from centralita.sandbox.slack.files import File
    from centralita.sandbox.slack.scheduling import Scheduled
    from centralita.sandbox.slack.views import Views

Message = dict[str, Any]
"""A message in Slack's own shape; thread counters are worked out when it is shown."""

ALL_SCOPES = frozenset(
    "app_mentions:read bookmarks:read bookmarks:write channels:history channels:join channels:manage channels:read "
    "chat:write chat:write.customize chat:write.public commands files:read files:write groups:history groups:read "
    "groups:write im:history im:read im:write mpim:history mpim:read mpim:write pins:read pins:write reactions:read "
    "reactions:write team:read usergroups:read users.profile:read users:read users:read.email".split()
)


@dataclass
class User:
    """A member, a person or an app's bot."""

    id: str
    name: str
    real_name: str
    email: str = ""
    locale: str = "en-US"
    title: str = ""
    tz: str = "America/Argentina/Buenos_Aires"
    tz_offset_s: int = -10800
    is_admin: bool = False
    is_bot: bool = False
    deleted: bool = False


@dataclass
class Bot:
    """An installed app: what a bot token stands for."""

    id: str
    app_id: str
    user_id: str
    name: str
    token: str
    scopes: frozenset[str] = ALL_SCOPES


@dataclass
class Usergroup:
    id: str
    handle: str
    name: str
    users: list[str] = field(default_factory=list)
    disabled: bool = False


@dataclass
class Conversation:
    """A channel, a direct message or a group message."""

    id: str
    name: str
    kind: Literal["public_channel", "private_channel", "im", "mpim"]
    members: list[str]
    created_s: int
    topic: str = ""
    purpose: str = ""
    pins: dict[str, dict[str, Any]] = field(default_factory=dict)
    """ts to who pinned it, and when."""
    bookmarks: dict[str, dict[str, Any]] = field(default_factory=dict)
    archived: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    """By ts, oldest first: a ts is never lower than the last."""
    threads: dict[str, list[str]] = field(default_factory=dict)
    """Parent's ts to its replies' ts, oldest first."""
    ephemeral: list[tuple[str, Message]] = field(default_factory=list)
    """The user who alone sees it, and the message."""
    last_us: int = 0

    @property
    def is_general(self) -> bool:
        """The channel that everybody is in, which nobody leaves."""
        return self.name == "general"

    @property
    def is_direct(self) -> bool:
        return self.kind in ("im", "mpim")

    def show(self, message: Message, metadata: bool = True) -> Message:
        """A copy of ``message`` as the Web API returns it: with thread counters, ``metadata`` only when asked."""
        shown = dict(message)
        if not metadata:
            shown.pop("metadata", None)
        replies = self.threads.get(message["ts"])
        if replies:
            people = list(dict.fromkeys(self.messages[ts]["user"] for ts in replies))
            shown |= {
                "thread_ts": message["ts"],
                "reply_count": len(replies),
                "reply_users": people,
                "reply_users_count": len(people),
                "latest_reply": replies[-1],
                "is_locked": False,
                "subscribed": False,
            }
        return shown

    def in_channel(self) -> list[Message]:
        """What the channel itself shows, oldest first: no replies, except those also sent to the channel."""
        return [
            message
            for message in self.messages.values()
            if message.get("thread_ts", message["ts"]) == message["ts"] or message.get("subtype") == "thread_broadcast"
        ]

    def thread(self, ts: str) -> list[Message]:
        """The parent of the thread that ``ts`` is in, and its replies; [] when there is no such message."""
        found = self.messages.get(ts)
        if found is None:
            return []
        parent = found.get("thread_ts", ts)
        return [self.messages[one] for one in (parent, *self.threads.get(parent, ())) if one in self.messages]


@dataclass(frozen=True)
class Change:
    """Something that a page which shows the workspace wants to know."""

    kind: Literal[
        "posted",
        "changed",
        "edited",
        "deleted",
        "ephemeral",
        "gone",
        "conversations",
        "people",
        "views",
        "reset",
        "happened",
    ]
    """``changed``: it looks different (a reply, a reaction); ``edited``: somebody wrote something else; ``happened``:
    ``event``, of which apps are told and pages are not."""
    channel: str = ""
    message: Message | None = None
    only_for: str = ""
    """A user's id when nobody else may see it."""
    before: Message | None = None
    """Of an edited message."""
    event: Mapping[str, Any] | None = None


_numbers = itertools.count(1)
Listener = Callable[[Change], None]


def _views() -> Views:
    from centralita.sandbox.slack.views import Views  # which works on workspaces

    return Views()


class Workspace:
    """The state of one workspace, and who wants to hear of its changes."""

    def __init__(self, team_id: str, name: str, domain: str) -> None:
        self.team_id = team_id
        self.name = name
        self.domain = domain
        self.users: dict[str, User] = {}
        self.bots: dict[str, Bot] = {}
        """By token."""
        self.usergroups: dict[str, Usergroup] = {}
        self.conversations: dict[str, Conversation] = {}
        self.hooks: dict[str, tuple[str, str]] = {}
        """Path of an incoming webhook to (channel id, the bot's token)."""
        self.apps: dict[str, App] = {}
        """Those that are installed here, by id."""
        self.scheduled: dict[str, Scheduled] = {}
        self.files: dict[str, File] = {}
        self.grants = Grants()
        self.views: Views = _views()
        self.listeners: set[Listener] = set()

    def new_id(self, letter: str) -> str:
        """An id as Slack's look, unique in all workspaces: ``C0000000001``."""
        return f"{letter}{next(_numbers):010d}"

    def bot_of(self, app: str) -> Bot | None:
        """What an app acts as here; None when it is not installed."""
        return next((bot for bot in self.bots.values() if bot.app_id == app), None)

    def tell(self, change: Change) -> None:
        """Passes a change on to every listener."""
        for listener in tuple(self.listeners):
            listener(change)

    def happened(self, event: Mapping[str, Any], channel: str = "") -> None:
        """Tells the apps of an event that is not a message's; with ``channel`` only those that are in it."""
        now_us = time.time_ns() // 1000
        stamped = {"event_ts": f"{now_us // 1_000_000}.{now_us % 1_000_000:06d}", **event}
        self.tell(Change("happened", channel, event=stamped))

    def enter(self, conversation: Conversation, user: str, inviter: str = "") -> None:
        """Somebody joins, or is invited."""
        conversation.members.append(user)
        self._membership("member_joined_channel", conversation, user, {"inviter": inviter} if inviter else {})

    def leave(self, conversation: Conversation, user: str) -> None:
        """Somebody leaves, or is removed."""
        self._membership("member_left_channel", conversation, user, {})
        conversation.members.remove(user)

    def _membership(self, kind: str, conversation: Conversation, user: str, more: Mapping[str, Any]) -> None:
        sort = "C" if conversation.kind == "public_channel" else "G"
        about = {"channel": conversation.id, "channel_type": sort, "team": self.team_id}
        self.tell(Change("conversations"))
        self.happened({"type": kind, "user": user, **about, **more}, conversation.id)

    def find_conversation(self, key: str) -> Conversation | None:
        """By id, or a channel by name with or without ``#``."""
        found = self.conversations.get(key)
        if found is not None or not key:
            return found
        name = key.removeprefix("#")
        return next((one for one in self.conversations.values() if one.name == name and not one.is_direct), None)

    def find_direct(self, members: Iterable[str]) -> Conversation | None:
        """The conversation of exactly these people, if they have one."""
        wanted = sorted(set(members))
        return next(
            (one for one in self.conversations.values() if one.is_direct and sorted(one.members) == wanted), None
        )

    def open_direct(self, members: Iterable[str]) -> tuple[Conversation, bool]:
        """The conversation of exactly these people, and whether it had to be made."""
        wanted = sorted(set(members))
        found = self.find_direct(wanted)
        if found is not None:
            return found, False
        kind: Literal["im", "mpim"] = "im" if len(wanted) <= 2 else "mpim"
        name = "" if kind == "im" else "mpdm-" + "--".join(self.users[user].name for user in wanted)
        made = Conversation(self.new_id("D" if kind == "im" else "G"), name, kind, wanted, int(time.time()))
        self.conversations[made.id] = made
        self.tell(Change("conversations"))
        return made, True

    def next_ts(self, conversation: Conversation) -> str:
        """A ts later than every other of the conversation."""
        conversation.last_us = max(time.time_ns() // 1000, conversation.last_us + 1)
        return f"{conversation.last_us // 1_000_000}.{conversation.last_us % 1_000_000:06d}"

    def add_message(self, conversation: Conversation, message: Message) -> None:
        """Keeps a message that has its ``ts``, as a reply when it has a ``thread_ts``."""
        conversation.messages[message["ts"]] = message
        parent = message.get("thread_ts")
        if parent:
            conversation.threads.setdefault(parent, []).append(message["ts"])
        self.tell(Change("posted", conversation.id, message))
        if parent:
            self.tell_changed(conversation, parent)

    def tell_changed(self, conversation: Conversation, ts: str) -> None:
        """Announces that the message ``ts`` looks different now."""
        message = conversation.messages.get(ts)
        if message is not None:
            self.tell(Change("changed", conversation.id, message))

    def edit_message(self, conversation: Conversation, message: Message, text: str, user: str) -> None:
        """A message says something else."""
        before = dict(message)
        message |= {"text": text, "edited": {"user": user, "ts": f"{int(time.time())}.000000"}}
        self.tell(Change("edited", conversation.id, message, before=before))

    def remove_message(self, conversation: Conversation, ts: str) -> None:
        """Deletes a message; a parent with replies leaves a tombstone, as in Slack."""
        message = conversation.messages[ts]
        if conversation.threads.get(ts):
            kept: Message = {key: value for key, value in message.items() if key in ("type", "ts", "user", "team")}
            conversation.messages[ts] = {
                **kept,
                "subtype": "tombstone",
                "text": "This message was deleted.",
                "hidden": True,
            }
            self.tell_changed(conversation, ts)
            return
        del conversation.messages[ts]
        parent = message.get("thread_ts")
        replies = conversation.threads.get(parent or "", [])
        if ts in replies:
            replies.remove(ts)
            self.tell_changed(conversation, parent or "")
        self.tell(Change("deleted", conversation.id, message))
