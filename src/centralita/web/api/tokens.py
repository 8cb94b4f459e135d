"""API tokens: shown once, when they are made."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from centralita.services import access
from centralita.services.access import TokenRow
from centralita.services.times import shown
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Cursor, Limit, Page, number_cursor
from centralita.web.api.problems import Problem
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["tokens"])


class TokenView(BaseModel):
    """A token without what opens doors."""

    id: int
    name: str
    prefix: str
    scopes: list[str]
    created_by: str
    created_at: str | None
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class NewToken(BaseModel):
    """A token, this once."""

    token: str
    kept: TokenView


class TokenBody(BaseModel):
    """Either the permissions of a role, or scopes: `event.read`, `event.*`, `*`."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=100)
    role: str = ""
    scopes: list[str] = Field(default=[], max_length=100)
    expires_in_s: float | None = Field(default=None, gt=0, le=10 * 365 * 86_400)


def _view(row: TokenRow) -> TokenView:
    return TokenView(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=list(row.scopes),
        created_by=row.created_by,
        created_at=shown(row.created_at),
        expires_at=shown(row.expires_at),
        revoked_at=shown(row.revoked_at),
        last_used_at=shown(row.last_used_at),
    )


@router.get("/tokens", dependencies=[requires("token.manage")])
async def list_tokens(request: Request, limit: Limit = 100, cursor: Cursor = "") -> Page[TokenView]:
    """In the order of their making, revoked ones included."""
    rows = await access.list_tokens(hub_of(request), limit, number_cursor(cursor))
    return Page([_view(row) for row in rows], str(rows[-1].id) if len(rows) == limit else None)


@router.post("/tokens", dependencies=[requires("token.manage")], status_code=201)
async def create_token(request: Request, response: Response, body: TokenBody) -> NewToken:
    """Nobody can give away more than they have. The token is in this answer and nowhere else."""
    principal, hub = await principal_of(request), changing_hub(request)
    scopes = access.granted_scopes(principal, access.policy_of(hub), body.scopes, body.role)
    response.headers["cache-control"] = "no-store"
    token, row = await access.create_token(hub, principal, body.name, scopes, body.expires_in_s)
    return NewToken(token=token, kept=_view(row))


@router.delete("/tokens/{token_id}", dependencies=[requires("token.manage")], status_code=204)
async def revoke_token(request: Request, token_id: int) -> None:
    """Ends a token for good, at once."""
    if not await access.revoke_token(changing_hub(request), await principal_of(request), token_id):
        raise Problem(404, "not_found", str(token_id))
