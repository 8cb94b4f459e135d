"""reactions.* (https://docs.slack.dev/reference/methods?family=reactions)."""

from __future__ import annotations

from centralita.sandbox.slack.caller import Answer, Caller
from centralita.sandbox.slack.emoji import is_emoji
from centralita.sandbox.slack.refusal import Refusal
from centralita.sandbox.slack.workspace import Conversation, Message, Workspace


def add(call: Caller) -> Answer:
    """reactions.add."""
    put(call.workspace, *_target(call), call.bot.user_id)
    return {"ok": True}


def remove(call: Caller) -> Answer:
    """reactions.remove."""
    take(call.workspace, *_target(call), call.bot.user_id)
    return {"ok": True}


def get(call: Caller) -> Answer:
    """reactions.get."""
    conversation, message = _item(call)
    shown = conversation.show(message, metadata=False)
    return {"ok": True, "type": "message", "channel": conversation.id, "message": shown}


def put(space: Workspace, conversation: Conversation, message: Message, name: str, user: str) -> None:
    """Somebody reacts. Raises Refusal ``invalid_name`` or ``already_reacted``."""
    if not is_emoji(name):
        raise Refusal("invalid_name")
    reactions = message.setdefault("reactions", [])
    found = next((one for one in reactions if one["name"] == name), None)
    if found is None:
        found = {"name": name, "users": [], "count": 0}
        reactions.append(found)
    if user in found["users"]:
        raise Refusal("already_reacted")
    found["users"].append(user)
    found["count"] = len(found["users"])
    _tell(space, conversation, message, "reaction_added", name, user)


def take(space: Workspace, conversation: Conversation, message: Message, name: str, user: str) -> None:
    """Somebody takes a reaction back. Raises Refusal ``no_reaction``."""
    found = next((one for one in message.get("reactions", []) if one["name"] == name), None)
    if found is None or user not in found["users"]:
        raise Refusal("no_reaction")
    found["users"].remove(user)
    found["count"] = len(found["users"])
    message["reactions"] = [one for one in message["reactions"] if one["users"]]
    if not message["reactions"]:
        del message["reactions"]
    _tell(space, conversation, message, "reaction_removed", name, user)


def _tell(space: Workspace, conversation: Conversation, message: Message, kind: str, name: str, user: str) -> None:
    space.tell_changed(conversation, message["ts"])
    item = {"type": "message", "channel": conversation.id, "ts": message["ts"]}
    event = {"type": kind, "user": user, "reaction": name, "item_user": message.get("user", ""), "item": item}
    space.happened(event, conversation.id)


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
