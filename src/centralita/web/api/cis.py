"""Configuration items: found, shown, made, changed and related; and the import of InvGate's inventory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from centralita.core.cis import KEY_LIMIT, MOST_ATTRIBUTES, NAME_LIMIT, VALUE_LIMIT
from centralita.i18n import N_
from centralita.services import ci_changes, ci_import, cis
from centralita.services.ci_import import ImportView
from centralita.services.cis import CiDetail, CiView, Hit
from centralita.store.cis import Filter
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Cursor, Limit, Page, Word
from centralita.web.api.problems import Problem
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["cis"])

Key = Annotated[str, Field(min_length=1, max_length=KEY_LIMIT)]
Value = Annotated[str, Field(max_length=VALUE_LIMIT)]
Text = Annotated[str, Field(max_length=NAME_LIMIT)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Owner(_Body):
    """Whose it is; both empty for nobody."""

    name: Text = Field(default="", description=N_("Their name."))
    email: str = Field(default="", max_length=254, pattern=r"^([^@\s]+@[^@\s]+)?$", description=N_("Their address."))


class CiBody(_Body):
    """A configuration item that no source tells of."""

    name: str = Field(min_length=1, max_length=NAME_LIMIT, description=N_("What people call it."))
    type: Text = Field(default="", description=N_("server, laptop, printer, service... or a word of yours."))
    status: Text = Field(default="", description=N_("A word of yours."))
    owner: Owner | None = Field(default=None, description=N_("Whose it is."))
    attributes: dict[Key, Value] = Field(
        default={}, max_length=MOST_ATTRIBUTES, description=N_("Whatever else there is to say.")
    )


class CiChange(_Body):
    """What is left out stays; null takes back what people said, so that the source's word counts again."""

    name: Text | None = Field(default=None, description=N_("What people call it."))
    type: Text | None = Field(default=None, description=N_("server, laptop, printer, service... or a word of yours."))
    status: Text | None = Field(default=None, description=N_("A word of yours."))
    owner: Owner | None = Field(default=None, description=N_("Whose it is."))
    attributes: dict[Key, Value | None] = Field(
        default={}, max_length=MOST_ATTRIBUTES, description=N_("Each alone; an empty text hides what the source says.")
    )
    version: int | None = Field(
        default=None, ge=1, description=N_("The version that you have seen: 409 when it is another one by now.")
    )


class NewRelation(_Body):
    """What a CI has to do with another."""

    kind: str = Field(max_length=50, description=N_("depends_on, runs_on, part_of, connected_to, required_by..."))
    ci: str = Field(min_length=1, max_length=NAME_LIMIT, description=N_("The other: its id or name."))


class ImportBody(_Body):
    """A step of an import."""

    dry_run: bool = Field(default=False, description=N_("Only say what would change."))
    cursor: str = Field(default="", max_length=4000, description=N_("The next of the step before."))


@dataclass(frozen=True)
class Found:
    """What a search has found, the nearest first."""

    items: list[Hit]


@router.get("/cis", dependencies=[requires("ci.read")])
async def list_cis(
    request: Request,
    text: Word = "",
    type: Word = "",
    status: Word = "",
    owner: Word = "",
    source: Word = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Page[CiView]:
    """By name. `owner` is an e-mail address, `source=hand` those that people made."""
    wanted = Filter(text=text, type=type, status=status, owner=owner.lower(), source=source)
    try:
        items, more = await cis.listing(hub_of(request), wanted, limit, cursor)
    except ValueError:
        raise Problem(422, "cursor.unreadable") from None
    return Page(items, more)


@router.get("/cis/search", dependencies=[requires("ci.read")])
async def search_cis(
    request: Request,
    text: Annotated[str, Query(min_length=1, max_length=200, description="What you remember of it.")],
    limit: Annotated[int, Query(ge=1, le=50, description="Most hits.")] = 10,
) -> Found:
    """Forgives accents and typing errors. When nothing is `sure`, these are the nearest."""
    return Found(await cis.search(hub_of(request), text, limit))


@router.post("/cis", status_code=201, dependencies=[requires("ci.manage")])
async def add_ci(request: Request, body: CiBody) -> CiDetail:
    """409 when something is called so already."""
    actor = (await principal_of(request)).actor
    return await ci_changes.create(changing_hub(request), actor, body.model_dump(exclude_unset=True))


@router.post("/cis/import", dependencies=[requires("ci.manage")])
async def import_cis(request: Request, body: ImportBody) -> ImportView:
    """Reads some pages of InvGate's inventory; call it again with `next` until that is null."""
    actor = (await principal_of(request)).actor
    try:
        return await ci_import.step(changing_hub(request), actor, body.cursor, body.dry_run)
    except ValueError:
        raise Problem(422, "cursor.unreadable") from None


@router.get("/cis/{id}", dependencies=[requires("ci.read")])
async def show_ci(request: Request, id: str) -> CiDetail:
    """By its id, its source's id or its name; 409 says which are called so when several are."""
    return await cis.show(hub_of(request), id)


@router.patch("/cis/{id}", dependencies=[requires("ci.manage")])
async def change_ci(request: Request, id: str, body: CiChange) -> CiDetail:
    """What you say wins over what the source says, until you take it back with null."""
    actor = (await principal_of(request)).actor
    change: dict[str, Any] = body.model_dump(exclude_unset=True, exclude={"version"})
    return await ci_changes.update(changing_hub(request), actor, id, change, body.version)


@router.delete("/cis/{id}", status_code=204, dependencies=[requires("ci.manage")])
async def remove_ci(request: Request, id: str) -> None:
    """Only those that people made; what a source tells of goes when it is gone there."""
    await ci_changes.delete(changing_hub(request), (await principal_of(request)).actor, id)


@router.post("/cis/{id}/relations", dependencies=[requires("ci.manage")])
async def relate_ci(request: Request, id: str, body: NewRelation) -> CiDetail:
    """Said twice, it is there once; from the other end it reads the other way round."""
    actor = (await principal_of(request)).actor
    return await ci_changes.relate(changing_hub(request), actor, id, body.kind, body.ci)


@router.delete("/cis/{id}/relations/{kind}/{other}", dependencies=[requires("ci.manage")])
async def unrelate_ci(request: Request, id: str, kind: str, other: str) -> CiDetail:
    """From either end."""
    actor = (await principal_of(request)).actor
    return await ci_changes.relate(changing_hub(request), actor, id, kind, other, take_away=True)
