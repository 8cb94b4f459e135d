"""Who looks at a page: the session in the cookie, and whether they may see it."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Request, Response

from centralita.core.access import PERMISSIONS
from centralita.core.sign_in import client_address, is_proxy
from centralita.services import sessions
from centralita.services.access import Principal
from centralita.services.sessions import SignedIn
from centralita.web.auth import PUBLIC, Requirement, hub_of

COOKIE = "centralita_session"
BY_ITSELF = "x-centralita-by-itself"
"""The header of what a page's script asks for while nobody does anything."""


class SignInNeeded(Exception):
    """Nobody is signed in."""


class Forbidden(Exception):
    """Whoever is signed in may not do it; ``permission`` is what lacks."""

    def __init__(self, permission: str) -> None:
        super().__init__(permission)
        self.permission = permission


def secure(request: Request) -> bool:
    """Whether people reach the hub by https, so that the cookie is to go by nothing else."""
    server = hub_of(request).settings.server
    if (server.public_url or "").startswith("https:") or request.url.scheme == "https":
        return True
    said = {each.strip().lower() for each in request.headers.get("x-forwarded-proto", "").split(",")}
    return "https" in said and is_proxy(_peer(request), server.trusted_proxies)


def cookie_name(request: Request, name: str = COOKIE) -> str:
    """``__Host-`` binds it to exactly this host, where browsers allow that (RFC 6265bis, section 4.1.3.2)."""
    return f"__Host-{name}" if secure(request) else name


async def signed_in(request: Request) -> SignedIn | None:
    """Who looks; None for nobody. Asked once a request. Raises StoreUnavailable."""
    if not hasattr(request.state, "signed_in"):
        token = request.cookies.get(cookie_name(request), "")
        request.state.signed_in = (
            await sessions.signed_in(hub_of(request), token, _by_itself(request)) if token else None
        )
    found: SignedIn | None = request.state.signed_in
    return found


def _by_itself(request: Request) -> bool:
    # A stream of events can't say so by a header, and no person asks for one.
    return BY_ITSELF in request.headers or "text/event-stream" in request.headers.get("accept", "")


def keep(request: Request, response: Response, token: str) -> None:
    """Has the browser keep the session's token."""
    response.set_cookie(cookie_name(request), token, path="/", secure=secure(request), httponly=True, samesite="lax")


def forget(request: Request, response: Response) -> None:
    """Has the browser forget it."""
    response.delete_cookie(cookie_name(request), path="/", secure=secure(request), httponly=True, samesite="lax")


def browser_of(request: Request) -> tuple[str, str]:
    """(user agent, address) of whoever asks; the address as far as trusted proxies say it."""
    # A proxy may add a line of its own behind those that whoever asks has written.
    forwarded, peer = ",".join(request.headers.getlist("x-forwarded-for")), _peer(request)
    proxies = hub_of(request).settings.server.trusted_proxies
    return request.headers.get("user-agent", ""), client_address(peer, forwarded, proxies) if forwarded else peer


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


class PageRequirement(Requirement):
    """What a page needs; "" for any person who is signed in."""

    async def __call__(self, request: Request) -> Principal | None:
        if self.permission == PUBLIC:
            return None
        found = await signed_in(request)
        if found is None:
            raise SignInNeeded
        if self.permission and not found.principal.may(self.permission):
            raise Forbidden(self.permission)
        return found.principal


def needs(permission: str) -> Any:
    """A dependency that lets in whoever has ``permission``; "" for everybody who is signed in.

    Raises ValueError for one that is not in the table.
    """
    if permission and permission not in PERMISSIONS and permission != PUBLIC:
        raise ValueError(permission)
    return Depends(PageRequirement(permission))


async def person_of(request: Request) -> SignedIn:
    """Who is signed in. Raises SignInNeeded."""
    found = await signed_in(request)
    if found is None:
        raise SignInNeeded
    return found
