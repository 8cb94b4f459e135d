"""reactions.* (https://docs.slack.dev/reference/methods?family=reactions)."""

from __future__ import annotations

from centralita.sandbox.slack.caller import Answer, Caller
from centralita.sandbox.slack.emoji import is_emoji
from centralita.sandbox.slack.refusal import Refusal
from centralita.sandbox.slack.workspace import Conversation, Message


def add(call: Caller) -> Answer:
    """reactions.add."""
    conversation, message, name = _target(call)
    reactions = message.setdefault("reactions", [])
    found = next((one for one in reactions if one["name"] == name), None)
    if found is None:
        found = {"name": name, "users": [], "count": 0}
        reactions.append(found)
    if call.bot.user_id in found["users"]:
        raise Refusal("already_reacted")
    found["users"].append(call.bot.user_id)
    found["count"] = len(found["users"])
    call.workspace.tell_changed(conversation, message["ts"])
    return {"ok": True}


def remove(call: Caller) -> Answer:
    """reactions.remove."""
    conversation, message, name = _target(call)
    found = next((one for one in message.get("reactions", []) if one["name"] == name), None)
    if found is None or call.bot.user_id not in found["users"]:
        raise Refusal("no_reaction")
    found["users"].remove(call.bot.user_id)
    found["count"] = len(found["users"])
    message["reactions"] = [one for one in message["reactions"] if one["users"]]
    if not message["reactions"]:
        del message["reactions"]
    call.workspace.tell_changed(conversation, message["ts"])
    return {"ok": True}


def get(call: Caller) -> Answer:
    """reactions.get."""
    conversation, message = _item(call)
    shown = conversation.show(message, metadata=False)
    return {"ok": True, "type": "message", "channel": conversation.id, "message": shown}


def _target(call: Caller) -> tuple[Conversation, Message, str]:
    name = call.args.text("name").strip(":")
    if not name or not is_emoji(name):
        raise Refusal("invalid_name")
    return *_item(call), name


def _item(call: Caller) -> tuple[Conversation, Message]:
    if not call.args.text("channel") or not call.args.text("timestamp"):
        raise Refusal("no_item_specified")
    conversation = call.visible(call.args.text("channel"))
    return conversation, call.message(conversation, call.args.timestamp("timestamp", "bad_timestamp"))
