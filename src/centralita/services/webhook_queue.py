"""The queue of one webhook: stopped by a person, let go on, or given up with the webhook."""

from __future__ import annotations

from typing import Any

from centralita.services import lanes, webhooks
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.lanes import go_on
from centralita.services.webhooks import LANE, WebhookView
from centralita.store import deliveries
from centralita.store import lanes as stored
from centralita.store.database import Transaction


async def pause(hub: Hub, actor: str, name: str) -> WebhookView:
    """Sends nothing until it is resumed; what comes in waits. Raises LookupError."""
    await webhooks.find(hub, name)
    # One that was sent nothing yet has no queue: it has to be there so that the first event waits in it.
    await hub.database.write(lambda tx: stored.hold(tx, {LANE + name: ("webhook", name)}))
    await lanes.set_paused(hub, actor, LANE + name, True)
    return await webhooks.find(hub, name)


async def resume(hub: Hub, actor: str, name: str) -> WebhookView:
    """Goes on with the queue of a webhook that was paused, or stopped by the hub. Raises LookupError."""
    await webhooks.find(hub, name)
    now = hub.clock.now()

    def write(tx: Transaction) -> None:
        before = release(tx, name)
        if before:
            record(tx, now, actor, "webhook.resumed", f"webhook/{name}", {"before": before})

    await hub.database.write(write)
    hub.deliverer.look()
    hub.database.notify()
    return await webhooks.find(hub, name)


def release(tx: Transaction, name: str, *, only_hubs: bool = False) -> dict[str, Any]:
    """Has the lane go on, whatever stopped or held it; what that was, {} when nothing had.

    ``only_hubs``: a stop by a person stays.
    """
    known = stored.by_key(tx, LANE + name)
    if known is None:
        return {}
    lane = stored.lock(tx, [known.id])[known.id]
    if only_hubs and lane.paused and not lane.paused_reason:
        return {}
    before = {"paused": lane.paused, "reason": lane.paused_reason or lane.hold_reason}
    go_on(lane)
    stored.save(tx, [lane])
    return before if any(before.values()) else {}


def give_up(tx: Transaction, name: str, now: float) -> int:
    """Has all that waits looked at, whatever it waits for, so that it ends; how many that are."""
    known = stored.by_key(tx, LANE + name)
    if known is None:
        return 0
    lane = stored.lock(tx, [known.id])[known.id]
    go_on(lane)
    lane.held_until, lane.hold_reason = 0.0, ""
    stored.save(tx, [lane])
    deliveries.hasten(tx, lane.id, now)
    return deliveries.unfinished(tx, [lane.id]).get(lane.id, 0)
