"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request, Response

from centralita.i18n import gettext as _
from centralita.services import sessions
from centralita.services import sign_in as passwords
from centralita.services.sessions import SignInRefused
from centralita.services.sign_in import is_unclaimed
from centralita.services.wording import in_words
from centralita.web.auth import PUBLIC, hub_of, requires
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import forget, keep, signed_in
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import local, page_of, redirect, render

router = APIRouter()


@router.get("/sign-in", dependencies=[requires(PUBLIC)])
async def show(request: Request, next: str = Query(default="/", max_length=2_000)) -> Response:
    """The form; whoever is signed in goes where they wanted to go."""
    if await signed_in(request) is not None:
        return redirect(request, next if local(next) else "/")
    if await is_unclaimed(hub_of(request)):
        return redirect(request, "/setup")
    return await _form(request, Form(values={"next": next}))


@router.post("/sign-in", dependencies=[requires(PUBLIC)])
async def sign_in(request: Request) -> Response:
    """Opens a session under a new token, whatever the browser brought."""
    form = await forms.read(request)
    address = request.client.host if request.client else ""
    try:
        opened = await passwords.sign_in(
            hub_of(request),
            form.get("name"),
            form.values.get("password", ""),
            request.headers.get("user-agent", ""),
            address,
        )
    except SignInRefused as refused:
        page = await page_of(request)
        form.fault("", in_words(refused.reason, {"seconds": str(int(refused.retry_after_s))}, page.locale))
        return await _form(request, form, 429 if refused.retry_after_s else 403)
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


async def _form(request: Request, form: Form, status: int = 200) -> Response:
    page = await page_of(request)
    page = await page_of(request, title=_("Sign in", page.locale))
    return await render(request, "sign_in.html", page, status=status, form=form)
