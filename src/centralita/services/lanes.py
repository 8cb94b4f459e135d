"""The lanes: how each is doing, and stopping or starting one."""

from __future__ import annotations

from dataclasses import dataclass

from centralita.core import breaker
from centralita.core.lanes import LanePolicy, LaneState
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.times import shown
from centralita.store import deliveries, lanes
from centralita.store.database import Transaction


@dataclass(frozen=True)
class LaneView:
    """One destination's queue."""

    key: str
    destination: str
    target: str
    state: str
    """``flowing``, ``waiting`` (for a turn), ``held`` (by the receiver or the breaker), ``paused`` (by a person, or by
    the hub, which gives a ``paused_reason``), ``off`` (a webhook that is switched off, or that is polled)."""
    waiting: int
    """Deliveries that are not finished, in whatever state."""
    in_flight: int
    oldest_at: str | None
    """When the oldest unfinished delivery was made."""
    breaker: str
    """``closed``, ``open``, ``half_open`` (the next delivery is a probe), ``ramping``."""
    held_until: str | None
    hold_reason: str
    paused_reason: str
    """Why the hub paused it: ``http.gone``, ``webhook.failing``; "" otherwise."""
    failing_since: str | None
    """Since when nothing has succeeded, if anything has failed since."""
    last_success_at: str | None
    last_failure_at: str | None
    last_error: str
    dead: int
    """Dead letters that it ever had."""


async def listing(hub: Hub) -> list[LaneView]:
    """Every lane, by key."""

    def read(tx: Transaction) -> list[LaneView]:
        depth: dict[int, tuple[int, float]] = {}
        for lane_id, _, count, oldest in deliveries.counts(tx):
            known, since = depth.get(lane_id, (0, oldest))
            depth[lane_id] = known + count, min(since, oldest)
        now, policy = hub.clock.now(), hub.destinations.policy
        return [
            view(lane, policy(lane.destination, lane.target), depth.get(lane.id), now) for lane in lanes.listing(tx)
        ]

    return await hub.database.read(read)


def view(lane: LaneState, policy: LanePolicy, depth: tuple[int, float] | None, now: float) -> LaneView:
    """A lane as it is shown; ``depth`` is how many of its deliveries are unfinished, and when the oldest was made."""
    waiting, oldest = depth or (0, None)
    held = lane.held_until > now
    stopped = "paused" if lane.paused else "off" if policy.off else "held" if held else ""
    return LaneView(
        key=lane.key,
        destination=lane.destination,
        target=lane.target,
        state=stopped or ("waiting" if waiting > lane.in_flight else "flowing"),
        waiting=waiting,
        in_flight=lane.in_flight,
        oldest_at=shown(oldest),
        breaker=breaker.look(breaker.load(lane.breaker), now).position,
        held_until=shown(lane.held_until) if held else None,
        hold_reason=lane.hold_reason if held else "",
        paused_reason=lane.paused_reason,
        failing_since=shown(lane.failing_since),
        last_success_at=shown(lane.last_success_at),
        last_failure_at=shown(lane.last_failure_at),
        last_error=lane.last_error,
        dead=lane.dead,
    )


async def set_paused(hub: Hub, actor: str, key: str, paused: bool) -> LaneView | None:
    """Stops a lane, or lets it go on at once, whatever stopped or held it; None when there is no such lane."""
    now = hub.clock.now()

    def change(tx: Transaction) -> bool:
        found = lanes.by_key(tx, key)
        if found is None:
            return False
        lane = lanes.lock(tx, [found.id])[found.id]
        before = {"paused": lane.paused, **({"reason": lane.paused_reason} if lane.paused_reason else {})}
        changed = lane.paused != paused or (not paused and _is_held_by_breaker(lane))
        _set_paused(lane, paused)
        lanes.save(tx, [lane])
        if changed:
            details = {"before": before, "after": {"paused": paused}}
            record(tx, now, actor, "lane.paused" if paused else "lane.resumed", f"lane/{key}", details)
        return True

    if not await hub.database.write(change):
        return None
    hub.deliverer.look()
    hub.database.notify()
    return next((each for each in await listing(hub) if each.key == key), None)


def _is_held_by_breaker(lane: LaneState) -> bool:
    return breaker.load(lane.breaker).position == "open"


def _set_paused(lane: LaneState, paused: bool) -> None:
    if paused:
        lane.paused, lane.wake_at = True, None
    else:
        go_on(lane)


def go_on(lane: LaneState) -> None:
    """What the hub knew against the receiver is forgotten when a person says that it is well; what the receiver itself
    asked for (Retry-After) holds."""
    if _is_held_by_breaker(lane):
        lane.held_until, lane.hold_reason = 0.0, ""
    lane.paused, lane.paused_reason, lane.breaker = False, "", ""
    lane.failing_since, lane.warned, lane.wake_at = None, 0, 0.0
