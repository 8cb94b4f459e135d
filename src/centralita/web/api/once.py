"""``Idempotency-Key``: a POST that is sent twice is carried out once, and answered twice.

As in https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/: the same key with another request is
422, a request under way or one whose answer was not kept is 409. Keys are each actor's own and live for 24 hours.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from centralita.services.audit import Wrapped
from centralita.services.hub import Hub
from centralita.store import idempotency
from centralita.store.database import Transaction
from centralita.web.api.problems import Problem
from centralita.web.auth import PUBLIC, hub_of, permission_of, principal_of

HEADER = "idempotency-key"
MAX_KEY = 255
_AGAIN = "idempotency.carried_out"


class Claim:
    """A request's key, claimed by the first transaction that it writes."""

    def __init__(self, actor: str, key: str, digest: str) -> None:
        self.actor, self.key, self.digest = actor, key, digest
        self.made = False

    def claim(self, tx: Transaction, now: float) -> None:
        """Raises Problem 409 when another request has done it."""
        if not idempotency.claim(tx, self.actor, self.key, self.digest, now):
            raise Problem(409, _AGAIN)


def changing_hub(request: Request) -> Hub:
    """The hub for a route that changes something: its first write transaction claims the request's key."""
    hub = hub_of(request)
    claim: Claim | None = getattr(request.state, "claim", None)
    if claim is None:
        return hub

    def around(tx: Transaction, fn: Callable[[Transaction], Any]) -> Any:
        if not claim.made:
            claim.claim(tx, hub.clock.now())
        return fn(tx)

    return dataclasses.replace(hub, database=_Claiming(hub, around, claim))


class _Claiming(Wrapped):
    def __init__(self, hub: Hub, around: Callable[[Transaction, Callable[[Transaction], Any]], Any], claim: Claim):
        super().__init__(hub.database, around)
        self._claim = claim

    async def write(self, fn: Callable[[Transaction], Any], *, urgent: bool = False) -> Any:
        result = await super().write(fn, urgent=urgent)
        self._claim.made = True  # only now: a transaction that was rolled back claimed nothing
        return result


class Route(APIRoute):
    """A route whose POSTs honour the key, and that reads nothing of who is unknown."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if permission_of(self) != PUBLIC:
                await principal_of(request)  # before its body is read: a stranger's is not worth it
            key = request.headers.get(HEADER, "")
            if not key or request.method != "POST":
                return await handler(request)
            return await _once(request, key, handler)

        return handle


async def _once(request: Request, key: str, handler: Callable[[Request], Coroutine[Any, Any, Response]]) -> Response:
    if len(key) > MAX_KEY or not key.isprintable():
        raise Problem(422, "idempotency.key_invalid")
    actor = (await principal_of(request)).actor
    hub = hub_of(request)
    digest = await _digest(request)
    kept = await hub.database.read(lambda tx: idempotency.find(tx, actor, key, hub.clock.now()))
    if kept is not None:
        if kept.digest != digest:
            raise Problem(422, "idempotency.key_reused")
        if not kept.status:
            raise Problem(409, _AGAIN)
        headers = {"idempotency-replayed": "true"}
        body = hub.vault.unseal(kept.body, _place(actor, key))
        return Response(body.encode(), kept.status, headers, media_type="application/json")
    claim = Claim(actor, key, digest)
    request.state.claim = claim
    response = await handler(request)
    if claim.made:
        # Sealed: an answer may hold what is shown once, such as a new token.
        status, body = response.status_code, hub.vault.seal(bytes(response.body).decode(), _place(actor, key))
        await hub.database.write(lambda tx: idempotency.keep(tx, actor, key, status, body))
    return response


def _place(actor: str, key: str) -> str:
    return f"idempotency/{actor}/{key}"


async def _digest(request: Request) -> str:
    said = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(said + await request.body()).hexdigest()
