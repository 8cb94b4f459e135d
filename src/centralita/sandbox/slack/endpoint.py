"""The way of one call: read it, let a fault hit it, check token, scope and limits, run it, record it, answer."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from centralita.sandbox.faults import Fault, Faults, delay, reset_connection
from centralita.sandbox.http import json_answer
from centralita.sandbox.journal import Journal
from centralita.sandbox.slack import chat
from centralita.sandbox.slack.apps import App
from centralita.sandbox.slack.arguments import Arguments, decode_arguments
from centralita.sandbox.slack.caller import Caller
from centralita.sandbox.slack.dispatch import Dispatcher
from centralita.sandbox.slack.emitting import Emitter
from centralita.sandbox.slack.journal import Call, Outcome
from centralita.sandbox.slack.limits import LimitSettings, RateLimiter
from centralita.sandbox.slack.methods import METHODS, SPECIAL, Method
from centralita.sandbox.slack.refusal import Refusal
from centralita.sandbox.slack.seed import seed_workspace
from centralita.sandbox.slack.workspace import Bot, Workspace

if TYPE_CHECKING:
    from centralita.sandbox.slack.installing import Code

HOOK = "hook"
"""The method name of incoming webhooks in the journal and in faults."""

_LIMITED = {"ok": False, "error": "ratelimited"}
_HOOK_STATUS = {"no_service": 404, "channel_not_found": 404, "is_archived": 410}
_HOOK_WORD = {"is_archived": "channel_is_archived", "invalid_blocks_format": "invalid_blocks"}


@dataclass
class Backend:
    """What the endpoints share."""

    workspace: Workspace = field(default_factory=seed_workspace)
    """The one that the page shows."""
    spaces: dict[str, Workspace] = field(default_factory=dict)
    """All, by team id."""
    emitters: dict[str, Emitter] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)
    """Those that can be installed."""
    codes: dict[str, Code] = field(default_factory=dict)
    limiter: RateLimiter = field(default_factory=lambda: RateLimiter(LimitSettings()))
    faults: Faults = field(default_factory=Faults)
    journal: Journal[Call] = field(default_factory=Journal)
    dispatcher: Dispatcher = field(default_factory=Dispatcher)

    def __post_init__(self) -> None:
        self.adopt(self.workspace)

    def adopt(self, workspace: Workspace) -> None:
        """Begins anew with this workspace alone."""
        for team, emitter in self.emitters.items():
            self.spaces[team].listeners.discard(emitter.hear)
        self.spaces.clear()
        self.apps = dict(workspace.apps)
        self.workspace = workspace
        self.add(workspace)

    def add(self, workspace: Workspace) -> None:
        """Serves a workspace too, and tells its apps what happens in it."""
        self.spaces[workspace.team_id] = workspace
        self.emitters[workspace.team_id] = emitter = Emitter(workspace, self.dispatcher)
        workspace.listeners.add(emitter.hear)


BACKEND: web.AppKey[Backend] = web.AppKey("backend", Backend)


@dataclass
class _Visit:
    """One request on its way through."""

    request: web.Request
    method: str
    args: Arguments
    arrived_mono_ms: float
    arrived_wall_ms: float
    broken: Refusal | None = None
    """Why the request could not be read, if so."""
    channel: str = ""
    scopes: str = ""
    accepted: str = ""
    """Scopes that the method takes, one of which is enough."""
    retry_after_s: int = 0

    @property
    def backend(self) -> Backend:
        return self.request.app[BACKEND]

    @property
    def token(self) -> str:
        """What the caller shows; "" for nothing."""
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else self.args.text("token")

    @property
    def space(self) -> Workspace:
        """The workspace that the token is for; the first, when it is for none."""
        token = self.token
        return next((one for one in self.backend.spaces.values() if token in one.bots), self.backend.workspace)

    def record(self, outcome: Outcome, status: int, result: dict[str, Any] | None) -> None:
        self.backend.journal.add(
            lambda seq: Call(
                seq=seq,
                method=self.method,
                channel=self.channel,
                args=self.args.recorded(),
                result=result,
                status=status,
                outcome=outcome,
                arrived_mono_ms=self.arrived_mono_ms,
                arrived_wall_ms=self.arrived_wall_ms,
            )
        )


async def call_method(request: web.Request) -> web.StreamResponse:
    """``/api/{method}``."""
    visit = await _arrive(request, request.match_info["method"])
    key = visit.args.text("channel")
    return await _go_through(visit, key, lambda: _perform(visit), json_answer)


async def call_hook(request: web.Request) -> web.StreamResponse:
    """``/services/T/B/X``: an incoming webhook, which answers in plain text."""
    visit = await _arrive(request, HOOK)
    channel = visit.backend.workspace.hooks.get(request.path, ("", ""))[0]
    return await _go_through(visit, channel, lambda: _post_by_hook(visit), _hook_answer)


async def _arrive(request: web.Request, method: str) -> _Visit:
    body = await request.read()
    visit = _Visit(request, method, Arguments({}), time.monotonic() * 1000, time.time() * 1000)
    try:
        if request.content_type == "multipart/form-data":
            form = await request.post()
            values: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
        else:
            values = decode_arguments(request.headers.get("Content-Type", ""), request.rel_url.raw_query_string, body)
        if method == HOOK and isinstance(values.get("payload"), str):
            values = decode_arguments("application/json", "", values["payload"].encode())
        visit.args = Arguments(values)
    except Refusal as refusal:
        visit.broken = refusal
    return visit


async def _go_through(visit: _Visit, key: str, perform: Any, answer: Any) -> web.StreamResponse:
    found = visit.space.find_conversation(key)
    visit.channel = found.id if found else ""
    names = frozenset({key, visit.channel, f"#{found.name}" if found else ""})
    hits = visit.backend.faults.take(frozenset({visit.method}), names)
    failing = next((fault for fault in hits if fault.kind != "slow"), None)
    await delay(hits, after_apply=False)
    if failing is not None and failing.kind != "apply_and_drop":
        return _fail(visit, failing)
    result, status = perform()
    visit.channel = visit.channel or _channel_of(result)
    if failing is not None:
        visit.record("applied_and_dropped", 0, result)
        return reset_connection(visit.request)
    visit.record("limited" if status == 429 else "answered", status, result)
    await delay(hits, after_apply=True)
    response: web.Response = answer(result, status)
    if status == 429:
        response.headers["Retry-After"] = str(visit.retry_after_s)
    if visit.scopes:
        response.headers["x-oauth-scopes"] = visit.scopes
        response.headers["x-accepted-oauth-scopes"] = visit.accepted
    return response


def _channel_of(result: dict[str, Any]) -> str:
    """The conversation that a call ended up in: a post to a person names it only in its answer."""
    channel = result.get("channel")
    return channel if isinstance(channel, str) else ""


def _fail(visit: _Visit, fault: Fault) -> web.StreamResponse:
    if fault.kind == "drop":
        visit.record("dropped", 0, None)
        return reset_connection(visit.request)
    if fault.kind == "error":
        body = {"ok": False, "error": fault.error}
        visit.record("failed", 200, body)
        return json_answer(body, 200) if visit.method != HOOK else _hook_answer(body, 200)
    visit.record("failed", fault.status, None)
    return web.Response(status=fault.status, text=fault.body, headers=fault.headers)


def _perform(visit: _Visit) -> tuple[dict[str, Any], int]:
    """Runs the method; the answer and its HTTP status."""
    try:
        if visit.broken is not None:
            raise visit.broken
        if visit.method in _WITHOUT_BOT:
            return _WITHOUT_BOT[visit.method](visit), 200
        bot = _authenticate(visit)
        visit.scopes = ",".join(sorted(bot.scopes))
        method = METHODS.get(visit.method)
        if method is None:
            raise Refusal("unknown_method", req_method=visit.method)
        visit.accepted = ",".join(method.scopes)
        _check_scope(visit, method, bot)
        retry_after_s = _admit(visit, method, bot)
        if retry_after_s:
            visit.retry_after_s = retry_after_s
            return dict(_LIMITED), 429
        base_url = f"{visit.request.scheme}://{visit.request.host}"
        return method.run(Caller(visit.space, bot, visit.args, base_url)), 200
    except Refusal as refusal:
        return refusal.body(), 200


def _open_connection(visit: _Visit) -> dict[str, Any]:
    """apps.connections.open: an address for one WebSocket, for an app's own token."""
    if not visit.token:
        raise Refusal("not_authed")
    app = next((one for one in visit.backend.apps.values() if one.app_token == visit.token), None)
    if app is None:
        raise Refusal("not_allowed_token_type" if visit.token in visit.space.bots else "invalid_auth")
    if not app.socket_mode:
        raise Refusal("forbidden_app")  # as Slack calls one that has not switched Socket Mode on
    ticket = visit.backend.dispatcher.connections.ticket(app.id)
    scheme = "wss" if visit.request.scheme == "https" else "ws"
    return {"ok": True, "url": f"{scheme}://{visit.request.host}/link/?ticket={ticket}&app_id={app.id}"}


