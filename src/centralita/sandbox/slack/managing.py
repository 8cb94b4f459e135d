"""conversations.*: making channels, who is in them, what they are called (for reading them: ``conversations``)."""

from __future__ import annotations

import re
import time
from typing import Literal

from centralita.sandbox.slack.caller import Answer, Caller
from centralita.sandbox.slack.conversations import describe
from centralita.sandbox.slack.refusal import Refusal
from centralita.sandbox.slack.workspace import Change, Conversation

_NAME = re.compile(r"[\w-]{1,80}")
MOST_INVITED = 100
TOPIC = 250


def create(call: Caller) -> Answer:
    """conversations.create."""
    name = call.args.text("name")
    if not name:
        raise Refusal("invalid_name_required")
    _check_name(call, name)
    kind: Literal["private_channel", "public_channel"] = (
        "private_channel" if call.args.flag("is_private") else "public_channel"
    )
    made = Conversation(call.workspace.new_id("C"), name, kind, [call.bot.user_id], int(time.time()))
    call.workspace.conversations[made.id] = made
    about = {"id": made.id, "name": name, "created": made.created_s, "creator": call.bot.user_id}
    _told(call, made, "channel_created", channel=about)
    return {"ok": True, "channel": describe(call, made)}


def _told(call: Caller, found: Conversation, kind: str, **more: object) -> None:
    """Of a public channel every app is told, of a private one those that are in it (under another name)."""
    call.workspace.tell(Change("conversations"))
    public = found.kind == "public_channel"
    kind = kind if public else kind.replace("channel_", "group_")
    call.workspace.happened({"type": kind, "channel": found.id, **more}, "" if public else found.id)


def _check_name(call: Caller, name: str) -> None:
    if len(name) > 80:
        raise Refusal("invalid_name_maxlength")
    if not _NAME.fullmatch(name) or name != name.lower():
        raise Refusal("invalid_name_specials")
    if call.workspace.find_conversation(name) is not None:
        raise Refusal("name_taken")


def invite(call: Caller) -> Answer:
    """conversations.invite: all of them, or nobody."""
    call.args.require("channel")
    found = _mine(call)
    wanted = [one.strip() for one in call.args.text("users").split(",") if one.strip()]
    if not wanted:
        raise Refusal("no_user")
    if len(wanted) > MOST_INVITED:
        raise Refusal("too_many_members")
    errors = [
        {"ok": False, "error": error, "user": user}
        for user in wanted
        if (error := _why_not_invited(call, found, user)) is not None
    ]
    if errors:
        raise Refusal(str(errors[0]["error"]), errors=errors)
    for user in wanted:
        call.workspace.enter(found, user, call.bot.user_id)
    return {"ok": True, "channel": describe(call, found)}


def _why_not_invited(call: Caller, found: Conversation, user: str) -> str | None:
    if user == call.bot.user_id:
        return "cant_invite_self"
    if user not in call.workspace.users or call.workspace.users[user].deleted:
        return "user_not_found"
    return "already_in_channel" if user in found.members else None


def kick(call: Caller) -> Answer:
    """conversations.kick."""
    call.args.require("channel")
    found, user = _mine(call), call.args.text("user")
    if user not in call.workspace.users:
        raise Refusal("user_not_found")
    if user == call.bot.user_id:
        raise Refusal("cant_kick_self")
    if found.is_general:
        raise Refusal("cant_kick_from_general")
    if user not in found.members:
        raise Refusal("not_in_channel")
    call.workspace.leave(found, user)
    return {"ok": True, "errors": {}}


def leave(call: Caller) -> Answer:
    """conversations.leave."""
    call.args.require("channel")
    found = call.visible(call.args.text("channel"))
    if found.is_direct:
        raise Refusal("method_not_supported_for_channel_type")
    if call.bot.user_id not in found.members:
        return {"ok": True, "not_in_channel": True}
    if found.is_general:
        raise Refusal("cant_leave_general")
    call.workspace.leave(found, call.bot.user_id)
    return {"ok": True}


def archive(call: Caller) -> Answer:
    """conversations.archive."""
    found = _mine(call)
    if found.is_general:
        raise Refusal("cant_archive_general")
    if found.archived:
        raise Refusal("already_archived")
    return _archived(call, found, True)


def unarchive(call: Caller) -> Answer:
    """conversations.unarchive."""
    found = _mine(call)
    if not found.archived:
        raise Refusal("not_archived")
    return _archived(call, found, False)


def _archived(call: Caller, found: Conversation, archived: bool) -> Answer:
    found.archived = archived
    _told(call, found, "channel_archive" if archived else "channel_unarchive", user=call.bot.user_id)
    return {"ok": True}


def rename(call: Caller) -> Answer:
    """conversations.rename."""
    found, name = _mine(call), call.args.text("name")
    if not name:
        raise Refusal("invalid_name_required")
    if name != found.name:
        _check_name(call, name)
    found.name = name
    _told(call, found, "channel_rename", channel={"id": found.id, "name": name, "created": found.created_s})
    return {"ok": True, "channel": describe(call, found)}


def set_topic(call: Caller) -> Answer:
    """conversations.setTopic."""
    found = _mine(call, directs=True)
    found.topic = _short(call, "topic")
    call.workspace.tell(Change("conversations"))
    return {"ok": True, "channel": describe(call, found), "topic": found.topic}


def set_purpose(call: Caller) -> Answer:
    """conversations.setPurpose."""
    found = _mine(call)
    found.purpose = _short(call, "purpose")
    call.workspace.tell(Change("conversations"))
    return {"ok": True, "channel": describe(call, found), "purpose": found.purpose}


def _short(call: Caller, name: str) -> str:
    text = call.args.text(name)
    if len(text) > TOPIC:
        raise Refusal("too_long")
    return text


def _mine(call: Caller, *, directs: bool = False) -> Conversation:
    """A channel that the bot is in. Raises Refusal."""
    call.args.require("channel")
    found = call.readable(call.args.text("channel"))
    if found.is_direct and not directs:
        raise Refusal("method_not_supported_for_channel_type")
    return found
