"""What follows from finished attempts: ends, retries, promotions, announcements; one transaction a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from centralita.core import retry
from centralita.core.deliveries import next_state
from centralita.core.lanes import LanePolicy, LaneState, set_wake
from centralita.ports import Outcome
from centralita.services import lane_health
from centralita.services.attempt_record import attempt_of, failures_of
from centralita.services.attempts import Buckets, Job
from centralita.services.audit import record
from centralita.services.clock import ReceiptIds
from centralita.services.destinations import Destinations
from centralita.services.lane_health import LaneHealth
from centralita.services.reactions import Ended, Reactions
from centralita.services.rollups import Tries
from centralita.store import buckets as stored_buckets
from centralita.store import deliveries, history, lanes, webhook_issues
from centralita.store.database import Transaction
from centralita.store.deliveries import Retry
from centralita.store.history import Attempt, Finished

ANNOUNCE_GAP_S = 300.0
"""At most one announcement a lane in this time; the next one says how many it stands for."""


class Settled(msgspec.Struct):
    """What a batch of results led to."""

    announced: bool = False
    rejected: Mapping[str, int] = {}
    """How many deliveries by kind of destination it has shut in."""
    late: int = 0
    """Results that were thrown away, because the lane has another owner now."""


class _Plan(msgspec.Struct):
    """What a batch writes."""

    finished: list[Finished] = []
    attempts: list[tuple[Job, Attempt]] = []
    retries: list[Retry] = []
    go_on: list[tuple[int, str]] = []
    go_on_after_dead: list[tuple[int, str]] = []
    hold_behind: list[tuple[int, str]] = []
    stopped: list[LaneState] = []


class Settler:
    """Commits results."""

    def __init__(
        self,
        ids: ReceiptIds,
        destinations: Destinations,
        buckets: Buckets,
        jitter: Callable[[], float],
        reactions: Reactions,
    ) -> None:
        self._reactions, self._health = reactions, LaneHealth(ids)
        self._destinations, self._buckets, self._jitter = destinations, buckets, jitter

    def writing(self, batch: Sequence[Job], now: float) -> Callable[[Transaction], Settled]:
        """What writes the results of a batch as they are now."""
        refused = {job.outcome.hold for job in batch} - {"", "lane"}
        held = {key: state for key, state in self._buckets.snapshot().items() if key in refused}

        def write(tx: Transaction) -> Settled:
            stored_buckets.save(tx, held)
            return self.write(tx, batch, now)

        return write

    def write(self, tx: Transaction, batch: Sequence[Job], now: float) -> Settled:
        """Writes results as a part of somebody's transaction."""
        settled, plan = Settled(), _Plan()
        states = lanes.lock(tx, [job.row.lane_id for job in batch])
        policies = {lane.id: self._destinations.policy(lane.destination, lane.target) for lane in states.values()}
        open_ = deliveries.in_flight(tx, [job.row.id for job in batch])
        tries = Tries(states.values())
        for job in batch:
            lane = states.get(job.row.lane_id)
            if lane is None or lane.owner != job.worker or job.row.id not in open_:
                settled.late += 1
                continue
            tries.count(job, policies[lane.id].slow_s)
            announced = self._settle_one(tx, job, lane, policies[lane.id], plan, now)
            settled.announced = settled.announced or announced
        _carry_out(tx, plan, now)
        settled.rejected = tries.write(tx, now)
        due = deliveries.next_due(tx, states)
        for lane in states.values():
            set_wake(lane, policies[lane.id], due.get(lane.id), now)
        lanes.save(tx, list(states.values()))
        for lane in plan.stopped:
            record(tx, now, lane_health.ACTOR, "lane.paused", f"lane/{lane.key}", {"reason": lane.paused_reason})
        return settled

    def _settle_one(
        self, tx: Transaction, job: Job, lane: LaneState, policy: LanePolicy, plan: _Plan, now: float
    ) -> bool:
        lane.in_flight = max(0, lane.in_flight - 1)
        if lane.in_flight == 0:
            lane.owner = None
        outcome, spent = job.outcome, job.row.attempts + (1 if job.outcome.spends_attempt else 0)
        plan.attempts.append((job, attempt_of(job)))
        observed = self._health.observe(tx, lane, policy, job, now)
        announced, due_at = observed.announced, None
        if observed.stopped:
            plan.stopped.append(lane)
        if outcome.state == "retry":
            if observed.back_at is not None:
                outcome, spent = msgspec.structs.replace(outcome, spends_attempt=False), job.row.attempts
            due_at = retry.next_attempt(outcome, spent, policy, now, self._jitter())
            if due_at is None:
                outcome = msgspec.structs.replace(outcome, state="dead", detail=outcome.detail or outcome.reason)
                # The last try is not tried again: whoever looks for what was given up finds it by that.
                plan.attempts[-1] = (job, msgspec.structs.replace(plan.attempts[-1][1], outcome="dead"))
        if due_at is not None:
            uncertain = job.row.uncertain or job.uncertain or outcome.uncertain
            if outcome.hold == "lane":
                # All of the lane waits: what was refused keeps its place, or those behind it would go first.
                if due_at > lane.held_until:
                    lane.held_until, lane.hold_reason = due_at, outcome.reason
                due_at = job.row.due_at
            back_at = due_at if observed.back_at is None else observed.back_at
            plan.retries.append(
                Retry(id=job.row.id, due_at=back_at, attempts=spent, uncertain=uncertain, reason=outcome.reason)
            )
            return announced
        plan.finished.append(_finished(job, outcome, spent, now))
        _follow(plan, job, outcome, policy)
        if job.payload.effect.action:
            ended = Ended(delivery=f"dlv_{job.row.id}", payload=job.payload, outcome=outcome, now=now)
            announced = self._reactions.ended(tx, ended) or announced
        if outcome.state == "dead":
            lane.dead += 1
            announced = self._announce_dead(tx, lane, job, outcome, now) or announced
        return announced

    def _announce_dead(self, tx: Transaction, lane: LaneState, job: Job, outcome: Outcome, now: float) -> bool:
        if now - lane.announced_at < ANNOUNCE_GAP_S:
            lane.unannounced += 1
            return False
        more, lane.unannounced, lane.announced_at = lane.unannounced, 0, now
        facts = {
            "reason": f"{outcome.reason} {outcome.detail}".strip(),
            "more": more,
            "delivery": f"dlv_{job.row.id}",
        }
        return self._health.announce(tx, "centralita.delivery.dead", lane, job, now, facts)


