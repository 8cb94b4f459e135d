"""Outgoing webhooks: what each was sent and what came back, found by filter and by what the events say."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from centralita.services import webhook_history
from centralita.services.webhook_history import (
    AttemptDetail,
    AttemptFilter,
    AttemptView,
    DeliveryFilter,
    DeliveryView,
    Found,
    read_place,
)
from centralita.web.api.once import Route
from centralita.web.api.parameters import Cursor, Limit, Moment, at, condition_of, number_cursor
from centralita.web.api.problems import Problem, locale_of
from centralita.web.auth import hub_of, requires

router = APIRouter(route_class=Route, tags=["webhooks"])

Where = Annotated[
    str,
    Query(
        max_length=4096,
        description="Only of events that this holds for, in the language of the rules.",
        examples=["data.ticket.id == '4521'"],
    ),
]


@router.get("/webhooks/{name}/deliveries", dependencies=[requires("webhook.read")])
async def list_webhook_deliveries(
    request: Request,
    name: str,
    state: Annotated[str, Query(max_length=50, examples=["dead"])] = "",
    reason: Annotated[str, Query(max_length=200, examples=["http.status"])] = "",
    type: Annotated[str, Query(max_length=200, examples=["ticket.created"])] = "",
    where: Where = "",
    since: Moment = "",
    until: Moment = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Found[DeliveryView]:
    """What it was sent and what waits for it, newest first. At most 2,000 deliveries are looked at at once, 500
    by what events say; `back_to` says how far that came, and `next` goes on from there."""
    hub = hub_of(request)
    now = hub.clock.now()
    wanted = DeliveryFilter(
        state=state, reason=reason, type=type, since=at(since, "since", now), until=at(until, "until", now)
    )
    number_cursor(cursor)
    condition = condition_of(where)
    return await webhook_history.deliveries(hub, name, wanted, condition, limit, cursor, locale_of(request))


@router.get("/webhooks/{name}/attempts", dependencies=[requires("webhook.read")])
async def list_webhook_attempts(
    request: Request,
    name: str,
    outcome: Annotated[str, Query(max_length=50, examples=["retry"])] = "",
    status: Annotated[str, Query(pattern=rf"^({webhook_history.STATUS.pattern})?$", examples=["5xx", "503", "0"])] = "",
    error: Annotated[str, Query(max_length=200, description="An error's class, or a reason.", examples=["dns"])] = "",
    where: Where = "",
    since: Moment = "",
    until: Moment = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Found[AttemptView]:
    """Every try, newest first. At most 2,000 are looked at at once, 500 by what events say; `back_to` says how far
    that came."""
    hub = hub_of(request)
    now = hub.clock.now()
    wanted = AttemptFilter(
        outcome=outcome, status=status, error=error, since=at(since, "since", now), until=at(until, "until", now)
    )
    try:
        read_place(cursor)
    except ValueError:
        raise Problem(422, "cursor.unreadable") from None
    condition = condition_of(where)
    return await webhook_history.attempts(hub, name, wanted, condition, limit, cursor, locale_of(request))


@router.get("/webhook-attempts/{attempt_id}", dependencies=[requires("webhook.read")])
async def show_webhook_attempt(request: Request, attempt_id: str) -> AttemptDetail:
    """One try whole: what was sent (secrets masked), what came back (64 KiB of the body), and how long it took."""
    found = await webhook_history.attempt(hub_of(request), attempt_id, locale_of(request))
    if found is None:
        raise Problem(404, "not_found", attempt_id[:100])
    return found
