"""Somebody's own: language, colours, time zone, password, and where they are signed in."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from fastapi import APIRouter, Request, Response

from centralita.i18n import LOCALES, N_, ngettext
from centralita.i18n import gettext as _
from centralita.services import sessions, sign_in
from centralita.services.access import Refused
from centralita.services.sessions import SignInRefused
from centralita.services.times import shown
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import browser_of, keep, needs, person_of
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import THEMES, Flash, locale, page_of, redirect, render

router = APIRouter()

_LOCALE_NAMES = {"en": "English", "es": "Español"}
_THEME_NAMES = {"auto": N_("as the system"), "light": N_("light"), "dark": N_("dark")}


@cache
def _zones() -> tuple[str, ...]:
    # Those with a place in their name; the others are old names of the same.
    return tuple(sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


@router.get("/profile", dependencies=[needs("")])
async def show(request: Request) -> Response:
    """All of it."""
    return await _shown(request, Form())


@router.post("/profile", dependencies=[needs("")])
async def prefer(request: Request) -> Response:
    """Keeps language, colours and time zone."""
    form, person = await forms.read(request), await person_of(request)
    known = {"locale": ("", *LOCALES), "theme": THEMES, "timezone": ("", *_zones(), person.user.timezone)}
    for name, values in known.items():
        if form.get(name) not in values:
            form.fault(name, _("There is nothing of that name.", locale(request, person)))
    if form.faults:
        return await _shown(request, form, 422)
    await sessions.prefer(hub_of(request), person, {name: form.get(name) for name in known})
    return redirect(request, "/profile", Flash(N_("Saved.")))


@router.post("/profile/password", dependencies=[needs("")])
async def change_password(request: Request) -> Response:
    """Another password: signed out everywhere else."""
    form, person = await forms.read(request), await person_of(request)
    language, new = locale(request, person), form.values.get("new", "")
    if new != form.values.get("again", ""):
        form.fault("again", _("The two are not the same.", language))
        return await _shown(request, form, 422)
    try:
        old = form.values.get("old", "")
        opened = await sign_in.change_password(hub_of(request), person, old, new, *browser_of(request))
    except SignInRefused as refused:
        form.fault("old", in_words(refused.reason, {"seconds": str(int(refused.retry_after_s) + 1)}, language))
        return await _shown(request, form, 422)
    except Refused as refused:
        form.fault("new", in_words(refused.reason, refused.arguments, language))
        return await _shown(request, form, 422)
    response = redirect(request, "/profile", Flash(N_("The password was changed. Every other browser was signed out.")))
    keep(request, response, opened.token)
    return response


@router.post("/profile/sessions/{session_id}/end", dependencies=[needs("")])
async def end(request: Request, session_id: int) -> Response:
    """Signs one browser out."""
    ended = await sessions.end_own(hub_of(request), await person_of(request), session_id)
    text, lamp = (N_("Signed out there."), "flowing") if ended else (N_("That one had ended already."), "held")
    return redirect(request, "/profile", Flash(text, lamp=lamp))


async def _shown(request: Request, form: Form, status: int = 200) -> Response:
    person = await person_of(request)
    language, user = locale(request, person), person.user
    mine = {"locale": user.locale, "theme": user.theme or "auto", "timezone": user.timezone}
    rows = await sessions.list_sessions(hub_of(request), user.name) or []
    said = ngettext("{n} browser is signed in.", "{n} browsers are signed in.", len(rows), language)
    page = await page_of(request, title=_("My profile", language), section="profile", sentence=said.format(n=len(rows)))
    return await render(
        request,
        "profile.html",
        page,
        status=status,
        form=Form(values={**mine, **form.values}, faults=form.faults),
        role=user.role,
        locales=[("", _("as the browser says", language)), *((name, _LOCALE_NAMES[name]) for name in LOCALES)],
        themes=[(name, _(_THEME_NAMES[name], language)) for name in THEMES],
        zones=[("", _("as the browser says", language)), *((name, name.replace("_", " ")) for name in _zones())],
        rows=[(row, shown(row.created_at), shown(row.seen_at)) for row in rows],
    )
