"""What a page says when it can't be shown: sign in first, not allowed, not there, couldn't load (with try again)."""

from __future__ import annotations

from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services.replays import NotFound
from centralita.store.database import StoreUnavailable
from centralita.web.api import problems
from centralita.web.dashboard.access import Forbidden, SignInNeeded
from centralita.web.dashboard.page import Flash, came_from, local, locale, page_of, redirect, render

log = structlog.get_logger(__name__)


def install(app: FastAPI) -> None:
    """Answers every failure of ``app`` with a page; whoever does not take pages gets a problem as the API's."""
    app.add_exception_handler(SignInNeeded, _sign_in)
    app.add_exception_handler(Forbidden, _forbidden)
    app.add_exception_handler(NotFound, _missing)
    app.add_exception_handler(HTTPException, _missing)
    app.add_exception_handler(LookupError, _missing)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(StoreUnavailable, _unavailable)
    app.add_exception_handler(Exception, _failed)


async def _sign_in(request: Request, _fault: Exception) -> Response:
    if not _takes_pages(request):
        return problems.answer(request, 401, "token.missing")
    # A part of a page that looked again by itself is no place to come back to: the page is.
    part = bool(request.headers.get("hx-request"))
    asks = request.method == "GET" and not part
    where = request.url.path + (f"?{request.url.query}" if request.url.query else "") if asks else came_from(request)
    back = f"?next={quote(where, safe='')}" if where != "/" else ""
    if part:
        return Response(status_code=401, headers={"hx-redirect": f"/sign-in{back}"})
    ended = Flash(N_("The session had ended, so nothing was done. Sign in, and do it again."), lamp="held")
    return redirect(request, f"/sign-in{back}", None if asks else ended)


async def _forbidden(request: Request, fault: Exception) -> Response:
    language = locale(request, request.state.signed_in)
    permission = fault.permission if isinstance(fault, Forbidden) else ""
    text = _("Your role does not have the permission {permission}. An administrator can change that.", language)
    return await _page(request, 403, _("This is not yours to see.", language), text.format(permission=permission))


async def _missing(request: Request, fault: Exception) -> Response:
    language = locale(request, getattr(request.state, "signed_in", None))
    status = fault.status_code if isinstance(fault, HTTPException) else 404
    return await _page(
        request, status, _("There is no such page.", language), _("It was removed, or the address is wrong.", language)
    )


async def _unreadable(request: Request, _fault: Exception) -> Response:
    language = locale(request, getattr(request.state, "signed_in", None))
    return await _page(
        request, 422, _("Something in the address is wrong.", language), _("Begin again from the list.", language)
    )


async def _unavailable(request: Request, fault: Exception) -> Response:
    request.state.signed_in = None  # nobody can say who it is
    language = locale(request)
    log.warning("dashboard.store_unavailable", reason=str(fault))
    response = await _page(
        request,
        503,
        _("This page couldn't be loaded.", language),
        _("The database does not answer. What was accepted is safe on its disk.", language),
        retry=True,
    )
    response.headers["retry-after"] = "2"
    return response


async def _failed(request: Request, fault: Exception) -> Response:
    request.state.signed_in = getattr(request.state, "signed_in", None)
    language = locale(request)
    # As the route says it: a link that lets somebody in is a path, too.
    log.error("dashboard.failed", path=getattr(request.scope.get("route"), "path", ""), exc_info=fault)
    return await _page(
        request,
        500,
        _("This page couldn't be loaded.", language),
        _("The hub failed; its log says where.", language),
        retry=True,
    )


async def _page(request: Request, status: int, title: str, detail: str, retry: bool = False) -> Response:
    if not _takes_pages(request):
        return problems.answer(request, status)
    if status in (500, 503) and not hasattr(request.state, "signed_in"):
        request.state.signed_in = None
    page = await page_of(request, title=title)
    again, label = (_here(request), _("Try again", page.locale)) if retry else ("/", _("To the overview", page.locale))
    return await render(request, "problem.html", page, status=status, detail=detail, retry=again, retry_label=label)


def _here(request: Request) -> str:
    path = request.url.path
    return path if local(path) else "/"


def _takes_pages(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted or bool(request.headers.get("hx-request"))
