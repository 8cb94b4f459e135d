"""Language and colours by one click in the top bar."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from centralita.i18n import LOCALES
from centralita.services import sessions
from centralita.web.auth import PUBLIC, hub_of, requires
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import signed_in
from centralita.web.dashboard.page import LOCALE, THEME, THEMES, redirect

router = APIRouter()

_YEAR_S = 365 * 86_400


@router.post("/preferences", dependencies=[requires(PUBLIC)])
async def prefer(request: Request) -> Response:
    """Keeps them with the person who is signed in, and in a cookie for the sign-in page."""
    form, person = await forms.read(request), await signed_in(request)
    response = redirect(request, form.get("back") or "/")
    chosen = {}
    for name, cookie, known in (("locale", LOCALE, LOCALES), ("theme", THEME, THEMES)):
        value = form.get(name)
        if value in known:
            chosen[name] = value
            response.set_cookie(cookie, value, path="/", max_age=_YEAR_S, samesite="lax")
    if person is not None and chosen:
        await sessions.prefer(hub_of(request), person, chosen)
    return response
