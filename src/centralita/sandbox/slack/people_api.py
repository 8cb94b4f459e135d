"""``/_act/``: what the page and the tests let people do. Every request names who does it (``user``)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from centralita.sandbox.http import ControlError, Handler, explained, json_answer, read_object
from centralita.sandbox.slack import reactions, views
from centralita.sandbox.slack.acting import Person
from centralita.sandbox.slack.dispatch import Ack
from centralita.sandbox.slack.endpoint import BACKEND
from centralita.sandbox.slack.refusal import Refusal
from centralita.sandbox.slack.views import View
from centralita.sandbox.slack.workspace import Conversation, Message
from centralita.sandbox.slack.writing import typed


def _person(request: web.Request, wish: dict[str, Any]) -> Person:
    backend, key = request.app[BACKEND], str(wish.get("user", ""))
    space = next((one for one in backend.spaces.values() if key in one.users), backend.workspace)
    user = space.users.get(key)
    if user is None or user.is_bot:
        raise ControlError("there is no such person", 404)
    return Person(space, backend.dispatcher, user, f"{request.scheme}://{request.host}")


def _conversation(person: Person, wish: dict[str, Any]) -> Conversation:
    found = person.space.find_conversation(str(wish.get("channel", "")))
    if found is None or (found.kind != "public_channel" and person.user.id not in found.members):
        raise ControlError("there is no such conversation", 404)
    return found


def _view(person: Person, wish: dict[str, Any]) -> View:
    found = person.space.views.find(str(wish.get("view", "")))
    if found is None or found.user != person.user.id:
        raise ControlError("there is no such view", 404)
    return found


def _answer(ack: Ack) -> web.Response:
    return json_answer({"ok": ack.ok, "error": ack.error, "payload": ack.payload})


async def press(request: web.Request) -> web.StreamResponse:
    """POST ``press``: ``{user, channel, ts, action_id, block_id, value, values}`` in a message, with ``view`` instead
    of ``channel`` and ``ts`` in a modal or a home tab."""
    wish = await read_object(request)
    person = _person(request, wish)
    values = wish.get("values") or {}
    if wish.get("view"):
        return _answer(await person.act_in_view(_view(person, wish), wish, values))
    return _answer(await person.press(_conversation(person, wish), str(wish.get("ts", "")), wish, values))


async def submit(request: web.Request) -> web.StreamResponse:
    """POST ``submit``: ``{user, view, values}``; answers ``{ok, errors}``."""
    wish = await read_object(request)
    person = _person(request, wish)
    return json_answer(await person.submit(_view(person, wish), wish.get("values") or {}))


async def close(request: web.Request) -> web.StreamResponse:
    """POST ``close``: ``{user, view, all}``."""
    wish = await read_object(request)
    person = _person(request, wish)
    await person.close(_view(person, wish), everything=wish.get("all") is True)
    return json_answer({"ok": True})


async def command(request: web.Request) -> web.StreamResponse:
    """POST ``command``: ``{user, channel, command, text}``."""
    wish = await read_object(request)
    person = _person(request, wish)
    name, text = str(wish.get("command", "")), str(wish.get("text", ""))
    return _answer(await person.command(_conversation(person, wish), name, text))


async def shortcut(request: web.Request) -> web.StreamResponse:
    """POST ``shortcut``: ``{user, callback_id}``, with ``channel`` and ``ts`` for a message's."""
    wish = await read_object(request)
    person, callback_id = _person(request, wish), str(wish.get("callback_id", ""))
    if wish.get("ts"):
        return _answer(await person.on_message(_conversation(person, wish), str(wish["ts"]), callback_id))
    return _answer(await person.shortcut(callback_id))


async def suggest(request: web.Request) -> web.StreamResponse:
    """POST ``suggest``: ``{user, view | channel and ts, action_id, typed}``."""
    wish = await read_object(request)
    person = _person(request, wish)
    action_id, text = str(wish.get("action_id", "")), str(wish.get("typed", ""))
    if wish.get("view"):
        return _answer(await person.suggest_in_view(_view(person, wish), action_id, text))
    return _answer(await person.suggest(_conversation(person, wish), str(wish.get("ts", "")), action_id, text))


