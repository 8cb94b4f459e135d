"""pins.* and bookmarks.* (https://docs.slack.dev/reference/methods?family=pins, ...?family=bookmarks)."""

from __future__ import annotations

import time
from typing import Any

from centralita.sandbox.slack.caller import Answer, Caller
from centralita.sandbox.slack.refusal import Refusal
from centralita.sandbox.slack.workspace import Conversation


def add_pin(call: Caller) -> Answer:
    """pins.add."""
    found, ts = _item(call)
    if ts in found.pins:
        raise Refusal("already_pinned")
    found.pins[ts] = {"by": call.bot.user_id, "at": int(time.time())}
    call.workspace.tell_changed(found, ts)
    return {"ok": True}


def remove_pin(call: Caller) -> Answer:
    """pins.remove."""
    found, ts = _item(call)
    if found.pins.pop(ts, None) is None:
        raise Refusal("no_pin")
    call.workspace.tell_changed(found, ts)
    return {"ok": True}


def list_pins(call: Caller) -> Answer:
    """pins.list."""
    call.args.require("channel")
    found = call.readable(call.args.text("channel"))
    items = [
        {
            "type": "message",
            "channel": found.id,
            "created": pin["at"],
            "created_by": pin["by"],
            "message": found.show(found.messages[ts]),
        }
        for ts, pin in found.pins.items()
        if ts in found.messages
    ]
    return {"ok": True, "items": items}


def _item(call: Caller) -> tuple[Conversation, str]:
    call.args.require("channel")
    if not call.args.text("timestamp"):
        raise Refusal("no_item_specified")
    found = call.readable(call.args.text("channel"))
    return found, str(call.message(found, call.args.timestamp("timestamp", "bad_timestamp"))["ts"])


def add_bookmark(call: Caller) -> Answer:
    """bookmarks.add."""
    call.args.require("channel_id", "title", "type")
    if call.args.text("type") != "link":
        raise Refusal("invalid_bookmark_type")
    found = call.readable(call.args.text("channel_id"))
    made: dict[str, Any] = {
        "id": call.workspace.new_id("Bk"),
        "channel_id": found.id,
        "title": call.args.text("title"),
        "link": _link(call),
        "emoji": call.args.text("emoji"),
        "type": "link",
        "date_created": int(time.time()),
        "date_updated": 0,
        "app_id": call.bot.app_id,
    }
    found.bookmarks[made["id"]] = made
    return {"ok": True, "bookmark": dict(made)}


def edit_bookmark(call: Caller) -> Answer:
    """bookmarks.edit."""
    call.args.require("channel_id", "bookmark_id")
    bookmark = _bookmark(call)
    for name in ("title", "emoji"):
        if call.args.has(name):
            bookmark[name] = call.args.text(name)
    if call.args.has("link"):
        bookmark["link"] = _link(call)
    bookmark["date_updated"] = int(time.time())
    return {"ok": True, "bookmark": dict(bookmark)}


def remove_bookmark(call: Caller) -> Answer:
    """bookmarks.remove."""
    call.args.require("channel_id", "bookmark_id")
    del call.readable(call.args.text("channel_id")).bookmarks[_bookmark(call)["id"]]
    return {"ok": True}


def list_bookmarks(call: Caller) -> Answer:
    """bookmarks.list."""
    call.args.require("channel_id")
    found = call.readable(call.args.text("channel_id"))
    return {"ok": True, "bookmarks": [dict(one) for one in found.bookmarks.values()]}


def _bookmark(call: Caller) -> dict[str, Any]:
    bookmark = call.readable(call.args.text("channel_id")).bookmarks.get(call.args.text("bookmark_id"))
    if bookmark is None:
        raise Refusal("not_found")
    return bookmark


def _link(call: Caller) -> str:
    link = call.args.text("link")
    if not link.startswith(("http://", "https://")):
        raise Refusal("invalid_link")
    return link
