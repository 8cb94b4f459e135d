"""OAuth v2: an app asks for a workspace, somebody allows it, a code becomes a bot token.

https://docs.slack.dev/authentication/installing-with-oauth
"""

from __future__ import annotations

import html
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from centralita.sandbox.http import ControlError
from centralita.sandbox.slack.apps import App
from centralita.sandbox.slack.arguments import Arguments
from centralita.sandbox.slack.caller import Answer
from centralita.sandbox.slack.endpoint import BACKEND, Backend
from centralita.sandbox.slack.refusal import Refusal
from centralita.sandbox.slack.workspace import ALL_SCOPES, Bot, Change, User, Workspace

CODE_S = 600.0
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{app}</title>
<link rel="stylesheet" href="/_static/install.css"><main><h1>{app}</h1>
<p>wants to be installed, with these scopes:</p><p><code>{scopes}</code></p><form method="post">
<label>Workspace <select name="team">{teams}</select></label>
<button name="answer" value="allow">Allow</button>
<button name="answer" value="deny">Cancel</button></form></main></html>
"""


@dataclass
class Code:
    """What an installation gives the app, once."""

    app: str
    team: str
    user: str
    scopes: str
    redirect_uri: str
    ends_mono_s: float


def _asked(request: web.Request) -> tuple[Backend, App, str]:
    backend = request.app[BACKEND]
    client_id = request.query.get("client_id", "")
    app = next((one for one in backend.apps.values() if one.client_id == client_id), None)
    redirect_uri = request.query.get("redirect_uri", "")
    if app is None or urlsplit(redirect_uri).scheme not in ("http", "https"):
        raise ControlError("client_id or redirect_uri is wrong")
    return backend, app, redirect_uri


async def ask(request: web.Request) -> web.StreamResponse:
    """GET ``/oauth/v2/authorize``: asks whoever opens it."""
    backend, app, _ = _asked(request)
    teams = "".join(
        f'<option value="{html.escape(one.team_id)}">{html.escape(one.name)}</option>'
        for one in backend.spaces.values()
    )
    scopes = html.escape(request.query.get("scope", ""))
    page = _PAGE.format(app=html.escape(app.name), scopes=scopes, teams=teams)
    policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    return web.Response(text=page, content_type="text/html", headers={"Content-Security-Policy": policy})


async def answer(request: web.Request) -> web.StreamResponse:
    """POST ``/oauth/v2/authorize``: back to the app, with a code or ``access_denied``."""
    backend, app, redirect_uri = _asked(request)
    form = await request.post()
    given: dict[str, str] = {"state": request.query.get("state", "")}
    space = backend.spaces.get(str(form.get("team", "")))
    if form.get("answer") != "allow" or space is None:
        given["error"] = "access_denied"
    else:
        given["code"] = secrets.token_urlsafe(24)
        admin = next((one.id for one in space.users.values() if one.is_admin), next(iter(space.users)))
        backend.codes[given["code"]] = Code(
            *(app.id, space.team_id, admin, request.query.get("scope", "")),
            *(redirect_uri, time.monotonic() + CODE_S),
        )
    return web.Response(status=302, headers={"Location": f"{redirect_uri}?{urlencode(given)}"})


def access(backend: Backend, args: Arguments) -> Answer:
    """oauth.v2.access. Raises Refusal."""
    app = next((one for one in backend.apps.values() if one.client_id == args.text("client_id")), None)
    if app is None:
        raise Refusal("invalid_client_id")
    if not secrets.compare_digest(app.client_secret, args.text("client_secret")):
        raise Refusal("bad_client_secret")
    code = backend.codes.pop(args.text("code"), None)
    if code is None or code.app != app.id or time.monotonic() > code.ends_mono_s:
        raise Refusal("invalid_code")
    if args.text("redirect_uri", code.redirect_uri) != code.redirect_uri:
        raise Refusal("bad_redirect_uri")
    space = backend.spaces[code.team]
    bot = install(space, app, frozenset(one for one in code.scopes.split(",") if one))
    return {
        "ok": True,
        "app_id": app.id,
        "authed_user": {"id": code.user},
        "scope": ",".join(sorted(bot.scopes)),
        "token_type": "bot",
        "access_token": bot.token,
        "bot_user_id": bot.user_id,
        "team": {"id": space.team_id, "name": space.name},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def install(space: Workspace, app: App, scopes: frozenset[str]) -> Bot:
    """Gives an app a bot in a workspace; a known one gets the scopes that it has and those."""
    found = space.bot_of(app.id)
    if found is not None:
        found.scopes |= scopes
        return found
    user = User(space.new_id("U"), app.name.lower().replace(" ", "-"), app.name, is_bot=True)
    space.users[user.id] = user
    token = f"xoxb-{space.team_id.lower()}-{secrets.token_hex(12)}"
    made = Bot(space.new_id("B"), app.id, user.id, user.name, token, scopes or ALL_SCOPES)
    space.bots[token], space.apps[app.id] = made, app
    space.tell(Change("people"))
    return made


def uninstall(backend: Backend, space: Workspace, app: App) -> None:
    """Takes an app out of a workspace: its token is void from now on, and the app is told.

    https://docs.slack.dev/reference/events/app_uninstalled, https://docs.slack.dev/reference/events/tokens_revoked
    """
    bot = space.bot_of(app.id)
    if bot is None:
        raise ControlError(f"{app.id} is not installed in {space.team_id}", 404)
    emitter = backend.emitters[space.team_id]
    emitter.tell_all(None, {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot.user_id]}})
    emitter.tell_all(None, {"type": "app_uninstalled"})
    del space.bots[bot.token], space.apps[app.id]
    space.tell(Change("people"))
