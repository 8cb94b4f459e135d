"""Outgoing webhooks: sending again what was sent, what failed, and what was missed."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from centralita.services import webhook_replay
from centralita.services.access import Refused
from centralita.services.webhook_replay import MOST_NAMED, Replayed, Wanted
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import at, condition_of, delivery_number, event_cursor, number_cursor
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["webhooks"])

Since = Annotated[str, Field(max_length=64)]


class ReplayBody(BaseModel):
    """Exactly one of `deliveries`, `failed_since`, `missed_since` and `since`; `where` and `until` narrow the last two.

    `original` sends by the webhook as it was at the last attempt, signed with today's keys.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"deliveries": ["dlv_17"]},
                {"failed_since": "1d", "configuration": "original"},
                {"missed_since": "2026-11-20T08:00:00Z"},
                {"since": "7d", "where": "data.ticket.id == '4521'"},
            ]
        },
    )
    deliveries: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=MOST_NAMED)
    failed_since: Since = ""
    missed_since: Since = ""
    since: Since = ""
    until: Since = ""
    where: str = Field(default="", max_length=4096)
    configuration: Literal["current", "original"] = "current"
    cursor: str = Field(default="", max_length=200)

    def wanted(self, now: float) -> Wanted:
        """Raises Refused, Problem 422, ConditionError."""
        chosen = [name for name in ("deliveries", "failed_since", "missed_since", "since") if getattr(self, name)]
        if len(chosen) != 1:
            raise Refused("replay.one_of")
        walks = chosen[0] in ("missed_since", "since")
        if (self.where or self.until) and not walks:
            raise Refused("replay.narrows")
        if chosen[0] == "missed_since" and self.configuration == "original":
            raise Refused("replay.missed_original")
        if walks:
            event_cursor(self.cursor)
        else:
            number_cursor(self.cursor)
        return Wanted(
            deliveries=tuple(delivery_number(text) for text in self.deliveries),
            failed_since=at(self.failed_since, "failed_since", now),
            missed_since=at(self.missed_since, "missed_since", now),
            sent_since=at(self.since, "since", now),
            until=at(self.until, "until", now),
            condition=condition_of(self.where),
            configuration=self.configuration,
        )


@router.post("/webhooks/{name}/replay", dependencies=[requires("delivery.replay")], status_code=202)
async def replay_webhook(request: Request, name: str, body: ReplayBody) -> Replayed:
    """Sends the next slice again, with the same ids; it joins the tail of the queue, and the breaker does not count it.
    Ask again with `cursor` until `next` is null."""
    wanted = body.wanted(hub_of(request).clock.now())
    actor = (await principal_of(request)).actor
    return await webhook_replay.replay(changing_hub(request), actor, name, wanted, body.cursor)
