"""Webhooks that are fetched: a receiver without a server asks for its messages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from centralita.services import webhook_polling
from centralita.services.webhook_polling import MOST, BadCursor, Polled
from centralita.web.api.once import Route
from centralita.web.api.problems import Problem
from centralita.web.auth import hub_of, requires

router = APIRouter(route_class=Route, tags=["webhooks"])

MAX_WAIT_S = 25.0
"""Below what proxies take for a connection that hangs."""
MAX_CURSOR = 4000


@router.get("/webhooks/{name}/poll", dependencies=[requires("webhook.poll")])
async def poll_webhook(
    request: Request,
    response: Response,
    name: str,
    cursor: Annotated[
        str, Query(max_length=MAX_CURSOR, description="Of the answer before: its messages are safe, and end here.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=MOST, description="Most messages in the answer.")] = 50,
    wait_s: Annotated[float, Query(ge=0, le=MAX_WAIT_S, description="How long to wait until there is one.")] = 0.0,
) -> Polled:
    """The next messages of a webhook without an address, as they would be posted. At least once: without the cursor
    the same come again. 409 for a webhook that has an address, is off or is paused."""
    response.headers["cache-control"] = "no-store"
    try:
        return await webhook_polling.poll(hub_of(request), name, cursor, limit, wait_s)
    except BadCursor:
        raise Problem(422, "cursor.unreadable") from None
