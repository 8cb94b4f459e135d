"""What people write below a message of ours, and what a noun declares to hear of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from centralita.services.announcements import About

if TYPE_CHECKING:
    from centralita.chatops.context import Context

WRITTEN = frozenset({"", "thread_broadcast", "file_share", "me_message"})
"""Subtypes of a message that a person wrote; the others are notices of Slack's, or an app's."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A person's message in a thread: new, changed, or deleted."""

    kind: Literal["new", "changed", "deleted"]
    channel: str
    thread_ts: str
    ts: str
    """Which message; with the channel it is known by."""
    user: str
    """Its author's id."""
    text: str = ""
    """Slack's markup as it is now; "" for a deleted one."""
    before: str = ""
    """As it was before; "" for a new one."""


@dataclass(frozen=True, kw_only=True)
class Thread:
    """What happens when somebody writes in the threads of a noun."""

    permission: str
    """Of ``core.access.PERMISSIONS``; without it nothing happens, and nothing is said."""
    run: Callable[[Context, Reply, About], Awaitable[None]]


def read_reply(event: Mapping[str, Any]) -> Reply | None:
    """What a ``message`` event tells of; None when no person wrote it, or not in a thread.

    https://docs.slack.dev/reference/events/message
    """
    subtype = str(event.get("subtype") or "")
    if subtype == "message_changed":
        return _read("changed", event, _part(event, "message"), _part(event, "previous_message"))
    if subtype == "message_deleted":
        return _read("deleted", event, _part(event, "previous_message"), _part(event, "previous_message"))
    return _read("new", event, event, {})


def _part(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = event.get(name)
    return found if isinstance(found, Mapping) else {}


def _read(
    kind: Literal["new", "changed", "deleted"],
    event: Mapping[str, Any],
    message: Mapping[str, Any],
    before: Mapping[str, Any],
) -> Reply | None:
    subtype = str(message.get("subtype") or "")
    ts, thread_ts, user = (str(message.get(name) or "") for name in ("ts", "thread_ts", "user"))
    if subtype not in WRITTEN or message.get("bot_id") or not user or not thread_ts or thread_ts == ts:
        return None
    text, was = str(message.get("text") or ""), str(before.get("text") or "")
    if kind == "changed" and text == was:
        return None  # a link was unfolded
    return Reply(
        kind=kind,
        channel=str(event.get("channel") or ""),
        thread_ts=thread_ts,
        ts=ts,
        user=user,
        text="" if kind == "deleted" else text,
        before=was,
    )
