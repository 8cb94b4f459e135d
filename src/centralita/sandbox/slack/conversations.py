"""conversations.* (https://docs.slack.dev/reference/methods?family=conversations)."""

from __future__ import annotations

from typing import Any

from centralita.sandbox.slack.caller import Answer, Caller
from centralita.sandbox.slack.refusal import Refusal
from centralita.sandbox.slack.workspace import Conversation, Message

_TYPES = ("public_channel", "private_channel", "mpim", "im")
OPEN_MOST = 8


def list_conversations(call: Caller) -> Answer:
    """conversations.list."""
    types = [one.strip() for one in call.args.text("types", "public_channel").split(",") if one.strip()]
    if any(one not in _TYPES for one in types):
        raise Refusal("invalid_types")
    no_archived = call.args.flag("exclude_archived")
    wanted = [
        one
        for one in call.workspace.conversations.values()
        if one.kind in types
        and (one.kind == "public_channel" or call.bot.user_id in one.members)
        and not (no_archived and one.archived)
    ]
    page, metadata = call.page(wanted, 100, 1000)
    return {"ok": True, "channels": [describe(call, one) for one in page], "response_metadata": metadata}


def of_user(call: Caller) -> Answer:
    """users.conversations: those that somebody is in, as far as the bot may see them."""
    user = call.args.text("user", call.bot.user_id)
    if user not in call.workspace.users:
        raise Refusal("user_not_found")
    types = [one.strip() for one in call.args.text("types", "public_channel").split(",") if one.strip()]
    if any(one not in _TYPES for one in types):
        raise Refusal("invalid_types")
    no_archived = call.args.flag("exclude_archived")
    wanted = [
        one
        for one in call.workspace.conversations.values()
        if one.kind in types
        and user in one.members
        and (one.kind == "public_channel" or call.bot.user_id in one.members)
        and not (no_archived and one.archived)
    ]
    page, metadata = call.page(wanted, 100, 999)
    return {"ok": True, "channels": [describe(call, one) for one in page], "response_metadata": metadata}


def info(call: Caller) -> Answer:
    """conversations.info."""
    call.args.require("channel")
    found = call.visible(call.args.text("channel"))
    described = describe(call, found)
    if call.args.flag("include_num_members"):
        described["num_members"] = len(found.members)
    else:
        described.pop("num_members", None)
    if call.args.flag("include_locale"):
        described["locale"] = "es-ES"
    return {"ok": True, "channel": described}


def history(call: Caller) -> Answer:
    """conversations.history: newest first."""
    call.args.require("channel")
    found = call.readable(call.args.text("channel"))
    messages = _between(call, found.in_channel())
    messages.reverse()
    page, metadata = call.page(messages, 100, 999)
    return _messages(call, found, page, metadata) | {"pin_count": 0}


def replies(call: Caller) -> Answer:
    """conversations.replies: the parent, then its replies, oldest first."""
    call.args.require("channel", "ts")
    found = call.readable(call.args.text("channel"))
    thread = found.thread(call.args.timestamp("ts", "thread_not_found"))
    if not thread:
        raise Refusal("thread_not_found")
    page, metadata = call.page([thread[0], *_between(call, thread[1:])], 1000, 1000)
    return _messages(call, found, page, metadata)


def open_conversation(call: Caller) -> Answer:
    """conversations.open: the direct message with one person or a few."""
    if call.args.text("channel"):
        found = call.visible(call.args.text("channel"))
        if not found.is_direct:
            raise Refusal("method_not_supported_for_channel_type")
        return _opened(call, found, False)
    wanted = [one.strip() for one in call.args.text("users").split(",") if one.strip()]
    if not wanted:
        raise Refusal("users_list_not_supplied")
    if len(wanted) > OPEN_MOST:
        raise Refusal("too_many_users")
    for user_id in wanted:
        user = call.workspace.users.get(user_id)
        if user is None:
            raise Refusal("user_not_found")
        if user.deleted:
            raise Refusal("user_disabled")
        if user.is_bot:
            raise Refusal("cannot_dm_bot")
    members = (call.bot.user_id, *wanted)
    if call.args.flag("prevent_creation") and call.workspace.find_direct(members) is None:
        raise Refusal("channel_not_found")
    return _opened(call, *call.workspace.open_direct(members))


def join(call: Caller) -> Answer:
    """conversations.join: public channels only."""
    call.args.require("channel")
    found = call.visible(call.args.text("channel"))
    if found.kind != "public_channel":
        raise Refusal("method_not_supported_for_channel_type")
    if found.archived:
        raise Refusal("is_archived")
    answer: Answer = {"ok": True}
    if call.bot.user_id in found.members:
        answer |= {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    else:
        call.workspace.enter(found, call.bot.user_id)
    return answer | {"channel": describe(call, found)}


def members(call: Caller) -> Answer:
    """conversations.members."""
    call.args.require("channel")
    page, metadata = call.page(call.visible(call.args.text("channel")).members, 100, 1000)
    return {"ok": True, "members": page, "response_metadata": metadata}


def describe(call: Caller, one: Conversation) -> dict[str, Any]:
    """A conversation as Slack describes it to this bot."""
    shape: dict[str, Any] = {
        "id": one.id,
        "created": one.created_s,
        "is_channel": one.kind == "public_channel",
        "is_group": one.kind == "private_channel",
        "is_im": one.kind == "im",
        "is_mpim": one.kind == "mpim",
        "is_private": one.kind != "public_channel",
        "is_archived": one.archived,
        "context_team_id": call.workspace.team_id,
    }
    if one.kind == "im":
        other = [user for user in one.members if user != call.bot.user_id]
        return shape | {"user": other[0] if other else call.bot.user_id, "is_open": True}
    return shape | {
        "name": one.name,
        "name_normalized": one.name,
        "creator": "U0ADMIN",
        "is_member": call.bot.user_id in one.members,
        "is_general": one.is_general,
        "topic": {"value": one.topic, "creator": "", "last_set": 0},
        "purpose": {"value": one.purpose, "creator": "", "last_set": 0},
        "num_members": len(one.members),
    }


def _opened(call: Caller, found: Conversation, made: bool) -> Answer:
    short = {"id": found.id}
    answer: Answer = {"ok": True, "channel": describe(call, found) if call.args.flag("return_im") else short}
    return answer if made else answer | {"no_op": True, "already_open": True}


def _between(call: Caller, messages: list[Message]) -> list[Message]:
    """Those after ``oldest`` and before ``latest``, the two themselves with ``inclusive``."""
    oldest = call.args.text("oldest") and call.args.timestamp("oldest", "invalid_ts_oldest")
    latest = call.args.text("latest") and call.args.timestamp("latest", "invalid_ts_latest")
    inclusive = call.args.flag("inclusive")
    low, high = _micros(oldest), _micros(latest)
    kept = []
    for message in messages:
        at = _micros(message["ts"])
        if low and (at < low or (at == low and not inclusive)):
            continue
        if high and (at > high or (at == high and not inclusive)):
            continue
        kept.append(message)
    return kept


def _micros(ts: str) -> int:
    seconds, _, fraction = ts.partition(".")
    return int(seconds or 0) * 1_000_000 + int(fraction.ljust(6, "0") or 0)


def _messages(call: Caller, found: Conversation, page: list[Message], metadata: dict[str, Any]) -> Answer:
    with_metadata = call.args.flag("include_all_metadata")
    more = bool(metadata["next_cursor"])
    answer: Answer = {"ok": True, "messages": [found.show(one, with_metadata) for one in page], "has_more": more}
    return answer | {"response_metadata": metadata} if more else answer
