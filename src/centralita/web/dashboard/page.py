"""Making a page: its person, language, zone and colours; the places of the rail; one short word after a change."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from fastapi import Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from centralita.core.secrets import SecretError
from centralita.i18n import LOCALES, N_
from centralita.i18n import gettext as _
from centralita.services.access import Principal
from centralita.services.keys import KeyFault
from centralita.services.sessions import SignedIn
from centralita.web.api.problems import locale_of
from centralita.web.auth import hub_of
from centralita.web.dashboard import environment
from centralita.web.dashboard.access import cookie_name, keep, secure, signed_in

FLASH = "centralita_said"
LOCALE, THEME, ZONE = "centralita_locale", "centralita_theme", "centralita_tz"
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class Place:
    """A place of the rail."""

    section: str
    href: str
    label: str
    icon: str
    permission: str
    rule_before: bool = False


PLACES: Sequence[Place] = (
    Place("overview", "/", N_("Overview"), "layout-dashboard", "event.read"),
    Place("events", "/events", N_("Events"), "activity", "event.read"),
    Place("webhooks", "/webhooks", N_("Webhooks"), "webhook", "webhook.read"),
    Place("approvals", "/approvals", N_("Approvals"), "checkbox", "approval.read"),
    Place("sources", "/sources", N_("Sources"), "plug", "source.read", rule_before=True),
    Place("rules", "/rules", N_("Rules"), "route", "rule.read"),
    Place("audit", "/audit", N_("Audit"), "history", "audit.read"),
    Place("users", "/users", N_("Users"), "users", "user.manage"),
    Place("tokens", "/tokens", N_("Tokens"), "key", "token.manage"),
)


@dataclass(frozen=True)
class Flash:
    """What a page says once, after something was done: an English msgid with its arguments; ``undo`` is the path that
    takes it back by a POST."""

    text: str
    arguments: dict[str, str] = field(default_factory=dict)
    lamp: str = "flowing"
    undo: str = ""


@dataclass(frozen=True)
class Said:
    """The same, in the reader's language."""

    text: str
    lamp: str
    undo: str


@dataclass(frozen=True)
class Page:
    """What the skeleton shows."""

    path: str
    locale: str
    theme: str
    zone: ZoneInfo
    now: float
    """Seconds since 1970, by the hub's clock."""
    title: str = ""
    section: str = ""
    sentence: str = ""
    """How things are, in one sentence."""
    lamp: str = ""
    """The sentence's: flowing, waiting, held, failed, off."""
    person: SignedIn | None = None
    places: Sequence[Place] = ()
    flash: Said | None = None
    may: Callable[[str], bool] = lambda permission: False
    """Whether the reader has a permission."""


def locale(request: Request, person: SignedIn | None = None) -> str:
    """The page's language: the person's setting, then the cookie, then the browser's, then the hub's."""
    chosen = (person.user.locale if person else "") or request.cookies.get(LOCALE, "")
    return chosen if chosen in LOCALES else locale_of(request)


def _zone(request: Request, person: SignedIn | None) -> ZoneInfo:
    """The person's setting, else what the browser said."""
    for name in (person.user.timezone if person else "", unquote(request.cookies.get(ZONE, ""))):
        try:
            if name:
                return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")


def _theme(request: Request, person: SignedIn | None) -> str:
    chosen = (person.user.theme if person else "") or request.cookies.get(THEME, "")
    return chosen if chosen in THEMES else "auto"


def _places(principal: Principal, language: str) -> list[Place]:
    return [replace(place, label=_(place.label, language)) for place in PLACES if principal.may(place.permission)]


async def page_of(request: Request, **shown: Any) -> Page:
    """The skeleton of an answer to this request; ``shown`` are fields of ``Page``."""
    person = await signed_in(request)
    language = locale(request, person)
    return Page(
        path=request.url.path if request.method == "GET" else came_from(request).partition("?")[0],
        locale=language,
        theme=_theme(request, person),
        zone=_zone(request, person),
        now=hub_of(request).clock.now(),
        person=person,
        places=_places(person.principal, language) if person else (),
        flash=_flash(request, language),
        may=person.principal.may if person else lambda permission: False,
        **shown,
    )


async def render(
    request: Request, template: str, page: Page, *, status: int = 200, block: str = "", **context: Any
) -> Response:
    """``template`` as an answer; of a request by htmx for ``block`` only that block of it. In a template the page is
    ``page``, ``ui`` the components, ``_`` gettext in the page's language."""
    wanted = block if block and request.headers.get("hx-target") == block else ""
    response = HTMLResponse(environment.rendered(template, page, wanted, context), status)
    response.headers["vary"] = "HX-Target, Cookie, Accept-Language"
    settle(request, response, page)
    return response


def settle(request: Request, response: Response, page: Page | None = None) -> None:
    """What every answer does to the browser's cookies: a rotated token, a word that has been said."""
    person: SignedIn | None = getattr(request.state, "signed_in", None)
    if person is not None and person.rotated_token:
        keep(request, response, person.rotated_token)
    if page is not None and page.flash is not None:
        response.delete_cookie(cookie_name(request, FLASH), path="/", secure=secure(request))


def redirect(request: Request, path: str, flash: Flash | None = None) -> Response:
    """To another page by GET, after something was done (303); ``flash`` is what that page says."""
    response = RedirectResponse(path if local(path) else "/", 303)
    if flash is not None:
        _say(request, response, flash)
    settle(request, response)
    return response


def came_from(request: Request) -> str:
    """The page of this hub that a request was sent from, as a path with its query; "/" when the browser does not say.

    What answers a form has an address that can't be asked for again.
    """
    parts = urlsplit(request.headers.get("referer", ""))
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return path if parts.netloc == request.headers.get("host") and local(path) else "/"


def local(path: str) -> bool:
    """Whether a path leads nowhere but to this hub."""
    try:
        parts = urlsplit(path)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc and path.startswith("/") and not path.startswith(("//", "/\\"))


def web_link(url: str) -> str:
    """``url`` when a browser may follow it (http and https); else ""."""
    try:
        return url if urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname else ""
    except ValueError:
        return ""


def _say(request: Request, response: Response, flash: Flash) -> None:
    # Sealed: nobody else puts words and a button into somebody's browser, nor a text to be filled in into the hub.
    with contextlib.suppress(KeyFault):  # what was done is done, whoever can say so
        said = hub_of(request).vault.seal(msgspec.json.encode(flash).decode(), FLASH)
        name = cookie_name(request, FLASH)
        response.set_cookie(name, said, path="/", max_age=60, secure=secure(request), httponly=True, samesite="lax")


def _flash(request: Request, language: str) -> Said | None:
    kept = request.cookies.get(cookie_name(request, FLASH), "")
    try:
        flash = msgspec.json.decode(hub_of(request).vault.unseal(kept, FLASH), type=Flash) if kept else None
    except (SecretError, KeyFault, ValueError, msgspec.DecodeError):
        return None
    if flash is None:
        return None
    text = _(flash.text, language).format(**flash.arguments)
    lamp = flash.lamp if flash.lamp in ("flowing", "waiting", "held", "failed") else "flowing"
    return Said(text, lamp, flash.undo if local(flash.undo) else "")
