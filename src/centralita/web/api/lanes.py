"""Lanes: how each destination's queue is doing, and stopping or starting one."""

from __future__ import annotations

from fastapi import APIRouter, Request

from centralita.services import lanes
from centralita.services.lanes import LaneView
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Cursor, Limit, Page
from centralita.web.api.problems import Problem
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["lanes"])


@router.get("/lanes", dependencies=[requires("delivery.read")])
async def list_lanes(request: Request, limit: Limit = 100, cursor: Cursor = "") -> Page[LaneView]:
    """By key."""
    behind = [lane for lane in await lanes.listing(hub_of(request)) if lane.key > cursor]
    return Page(behind[:limit], behind[limit - 1].key if len(behind) > limit else None)


@router.post("/lanes/{key:path}/pause", dependencies=[requires("lane.manage")])
async def pause_lane(request: Request, key: str) -> LaneView:
    """Nothing more is sent there until it is resumed; what comes in waits, and nothing is lost."""
    return await _set_paused(request, key, True)


@router.post("/lanes/{key:path}/resume", dependencies=[requires("lane.manage")])
async def resume_lane(request: Request, key: str) -> LaneView:
    """Goes on with what waits."""
    return await _set_paused(request, key, False)


async def _set_paused(request: Request, key: str, paused: bool) -> LaneView:
    actor = (await principal_of(request)).actor
    lane = await lanes.set_paused(changing_hub(request), actor, key, paused)
    if lane is None:
        raise Problem(404, "not_found", key[:100])
    return lane