async def edit(request: web.Request) -> web.StreamResponse:
    """POST ``edit``: ``{user, channel, ts, text}``: a person changes a message of their own."""
    wish = await read_object(request)
    person = _person(request, wish)
    conversation, message = _own_message(person, wish)
    text = typed(person.space, str(wish.get("text", "")))
    person.space.edit_message(conversation, message, text, person.user.id)
    return json_answer({"ok": True})


async def delete(request: web.Request) -> web.StreamResponse:
    """POST ``delete``: ``{user, channel, ts}``."""
    wish = await read_object(request)
    person = _person(request, wish)
    conversation, message = _own_message(person, wish)
    person.space.remove_message(conversation, message["ts"])
    return json_answer({"ok": True})


def _own_message(person: Person, wish: dict[str, Any]) -> tuple[Conversation, Message]:
    conversation = _conversation(person, wish)
    message = conversation.messages.get(str(wish.get("ts", "")))
    if message is None or message.get("user") != person.user.id:
        raise ControlError("there is no such message of this person", 404)
    return conversation, message


async def react(request: web.Request) -> web.StreamResponse:
    """POST ``react``: ``{user, channel, ts, name, remove}``: an emoji on any message that the person sees."""
    wish = await read_object(request)
    person = _person(request, wish)
    conversation = _conversation(person, wish)
    message = conversation.messages.get(str(wish.get("ts", "")))
    if message is None:
        raise ControlError("there is no such message", 404)
    change = reactions.take if wish.get("remove") is True else reactions.put
    try:
        change(person.space, conversation, message, str(wish.get("name", "")).strip(":"), person.user.id)
    except Refusal as refusal:
        raise ControlError(refusal.error) from None
    return json_answer({"ok": True})


async def home(request: web.Request) -> web.StreamResponse:
    """POST ``home``: ``{user, app}``: opens an app's home tab; its view, null before the app has published one."""
    wish = await read_object(request)
    person = _person(request, wish)
    app = person.app_of(str(wish.get("app", "")))
    found = person.space.views.homes.get((app.id, person.user.id))
    shown = views.show(person.space, found) if found is not None else None
    bot = person.space.bot_of(app.id)
    if bot is None:
        raise ControlError(f"{app.name} is not installed here", 404)
    direct, _made = person.space.open_direct((bot.user_id, person.user.id))
    event: dict[str, Any] = {
        "type": "app_home_opened",
        "user": person.user.id,
        "channel": direct.id,
        "tab": "home",
        "event_ts": person.space.next_ts(direct),
    }
    if shown is not None:
        event["view"] = shown
    request.app[BACKEND].emitters[person.space.team_id].tell_all(None, event)
    return json_answer({"ok": True, "view": shown})


async def open_views(request: web.Request) -> web.StreamResponse:
    """GET ``views?user=``: the person's modals, the topmost last, and home tabs by app."""
    person = _person(request, {"user": request.query.get("user", "")})
    space = person.space
    stack = [views.show(space, one) for one in space.views.modals.get(person.user.id, ())]
    homes = {app: views.show(space, one) for (app, user), one in space.views.homes.items() if user == person.user.id}
    return json_answer({"ok": True, "modals": stack, "homes": homes})


def routes() -> list[web.RouteDef]:
    """The routes."""
    table: tuple[tuple[str, str, Handler], ...] = (
        ("POST", "press", press),
        ("POST", "submit", submit),
        ("POST", "close", close),
        ("POST", "command", command),
        ("POST", "shortcut", shortcut),
        ("POST", "suggest", suggest),
        ("POST", "edit", edit),
        ("POST", "delete", delete),
        ("POST", "react", react),
        ("POST", "home", home),
        ("GET", "views", open_views),
    )
    return [web.route(method, f"/_act/{path}", explained(handler)) for method, path, handler in table]
