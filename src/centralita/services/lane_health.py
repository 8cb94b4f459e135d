"""How a lane is doing, and what follows: its breaker holds it, the hub stops it, somebody is told.

A webhook is stopped (paused, with the reason) when its receiver says that it is gone for good, and when it has had no
success for as long as its policy bears. What waits there is kept, and what comes in queues behind it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from centralita.core import breaker
from centralita.core.breaker import BreakerState
from centralita.core.lanes import LanePolicy, LaneState
from centralita.services import announcements
from centralita.services.attempts import Job
from centralita.services.clock import ReceiptIds
from centralita.store import deliveries
from centralita.store.database import Transaction

ACTOR = "hub"
"""Who the audit log says it was."""
BREAKER_OPEN = "breaker.open"
FAILING = "webhook.failing"
WARNINGS = (50, 70, 90)
"""Per cent of ``LanePolicy.disable_after_s`` at which somebody is told."""
MOST_SILENCE = 0.5
"""Share of ``disable_after_s``: when nothing was tried for longer, nobody knows that it failed all the time. So it is
never stopped without a warning."""


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt led to."""

    announced: bool = False
    stopped: bool = False
    """The hub has paused the lane."""
    back_at: float | None = None
    """When its delivery, if it is to be tried again, is due without having spent an attempt; None: as its outcome
    says."""


class LaneHealth:
    """Judges lanes by their attempts."""

    def __init__(self, ids: ReceiptIds) -> None:
        self._ids = ids

    def observe(self, tx: Transaction, lane: LaneState, policy: LanePolicy, job: Job, now: float) -> Observed:
        """Keeps the lane's health after an attempt, which has left the flight already."""
        outcome = job.outcome
        succeeded, failed = outcome.state == "delivered", outcome.failure and outcome.state in ("retry", "dead")
        silence_s = now - (lane.last_failure_at or now)
        if succeeded:
            lane.last_success_at = now
        elif outcome.state in ("retry", "dead"):
            lane.last_failure_at = now
            lane.last_error = f"{outcome.reason} {outcome.detail}".strip()[:500]
        if outcome.gone:
            return self._stop(tx, lane, job, now, outcome.reason)
        before = breaker.load(lane.breaker)
        is_replay = job.row.generation > 0 and breaker.look(before, now).position != "half_open"
        if is_replay or not (succeeded or failed):
            return Observed()
        announced, stopped, back_at = False, False, None
        if policy.breaker:
            announced, back_at = self._break(tx, lane, policy, job, now, before)
        if succeeded:
            lane.failing_since, lane.warned = None, 0
        elif policy.disable_after_s > 0:
            told = self._bear(tx, lane, policy, job, now, silence_s)
            announced, stopped = announced or told.announced, told.stopped
        if lane.paused_reason and not succeeded:  # nothing dies of what the hub has stopped
            back_at = job.row.due_at
        return Observed(announced=announced, stopped=stopped, back_at=back_at)

    def _break(
        self, tx: Transaction, lane: LaneState, policy: LanePolicy, job: Job, now: float, before: BreakerState
    ) -> tuple[bool, float | None]:
        """Whether that announced something, and ``Observed.back_at``."""
        succeeded = job.outcome.state == "delivered"
        after = breaker.observe(before, succeeded, job.started_at, now, policy.in_flight)
        lane.breaker = breaker.dump(after)
        announced = False
        if after.position == "open" and after is not before:
            lane.held_until, lane.hold_reason = max(lane.held_until, after.open_until), BREAKER_OPEN
            if before.position in ("closed", "ramping"):
                facts = {"reason": lane.last_error, "retry_at": announcements.rfc3339(after.open_until)}
                announced = self.announce(tx, "centralita.breaker.opened", lane, job, now, facts)
        elif before.position in ("open", "half_open") and after.position in ("ramping", "closed"):
            lane.hold_reason, lane.held_until = "", 0.0
            announced = self.announce(tx, "centralita.breaker.closed", lane, job, now, {})
        if after.position != "open" or job.outcome.state != "retry":
            return announced, None
        # What opened it, or was under way then, keeps its place. What it was probed with goes behind the others: a
        # delivery that the receiver never takes must not be all that it is ever asked.
        probed = before.position != "closed" and after is not before
        return announced, now if probed else job.row.due_at

    def _bear(
        self, tx: Transaction, lane: LaneState, policy: LanePolicy, job: Job, now: float, silence_s: float
    ) -> Observed:
        """Counts how long nothing has succeeded: warns, and in the end stops the lane."""
        if lane.failing_since is None or silence_s > MOST_SILENCE * policy.disable_after_s:
            lane.failing_since, lane.warned = now, 0
        percent = 100 * (now - lane.failing_since) / policy.disable_after_s
        if percent >= 100:
            return self._stop(tx, lane, job, now, FAILING)
        reached = max((step for step in WARNINGS if step <= percent), default=0)
        if reached <= lane.warned:
            return Observed()
        lane.warned = reached
        facts = {
            "reason": lane.last_error,
            "percent": reached,
            "since": announcements.rfc3339(lane.failing_since),
            "disables_at": announcements.rfc3339(lane.failing_since + policy.disable_after_s),
        }
        return Observed(announced=self.announce(tx, "centralita.webhook.failing", lane, job, now, facts))

    def _stop(self, tx: Transaction, lane: LaneState, job: Job, now: float, reason: str) -> Observed:
        """The delivery goes back to where it was in the queue."""
        if lane.paused:
            return Observed(back_at=job.row.due_at)
        lane.paused, lane.paused_reason = True, reason
        waiting = deliveries.count_of_lane(tx, lane.id)
        facts = {"reason": reason, "last_error": lane.last_error, "waiting": waiting}
        announced = self.announce(tx, "centralita.webhook.disabled", lane, job, now, facts)
        return Observed(announced=announced, stopped=True, back_at=job.row.due_at)

    def announce(
        self, tx: Transaction, type_: str, lane: LaneState, job: Job, now: float, facts: dict[str, Any]
    ) -> bool:
        """Tells of the lane; False when that would lead in a circle."""
        return announcements.announce(
            tx,
            self._ids.new(),
            type_,
            subject=f"lane/{lane.key}",
            title=lane.key,
            now=now,
            facts={"lane": lane.key, **facts},
            cause=job.payload.event,
        )
