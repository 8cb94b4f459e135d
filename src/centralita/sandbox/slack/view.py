"""What the page at ``/`` is made of: its files, what one person sees, and a stream of what changes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from centralita.sandbox.http import ControlError, explained, json_answer
from centralita.sandbox.slack.endpoint import BACKEND
from centralita.sandbox.slack.workspace import Change, Conversation, Message, User, Workspace
from centralita.sandbox.slack.writing import typed

DEFAULT_VIEWER = "U0LUISPARED"
PAGE_SIZE = 100
LONGEST_TEXT = 4000
HEARTBEAT_S = 15.0
QUEUED_CHANGES = 2000

_STATIC = Path(__file__).with_name("static")
_KINDS = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

READ_MARKS: web.AppKey[dict[tuple[str, str], str]] = web.AppKey("read_marks", dict)
"""(user, conversation) to the ts up to which that person has read."""
STREAMS: web.AppKey[set[asyncio.Queue[Change | None]]] = web.AppKey("streams", set)
"""What waits for each page that listens; None ends it."""


def _file(name: str) -> web.Response:
    kind = _KINDS[Path(name).suffix]
    body = (_STATIC / name).read_bytes()
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=_HEADERS)


async def page(request: web.Request) -> web.StreamResponse:
    """``/`` and every permalink."""
    return _file("index.html")


async def static(request: web.Request) -> web.StreamResponse:
    """``/_static/{name}``."""
    name = request.match_info["name"]
    if name not in {one.name for one in _STATIC.iterdir() if one.suffix in _KINDS}:
        raise web.HTTPNotFound
    return _file(name)


def _space_of(request: web.Request, user: str) -> Workspace:
    """The workspace that somebody is in; the first for nobody."""
    backend = request.app[BACKEND]
    return next((one for one in backend.spaces.values() if user in one.users), backend.workspace)


def _viewer(request: web.Request, key: str | None = None) -> User:
    wanted = request.query.get("user", DEFAULT_VIEWER) if key is None else key
    user = _space_of(request, wanted).users.get(wanted)
    if user is None or user.is_bot:
        raise ControlError("there is no such person", 404)
    return user


def _conversation(request: web.Request, viewer: User, key: str) -> Conversation:
    found = _space_of(request, viewer.id).conversations.get(key)
    if found is None:
        raise ControlError("there is no such conversation", 404)
    if found.kind != "public_channel" and viewer.id not in found.members:
        raise ControlError("this person does not see that conversation", 403)
    return found


def _mentions(space: Workspace, viewer: User, conversation: Conversation, message: Message) -> bool:
    """Whether the message calls this person: a direct message, a mention, one of the person's groups, or everybody."""
    if conversation.is_direct:
        return True
    text = msgspec.json.encode([message.get("text"), message.get("blocks"), message.get("attachments")]).decode()
    groups = [group.id for group in space.usergroups.values() if viewer.id in group.users]
    marks = (f"<@{viewer.id}", "<!channel", "<!here", "<!everyone", *(f"<!subteam^{group}" for group in groups))
    return any(mark in text for mark in marks)


def _summary(request: web.Request, viewer: User, conversation: Conversation) -> dict[str, Any]:
    space = _space_of(request, viewer.id)
    read = request.app[READ_MARKS].get((viewer.id, conversation.id), "")
    unread = [one for one in conversation.in_channel() if one["ts"] > read and one.get("user") != viewer.id]
    return {
        "id": conversation.id,
        "name": conversation.name,
        "kind": conversation.kind,
        "purpose": conversation.purpose or conversation.topic,
        "members": conversation.members,
        "archived": conversation.archived,
        "read": read,
        "unread": len(unread),
        "mentions": sum(_mentions(space, viewer, conversation, one) for one in unread),
        "latest": next(reversed(conversation.messages), ""),
    }


async def boot(request: web.Request) -> web.StreamResponse:
    """GET ``/_view/boot?user=``: the person, the conversations that the person is in, everybody's names, and the
    workspaces, each with somebody to look at it as. Who is nobody here (any more) sees it as the usual person."""
    wanted = request.query.get("user", "")
    viewer = _viewer(request, wanted if wanted in _space_of(request, wanted).users else DEFAULT_VIEWER)
    space = _space_of(request, viewer.id)
    mine = [one for one in space.conversations.values() if viewer.id in one.members]
    people = [
        {
            "id": user.id,
            "name": user.name,
            "real_name": user.real_name,
            "title": user.title,
            "bot": user.is_bot,
            "deleted": user.deleted,
            "locale": user.locale,
        }
        for user in space.users.values()
    ]
    return json_answer(
        {
            "ok": True,
            "team": space.name,
            "workspaces": [_entrance(one, space, viewer) for one in request.app[BACKEND].spaces.values()],
            "viewer": viewer.id,
            "people": people,
            "usergroups": {group.id: group.handle for group in space.usergroups.values()},
            "channels": {one.id: one.name for one in space.conversations.values() if one.kind == "public_channel"},
            "conversations": [_summary(request, viewer, one) for one in mine],
            "apps": [app.describe() for app in space.apps.values()],
        }
    )


def _entrance(one: Workspace, current: Workspace, viewer: User) -> dict[str, Any]:
    usual = DEFAULT_VIEWER if DEFAULT_VIEWER in one.users else next(iter(one.users))
    here = one is current
    return {"id": one.team_id, "name": one.name, "viewer": viewer.id if here else usual, "current": here}


