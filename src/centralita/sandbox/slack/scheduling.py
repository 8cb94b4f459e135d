"""chat.scheduleMessage and what belongs to it (https://docs.slack.dev/reference/methods/chat.scheduleMessage)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from centralita.sandbox.slack import chat
from centralita.sandbox.slack.arguments import Arguments
from centralita.sandbox.slack.caller import Answer, Caller
from centralita.sandbox.slack.refusal import Refusal

FURTHEST_S = 120 * 86_400.0
CROWD = 30
CROWD_S = 300
"""At most so many for one channel within five minutes."""
TOO_LATE_S = 60.0
"""What is posted that soon can't be deleted."""


@dataclass(frozen=True)
class Scheduled:
    """A message that waits for its time."""

    id: str
    channel: str
    app: str
    post_at: int
    made_s: int
    text: str
    timer: asyncio.TimerHandle


def schedule(call: Caller) -> Answer:
    """chat.scheduleMessage."""
    call.args.require("channel", "post_at")
    conversation = chat.find_target(call, call.args.text("channel"))
    raw = call.args.text("post_at")
    if not raw.isdigit():
        raise Refusal("invalid_time")
    post_at, now = int(raw), time.time()
    if post_at <= now:
        raise Refusal("time_in_past")
    if post_at - now > FURTHEST_S:
        raise Refusal("time_too_far")
    waiting = [one for one in call.workspace.scheduled.values() if one.channel == conversation.id]
    if len([one for one in waiting if abs(one.post_at - post_at) < CROWD_S]) >= CROWD:
        raise Refusal("restricted_too_many")
    content = chat.read_content(call, chat.POST_TEXT)
    if not any(content.get(part) for part in ("text", "blocks", "attachments")):
        raise Refusal("no_text")
    name = call.workspace.new_id("Q")
    later = Caller(call.workspace, call.bot, Arguments({**call.args.values, "channel": conversation.id}), call.base_url)
    timer = asyncio.get_running_loop().call_later(post_at - now, _post, later, name)
    text = str(content.get("text", ""))
    made = Scheduled(name, conversation.id, call.bot.app_id, post_at, int(now), text, timer)
    call.workspace.scheduled[name] = made
    message: Mapping[str, Any] = {"type": "delayed_message", "bot_id": call.bot.id, "user": call.bot.user_id, **content}
    return {
        "ok": True,
        "channel": conversation.id,
        "scheduled_message_id": name,
        "post_at": post_at,
        "message": dict(message),
    }


def _post(call: Caller, name: str) -> None:
    if call.workspace.scheduled.pop(name, None) is not None:
        try:
            chat.post_message(call)
        except Refusal:
            return  # its channel was archived in the meantime: Slack drops it too


def delete(call: Caller) -> Answer:
    """chat.deleteScheduledMessage."""
    call.args.require("channel", "scheduled_message_id")
    found = call.workspace.scheduled.get(call.args.text("scheduled_message_id"))
    if found is None or found.app != call.bot.app_id or found.channel != call.args.text("channel"):
        raise Refusal("invalid_scheduled_message_id")
    if found.post_at - time.time() < TOO_LATE_S:
        raise Refusal("invalid_scheduled_message_id")
    found.timer.cancel()
    del call.workspace.scheduled[found.id]
    return {"ok": True}


def _bound(call: Caller, name: str, default: int) -> int:
    raw = call.args.text(name)
    if raw and not raw.partition(".")[0].isdigit():
        raise Refusal("invalid_arguments")
    return int(raw.partition(".")[0]) if raw else default


def listing(call: Caller) -> Answer:
    """chat.scheduledMessages.list."""
    channel = call.args.text("channel")
    oldest, latest = _bound(call, "oldest", 0), _bound(call, "latest", 2**53)
    mine = [
        one
        for one in call.workspace.scheduled.values()
        if one.app == call.bot.app_id and channel in ("", one.channel) and oldest <= one.post_at <= latest
    ]
    page, metadata = call.page(sorted(mine, key=lambda one: one.post_at), 100, 1000)
    shown = [
        {"id": one.id, "channel_id": one.channel, "post_at": one.post_at, "date_created": one.made_s, "text": one.text}
        for one in page
    ]
    return {"ok": True, "scheduled_messages": shown, "response_metadata": metadata}
