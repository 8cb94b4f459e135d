"""A person's saved views: filters of the list of events under a name, for whoever provides them to others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from centralita.services import saved_views
from centralita.services.saved_views import MOST_NAME, MOST_QUERY, ViewRefused
from centralita.services.times import shown
from centralita.store.saved_views import SavedView
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Page
from centralita.web.api.problems import Problem
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["users"])

PAGE = "events"
ViewName = Annotated[str, Path(min_length=1, max_length=MOST_NAME)]


@dataclass(frozen=True)
class ViewView:
    """Filters under a name."""

    name: str
    filters: dict[str, str]
    """As in the address of the list of events: ``source``, ``type``, ``severity``, ``since``, ``condition``..."""
    created_at: str | None


class ViewBody(BaseModel):
    """What a view finds."""

    model_config = ConfigDict(extra="forbid")
    filters: dict[str, Annotated[str, Field(max_length=MOST_QUERY)]] = Field(
        min_length=1, max_length=20, examples=[{"severity": "critical", "since": "1d"}]
    )


def _view(found: SavedView) -> ViewView:
    return ViewView(found.name, dict(parse_qsl(found.query)), shown(found.created_at))


@router.get("/users/{name}/views", dependencies=[requires("user.manage")])
async def list_views(request: Request, name: str) -> Page[ViewView]:
    """Those of one person, by name."""
    return Page([_view(each) for each in await saved_views.of_user(hub_of(request), name, PAGE)])


@router.put("/users/{name}/views/{view}", dependencies=[requires("user.manage")], status_code=204)
async def save_view(request: Request, name: str, view: ViewName, body: ViewBody) -> None:
    """Keeps filters for a person, in place of the view that has the name."""
    actor, query = (await principal_of(request)).actor, urlencode({key: each for key, each in body.filters.items()})
    try:
        await saved_views.give(changing_hub(request), actor, name, PAGE, view, query)
    except ViewRefused as refused:
        raise Problem(422, refused.reason) from None


@router.delete("/users/{name}/views/{view}", dependencies=[requires("user.manage")], status_code=204)
async def remove_view(request: Request, name: str, view: ViewName) -> None:
    """Forgets one of a person's views."""
    await saved_views.take(changing_hub(request), (await principal_of(request)).actor, name, PAGE, view)