def _echo(visit: _Visit) -> dict[str, Any]:
    """api.test: what was sent, https://docs.slack.dev/reference/methods/api.test"""
    if error := visit.args.text("error"):
        raise Refusal(error, args=dict(visit.args.values))
    return {"ok": True, "args": dict(visit.args.values)}


def _redeem_code(visit: _Visit) -> dict[str, Any]:
    from centralita.sandbox.slack.installing import access  # which serves the page too, from here

    # The client's id and secret come as arguments, or as Slack's own clients send them.
    scheme, _, given = visit.request.headers.get("Authorization", "").partition(" ")
    args = visit.args
    if scheme.lower() == "basic":
        with suppress(ValueError):
            user, _, password = base64.b64decode(given).decode().partition(":")
            args = Arguments({**args.values, "client_id": user, "client_secret": password})
    return access(visit.backend, args)


_WITHOUT_BOT: Mapping[str, Callable[[_Visit], dict[str, Any]]] = {
    "api.test": _echo,
    "apps.connections.open": _open_connection,
    "oauth.v2.access": _redeem_code,
}


def _authenticate(visit: _Visit) -> Bot:
    if not visit.token:
        raise Refusal("not_authed")
    bot = visit.space.bots.get(visit.token)
    if bot is None:
        apps = visit.backend.apps.values()
        raise Refusal("not_allowed_token_type" if visit.token in [app.app_token for app in apps] else "invalid_auth")
    return bot


