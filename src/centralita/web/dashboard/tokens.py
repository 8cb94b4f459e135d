"""API tokens: made, shown once, revoked."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request, Response

from centralita.core.access import OF_ONE, PERMISSIONS
from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.services import access
from centralita.services.access import Refused, TokenRow
from centralita.services.times import shown, span_s
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Flash, locale, page_of, redirect, render

router = APIRouter()

PAGE = 50
MAX_NAME = 100
_DIGITS = 18
_SPANS = (("30d", N_("30 days")), ("90d", N_("90 days")), ("365d", N_("one year")), ("", N_("never")))


@router.get("/tokens", dependencies=[needs("token.manage")])
async def show(request: Request, after: int = Query(default=0, ge=0, lt=10**_DIGITS)) -> Response:
    """In the order of their making, revoked ones included, and the form for another."""
    return await _list(request, Form(), after)


@router.post("/tokens", dependencies=[needs("token.manage")])
async def create(request: Request) -> Response:
    """Makes one, and shows it this once."""
    form, person, hub = await forms.read(request), await person_of(request), hub_of(request)
    language, name = locale(request, person), form.get("name")
    if not 0 < len(name) <= MAX_NAME:
        form.fault("name", _("A name has 1 to {most} characters.", language).format(most=MAX_NAME))
    span = form.get("expires")
    if span not in dict(_SPANS):
        form.fault("expires", _("There is nothing of that name.", language))
    scopes = form.get("scopes").replace(",", " ").split()
    try:
        granted = access.granted_scopes(person.principal, access.policy_of(hub), scopes, form.get("role"))
    except Refused as refused:
        at = "role" if refused.reason == "access.role_unknown" else "scopes"
        form.fault(at, in_words(refused.reason, refused.arguments, language))
    if form.faults:
        return await _list(request, form, 0, 422)
    token, row = await access.create_token(hub, person.principal, name, granted, span_s(span) if span else None)
    return await _list(request, Form(), 0, made=(token, row))


@router.post("/tokens/{token_id}/revoke", dependencies=[needs("token.manage")])
async def revoke(request: Request, token_id: int) -> Response:
    """Ends one for good."""
    person = await person_of(request)
    if await access.revoke_token(hub_of(request), person.principal, token_id):
        said = Flash(N_("Token {number} opens nothing any more."), {"number": str(token_id)})
    else:
        said = Flash(N_("That one had ended already."), lamp="held")
    return redirect(request, "/tokens", said)


def _state(row: TokenRow, now: float) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.expires_at is not None and row.expires_at <= now else "open"


async def _list(
    request: Request, form: Form, after: int, status: int = 200, made: tuple[str, TokenRow] | None = None
) -> Response:
    person, hub = await person_of(request), hub_of(request)
    language = locale(request, person)
    rows = await access.list_tokens(hub, PAGE + 1, after)
    now = hub.clock.now()
    valid = sum(_state(row, now) == "open" for row in rows[:PAGE])
    said = ngettext("{n} token on this page opens the API.", "{n} tokens on this page open the API.", valid, language)
    page = await page_of(request, title=_("Tokens", language), section="tokens", sentence=said.format(n=valid))
    mine = [
        role for role, held in access.policy_of(hub).roles.items() if held and not held - person.principal.permissions
    ]
    return await render(
        request,
        "tokens.html",
        page,
        status=status,
        form=Form(values={"expires": "90d", **form.values}, faults=form.faults),
        rows=[(row, _state(row, page.now), *_times(row)) for row in rows[:PAGE]],
        first="/tokens" if after else "",
        next=f"/tokens?after={rows[PAGE - 1].id}" if len(rows) > PAGE else "",
        made=made,
        roles=[("", _("none: the permissions below", language)), *((role, role) for role in mine)],
        spans=[(span, _(text, language)) for span, text in _SPANS],
        known=[name for name in PERMISSIONS if name in person.principal.permissions and name not in OF_ONE],
    )


def _times(row: TokenRow) -> tuple[str | None, str | None, str | None]:
    return shown(row.created_at), shown(row.expires_at), shown(row.last_used_at)
