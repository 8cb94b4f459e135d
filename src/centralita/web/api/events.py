"""Events: find them, see one whole, replay."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from centralita.services import event_story, events, receipts, replays
from centralita.services.event_search import Asked
from centralita.services.event_story import Related
from centralita.services.events import EventDetail, Found
from centralita.services.receipts import Raw
from centralita.services.replays import Mode, Replayed, Slice
from centralita.store.events import Filter
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Cursor, Limit, at, condition_of, event_cursor, event_filter
from centralita.web.api.problems import Problem
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["events"])

Outcome = Literal["waiting", "dead", "delivered", "unmatched", "incomplete"]
_OUTCOME = (
    "What came of it: `waiting` (not all is finished), `dead` (a dead letter waits for somebody), `delivered`"
    " (neither), `unmatched` (nobody wanted it), `incomplete` (it lacked something)."
)


@router.get("/events", dependencies=[requires("event.read")])
async def find_events(
    request: Request,
    wanted: Annotated[Filter, Depends(event_filter)],
    condition: Annotated[str, Query(max_length=4096, description="In the language of the rules.")] = "",
    outcome: Annotated[Outcome | None, Query(description=_OUTCOME)] = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Found:
    """Newest first. At most 5,000 events are looked at at a time, 1,000 with a condition; `back_to` says how far that
    came, and `next` goes on from there."""
    before = event_cursor(cursor)
    return await events.find(hub_of(request), wanted, condition_of(condition), limit, before, outcome or "")


@router.get("/events/{event_id}", dependencies=[requires("event.read")])
async def show_event(request: Request, event_id: str) -> EventDetail:
    """One event: its receipt, why each rule matched or did not, every delivery with its attempts."""
    found = await events.detail(hub_of(request), event_id)
    if found is None:
        raise Problem(404, "not_found", event_id[:100])
    return found


@router.get("/events/{event_id}/raw", dependencies=[requires("event.read")])
async def show_raw(
    request: Request,
    event_id: str,
    whole: Annotated[bool, Query(description="All of the body, not its beginning alone.")] = False,
) -> Raw:
    """The request that the event came in, as it was: its headers and body without what is secret, and the cURL command
    that sends it again."""
    try:
        found = await receipts.raw(hub_of(request), event_id, whole)
    except ValueError:
        found = None
    if found is None:
        raise Problem(404, "not_found", event_id[:100])
    return found


@router.get("/events/{event_id}/related", dependencies=[requires("event.read")])
async def show_related(request: Request, event_id: str) -> Related:
    """What it belongs together with: its cause, what it caused, the next events of its subject, those that its sender
    says belong to it, approvals, incidents."""
    found = await event_story.related(hub_of(request), await principal_of(request), event_id)
    if found is None:
        raise Problem(404, "not_found", event_id[:100])
    return found


class ReplayBody(BaseModel):
    """`reparse` reads the receipt's bytes again, `reroute` decides by today's rules, `resend` sends what was sent."""

    model_config = ConfigDict(extra="forbid")
    mode: Mode = "reroute"


@router.post("/events/{event_id}/replay", dependencies=[requires("event.replay")], status_code=202)
async def replay_event(request: Request, event_id: str, body: ReplayBody) -> Replayed:
    """Replays one event. What comes of it joins the tail of its lanes."""
    actor = (await principal_of(request)).actor
    return await replays.of_event(changing_hub(request), actor, event_id, body.mode)


class ReplaysBody(BaseModel):
    """Which events, and how. Without any filter nothing is replayed: say `since`."""

    model_config = ConfigDict(extra="forbid")
    mode: Literal["reroute", "resend"] = "reroute"
    source: str = ""
    type: str = ""
    subject: str = ""
    severity: str = ""
    since: str = ""
    until: str = ""
    condition: str = ""
    outcome: Outcome | None = Field(default=None, description=_OUTCOME + " As it is when the event's turn comes.")
    cursor: str = ""

    def asked(self, now: float) -> Asked:
        """What is looked for. Raises Problem 422."""
        wanted = Filter(
            source=self.source,
            type=self.type,
            subject=self.subject,
            severity=self.severity,
            since=at(self.since, "since", now),
            until=at(self.until, "until", now),
        )
        return Asked(wanted, condition_of(self.condition), self.outcome or "")


@router.post("/replays", dependencies=[requires("event.replay")], status_code=202)
async def replay_events(request: Request, body: ReplaysBody) -> Slice:
    """Replays the next 100 events of a filter, oldest first. Send it again with `cursor` until `next` is null."""
    asked = body.asked(hub_of(request).clock.now())
    if asked == Asked(Filter()):
        raise Problem(422, "filter.missing")
    actor = (await principal_of(request)).actor
    return await replays.of_filter(changing_hub(request), actor, asked, body.mode, event_cursor(body.cursor))
