"""One configuration item to read: what it is, whose, and what it has to do with others. Slack's messages lead here."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from centralita.services import cis
from centralita.services.cis import CiRefused
from centralita.web.auth import hub_of
from centralita.web.dashboard.access import needs
from centralita.web.dashboard.page import page_of, render

router = APIRouter()


@router.get("/cis/{ci}", dependencies=[needs("ci.read")])
async def show(request: Request, ci: str) -> Response:
    """The item by its id, or by a name that nothing else has."""
    try:
        found = await cis.show(hub_of(request), ci)
    except CiRefused:
        raise HTTPException(404) from None
    page = await page_of(request, title=found.ci.name, section="cis")
    return await render(request, "cis/ci.html", page, found=found, ci=found.ci)
