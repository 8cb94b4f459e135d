"""Is it working? The first page."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from centralita.i18n import gettext as _
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.page import locale, page_of, render

router = APIRouter()


@router.get("/", dependencies=[needs("event.read")])
async def show(request: Request) -> Response:
    """How things are, in one sentence."""
    language = locale(request, await person_of(request))
    page = await page_of(request, title=_("Overview", language), section="overview")
    return await render(request, "overview.html", page)