def _check_scope(visit: _Visit, method: Method, bot: Bot) -> None:
    needed = [method.by_kind[kind] for kind in _kinds_meant(visit) if kind in method.by_kind] or [method.scopes]
    for some in needed:
        if some and not bot.scopes.intersection(some):
            raise Refusal("missing_scope", needed=",".join(some), provided=",".join(sorted(bot.scopes)))


def _kinds_meant(visit: _Visit) -> list[str]:
    """The kinds of conversation that a call is about; [] when it names none that is known."""
    args, found = visit.args, visit.space.conversations.get(visit.channel)
    if visit.method in ("conversations.list", "users.conversations"):
        return [one.strip() for one in args.text("types", "public_channel").split(",")]
    if visit.method == "conversations.create":
        return ["private_channel" if args.flag("is_private") else "public_channel"]
    if visit.method == "conversations.open" and found is None:
        return ["mpim" if "," in args.text("users") else "im"]
    return [found.kind] if found is not None else []


def _admit(visit: _Visit, method: Method, bot: Bot) -> int:
    space, key, channel = visit.space, visit.args.text("channel"), ""
    if visit.method == "chat.postMessage":
        direct = space.find_direct((bot.user_id, key)) if key in space.users else None
        channel = direct.id if direct else visit.channel or key
    return visit.backend.limiter.admit(visit.method, method.tier, channel, time.monotonic(), space.team_id)


def _post_by_hook(visit: _Visit) -> tuple[dict[str, Any], int]:
    try:
        if visit.broken is not None:
            raise Refusal("invalid_payload")
        channel, token = visit.backend.workspace.hooks.get(visit.request.path, ("", ""))
        bot = visit.backend.workspace.bots.get(token)
        if bot is None:
            raise Refusal("no_service")
        retry_after_s = visit.backend.limiter.admit(HOOK, SPECIAL, channel, time.monotonic())
        if retry_after_s:
            visit.retry_after_s = retry_after_s
            return dict(_LIMITED), 429
        # The channel is the hook's own; a current app can't choose another.
        args = Arguments({**visit.args.values, "channel": channel})
        return chat.post_message(Caller(visit.backend.workspace, bot, args, "")), 200
    except Refusal as refusal:
        return refusal.body(), 200


def _hook_answer(body: dict[str, Any], status: int) -> web.Response:
    if status == 429:
        return json_answer(body, status)
    if body["ok"]:
        return web.Response(text="ok")
    error = str(body["error"])
    return web.Response(text=_HOOK_WORD.get(error, error), status=_HOOK_STATUS.get(error, 400))
