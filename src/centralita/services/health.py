"""Is the hub ready, and how deep are its queues."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from centralita.core import breaker
from centralita.services.hub import Hub
from centralita.store import deliveries, history, lanes, overview, receipts, upkeep
from centralita.store.database import StoreUnavailable, Transaction
from centralita.store.migrate import current, head

READY_WAIT_S = 2.0


async def readiness(hub: Hub) -> list[str]:
    """Message ids of what keeps the hub from working; [] when it is ready. A receiver that is down is no reason."""
    faults = known_faults(hub)
    try:
        async with asyncio.timeout(READY_WAIT_S):
            await hub.database.write(_writable)
            if await hub.database.read(current) != head():
                faults.append("database.not_migrated")
    except (StoreUnavailable, TimeoutError):
        faults.append("database.unavailable")
    return faults


def known_faults(hub: Hub) -> list[str]:
    """As ``readiness``, without asking the database."""
    faults = list(hub.faults)
    if hub.draining:
        faults.append("hub.draining")
    if hub.router.stopped_by:
        faults.append("ruleset.changed")
    return faults


def _writable(tx: Transaction) -> None:
    upkeep.set_fact(tx, "ready", "1")


async def measure(hub: Hub) -> None:
    """Sets the gauges from the database. Leaves them as they are when it does not answer."""

    def read(tx: Transaction) -> None:
        now = hub.clock.now()
        keys = {lane.id: lane for lane in lanes.listing(tx)}
        depth: dict[tuple[str, str], int] = {}
        oldest = now
        for lane_id, state, count, since in deliveries.counts(tx):
            destination = keys[lane_id].destination if lane_id in keys else "unknown"
            depth[destination, state] = depth.get((destination, state), 0) + count
            oldest = min(oldest, since)
        hub.metrics.queue_depth.clear()
        for (destination, state), count in depth.items():
            hub.metrics.queue_depth.labels(destination, state).set(count)
        hub.metrics.queue_oldest.set(max(0.0, now - oldest))
        hub.metrics.inbox_depth.set(receipts.count_waiting(tx))
        hub.metrics.dead_letters.set(history.dead_count(tx))
        open_ = [lane for lane in keys.values() if lane.breaker and breaker.load(lane.breaker).position == "open"]
        hub.metrics.open_breakers.set(len(open_))

    hub.metrics.in_flight.set(hub.deliverer.active)
    try:
        await hub.database.read(read)
    except StoreUnavailable:
        return


@dataclass(frozen=True)
class Trouble:
    """What somebody should look at."""

    faults: tuple[str, ...] = ()
    """As ``readiness`` gives them."""
    held: tuple[str, ...] = ()
    """Keys of the lanes whose breaker is open."""
    paused: tuple[str, ...] = ()
    """Keys of the lanes that a person or the hub has paused."""
    dead: int = 0
    """Dead letters that wait for somebody."""
    waiting: int = 0
    """Deliveries that are not finished."""


async def trouble(hub: Hub) -> Trouble:
    """How the hub is, in short. Raises StoreUnavailable."""

    def read(tx: Transaction) -> Trouble:
        known = lanes.listing(tx)
        return Trouble(
            held=tuple(each.key for each in known if each.breaker and breaker.load(each.breaker).position == "open"),
            paused=tuple(each.key for each in known if each.paused),
            dead=history.dead_count(tx),
            waiting=sum(count for count, _oldest in overview.depths(tx).values()),
        )

    found = await hub.database.read(read)
    return replace(found, faults=tuple(await readiness(hub)))
