"""Every route of the dashboard x every role, from the routes themselves: a page that asks for nothing fails here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import BaseRoute

from centralita.core.access import BUILT_IN, PERMISSIONS, ROLES
from centralita.web.auth import PUBLIC, permissions_of
from centralita.web.dashboard import routers, static
from tests.dashboard.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")
STRANGERS = {
    ("GET", "/static/{version}/{name:path}"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
    ("POST", "/preferences"),
    # The first account of a hub that has none; on an address that others reach, whoever has the key of its log.
    ("GET", "/setup"),
    ("POST", "/setup/admin"),
    # A link that lets a person set a password, and the way back from an identity provider.
    ("GET", "/invitation/{key}"),
    ("POST", "/invitation/{key}"),
    ("GET", "/oidc/begin"),
    ("GET", "/oidc/callback"),
}
"""What answers whoever is not signed in. Each further one is a decision."""


def routes() -> Iterator[tuple[str, str, list[str]]]:
    """(method, path, permissions) of everything that answers."""
    for router in (static.router, *routers()):
        for route in _flat(router.routes):
            for method in sorted(getattr(route, "methods", None) or ()):
                if method != "HEAD":
                    yield method, str(getattr(route, "path", "")), permissions_of(route)  # type: ignore[arg-type]  # both kinds have a dependant


def _flat(found: list[BaseRoute]) -> Iterator[Any]:
    for route in found:
        yield from _flat(route.routes) if hasattr(route, "routes") else (route,)


ALL = list(routes())


async def test_every_route_says_what_it_needs() -> None:
    assert len(ALL) > 10
    silent = [(method, path) for method, path, needed in ALL if not needed]
    assert silent == []
    unknown = [(path, each) for _, path, needed in ALL for each in needed if each not in (*PERMISSIONS, PUBLIC, "")]
    assert unknown == []


async def test_strangers_are_let_in_nowhere_but_where_it_is_meant() -> None:
    assert {(method, path) for method, path, needed in ALL if needed == [PUBLIC]} <= STRANGERS


@pytest.mark.parametrize(("method", "path", "needed"), ALL, ids=[f"{method} {path}" for method, path, _ in ALL])
async def test_who_may_not_is_refused_and_who_may_is_not(
    office: Office, method: str, path: str, needed: list[str]
) -> None:
    address = re.sub(r"\{[^}]+\}", "nothing-of-that-name", path)
    if PUBLIC in needed:
        return
    stranger = await office.stranger()
    call = stranger.get if method == "GET" else stranger.post
    seen = await call(address, follow=False)
    assert seen.status == 303 and seen.headers["location"].startswith("/sign-in"), seen.status
    for role in ROLES:
        person = await office.as_role(role)
        call = person.get if method == "GET" else person.post
        allowed = all(not each or each in BUILT_IN.roles[role] for each in needed)
        if allowed and (method != "GET" or path.endswith("/live")):
            continue  # what it changes is for the page's own tests, and a stream has no end
        seen = await call(address, follow=False)
        assert (seen.status == 403) is not allowed, (role, seen.status)
        assert seen.status < 500, (role, seen.text)
