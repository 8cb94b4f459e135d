"""People, their roles, and how they get in."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from centralita.services import access, passwords, sessions, sign_in
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
    timezone: str
    theme: str
    enabled: bool
    has_password: bool
    oidc_subject: str
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


class PasswordBody(BaseModel):
    """A password: 12 characters at least, and hard to guess."""

    model_config = ConfigDict(extra="forbid")
    password: SecretStr = Field(max_length=4096)


class InvitationView(BaseModel):
    """A link by which a person sets their password, once. It is shown this once."""

    url: str
    expires_at: str | None


class SessionView(BaseModel):
    """A browser in which a person is signed in."""

    id: int
    created_at: str | None
    seen_at: str | None
    expires_at: str | None
    user_agent: str
    address: str


class Ended(BaseModel):
    """How many sessions ended."""

    sessions: int


def _view(row: UserRow) -> UserView:
    return UserView(
        id=row.id,
        name=row.name,
        email=row.email,
        slack_id=row.slack_id,
        role=row.role,
        locale=row.locale,
        timezone=row.timezone,
        theme=row.theme,
        enabled=row.enabled,
        has_password=row.has_password,
        oidc_subject=row.oidc_subject,
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


@router.put("/users/{name}/password", dependencies=[requires("user.manage")], status_code=204)
async def set_password(request: Request, name: str, body: PasswordBody) -> None:
    """Sets a person's password, and signs them out everywhere."""
    principal = await principal_of(request)
    if not await passwords.set_password(hub_of(request), principal, name, body.password.get_secret_value()):
        raise Problem(404, "not_found", name[:100])


@router.post("/users/{name}/invitation", dependencies=[requires("user.manage")], status_code=201)
async def invite(request: Request, response: Response, name: str) -> InvitationView:
    """A link, valid for 24 hours and once, by which the person sets a password; an earlier one ends."""
    made = await sign_in.invite(changing_hub(request), await principal_of(request), name)
    if made is None:
        raise Problem(404, "not_found", name[:100])
    response.headers["cache-control"] = "no-store"
    return InvitationView(url=made.url, expires_at=shown(made.expires_at))


@router.get("/users/{name}/sessions", dependencies=[requires("user.manage")])
async def list_sessions(request: Request, name: str) -> Page[SessionView]:
    """Where a person is signed in, the newest first."""
    rows = await sessions.list_sessions(hub_of(request), name)
    if rows is None:
        raise Problem(404, "not_found", name[:100])
    return Page(
        [
            SessionView(
                id=row.id,
                created_at=shown(row.created_at),
                seen_at=shown(row.seen_at),
                expires_at=shown(row.expires_at),
                user_agent=row.user_agent,
                address=row.address,
            )
            for row in rows
        ]
    )


@router.delete("/users/{name}/sessions", dependencies=[requires("user.manage")])
async def sign_out(request: Request, name: str) -> Ended:
    """Signs a person out everywhere."""
    ended = await sessions.end_all(hub_of(request), await principal_of(request), name)
    if ended is None:
        raise Problem(404, "not_found", name[:100])
    return Ended(sessions=ended)
