"""What a method gets to work with."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from centralita.sandbox.slack.arguments import Arguments
from centralita.sandbox.slack.refusal import Refusal
from centralita.sandbox.slack.workspace import Bot, Conversation, Message, Workspace

T = TypeVar("T")
Answer = dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """One call by one bot."""

    workspace: Workspace
    bot: Bot
    args: Arguments
    base_url: str
    """``http://127.0.0.1:4711``, as the caller reached us."""

    def visible(self, key: str, names: bool = False) -> Conversation:
        """The conversation ``key``, which may be a name only if ``names``. Raises Refusal ``channel_not_found``."""
        found = self.workspace.find_conversation(key) if names else self.workspace.conversations.get(key)
        if found is None or (found.kind != "public_channel" and self.bot.user_id not in found.members):
            raise Refusal("channel_not_found")
        return found

    def readable(self, key: str) -> Conversation:
        """A conversation that the bot is in. Raises Refusal ``channel_not_found`` or ``not_in_channel``."""
        found = self.visible(key)
        if self.bot.user_id not in found.members:
            raise Refusal("not_in_channel")
        return found

    def message(self, conversation: Conversation, ts: str) -> Message:
        """The message ``ts``. Raises Refusal ``message_not_found``."""
        found = conversation.messages.get(ts)
        if found is None or found.get("subtype") == "tombstone":
            raise Refusal("message_not_found")
        return found

    def page(self, items: Sequence[T], default: int, most: int) -> tuple[list[T], Answer]:
        """The page that ``cursor`` and ``limit`` ask for, and its ``response_metadata``. Raises Refusal
        ``invalid_cursor`` or ``invalid_limit``."""
        start = decode_cursor(self.args.text("cursor"))
        limit = self.args.limit(default, most)
        end = start + limit
        cursor = encode_cursor(end) if end < len(items) else ""
        return list(items[start:end]), {"next_cursor": cursor}


def encode_cursor(offset: int) -> str:
    """An opaque cursor to the item at ``offset``."""
    return base64.b64encode(f"offset:{offset}".encode()).decode()


def decode_cursor(cursor: str) -> int:
    """The offset, 0 for "". Raises Refusal ``invalid_cursor``."""
    if not cursor:
        return 0
    try:
        name, _, number = base64.b64decode(cursor, validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        raise Refusal("invalid_cursor") from None
    if name != "offset" or not number.isdigit():
        raise Refusal("invalid_cursor")
    return int(number)
