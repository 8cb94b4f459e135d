"""Webhooks: how each has done, by minutes, hours and days, and over any window."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from centralita.core.rollups import Grain
from centralita.services import webhook_statistics
from centralita.services.webhook_statistics import Health, Line, Series
from centralita.web.api.once import Route
from centralita.web.api.parameters import Cursor, Limit, Moment, Page, at
from centralita.web.auth import hub_of, requires

router = APIRouter(route_class=Route, tags=["webhooks"])
Per = Annotated[Grain, Query(description="How long an interval is; days are UTC's.")]


@router.get("/webhooks/statistics", dependencies=[requires("webhook.read")])
async def list_webhook_statistics(
    request: Request, since: Moment = "", until: Moment = "", limit: Limit = 100, cursor: Cursor = ""
) -> Page[Line]:
    """Every webhook's figures over the last half hour, or the window; by name."""
    start, end = _window(request, since, until)
    return Page(*await webhook_statistics.listing(hub_of(request), limit, cursor, start, end))


@router.get("/webhooks/{name}/statistics", dependencies=[requires("webhook.read")])
async def show_webhook_statistics(
    request: Request, name: str, per: Per = "minute", since: Moment = "", until: Moment = ""
) -> Series:
    """Its figures interval by interval: the last hour, day or 30 days, or the window."""
    start, end = _window(request, since, until)
    return await webhook_statistics.series(hub_of(request), name, per, start, end)


@router.get("/webhooks/{name}/health", dependencies=[requires("webhook.read")])
async def show_webhook_health(request: Request, name: str, since: Moment = "", until: Moment = "") -> Health:
    """Its figures over the last half hour, or the window, and how it is doing now."""
    start, end = _window(request, since, until)
    return await webhook_statistics.health(hub_of(request), name, start, end)


def _window(request: Request, since: str, until: str) -> tuple[float | None, float | None]:
    now = hub_of(request).clock.now()
    return at(since, "since", now), at(until, "until", now)
