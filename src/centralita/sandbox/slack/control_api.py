"""``/_control/``: what a test does to the workspace, and what it sees of it. Nonsense is a 4xx with a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from aiohttp import web

from centralita.sandbox.faults import read_fault
from centralita.sandbox.http import (
    LONGEST_WAIT_S,
    ControlError,
    Handler,
    explained,
    json_answer,
    read_number,
    read_object,
)
from centralita.sandbox.slack.directory import describe_user
from centralita.sandbox.slack.endpoint import BACKEND, Backend
from centralita.sandbox.slack.journal import Call
from centralita.sandbox.slack.limits import LimitSettings
from centralita.sandbox.slack.seed import another_workspace, seed_workspace
from centralita.sandbox.slack.workspace import ALL_SCOPES, Bot, Change, Conversation, User, Usergroup


def _conversation(backend: Backend, key: str) -> Conversation:
    found = backend.workspace.find_conversation(key)
    for space in backend.spaces.values():
        found = found or space.conversations.get(key)
    if found is None:
        raise ControlError(f"there is no channel {key!r}", 404)
    return found


def _filter(request: web.Request) -> Callable[[Call], bool]:
    method = request.query.get("method", "")
    key = request.query.get("channel", "")
    ok = request.query.get("ok", "")
    channel = _conversation(request.app[BACKEND], key).id if key else ""

    def wanted(call: Call) -> bool:
        return (
            (not method or call.method == method)
            and (not channel or call.channel == channel)
            and (not ok or call.ok == (ok in ("1", "true")))
        )

    return wanted


async def calls(request: web.Request) -> web.StreamResponse:
    """GET ``calls?after=N&timeout_s=&method=&channel=&ok=``: the calls after number N that fit, in order; with
    ``timeout_s`` waits until there is one."""
    journal = request.app[BACKEND].journal
    after = int(read_number(request, "after", 0, 2**53))
    timeout_s = read_number(request, "timeout_s", 0, LONGEST_WAIT_S)
    wanted = _filter(request)
    found = await journal.wait(after, wanted, timeout_s) if timeout_s else journal.select(after, wanted)
    return json_answer({"ok": True, "calls": [call.as_json() for call in found], "last": journal.last_seq})


async def messages(request: web.Request) -> web.StreamResponse:
    """GET ``messages?channel=#alerts[&thread_ts=]``: what the channel holds, oldest first, replies among them; with
    ``thread_ts`` that thread, its parent first. ``channel`` may also be the id of a person: the direct messages with
    the bot."""
    backend = request.app[BACKEND]
    key = request.query.get("channel", "")
    if key in backend.workspace.users:
        direct = [one for one in backend.workspace.conversations.values() if one.kind == "im" and key in one.members]
        shown = [one.show(message) for one in direct for message in one.messages.values()]
        return json_answer({"ok": True, "messages": shown})
    found = _conversation(backend, key)
    thread_ts = request.query.get("thread_ts", "")
    chosen = found.thread(thread_ts) if thread_ts else list(found.messages.values())
    return json_answer({"ok": True, "messages": [found.show(message) for message in chosen]})


async def fail(request: web.Request) -> web.StreamResponse:
    """POST ``faults``: arms a fault (see ``faults.read_fault``)."""
    request.app[BACKEND].faults.armed.append(read_fault(await read_object(request)))
    return json_answer({"ok": True})


async def clear_faults(request: web.Request) -> web.StreamResponse:
    """DELETE ``faults``."""
    request.app[BACKEND].faults.clear()
    return json_answer({"ok": True})


async def limits(request: web.Request) -> web.StreamResponse:
    """GET or PUT ``limits`` (see ``LimitSettings.changed``)."""
    limiter = request.app[BACKEND].limiter
    if request.method == "PUT":
        limiter.configure(limiter.settings.changed(await read_object(request)))
    return json_answer({"ok": True, "limits": limiter.settings.as_json()})


async def add_user(request: web.Request) -> web.StreamResponse:
    """POST ``users``: ``{name, real_name, email, locale, title, tz, deleted, channels}``; answers its id."""
    backend = request.app[BACKEND]
    wish = await read_object(request)
    channels = [_conversation(backend, key) for key in wish.pop("channels", [])]
    if not isinstance(wish.get("name"), str) or not wish["name"]:
        raise ControlError("a user needs a name")
    wish = {"real_name": wish["name"], **wish}
    unknown = set(wish) - {"name", "real_name", "email", "locale", "title", "tz", "tz_offset_s", "deleted", "is_admin"}
    if unknown:
        raise ControlError(f"a user has no {', '.join(sorted(unknown))}")
    user = User(backend.workspace.new_id("U"), **wish)
    backend.workspace.users[user.id] = user
    for one in channels:
        one.members.append(user.id)
    _tell_of(backend, "team_join", user)
    return json_answer({"ok": True, "id": user.id})


def _tell_of(backend: Backend, kind: str, user: User) -> None:
    backend.workspace.tell(Change("people"))
    described = describe_user(backend.workspace, user, email=True, locale=True)
    backend.workspace.happened({"type": kind, "user": described})


async def change_user(request: web.Request) -> web.StreamResponse:
    """PATCH ``users/{id}``: ``locale``, ``email``, ``deleted``, ``real_name``, ``title``, ``tz``."""
    backend = request.app[BACKEND]
    user = backend.workspace.users.get(request.match_info["id"])
    if user is None:
        raise ControlError("there is no such user", 404)
    wish = await read_object(request)
    for name, value in wish.items():
        if name not in ("locale", "email", "deleted", "real_name", "title", "tz") or type(value) is not type(
            getattr(user, name)
        ):
            raise ControlError(f"{name} can't be set to that")
    for name, value in wish.items():
        setattr(user, name, value)
    _tell_of(backend, "user_change", user)
    return json_answer({"ok": True})


async def add_channel(request: web.Request) -> web.StreamResponse:
    """POST ``channels``: ``{name, private, members, bot, purpose}``; ``members`` are users' ids, default everybody;
    ``bot`` false leaves the bot outside; answers its id."""
    space = request.app[BACKEND].workspace
    wish = await read_object(request)
    name = str(wish.get("name", "")).removeprefix("#")
    if not name or space.find_conversation(name) is not None:
        raise ControlError("a channel needs a name that no other has")
    members = list(wish.get("members", [user.id for user in space.users.values() if not user.is_bot]))
    unknown = [one for one in members if one not in space.users]
    if unknown:
        raise ControlError(f"there is no user {unknown[0]}", 404)
    if wish.get("bot", True):
        members += [bot.user_id for bot in space.bots.values()]
    kind: Literal["private_channel", "public_channel"] = "private_channel" if wish.get("private") else "public_channel"
    made = Conversation(space.new_id("C"), name, kind, members, int(time.time()), purpose=str(wish.get("purpose", "")))
    space.conversations[made.id] = made
    space.tell(Change("conversations"))
    return json_answer({"ok": True, "id": made.id})


async def change_channel(request: web.Request) -> web.StreamResponse:
    """PATCH ``channels/{key}``: ``archived``, and ``bot`` (whether the bot is a member)."""
    backend = request.app[BACKEND]
    found = _conversation(backend, request.match_info["key"])
    wish = await read_object(request)
    if set(wish) - {"archived", "bot"}:
        raise ControlError("only archived and bot can be set")
    if "archived" in wish:
        found.archived = bool(wish["archived"])
    for bot in backend.workspace.bots.values() if "bot" in wish else ():
        if wish["bot"] and bot.user_id not in found.members:
            backend.workspace.enter(found, bot.user_id)
        elif not wish["bot"] and bot.user_id in found.members:
            backend.workspace.leave(found, bot.user_id)
    backend.workspace.tell(Change("conversations"))
    return json_answer({"ok": True})


async def add_usergroup(request: web.Request) -> web.StreamResponse:
    """POST ``usergroups``: ``{handle, name, users}``; answers its id."""
    space = request.app[BACKEND].workspace
    wish = await read_object(request)
    handle = str(wish.get("handle", ""))
    if not handle:
        raise ControlError("a user group needs a handle")
    group = Usergroup(space.new_id("S"), handle, str(wish.get("name", handle)), list(wish.get("users", [])))
    space.usergroups[group.id] = group
    space.tell(Change("people"))
    return json_answer({"ok": True, "id": group.id})


async def add_bot(request: web.Request) -> web.StreamResponse:
    """POST ``bots``: ``{name, token, scopes}``: one more app, in no channel yet, or, when the token is known, other
    scopes for its app."""
    space = request.app[BACKEND].workspace
    wish = await read_object(request)
    token, name = str(wish.get("token", "")), str(wish.get("name", "app"))
    if not token.startswith("xoxb-"):
        raise ControlError("a bot needs a token that starts with xoxb-")
    scopes = frozenset(wish.get("scopes", ALL_SCOPES))
    known = space.bots.get(token)
    if known is not None:
        known.scopes = scopes
        return json_answer({"ok": True, "user_id": known.user_id})
    user = User(space.new_id("U"), name, name, is_bot=True)
    space.users[user.id] = user
    space.bots[token] = Bot(space.new_id("B"), space.new_id("A"), user.id, name, token, scopes)
    space.tell(Change("people"))
    return json_answer({"ok": True, "user_id": user.id})


async def add_hook(request: web.Request) -> web.StreamResponse:
    """POST ``hooks``: ``{channel}``: an incoming webhook of the first bot into a channel; answers its path."""
    backend = request.app[BACKEND]
    wish = await read_object(request)
    found = _conversation(backend, str(wish.get("channel", "")))
    space = backend.workspace
    path = f"/services/{space.team_id}/{space.new_id('B')}/local-{found.id.lower()}"
    space.hooks[path] = (found.id, next(iter(space.bots)))
    return json_answer({"ok": True, "path": path})


async def add_workspace(request: web.Request) -> web.StreamResponse:
    """POST ``workspaces``: ``{name}``: one more, where no app is installed; answers its ids."""
    name = str((await read_object(request)).get("name", ""))
    if not name:
        raise ControlError("a workspace needs a name")
    made = another_workspace(name)
    if made.team_id in request.app[BACKEND].spaces:
        raise ControlError("there is a workspace of that name")
    request.app[BACKEND].add(made)
    request.app[BACKEND].workspace.tell(Change("people"))
    admin, channel = next(iter(made.users)), next(iter(made.conversations))
    return json_answer({"ok": True, "team": made.team_id, "admin": admin, "channel": channel})


async def reset(request: web.Request) -> web.StreamResponse:
    """POST ``reset``: the workspace as it was at the start; faults and calls forgotten, limits back to the defaults, or
    kept with ``{"keep_limits": true}``."""
    backend = request.app[BACKEND]
    keep = (await read_object(request)).get("keep_limits") is True
    fresh = seed_workspace()
    for space in backend.spaces.values():  # those who look at another are shown the first
        fresh.listeners |= space.listeners - {emitter.hear for emitter in backend.emitters.values()}
    backend.adopt(fresh)
    backend.dispatcher.journal.clear()
    backend.faults.clear()
    backend.journal.clear()
    backend.limiter.configure(backend.limiter.settings if keep else LimitSettings())
    fresh.tell(Change("reset"))
    return json_answer({"ok": True})


def routes() -> list[web.RouteDef]:
    """The control API's routes."""
    table: tuple[tuple[str, str, Handler], ...] = (
        ("GET", "calls", calls),
        ("GET", "messages", messages),
        ("POST", "faults", fail),
        ("DELETE", "faults", clear_faults),
        ("GET", "limits", limits),
        ("PUT", "limits", limits),
        ("POST", "users", add_user),
        ("PATCH", "users/{id}", change_user),
        ("POST", "channels", add_channel),
        ("PATCH", "channels/{key}", change_channel),
        ("POST", "usergroups", add_usergroup),
        ("POST", "bots", add_bot),
        ("POST", "hooks", add_hook),
        ("POST", "workspaces", add_workspace),
        ("POST", "reset", reset),
    )
    return [web.route(method, f"/_control/{path}", explained(handler)) for method, path, handler in table]
