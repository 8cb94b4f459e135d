"""Who is asking, and whether they may: every route says by ``requires`` what it needs, or nobody gets in.

A request on the local socket, which only the hub's own account can open, is the local administrator's; every other one
needs a bearer token.
"""

from __future__ import annotations

import getpass
import re
from typing import Any

from fastapi import Depends, Request
from fastapi.routing import APIRoute, RouteContext

from centralita.core.access import PERMISSIONS
from centralita.services.access import Principal, authenticate, local_administrator
from centralita.services.hub import Hub
from centralita.web.api.problems import Problem

PUBLIC = "public"
"""Declared by a route that tells nothing about this hub: the description of the API itself."""
OS_USER_HEADER = "centralita-os-user"
_OS_USER = re.compile(r"[A-Za-z0-9._@-]{1,64}")


def hub_of(request: Request) -> Hub:
    """The hub that the request is for."""
    hub: Hub = request.state.hub
    return hub


async def principal_of(request: Request) -> Principal:
    """Who is asking; asked once a request. Raises Problem 401."""
    known: Principal | None = getattr(request.state, "principal", None)
    if known is None:
        known = await _identify(request)
        request.state.principal = known
    return known


async def _identify(request: Request) -> Principal:
    if getattr(request.state, "local", False):
        # Whoever is here may do everything anyway; the name is for the audit log.
        said = request.headers.get(OS_USER_HEADER, "")
        return local_administrator(said if _OS_USER.fullmatch(said) else _own_user())
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    principal = await authenticate(hub_of(request), token.strip()) if scheme.lower() == "bearer" else None
    if principal is None:
        raise Problem(401, "token.invalid" if given else "token.missing")
    return principal


def _own_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "unknown"


class Requirement:
    """What a route needs; called by FastAPI before the route."""

    def __init__(self, permission: str) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Principal | None:
        if self.permission == PUBLIC:
            return None
        principal = await principal_of(request)
        if not principal.may(self.permission, request.path_params.get("name", "")):
            raise Problem(403, "permission.missing", self.permission)
        return principal


def requires(permission: str) -> Any:
    """A dependency that lets in whoever has ``permission``. Raises ValueError for one that is not in the table."""
    if permission not in PERMISSIONS and permission != PUBLIC:
        raise ValueError(permission)
    return Depends(Requirement(permission))


def permissions_of(route: RouteContext | APIRoute) -> list[str]:
    """What a route declared: all of it is needed."""
    dependant = getattr(route, "dependant", None)
    found = dependant.dependencies if dependant is not None else ()
    return [each.call.permission for each in found if isinstance(each.call, Requirement)]


def permission_of(route: RouteContext | APIRoute) -> str | None:
    """The first that a route declared; None if it did not."""
    return next(iter(permissions_of(route)), None)
