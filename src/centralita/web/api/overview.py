"""The overview: is it working, and what needs somebody."""

from __future__ import annotations

from fastapi import APIRouter, Request

from centralita.services import overview
from centralita.services.overview import Overview
from centralita.web.api.once import Route
from centralita.web.api.problems import locale_of
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["overview"])


@router.get("/overview", dependencies=[requires("event.read"), requires("delivery.read")])
async def show_overview(request: Request) -> Overview:
    """How everything is: one sentence, the last hour by minutes, sources that are late, lanes that do not move, and
    what needs somebody, as far as the asker may see it."""
    permissions = (await principal_of(request)).permissions
    return await overview.overview(hub_of(request), permissions, locale_of(request))