def _follow(plan: _Plan, job: Job, outcome: Outcome, policy: LanePolicy) -> None:
    """What becomes of the chain behind a delivery that has ended."""
    chain = (job.row.lane_id, job.row.ordering_key)
    if not chain[1]:
        return
    if outcome.state != "dead":
        plan.go_on.append(chain)
    elif policy.on_dead == "hold" and not outcome.refused:
        plan.hold_behind.append(chain)
    else:
        plan.go_on_after_dead.append(chain)


def _carry_out(tx: Transaction, plan: _Plan, now: float) -> None:
    deliveries.remove(tx, [finished.id for finished in plan.finished])
    deliveries.retry(tx, plan.retries)
    deliveries.promote(tx, plan.go_on, now)
    deliveries.promote(tx, plan.go_on_after_dead, now, reason="head.dead")
    deliveries.promote(tx, plan.hold_behind, now, state="held", reason="head.dead")
    history.append(tx, plan.finished, [attempt for _, attempt in plan.attempts])
    webhook_issues.count(tx, failures_of(plan.attempts))


_STATE_EVENT = {"delivered": "succeed", "dead": "exhaust", "skipped": "skip"}


def _finished(job: Job, outcome: Outcome, spent: int, now: float) -> Finished:
    return Finished(
        day=job.row.event_day,
        event_id=job.row.event_id,
        id=job.row.id,
        lane_id=job.row.lane_id,
        state=next_state("in_flight", _STATE_EVENT[outcome.state]),
        rule=job.row.rule,
        generation=job.row.generation,
        attempts=spent,
        created_at=job.row.created_at,
        finished_at=now,
        reason=outcome.reason,
        detail=outcome.detail[:2000],
        reference=outcome.reference,
        effect=msgspec.json.encode(job.payload.effect),
        ordering_key=job.row.ordering_key,
    )
