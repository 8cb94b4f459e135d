"""The registry of event types: what each means, who sends it, its JSON Schema and an example."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from centralita.services import event_types
from centralita.services.event_types import TypeDetail, TypeSummary
from centralita.web.api.once import Route
from centralita.web.api.parameters import Page, Word
from centralita.web.api.problems import locale_of
from centralita.web.auth import requires

router = APIRouter(route_class=Route, tags=["events"])


@router.get("/event-types", dependencies=[requires("event.read")])
async def list_event_types(request: Request, text: Word = "") -> Page[TypeSummary]:
    """By name, on one page. `text` is looked for in names, other names and meanings."""
    return Page(event_types.listing(locale_of(request), text))


@router.get("/event-types/{type}", dependencies=[requires("event.read")])
async def show_event_type(
    request: Request, type: Annotated[str, Path(description="Its name, or another name of it.")]
) -> TypeDetail:
    """With the JSON Schema (2020-12) and an example of a message in the format `standard`."""
    return event_types.detail(type, locale_of(request))
