"""People and their roles."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from centralita.services import access
from centralita.services.access import UserRow
from centralita.services.times import shown
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Cursor, Limit, Page, number_cursor
from centralita.web.api.problems import Problem
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["users"])

Name = Annotated[str, StringConstraints(pattern=r"^[\w][\w.@+-]{0,99}$")]
Email = Annotated[str, StringConstraints(pattern=r"^$|^[^@\s]{1,64}@[^@\s]{1,255}$")]
SlackId = Annotated[str, StringConstraints(pattern=r"^$|^[UW][A-Z0-9]{2,20}$")]


class UserView(BaseModel):
    """A person."""

    id: int
    name: str
    email: str
    slack_id: str
    role: str
    locale: str
    enabled: bool
    created_at: str | None


class UserBody(BaseModel):
    """A new person."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    role: str
    email: Email = ""
    slack_id: SlackId = ""
    locale: Literal["", "es", "en"] = ""


class UserChange(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    role: str | None = None
    email: Email | None = None
    slack_id: SlackId | None = None
    locale: Literal["", "es", "en"] | None = None
    enabled: bool | None = None


def _view(row: UserRow) -> UserView:
    return UserView(
        id=row.id,
        name=row.name,
        email=row.email,
        slack_id=row.slack_id,
        role=row.role,
        locale=row.locale,
        enabled=row.enabled,
        created_at=shown(row.created_at),
    )


@router.get("/users", dependencies=[requires("user.manage")])
async def list_users(request: Request, limit: Limit = 100, cursor: Cursor = "") -> Page[UserView]:
    """In the order in which they were added."""
    rows = await access.list_users(hub_of(request), limit, number_cursor(cursor))
    return Page([_view(row) for row in rows], str(rows[-1].id) if len(rows) == limit else None)


@router.post("/users", dependencies=[requires("user.manage")], status_code=201)
async def add_user(request: Request, body: UserBody) -> UserView:
    """Adds a person."""
    return _view(await access.add_user(changing_hub(request), await principal_of(request), body.model_dump()))


@router.patch("/users/{name}", dependencies=[requires("user.manage")])
async def change_user(request: Request, name: str, body: UserChange) -> UserView:
    """Changes a person."""
    values = body.model_dump(exclude_none=True)
    row = await access.change_user(changing_hub(request), await principal_of(request), name, values)
    if row is None:
        raise Problem(404, "not_found", name[:100])
    return _view(row)
