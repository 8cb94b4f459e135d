"""What one attempt says about a lane: what it does to the breaker, and where its delivery goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from centralita.core import breaker
from centralita.core.breaker import BreakerState
from centralita.core.effects import Effect, Payload, Subject
from centralita.core.events import Event
from centralita.core.lanes import LanePolicy, LaneState
from centralita.ports import Outcome
from centralita.services.attempts import Job
from centralita.services.clock import ReceiptIds, SystemClock
from centralita.services.lane_health import LaneHealth, Observed
from centralita.store.database import Database, open_database
from centralita.store.deliveries import DeliveryRow

NOW = 1_800_000_000.0
DUE_AT = NOW - 100
WEBHOOK = LanePolicy(disable_after_s=432_000)
DELIVERED = Outcome(state="delivered")
FAILED = Outcome(state="retry", reason="http.status", detail="500")
BLOCKED = Outcome(state="dead", reason="net.blocked")
THROTTLED = Outcome(state="retry", reason="http.throttled", hold="lane", spends_attempt=False, failure=False)
GONE = Outcome(state="retry", reason="http.gone", gone=True)


def _failed(times: int) -> BreakerState:
    state = BreakerState()
    for _ in range(times):
        state = breaker.observe(state, False, NOW - 40, NOW - 40, 16)
    return state


ABOUT_TO_OPEN, OPEN = _failed(9), _failed(10)
"""Open until 10 s ago: whatever begins now is a probe."""


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


def _lane(state: BreakerState = BreakerState(), **facts: Any) -> LaneState:  # noqa: B008  immutable
    return LaneState(id=1, key="webhook:erp", destination="webhook", target="erp", breaker=breaker.dump(state), **facts)


def _job(outcome: Outcome, generation: int = 0, started_at: float = NOW) -> Job:
    event = Event(id="evt_1", source="s", type="t", time="2027-01-15T08:00:00Z")
    row = DeliveryRow(
        id=1, lane_id=1, ordering_key="", state="in_flight", due_at=DUE_AT, generation=generation, event_day=1,
        event_id="evt_1", rule="r", created_at=NOW, payload=b"",
    )  # fmt: skip
    effect = Effect(rule="r", destination="webhook", target="erp")
    payload = Payload(event=event, effect=effect, subject=Subject(source="s", subject=""))
    return Job(worker=1, row=row, payload=payload, address=None, outcome=outcome, started_at=started_at)


async def _observe(database: Database, lane: LaneState, job: Job, policy: LanePolicy = WEBHOOK) -> Observed:
    health = LaneHealth(ReceiptIds(SystemClock()))
    return await database.write(lambda tx: health.observe(tx, lane, policy, job, NOW))


@pytest.mark.parametrize(
    ("before", "job", "position", "back_at"),
    [
        (BreakerState(), _job(FAILED), "closed", None),
        (ABOUT_TO_OPEN, _job(FAILED), "open", DUE_AT),
        (ABOUT_TO_OPEN, _job(BLOCKED), "open", None),  # it is no use to keep it
        (ABOUT_TO_OPEN, _job(FAILED, generation=1), "closed", None),
        (ABOUT_TO_OPEN, _job(THROTTLED), "closed", None),
        (OPEN, _job(FAILED, started_at=NOW - 60), "open", DUE_AT),  # was under way when it opened
        (OPEN, _job(DELIVERED, started_at=NOW - 60), "open", None),
        (OPEN, _job(FAILED), "open", NOW),  # the probe: behind the others
        (OPEN, _job(DELIVERED), "ramping", None),
        (OPEN, _job(FAILED, generation=1), "open", NOW),
        (OPEN, _job(DELIVERED, generation=1), "ramping", None),
    ],
)
async def test_what_an_attempt_does_to_the_breaker(
    database: Database, before: BreakerState, job: Job, position: str, back_at: float | None
) -> None:
    lane = _lane(before)
    observed = await _observe(database, lane, job)
    after = breaker.load(lane.breaker)
    assert (after.position, observed.back_at) == (position, back_at)
    assert observed.announced == ({before.position, position} in ({"closed", "open"}, {"open", "ramping"}))
    if position == "open":
        assert after.openings == (2 if job.started_at == NOW and before is OPEN else 1)


async def test_only_what_is_given_a_limit_is_stopped(database: Database) -> None:
    lane = _lane(failing_since=NOW - 1e6, last_failure_at=NOW - 60)
    assert await _observe(database, lane, _job(FAILED), LanePolicy()) == Observed()
    assert (await _observe(database, lane, _job(FAILED))).stopped
    assert (lane.paused, lane.paused_reason) == (True, "webhook.failing")


async def test_what_is_still_under_way_when_a_lane_is_stopped_neither_dies_nor_stops_it_twice(
    database: Database,
) -> None:
    lane = _lane()
    assert await _observe(database, lane, _job(GONE)) == Observed(announced=True, stopped=True, back_at=DUE_AT)
    for outcome in (GONE, FAILED):
        assert await _observe(database, lane, _job(outcome)) == Observed(back_at=DUE_AT)
    assert await _observe(database, lane, _job(DELIVERED)) == Observed()
    assert lane.paused_reason == "http.gone"


async def test_a_lane_that_a_person_paused_stays_theirs(database: Database) -> None:
    lane = _lane(paused=True)
    assert await _observe(database, lane, _job(GONE)) == Observed(back_at=DUE_AT)
    assert lane.paused_reason == ""
