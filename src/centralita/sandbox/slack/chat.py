"""chat.*: posting, changing and deleting messages (https://docs.slack.dev/reference/methods?family=chat)."""

from __future__ import annotations

import itertools
import time
from typing import Any

from centralita.sandbox.slack.blocks import TEXT_PER_MESSAGE
from centralita.sandbox.slack.caller import Answer, Caller
from centralita.sandbox.slack.refusal import Refusal, refuse_blocks
from centralita.sandbox.slack.validation import count_text, find_faults
from centralita.sandbox.slack.workspace import Change, Conversation, Message

POST_TEXT = 40_000
UPDATE_TEXT = 4_000
ATTACHMENTS = 100

_block_numbers = itertools.count(1)


def post_message(call: Caller) -> Answer:
    """chat.postMessage."""
    call.args.require("channel")
    conversation = find_target(call, call.args.text("channel"))
    _check_may_post(call, conversation)
    content = read_content(call, POST_TEXT)
    if not any(content.get(part) for part in ("text", "blocks", "attachments")):
        raise Refusal("no_text")
    parent = _find_parent(call, conversation)
    message = new_message(call, conversation, content)
    if parent is not None:
        message |= {"thread_ts": parent["ts"], "parent_user_id": parent.get("user", "")}
        if call.args.flag("reply_broadcast"):
            message["subtype"] = "thread_broadcast"
    call.workspace.add_message(conversation, message)
    return {"ok": True, "channel": conversation.id, "ts": message["ts"], "message": dict(message)}


def update(call: Caller) -> Answer:
    """chat.update: what isn't sent stays as it was, an empty list or object removes it."""
    call.args.require("channel", "ts")
    conversation = call.visible(call.args.text("channel"))
    ts = call.args.timestamp("ts", "message_not_found")
    old = call.message(conversation, ts)
    if old.get("bot_id") != call.bot.id:
        raise Refusal("cant_update_message")
    content = read_content(call, UPDATE_TEXT)
    merged = {name: old[name] for name in ("text", "blocks", "attachments", "metadata") if name in old} | content
    if not any(merged.get(part) for part in ("text", "blocks", "attachments")):
        raise Refusal("no_text")
    message = {name: value for name, value in (old | merged).items() if value not in ([], {})}
    message["edited"] = {"user": call.bot.user_id, "ts": f"{int(time.time())}.000000"}
    conversation.messages[ts] = message
    call.workspace.tell(Change("edited", conversation.id, message, before=old))
    return {"ok": True, "channel": conversation.id, "ts": ts, "text": message["text"], "message": dict(message)}


def delete(call: Caller) -> Answer:
    """chat.delete."""
    call.args.require("channel", "ts")
    conversation = call.visible(call.args.text("channel"))
    ts = call.args.timestamp("ts", "message_not_found")
    if call.message(conversation, ts).get("bot_id") != call.bot.id:
        raise Refusal("cant_delete_message")
    call.workspace.remove_message(conversation, ts)
    return {"ok": True, "channel": conversation.id, "ts": ts}


def post_ephemeral(call: Caller) -> Answer:
    """chat.postEphemeral: seen by one member, kept in no history."""
    call.args.require("channel", "user")
    conversation = find_target(call, call.args.text("channel"))
    _check_may_post(call, conversation)
    user = call.args.text("user")
    if user not in conversation.members:
        raise Refusal("user_not_in_channel")
    content = read_content(call, POST_TEXT)
    if not any(content.get(part) for part in ("text", "blocks", "attachments")):
        raise Refusal("no_text")
    message = new_message(call, conversation, content) | {"is_ephemeral": True}
    if call.args.has("thread_ts"):
        message["thread_ts"] = call.args.text("thread_ts")
    conversation.ephemeral.append((user, message))
    call.workspace.tell(Change("ephemeral", conversation.id, message, only_for=user))
    return {"ok": True, "message_ts": message["ts"]}


def get_permalink(call: Caller) -> Answer:
    """chat.getPermalink: an address that this workspace's own page opens."""
    call.args.require("channel", "message_ts")
    conversation = call.visible(call.args.text("channel"))
    message = call.message(conversation, call.args.timestamp("message_ts", "message_not_found"))
    return {"ok": True, "channel": conversation.id, "permalink": permalink(call.base_url, conversation.id, message)}


def permalink(base_url: str, channel: str, message: Message) -> str:
    """``<base_url>/archives/C123/p1700000000000100``, for a reply with its thread in the query."""
    link = f"{base_url}/archives/{channel}/p{message['ts'].replace('.', '')}"
    parent = message.get("thread_ts")
    return link if parent in (None, message["ts"]) else f"{link}?thread_ts={parent}&cid={channel}"


def find_target(call: Caller, key: str) -> Conversation:
    """Where a post goes: a channel by id or name, or a person's id, which means the direct message with that person.
    Raises Refusal ``channel_not_found``."""
    user = call.workspace.users.get(key)
    if user is not None:
        if user.deleted or user.id == call.bot.user_id:
            raise Refusal("channel_not_found")
        return call.workspace.open_direct((call.bot.user_id, user.id))[0]
    return call.visible(key, names=True)


