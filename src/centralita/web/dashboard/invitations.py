"""A link by which somebody sets their password, once."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from centralita.i18n import gettext as _
from centralita.services import sign_in
from centralita.services.access import Refused
from centralita.services.sign_in import InvitationGone
from centralita.services.wording import in_words
from centralita.web.auth import PUBLIC, hub_of, requires
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import browser_of, keep
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import locale, page_of, redirect, render

router = APIRouter()


@router.get("/invitation/{key}", dependencies=[requires(PUBLIC)])
async def show(request: Request, key: str) -> Response:
    """The form."""
    return await _form(request, key, Form())


@router.post("/invitation/{key}", dependencies=[requires(PUBLIC)])
async def accept(request: Request, key: str) -> Response:
    """Sets the password and signs in."""
    form = await forms.read(request)
    password = form.values.get("password", "")
    if password != form.values.get("again", ""):
        form.fault("again", _("The two are not the same.", locale(request)))
        return await _form(request, key, form, 422)
    try:
        opened = await sign_in.accept(hub_of(request), key, password, *browser_of(request))
    except InvitationGone:
        return await _form(request, key, form)
    except Refused as refused:
        form.fault("password", in_words(refused.reason, refused.arguments, locale(request)))
        return await _form(request, key, form, 422)
    response = redirect(request, "/")
    keep(request, response, opened.token)
    return response


async def _form(request: Request, key: str, form: Form, status: int = 200) -> Response:
    try:
        user = await sign_in.invited(hub_of(request), key)
    except InvitationGone:
        user, status = None, 410
    language = locale(request)
    title = _("This link does not work any more.", language)
    if user is not None:
        title = _("An account for {name}", language).format(name=user.name)
    page = await page_of(request, title=title)
    return await render(request, "invitation.html", page, status=status, form=form, user=user, key=key)
