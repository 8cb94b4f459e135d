"""``/_control/apps``: installing what an app offers, looking at how it is told things, refreshing its connections."""

from __future__ import annotations

from aiohttp import web

from centralita.sandbox.http import (
    LONGEST_WAIT_S,
    ControlError,
    Handler,
    explained,
    json_answer,
    read_number,
    read_object,
)
from centralita.sandbox.slack import installing
from centralita.sandbox.slack.apps import App, apply_manifest
from centralita.sandbox.slack.connections import MOST_CONNECTIONS
from centralita.sandbox.slack.endpoint import BACKEND
from centralita.sandbox.slack.workspace import Change


def _app(request: web.Request) -> App:
    key = request.match_info.get("id", "")
    found = request.app[BACKEND].apps.get(key)
    if found is None:
        raise ControlError(f"there is no app {key!r}", 404)
    return found


async def listing(request: web.Request) -> web.StreamResponse:
    """GET ``apps``."""
    return json_answer({"ok": True, "apps": [one.describe() for one in request.app[BACKEND].apps.values()]})


async def put_manifest(request: web.Request) -> web.StreamResponse:
    """PUT ``apps/{id}/manifest``: the app offers what its manifest says, and its bot has the scopes that it names. In
    HTTP mode its address for events has to answer the challenge."""
    app, backend = _app(request), request.app[BACKEND]
    scopes = apply_manifest(app, await read_object(request))
    for space in backend.spaces.values():
        bot = space.bot_of(app.id)
        if scopes is not None and bot is not None:
            bot.scopes = scopes
    if not app.socket_mode and app.events_url:
        fault = await backend.dispatcher.verify_url(app)
        if fault:
            raise ControlError(f"url_verification failed: {fault}")
    backend.workspace.tell(Change("people"))
    return json_answer({"ok": True, "app": app.describe()})


async def change(request: web.Request) -> web.StreamResponse:
    """PATCH ``apps/{id}``: ``retry_waits_s`` (when an event is sent again), ``trigger_s`` (a trigger's life),
    ``ack_s`` (how long an answer is waited for)."""
    app, wish = _app(request), await read_object(request)
    if set(wish) - {"retry_waits_s", "trigger_s", "ack_s"}:
        raise ControlError("only retry_waits_s, trigger_s and ack_s can be set")
    app.ack_s = float(wish.get("ack_s", app.ack_s))
    if "retry_waits_s" in wish:
        app.retry_waits_s = tuple(float(wait_s) for wait_s in wish["retry_waits_s"])
    if "trigger_s" in wish:
        request.app[BACKEND].workspace.grants.trigger_s = float(wish["trigger_s"])
    return json_answer({"ok": True})


async def refresh(request: web.Request) -> web.StreamResponse:
    """POST ``apps/{id}/refresh``: ``{overlap_s}``: every connection is asked to be replaced; how many there were."""
    app, wish = _app(request), await read_object(request)
    connections = request.app[BACKEND].dispatcher.connections
    return json_answer({"ok": True, "connections": await connections.refresh(app.id, float(wish.get("overlap_s", 0)))})


async def uninstall(request: web.Request) -> web.StreamResponse:
    """DELETE ``apps/{id}/installations/{team}``: an administrator takes the app out of a workspace."""
    backend, team = request.app[BACKEND], request.match_info.get("team", "")
    space = backend.spaces.get(team)
    if space is None:
        raise ControlError(f"there is no workspace {team!r}", 404)
    installing.uninstall(backend, space, _app(request))
    return json_answer({"ok": True})


async def connected(request: web.Request) -> web.StreamResponse:
    """GET ``apps/{id}/connections?least=N&timeout_s=``: how many connections take envelopes; with ``least`` waits until
    there are so many that were not asked to go."""
    app, connections = _app(request), request.app[BACKEND].dispatcher.connections
    least = int(read_number(request, "least", 0, MOST_CONNECTIONS))
    if least:
        await connections.wait(app.id, least, read_number(request, "timeout_s", 0, LONGEST_WAIT_S))
    return json_answer({"ok": True, "connections": len(connections.of(app.id))})


async def told(request: web.Request) -> web.StreamResponse:
    """GET ``told?after=N&timeout_s=&kind=``: what apps were told after number N, with how they answered."""
    journal = request.app[BACKEND].dispatcher.journal
    after = int(read_number(request, "after", 0, 2**53))
    timeout_s = read_number(request, "timeout_s", 0, LONGEST_WAIT_S)
    kind = request.query.get("kind", "")

    def wanted(one: object) -> bool:
        return kind in ("", getattr(one, "kind", ""))

    found = await journal.wait(after, wanted, timeout_s) if timeout_s else journal.select(after, wanted)
    return json_answer({"ok": True, "told": [one.as_json() for one in found], "last": journal.last_seq})


def routes() -> list[web.RouteDef]:
    """The routes."""
    table: tuple[tuple[str, str, Handler], ...] = (
        ("GET", "apps", listing),
        ("PUT", "apps/{id}/manifest", put_manifest),
        ("PATCH", "apps/{id}", change),
        ("POST", "apps/{id}/refresh", refresh),
        ("GET", "apps/{id}/connections", connected),
        ("DELETE", "apps/{id}/installations/{team}", uninstall),
        ("GET", "told", told),
    )
    return [web.route(method, f"/_control/{path}", explained(handler)) for method, path, handler in table]
