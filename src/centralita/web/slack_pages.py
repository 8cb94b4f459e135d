"""``/slack/install`` and ``/slack/oauth_redirect``: what a browser sees of an installation by OAuth."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from centralita.i18n import gettext as _
from centralita.services import slack_oauth
from centralita.services.access import Refused
from centralita.services.slack_oauth import STATE_S, GrantGone
from centralita.services.slack_setup import Connected, SlackRefused, SlackUnavailable
from centralita.services.source_changes import InTheWay
from centralita.services.wording import in_words
from centralita.store.database import StoreUnavailable
from centralita.web.api.once import Route
from centralita.web.api.problems import locale_of
from centralita.web.auth import PUBLIC, hub_of, requires

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/slack", route_class=Route, include_in_schema=False)

COOKIE = "centralita_slack_install"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light dark; --ink: #16202c; --paper: #fbfaf7; --panel: #fff; --line: #e3dfd6; --brass: #8a5a00;
        --good: #1f7a4d; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --paper: #12171e; --panel: #1a212b; --line: #2b3440;
        --brass: #e0a83a; --good: #58c08c; --bad: #f2857b } }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink);
       font: 16px/1.5 Inter, system-ui, sans-serif }
main { max-width: 34rem; margin: 1.5rem; padding: 1.5rem 2rem; background: var(--panel); border: 1px solid var(--line);
       border-top: 4px solid var(--lamp); border-radius: 8px; overflow-wrap: anywhere }
h1 { margin: 0 0 .5rem; font-size: 1.3rem } h1 span { color: var(--lamp) } p, ul { margin: .5rem 0 }
small { color: var(--brass); letter-spacing: .04em } code { font: .9em ui-monospace, monospace }
.good { --lamp: var(--good) } .bad { --lamp: var(--bad) }
"""


def _page(
    request: Request, status: int, headline: str, lines: Sequence[str] = (), items: Sequence[str] = ()
) -> Response:
    """``lines`` and ``items`` are text."""
    lamp, symbol = ("good", "●") if status < 400 else ("bad", "✕")
    listed = "".join(f"<li>{escape(item)}</li>" for item in items)
    body = "".join(f"<p>{escape(line)}</p>" for line in lines) + (f"<ul>{listed}</ul>" if items else "")
    html = (
        f'<!doctype html><html lang="{locale_of(request)}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(headline)} · Centralita</title><style>{_STYLE}</style>"
        f'<main class="{lamp}"><small>Centralita · Slack</small>'
        f'<h1><span aria-hidden="true">{symbol}</span> {escape(headline)}</h1>{body}</main></html>'
    )
    response = HTMLResponse(html, status)
    response.headers.update(_HEADERS | {"content-security-policy": _POLICY})
    return response


_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}


@router.get("/install", dependencies=[requires(PUBLIC)])
async def install(request: Request, key: str = Query(default="", max_length=200)) -> Response:
    """Sends whoever has a link to Slack, which asks them; a page for everybody else."""
    hub, locale = hub_of(request), locale_of(request)
    try:
        begun = await slack_oauth.begin(hub, key)
    except (GrantGone, Refused):  # strangers are not told which
        hint = _("Whoever runs Centralita makes a new one: {command}", locale).format(command="centralita slack link")
        return _page(request, 403, _("This link does not work any more.", locale), [hint])
    except StoreUnavailable:
        return _unavailable(request)
    response = RedirectResponse(begun.url, 302, headers=_HEADERS)
    response.set_cookie(
        COOKIE,
        begun.browser,
        max_age=int(STATE_S),
        path="/slack",
        secure=urlsplit(hub.settings.server.public_url or "").scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return response


@router.get("/oauth_redirect", dependencies=[requires(PUBLIC)])
async def redirected(
    request: Request,
    code: str = Query(default="", max_length=1000),
    state: str = Query(default="", max_length=200),
) -> Response:
    """Where Slack sends the browser back to, with a code or without."""
    hub, locale = hub_of(request), locale_of(request)
    try:
        made = await slack_oauth.finish(hub, code, state, request.cookies.get(COOKIE, ""))
        response = _connected(request, made)
    except (GrantGone, Refused):
        said = _("It took too long, was done before, or was begun in another browser.", locale)
        response = _page(request, 403, _("This installation does not go on.", locale), [said, _again(locale)])
    except SlackRefused as fault:
        reasons = [in_words(each.reason, {}, locale) for each in fault.faults]
        response = _page(request, 400, _("The app was not installed.", locale), [*reasons, _again(locale)])
    except InTheWay as fault:
        response = _page(
            request, 409, _("The app was not connected.", locale), [in_words(fault.reason, fault.arguments, locale)]
        )
    except SlackUnavailable as fault:
        log.warning("slack.oauth_failed", reason=fault.reason)
        headline = _("Slack does not answer.", locale)
        response = _page(request, 502, headline, [in_words(fault.reason, {}, locale), _again(locale)])
    except StoreUnavailable:
        response = _unavailable(request)
    response.delete_cookie(COOKIE, path="/slack")
    return response


def _again(locale: str) -> str:
    return _("Opening the link again begins anew.", locale)


def _unavailable(request: Request) -> Response:
    locale = locale_of(request)
    return _page(request, 503, _("The database does not answer.", locale), [_("Nothing was kept.", locale)])


def _connected(request: Request, made: Connected) -> Response:
    locale, found = locale_of(request), made.installation
    lines = [
        _("Invite the app to the channels where it is to write: {command}", locale).format(
            command="/invite @Centralita"
        ),
        _("Rules name a channel there like this: {target}", locale).format(
            target=f"{found.domain or found.team_id}/#alerts"
        ),
    ]
    lacking = [
        _("The scope {scope} is missing: without it nobody can {reason}.", locale).format(
            scope=one.name, reason=_(one.reason, locale)
        )
        for one in made.missing_scopes
    ]
    headline = _("Centralita is connected to {workspace}.", locale).format(workspace=found.name or found.team_id)
    return _page(request, 200, headline, lines, lacking)
