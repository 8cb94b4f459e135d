"""Deliveries that were given up, and sending one or many again."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from centralita.services import replays
from centralita.services.replays import DeadLetterView, Slice
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Cursor, Limit, Moment, Page, Word, at, delivery_number, number_cursor
from centralita.web.api.problems import Problem
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["deliveries"])


class Resent(BaseModel):
    """The delivery that goes in its stead."""

    delivery: str


class ResendBody(BaseModel):
    """`event` is needed for a delivery that is no dead letter."""

    model_config = ConfigDict(extra="forbid")
    event: str = ""


class DeadLettersBody(BaseModel):
    """Of one lane, or since a time, or all of them."""

    model_config = ConfigDict(extra="forbid")
    lane: str = ""
    since: str = ""
    all: bool = False
    cursor: str = ""


@router.post("/deliveries/{delivery_id}/resend", dependencies=[requires("delivery.replay")], status_code=202)
async def resend_delivery(request: Request, delivery_id: str, body: ResendBody | None = None) -> Resent:
    """Sends a finished delivery again, as it was, under a number of its own."""
    number, event = delivery_number(delivery_id), body.event if body is not None else ""
    actor = (await principal_of(request)).actor
    return Resent(delivery=await replays.resend(changing_hub(request), actor, number, event))


@router.post("/deliveries/{delivery_id}/dismiss", dependencies=[requires("delivery.replay")], status_code=204)
async def dismiss_delivery(request: Request, delivery_id: str) -> None:
    """Somebody has seen to a dead letter: it is not sent again, and what it held back goes on."""
    number = delivery_number(delivery_id)
    await replays.dismiss(changing_hub(request), (await principal_of(request)).actor, number)


@router.get("/dead-letters", dependencies=[requires("delivery.read")])
async def list_dead_letters(
    request: Request, lane: Word = "", since: Moment = "", limit: Limit = 50, cursor: Cursor = ""
) -> Page[DeadLetterView]:
    """Oldest first."""
    hub, after = hub_of(request), number_cursor(cursor)
    since_at = at(since, "since", hub.clock.now())
    items = await replays.dead_letters(hub, lane, since_at, limit, after)
    return Page(items, items[-1].id.removeprefix("dlv_") if len(items) == limit else None)


@router.post("/dead-letters/replay", dependencies=[requires("delivery.replay")], status_code=202)
async def resend_dead_letters(request: Request, body: DeadLettersBody) -> Slice:
    """Sends the next 100 again, but for those whose outcome is unknown: these go one by one, after a look. Ask again
    with `cursor` until `next` is null."""
    if not (body.lane or body.since or body.all):
        raise Problem(422, "filter.missing")
    hub = changing_hub(request)
    since = at(body.since, "since", hub.clock.now())
    actor = (await principal_of(request)).actor
    return await replays.resend_dead(hub, actor, body.lane, since, number_cursor(body.cursor))
