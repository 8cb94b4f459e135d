"""Response URLs: an app writes where something was pressed or typed, five times in half an hour.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from centralita.sandbox.http import json_answer, read_object
from centralita.sandbox.slack.acting import say
from centralita.sandbox.slack.arguments import Arguments
from centralita.sandbox.slack.caller import Caller
from centralita.sandbox.slack.chat import POST_TEXT, read_content
from centralita.sandbox.slack.endpoint import BACKEND
from centralita.sandbox.slack.grants import ResponseUrl
from centralita.sandbox.slack.journal import Call
from centralita.sandbox.slack.refusal import Refusal
from centralita.sandbox.slack.workspace import Change, Message, Workspace

METHOD = "response_url"
"""What the journal calls the use of one."""


async def respond(request: web.Request) -> web.StreamResponse:
    """POST ``/actions/{app}/{name}``: plain ``ok``, or Slack's error as JSON with 404."""
    backend, app = request.app[BACKEND], request.match_info["app"]
    name, arrived_mono_ms, arrived_wall_ms = request.match_info["name"], time.monotonic() * 1000, time.time() * 1000
    wish = await read_object(request)
    space = next((one for one in backend.spaces.values() if name in one.grants.response_urls), backend.workspace)
    grant = space.grants.response_urls.get(name)
    status, result = 200, {"ok": True}
    try:
        _carry_out(space, space.grants.take_response_url(app, name), wish)
    except Refusal as refusal:
        status, result = 404 if refusal.error in ("expired_url", "used_url") else 200, refusal.body()
    channel = grant.channel if grant is not None else ""
    backend.journal.add(
        lambda seq: Call(seq, METHOD, channel, dict(wish), result, status, "answered", arrived_mono_ms, arrived_wall_ms)
    )
    return web.Response(text="ok") if result["ok"] else json_answer(result, status)


def _carry_out(space: Workspace, grant: ResponseUrl, wish: Mapping[str, Any]) -> None:
    app, conversation = space.apps[grant.app], space.conversations[grant.channel]
    if wish.get("delete_original") is True:
        _replace(space, grant, None)
    elif wish.get("replace_original") is True:
        _replace(space, grant, wish)
    else:
        thread = {"thread_ts": grant.thread_ts} if grant.thread_ts and "thread_ts" not in wish else {}
        say(space, app, conversation, grant.user, {**thread, **wish})


def _replace(space: Workspace, grant: ResponseUrl, wish: Mapping[str, Any] | None) -> None:
    """Puts other content in place of the original, or removes it."""
    conversation = space.conversations[grant.channel]
    content: dict[str, Any] = {}
    if wish is not None:
        bot = space.bot_of(grant.app)
        if bot is None:
            raise Refusal("account_inactive")
        content = read_content(Caller(space, bot, Arguments(dict(wish)), ""), POST_TEXT)
    if grant.ephemeral or not grant.message_ts:
        _replace_ephemeral(space, grant, content)
        return
    old = conversation.messages.get(grant.message_ts)
    if old is None:
        raise Refusal("message_not_found")
    if wish is None:
        space.remove_message(conversation, grant.message_ts)
        return
    conversation.messages[grant.message_ts] = _with(old, content)
    space.tell_changed(conversation, grant.message_ts)


def _replace_ephemeral(space: Workspace, grant: ResponseUrl, content: Mapping[str, Any]) -> None:
    conversation = space.conversations[grant.channel]
    mine = [number for number, (user, _) in enumerate(conversation.ephemeral) if user == grant.user]
    wanted = [number for number in mine if conversation.ephemeral[number][1]["ts"] == grant.message_ts] or mine[-1:]
    for number in wanted:
        user, old = conversation.ephemeral[number]
        if content:
            conversation.ephemeral[number] = (user, _with(old, content))
            space.tell(Change("ephemeral", conversation.id, conversation.ephemeral[number][1], only_for=user))
        else:
            del conversation.ephemeral[number]
            space.tell(Change("gone", conversation.id, old, only_for=user))


def _with(old: Message, content: Mapping[str, Any]) -> Message:
    kept = {name: value for name, value in old.items() if name not in ("text", "blocks", "attachments", "edited")}
    return {**kept, "text": "", **content}