def read_content(call: Caller, most_text: int) -> dict[str, Any]:
    """Text, blocks, attachments and metadata as far as they were sent, checked. Raises Refusal."""
    content: dict[str, Any] = {}
    if call.args.has("text"):
        content["text"] = _escape_loose_ampersands(call.args.text("text"))
        if len(content["text"]) > most_text:
            raise Refusal("msg_too_long")
        if not content["text"].strip():
            content["text"] = ""
    markdown = call.args.text("markdown_text")
    if markdown and (content.get("text") or call.args.has("blocks")):
        raise Refusal("markdown_text_conflict")
    if markdown:
        content |= {"text": markdown, "blocks": _checked_blocks([{"type": "markdown", "text": markdown}], "/blocks")}
    blocks = call.args.structured("blocks", "invalid_blocks_format")
    if blocks is not None:
        content["blocks"] = _checked_blocks(blocks, "/blocks")
    attachments = call.args.structured("attachments", "invalid_attachments")
    if attachments is not None:
        content["attachments"] = _checked_attachments(attachments)
    metadata = call.args.structured("metadata", "invalid_metadata_format")
    if metadata is not None:
        content["metadata"] = _checked_metadata(metadata)
    return content


def _checked_blocks(blocks: Any, pointer: str) -> list[dict[str, Any]]:
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise Refusal("invalid_blocks_format")
    faults = find_faults(blocks, pointer)
    if faults:
        raise refuse_blocks(faults)
    if count_text(blocks) > TEXT_PER_MESSAGE:
        raise Refusal("msg_blocks_too_long")
    return [{**block, "block_id": block.get("block_id") or f"b{next(_block_numbers):x}"} for block in blocks]


def _checked_attachments(attachments: Any) -> list[dict[str, Any]]:
    if not isinstance(attachments, list) or not all(isinstance(one, dict) for one in attachments):
        raise Refusal("invalid_attachments")
    if len(attachments) > ATTACHMENTS:
        raise Refusal("too_many_attachments")
    checked = []
    for position, one in enumerate(attachments):
        kept = {"id": position + 1, **one}
        if one.get("blocks") is not None:
            kept["blocks"] = _checked_blocks(one["blocks"], f"/attachments/{position}/blocks")
        checked.append(kept)
    return checked


def _checked_metadata(metadata: Any) -> dict[str, Any]:
    if metadata == {}:
        return {}
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_payload"), dict):
        raise Refusal("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str) or not metadata["event_type"]:
        raise Refusal("invalid_metadata_format")
    return metadata


def _check_may_post(call: Caller, conversation: Conversation) -> None:
    if conversation.archived:
        raise Refusal("is_archived")
    if call.bot.user_id not in conversation.members and "chat:write.public" not in call.bot.scopes:
        raise Refusal("not_in_channel")


def new_message(call: Caller, conversation: Conversation, content: dict[str, Any]) -> Message:
    bot = call.bot
    message: Message = {
        "type": "message",
        "user": bot.user_id,
        "bot_id": bot.id,
        "app_id": bot.app_id,
        "team": call.workspace.team_id,
        "ts": call.workspace.next_ts(conversation),
        "bot_profile": {
            "id": bot.id,
            "app_id": bot.app_id,
            "name": call.workspace.users[bot.user_id].real_name,
            "team_id": call.workspace.team_id,
            "deleted": False,
        },
        "text": "",
        **{name: value for name, value in content.items() if value not in ([], {})},
    }
    if "chat:write.customize" in bot.scopes:
        if call.args.text("username"):
            message |= {"subtype": "bot_message", "username": call.args.text("username")}
        if call.args.text("icon_emoji"):
            message["icons"] = {"emoji": call.args.text("icon_emoji")}
    return message


def _find_parent(call: Caller, conversation: Conversation) -> Message | None:
    """The parent that ``thread_ts`` names, also through one of its replies. Raises Refusal.

    Slack has been seen to accept a reply to nothing and to show it nowhere (python-slack-sdk issue 840); to refuse it
    makes such a mistake visible.
    """
    if not call.args.text("thread_ts"):
        return None
    thread = conversation.thread(call.args.timestamp("thread_ts", "invalid_thread_ts"))
    if not thread:
        raise Refusal("thread_not_found")
    parent = thread[0]
    if parent.get("subtype") == "tombstone":
        raise Refusal("cannot_reply_to_message")
    return parent


def _escape_loose_ampersands(text: str) -> str:
    """Slack keeps text with ``&`` escaped; what the caller escaped stays as it is."""
    pieces = text.split("&")
    escaped = [piece if piece.startswith(("amp;", "lt;", "gt;")) else f"amp;{piece}" for piece in pieces[1:]]
    return "&".join([pieces[0], *escaped])
