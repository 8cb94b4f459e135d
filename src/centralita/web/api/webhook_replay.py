"""Outgoing webhooks: sending again what was sent, what failed, and what was missed."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from centralita.services import webhook_replay
from centralita.services.access import Refused
from centralita.services.webhook_history import STATUS, AttemptFilter, DeliveryFilter
from centralita.services.webhook_replay import MOST_NAMED, Replayed, Wanted, check_cursor
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import at, condition_of, delivery_number, event_cursor, number_cursor
from centralita.web.api.problems import Problem
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["webhooks"])

Since = Annotated[str, Field(max_length=64)]


class AttemptsLike(BaseModel):
    """Which attempts, as `GET /webhooks/{name}/attempts` finds them."""

    model_config = ConfigDict(extra="forbid")
    outcome: str = Field(default="", max_length=50)
    status: str = Field(default="", pattern=rf"^({STATUS.pattern})?$")
    error: str = Field(default="", max_length=200)
    since: Since = ""
    until: Since = ""

    def filter(self, now: float) -> AttemptFilter:
        """Raises Problem 422."""
        since, until = at(self.since, "attempts.since", now), at(self.until, "attempts.until", now)
        return AttemptFilter(outcome=self.outcome, status=self.status, error=self.error, since=since, until=until)


class DeliveriesLike(BaseModel):
    """Which finished deliveries, as `GET /webhooks/{name}/deliveries` finds them."""

    model_config = ConfigDict(extra="forbid")
    state: str = Field(default="", max_length=50)
    reason: str = Field(default="", max_length=200)
    type: str = Field(default="", max_length=200)
    since: Since = ""
    until: Since = ""

    def filter(self, now: float) -> DeliveryFilter:
        """Raises Problem 422."""
        since, until = at(self.since, "finished.since", now), at(self.until, "finished.until", now)
        return DeliveryFilter(state=self.state, reason=self.reason, type=self.type, since=since, until=until)


CHOICES = ("deliveries", "failed_since", "missed_since", "since", "attempts", "finished")


class ReplayBody(BaseModel):
    """Exactly one of `deliveries`, `failed_since`, `missed_since`, `since`, `attempts` (what was tried like that) and
    `finished` (what ended like that); `where` narrows the last four, `until` `missed_since` and `since`.

    What `attempts` and `finished` find is sent again unless it was already. `original` sends by the webhook as it was
    at the last attempt, signed with today's keys.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"deliveries": ["dlv_17"]},
                {"failed_since": "1d", "configuration": "original"},
                {"missed_since": "2026-11-20T08:00:00Z"},
                {"since": "7d", "where": "data.ticket.id == '4521'"},
                {"attempts": {"status": "5xx", "since": "1d"}},
                {"finished": {"state": "skipped", "since": "1d"}},
            ]
        },
    )
    deliveries: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=MOST_NAMED)
    failed_since: Since = ""
    missed_since: Since = ""
    since: Since = ""
    until: Since = ""
    attempts: AttemptsLike | None = None
    finished: DeliveriesLike | None = None
    where: str = Field(default="", max_length=4096)
    configuration: Literal["current", "original"] = "current"
    cursor: str = Field(default="", max_length=200)

    def wanted(self, now: float) -> Wanted:
        """Raises Refused, Problem 422, ConditionError."""
        chosen = [name for name in CHOICES if getattr(self, name)]
        if len(chosen) != 1:
            raise Refused("replay.one_of")
        [what] = chosen
        if (self.where and what in CHOICES[:2]) or (self.until and what not in CHOICES[2:4]):
            raise Refused("replay.narrows")
        if what == "missed_since" and self.configuration == "original":
            raise Refused("replay.missed_original")
        self._check_cursor(what)
        return Wanted(
            deliveries=tuple(delivery_number(text) for text in self.deliveries),
            failed_since=at(self.failed_since, "failed_since", now),
            missed_since=at(self.missed_since, "missed_since", now),
            sent_since=at(self.since, "since", now),
            until=at(self.until, "until", now),
            attempts=self.attempts.filter(now) if self.attempts else None,
            listed=self.finished.filter(now) if self.finished else None,
            condition=condition_of(self.where),
            configuration=self.configuration,
        )

    def _check_cursor(self, what: str) -> None:
        if what in ("missed_since", "since"):
            event_cursor(self.cursor)
        elif what in ("attempts", "finished"):
            try:
                check_cursor(self.cursor, attempts=what == "attempts")
            except ValueError:
                raise Problem(422, "cursor.unreadable") from None
        else:
            number_cursor(self.cursor)


@router.post("/webhooks/{name}/replay", dependencies=[requires("delivery.replay")], status_code=202)
async def replay_webhook(request: Request, name: str, body: ReplayBody) -> Replayed:
    """Sends the next slice again, with the same ids; it joins the tail of the queue, and the breaker does not count it.
    Ask again with `cursor` until `next` is null."""
    wanted = body.wanted(hub_of(request).clock.now())
    actor = (await principal_of(request)).actor
    return await webhook_replay.replay(changing_hub(request), actor, name, wanted, body.cursor)
