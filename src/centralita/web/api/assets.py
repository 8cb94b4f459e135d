"""Assets and their owners: what is known, plans of changes, carrying them out and putting them back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from centralita.services import asset_changes, asset_plans, asset_sightings, assets
from centralita.services.asset_plans import PlanView, RowView
from centralita.services.asset_sightings import Imported
from centralita.services.assets import AssetDetail, AssetView, ConflictView, Mark
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Cursor, Limit, Page, Word
from centralita.web.api.problems import Problem
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["assets"])

Id = Annotated[str, Field(min_length=1, max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Wish(_Body):
    """What to plan."""

    assets: list[Id] = Field(default=[], max_length=500, description="Only these, by id; empty for all.")


class Cap(_Body):
    """How to apply a plan."""

    cap_percent: float | None = Field(default=None, gt=0, le=100, description="A cap for this once.")


class Decision(_Body):
    """A person's decision about an asset."""

    owner: str = Field(default="", max_length=254, description="E-mail of the owner; or `ignore`.")
    ignore: bool = Field(default=False, description="Leave the asset as it is for as long as it is that account.")


class File(_Body):
    """Sightings as a CSV file."""

    csv: str = Field(description="With a heading: asset, serial or name; user; at.")


@dataclass(frozen=True)
class Decided:
    """What a decision led to."""

    plan: PlanView | None
    """The change that was asked for; null when the asset is left as it is."""


@router.get("/assets", dependencies=[requires("asset.read")])
async def list_assets(
    request: Request, source: Word = "", text: Word = "", limit: Limit = 100, cursor: Cursor = ""
) -> Page[AssetView]:
    """Those that were described last come first."""
    try:
        found, more = await assets.listing(hub_of(request), source, text, limit, cursor)
    except ValueError:
        raise Problem(422, "cursor.unreadable") from None
    return Page(found, more)


@router.get("/assets/plans", dependencies=[requires("asset.read")])
async def list_plans(request: Request, limit: Limit = 100, cursor: Cursor = "") -> Page[PlanView]:
    """Newest first."""
    found = await asset_plans.listing(hub_of(request), limit, cursor)
    return Page(found, found[-1].id if len(found) == limit else None)


@router.post("/assets/plans", status_code=202, dependencies=[requires("asset.manage")])
async def plan_assets(request: Request, body: Wish) -> PlanView:
    """Begins to read the inventory. Nothing is written to InvGate; look at the plan to see how far it is."""
    actor = (await principal_of(request)).actor
    return await asset_plans.begin(changing_hub(request), actor, scope=body.assets)


@router.get("/assets/plans/{id}", dependencies=[requires("asset.read")])
async def show_plan(
    request: Request,
    id: str,
    wait_s: Annotated[float, Query(ge=0, le=30, description="Longest wait for news while it is read.")] = 0.0,
    seen: Annotated[int, Query(ge=-1, description="How many assets it had read when you looked last.")] = -1,
) -> PlanView:
    """`newest` is the newest one."""
    return await asset_plans.show(hub_of(request), id, wait_s, seen)


@router.get("/assets/plans/{id}/rows", dependencies=[requires("asset.read")])
async def list_rows(
    request: Request, id: str, verdict: Word = "", state: Word = "", limit: Limit = 100, cursor: Cursor = ""
) -> Page[RowView]:
    """What the plan says of each asset, by its id; `verdict=change` for the changes alone."""
    found = await asset_plans.rows(hub_of(request), id, limit, cursor, verdict, state)
    return Page(found, found[-1].asset if len(found) == limit else None)


@router.post("/assets/plans/{id}/apply", status_code=202, dependencies=[requires("asset.manage")])
async def apply_plan(request: Request, id: str, body: Cap) -> PlanView:
    """Asks InvGate for the changes, each with its old owner checked again; once a plan, and within the cap."""
    actor = (await principal_of(request)).actor
    return await asset_changes.apply(changing_hub(request), actor, id, body.cap_percent)


@router.post("/assets/plans/{id}/revert", status_code=202, dependencies=[requires("asset.manage")])
async def revert_plan(request: Request, id: str) -> PlanView:
    """Asks InvGate for the old owners, where the owner still is the one that the plan set, and locks those assets."""
    return await asset_changes.revert(changing_hub(request), (await principal_of(request)).actor, id)


@router.get("/assets/conflicts", dependencies=[requires("asset.read")])
async def list_conflicts(request: Request, limit: Limit = 100, cursor: Cursor = "") -> Page[ConflictView]:
    """The assets about which a person has to decide."""
    found = await assets.conflicts(hub_of(request), limit, cursor)
    return Page(found, found[-1].asset if len(found) == limit else None)


@router.post("/assets/{id}/resolve", status_code=202, dependencies=[requires("asset.manage")])
async def resolve(request: Request, id: str, body: Decision) -> Decided:
    """Gives an asset the owner that a person names, and locks it; or leaves it as it is."""
    hub, actor = changing_hub(request), (await principal_of(request)).actor
    if bool(body.owner) == body.ignore:
        raise Problem(422, "asset.owner_or_ignore")
    if body.ignore:
        await assets.ignore(hub, actor, id)
        return Decided(None)
    return Decided(await asset_changes.resolve(hub, actor, id, body.owner))


@router.post("/assets/sightings", dependencies=[requires("asset.manage")])
async def import_sightings(request: Request, body: File) -> Imported:
    """Notes who was seen on which asset. What is good is kept, whatever else is wrong."""
    return await asset_sightings.import_csv(changing_hub(request), (await principal_of(request)).actor, body.csv)


@router.get("/assets/{id}", dependencies=[requires("asset.read")])
async def show_asset(request: Request, id: str) -> AssetDetail:
    """With who was seen on it, what the newest plan says of it, and what people decided."""
    return await assets.show(hub_of(request), id)


@router.post("/assets/{id}/{mark}", dependencies=[requires("asset.manage")])
async def mark_asset(request: Request, id: str, mark: Mark) -> AssetDetail:
    """`lock` and `unlock` its owner, `share` for what is nobody's own, `unshare`."""
    return await assets.mark(changing_hub(request), (await principal_of(request)).actor, id, mark)
