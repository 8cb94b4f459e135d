"""Signing in by the identity provider: there, and back."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from centralita.services import oidc
from centralita.services.access import Refused
from centralita.services.sessions import SignInRefused
from centralita.web.auth import PUBLIC, hub_of, requires
from centralita.web.dashboard.access import browser_of, cookie_name, keep, secure
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import local, redirect
from centralita.web.dashboard.sign_in import turned_away

router = APIRouter()

COOKIE = "centralita_oidc"
_MOST_PARAMETER = 4_000


@router.get("/oidc/begin", dependencies=[requires(PUBLIC)])
async def begin(request: Request, next: str = Query(default="/", max_length=2_000)) -> Response:
    """To the provider; a link, since a form of these pages leads nowhere else."""
    target = next if local(next) else "/"
    try:
        begun = await oidc.begin(hub_of(request), target)
    except (SignInRefused, Refused) as refused:
        return await turned_away(request, Form(values={"next": target}), _as_refusal(refused))
    response = RedirectResponse(begun.url, 303)
    response.set_cookie(
        *(cookie_name(request, COOKIE), begun.browser_cookie),
        max_age=int(oidc.BEGUN_S),
        path="/",  # whatever has ``__Host-`` before its name has that
        secure=secure(request),
        httponly=True,
        samesite="lax",  # the provider sends the browser back from another site
    )
    return response


@router.get("/oidc/callback", dependencies=[requires(PUBLIC)])
async def callback(request: Request) -> Response:
    """Back from the provider, with a code or a reason."""
    query = {name: value[:_MOST_PARAMETER] for name, value in request.query_params.items()}
    cookie = cookie_name(request, COOKIE)
    try:
        opened = await oidc.finish(hub_of(request), query, request.cookies.get(cookie, ""), *browser_of(request))
    except (SignInRefused, Refused) as refused:
        response = await turned_away(request, Form(), _as_refusal(refused))
    else:
        response = redirect(request, opened.return_to or "/")
        keep(request, response, opened.token)
    response.delete_cookie(cookie, path="/", secure=secure(request))
    return response


def _as_refusal(refused: SignInRefused | Refused) -> SignInRefused:
    return refused if isinstance(refused, SignInRefused) else SignInRefused("oidc.off")
