"""The lanes: how each is doing, and stopping or starting one."""

from __future__ import annotations

from dataclasses import dataclass

from centralita.core import breaker
from centralita.core.lanes import LaneState
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
    """``flowing``, ``waiting`` (for a turn), ``held`` (by the receiver or the breaker), ``paused`` (by a person)."""
    waiting: int
    """Deliveries that are not finished, in whatever state."""
    in_flight: int
    oldest_at: str | None
    """When the oldest unfinished delivery was made."""
    breaker: str
    held_until: str | None
    hold_reason: str
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
        now = hub.clock.now()
        return [_view(lane, depth.get(lane.id), now) for lane in lanes.listing(tx)]

    return await hub.database.read(read)


def _view(lane: LaneState, depth: tuple[int, float] | None, now: float) -> LaneView:
    waiting, oldest = depth or (0, None)
    held = lane.held_until > now
    state = "paused" if lane.paused else "held" if held else "waiting" if waiting > lane.in_flight else "flowing"
    return LaneView(
        key=lane.key,
        destination=lane.destination,
        target=lane.target,
        state=state,
        waiting=waiting,
        in_flight=lane.in_flight,
        oldest_at=shown(oldest),
        breaker=breaker.look(breaker.load(lane.breaker), now).position,
        held_until=shown(lane.held_until) if held else None,
        hold_reason=lane.hold_reason if held else "",
        last_success_at=shown(lane.last_success_at),
        last_failure_at=shown(lane.last_failure_at),
        last_error=lane.last_error,
        dead=lane.dead,
    )


async def set_paused(hub: Hub, actor: str, key: str, paused: bool) -> LaneView | None:
    """Stops a lane, or lets it go on; None when there is no such lane."""
    now = hub.clock.now()

    def change(tx: Transaction) -> bool:
        found = lanes.by_key(tx, key)
        if found is None:
            return False
        before = lanes.lock(tx, [found.id])[found.id]
        if before.paused != paused:
            lanes.set_paused(tx, before.id, paused)
            details = {"before": {"paused": before.paused}, "after": {"paused": paused}}
            record(tx, now, actor, "lane.paused" if paused else "lane.resumed", f"lane/{key}", details)
        return True

    if not await hub.database.write(change):
        return None
    hub.deliverer.look()
    hub.database.notify()
    return next((view for view in await listing(hub) if view.key == key), None)
