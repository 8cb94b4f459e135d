"""The settings in force: masked, and where each was written."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from centralita.settings import shown
from centralita.web.api.once import Route
from centralita.web.api.parameters import Page
from centralita.web.auth import hub_of, requires

router = APIRouter(route_class=Route, tags=["settings"])


class SettingView(BaseModel):
    """One value."""

    path: str
    value: Any
    origin: str


@router.get("/settings", dependencies=[requires("settings.read")])
async def show_settings(request: Request) -> Page[SettingView]:
    """In the order of the file, on one page."""
    values = shown(hub_of(request).settings)
    return Page([SettingView(path=each.path, value=each.value, origin=each.origin) for each in values])
