"""Signing in and out."""

from __future__ import annotations

import math

from fastapi import APIRouter, Query, Request, Response

from centralita.i18n import gettext as _
from centralita.services import sessions
from centralita.services import sign_in as passwords
from centralita.services.sessions import SignInRefused
from centralita.services.sign_in import is_unclaimed
from centralita.services.wording import in_words
from centralita.web.auth import PUBLIC, hub_of, requires
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import browser_of, forget, keep, signed_in
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import local, page_of, redirect, render

router = APIRouter()


@router.get("/sign-in", dependencies=[requires(PUBLIC)])
async def show(request: Request, next: str = Query(default="/", max_length=2_000)) -> Response:
    """The form; whoever is signed in goes where they wanted to go."""
    if await signed_in(request) is not None:
        return redirect(request, next if local(next) else "/")
    hub = hub_of(request)
    if hub.identity_provider is None and await is_unclaimed(hub):
        return redirect(request, "/setup")
    return await shown(request, Form(values={"next": next}))


@router.post("/sign-in", dependencies=[requires(PUBLIC)])
async def sign_in(request: Request) -> Response:
    """Opens a session under a new token, whatever the browser brought."""
    form = await forms.read(request)
    given = form.get("name"), form.values.get("password", "")
    try:
        opened = await passwords.sign_in(hub_of(request), *given, *browser_of(request))
    except SignInRefused as refused:
        return await turned_away(request, form, refused)
    response = redirect(request, form.get("next") or "/")
    keep(request, response, opened.token)
    return response


@router.post("/sign-out", dependencies=[requires(PUBLIC)])
async def sign_out(request: Request) -> Response:
    """Ends the session."""
    person = await signed_in(request)
    if person is not None:
        await sessions.sign_out(hub_of(request), person)
        request.state.signed_in = None
    response = redirect(request, "/sign-in")
    forget(request, response)
    return response


async def turned_away(request: Request, form: Form, refused: SignInRefused) -> Response:
    """The form again, with the reason; 429 while there is a wait, 503 while it is the provider that is waited for."""
    page = await page_of(request)
    seconds = math.ceil(refused.retry_after_s)
    status, reasons = 429 if seconds else 403, [refused.reason]
    if seconds and refused.reason.startswith("oidc."):
        status, reasons = 503, [refused.reason, "oidc.paused"]
    for reason in reasons:
        form.fault("", in_words(reason, {"seconds": str(seconds)}, page.locale))
    response = await shown(request, form, status)
    if seconds:
        response.headers["retry-after"] = str(seconds)
    return response


async def shown(request: Request, form: Form, status: int = 200) -> Response:
    """The page."""
    page = await page_of(request)
    page = await page_of(request, title=_("Sign in", page.locale))
    hub = hub_of(request)
    usable = hub.identity_provider is not None and hub.settings.server.public_url
    provider = hub.settings.dashboard.oidc.name if usable else ""
    return await render(request, "sign_in.html", page, status=status, form=form, provider=provider)