async def messages(request: web.Request) -> web.StreamResponse:
    """GET ``/_view/messages?user=&channel=[&before=ts]``: the newest ``PAGE_SIZE`` messages of the channel, oldest
    first, and the ephemeral ones for this person; if the person can't see it, ``ok`` is false and ``members`` can."""
    viewer = _viewer(request)
    space = _space_of(request, viewer.id)
    key = request.query.get("channel", "")
    found = space.conversations.get(key)
    if found is not None and found.kind != "public_channel" and viewer.id not in found.members:
        others = [one for one in found.members if not space.users[one].is_bot]
        return json_answer({"ok": False, "error": "not visible", "members": others})
    found = _conversation(request, viewer, key)
    before = request.query.get("before", "")
    shown = [found.show(one) for one in found.in_channel()]
    shown += [one for user, one in found.ephemeral if user == viewer.id and "thread_ts" not in one]
    shown = sorted((one for one in shown if not before or one["ts"] < before), key=lambda one: str(one["ts"]))
    summary = _summary(request, viewer, found)
    answer = {"ok": True, "messages": shown[-PAGE_SIZE:], "more": len(shown) > PAGE_SIZE, "conversation": summary}
    return json_answer(answer)


async def thread(request: web.Request) -> web.StreamResponse:
    """GET ``/_view/thread?user=&channel=&ts=``: the parent and its replies; [] when there is none."""
    viewer = _viewer(request)
    found = _conversation(request, viewer, request.query.get("channel", ""))
    return json_answer({"ok": True, "messages": [found.show(one) for one in found.thread(request.query.get("ts", ""))]})


async def mark_read(request: web.Request) -> web.StreamResponse:
    """POST ``/_view/read`` ``{user, channel, ts}``."""
    wish = await _json(request)
    viewer = _viewer(request, str(wish.get("user", "")))
    found = _conversation(request, viewer, str(wish.get("channel", "")))
    marks = request.app[READ_MARKS]
    marks[viewer.id, found.id] = max(marks.get((viewer.id, found.id), ""), str(wish.get("ts", "")))
    return json_answer({"ok": True})


async def say(request: web.Request) -> web.StreamResponse:
    """POST ``/_view/say`` ``{user, channel, text, thread_ts}``: a person writes."""
    wish = await _json(request)
    viewer = _viewer(request, str(wish.get("user", "")))
    found = _conversation(request, viewer, str(wish.get("channel", "")))
    text = str(wish.get("text", "")).strip()
    if not text or len(text) > LONGEST_TEXT or found.archived:
        raise ControlError(f"a message has 1 to {LONGEST_TEXT} characters and goes to an open conversation")
    space = _space_of(request, viewer.id)
    message: Message = {
        "type": "message",
        "user": viewer.id,
        "team": space.team_id,
        "ts": space.next_ts(found),
        "text": typed(space, text),
    }
    parent = found.thread(str(wish.get("thread_ts") or ""))
    if parent:
        message["thread_ts"] = parent[0]["ts"]
    space.add_message(found, message)
    return json_answer({"ok": True, "ts": message["ts"]})


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        return msgspec.json.decode(await request.read(), type=dict[str, Any])
    except msgspec.MsgspecError:
        raise ControlError("the body must be a JSON object") from None


async def events(request: web.Request) -> web.StreamResponse:
    """GET ``/_view/events?user=``: server-sent events, one for each change that this person may see."""
    viewer = _viewer(request)
    queue: asyncio.Queue[Change | None] = asyncio.Queue()

    def hear(change: Change) -> None:
        if queue.qsize() < QUEUED_CHANGES:
            queue.put_nowait(change)
        elif queue.qsize() == QUEUED_CHANGES:
            # The page is too slow for this stream: it reads everything anew.
            queue.put_nowait(Change("reset"))

    listeners = _space_of(request, viewer.id).listeners
    listeners.add(hear)
    request.app[STREAMS].add(queue)
    try:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        await response.write(b": here\n\n")
        while (piece := await _next_event(request, viewer, queue)) is not None:
            await response.write(piece)
        return response
    except ConnectionError:
        return response
    finally:
        listeners.discard(hear)
        request.app[STREAMS].discard(queue)


async def end_streams(app: web.Application) -> None:
    """Lets every page's stream end in good order when the workspace stops."""
    for queue in app[STREAMS]:
        queue.put_nowait(None)


async def _next_event(request: web.Request, viewer: User, queue: asyncio.Queue[Change | None]) -> bytes | None:
    """Everything that waits, as one piece; None at the end."""
    try:
        change = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
    except TimeoutError:
        return b": still here\n\n"
    changes = [change, *(queue.get_nowait() for _ in range(queue.qsize()))]
    if None in changes:
        return None
    return b"".join(_render_change(request, viewer, one) for one in changes if one is not None)


def _render_change(request: web.Request, viewer: User, change: Change) -> bytes:
    if change.kind == "happened" or (change.only_for and change.only_for != viewer.id):
        return b""
    space = _space_of(request, viewer.id)
    kind = "changed" if change.kind == "edited" else change.kind
    data: dict[str, Any] = {"kind": kind, "channel": change.channel}
    found = space.conversations.get(change.channel)
    if change.message is not None:
        if found is None or (found.kind != "public_channel" and viewer.id not in found.members):
            return b""
        data["message"] = found.show(change.message)
        data["mention"] = _mentions(space, viewer, found, change.message)
    return b"data: " + msgspec.json.encode(data) + b"\n\n"


def routes() -> list[web.RouteDef]:
    """The page's routes."""
    return [
        web.get("/", page),
        web.get("/archives/{tail:.*}", page),
        web.get("/app/{id}", page),
        web.get("/_static/{name}", static),
        web.get("/_view/boot", explained(boot)),
        web.get("/_view/messages", explained(messages)),
        web.get("/_view/thread", explained(thread)),
        web.get("/_view/events", explained(events)),
        web.post("/_view/read", explained(mark_read)),
        web.post("/_view/say", explained(say)),
    ]
