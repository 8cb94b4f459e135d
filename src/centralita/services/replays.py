"""Replays as people ask for them: of one event or delivery, of the dead letters, of everything since a time.

What may be a million rows goes by slices: each call does one and says where the next begins, so that no request lasts
for minutes, and what was done is in the audit log slice by slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from centralita.core.outcomes import LOOK_FIRST
from centralita.services import event_search, replay
from centralita.services.audit import recording
from centralita.services.event_search import Asked
from centralita.services.hub import Hub
from centralita.services.replay import NotFound
from centralita.services.times import shown
from centralita.store import events, glances, history, lanes
from centralita.store.database import Transaction
from centralita.store.glances import DeadRow
from centralita.store.history import DeadLetter

__all__ = ["NotFound"]

Mode = Literal["reparse", "reroute", "resend"]
SLICE = 100


@dataclass(frozen=True)
class Replayed:
    """What a replay did."""

    events: int
    deliveries: int
    """New deliveries; a re-parse decides about them later."""


@dataclass(frozen=True)
class Slice:
    """One step of a large replay."""

    events: int
    deliveries: int
    next: str | None
    """Give it back to go on; None when nothing is left."""


@dataclass(frozen=True)
class DeadLetterView:
    """A delivery that was given up."""

    id: str
    event: str
    type: str
    """The event's; "" when it is no longer kept, as its title."""
    title: str
    lane: str
    rule: str
    attempts: int
    reason: str
    detail: str
    created_at: str | None
    died_at: str | None


async def of_event(hub: Hub, actor: str, event_id: str, mode: Mode) -> Replayed:
    """Replays one event; with ``reparse`` also a receipt by its own id, for one that gave no event. Raises NotFound."""
    if mode == "reparse" and event_id.startswith("rcp_"):
        return await _reparse(hub, actor, event_id)
    stored = await hub.database.read(lambda tx: events.get(tx, event_id))
    if stored is None:
        raise NotFound(event_id)
    if mode == "reparse":
        return await _reparse(hub, actor, stored.receipt_id)
    count = await _reroute(hub, actor, event_id) if mode == "reroute" else await _resend_all(hub, actor, event_id)
    return Replayed(events=1, deliveries=count)


async def _reparse(hub: Hub, actor: str, receipt_id: str) -> Replayed:
    await replay.reparse(recording(hub, actor, "receipt.reparsed", f"receipt/{receipt_id}"), receipt_id)
    return Replayed(events=1, deliveries=0)


async def _reroute(hub: Hub, actor: str, event_id: str) -> int:
    audited = recording(hub, actor, "event.rerouted", f"event/{event_id}", _counted)
    return await replay.reroute(audited, event_id)


async def _resend_all(hub: Hub, actor: str, event_id: str) -> int:
    """Sends again what the event's latest generation of deliveries came to; those still on their way are left alone."""
    finished = await hub.database.read(lambda tx: history.of_event(tx, event_id))
    latest: dict[tuple[int, str], history.Finished] = {}
    for row in finished:
        if row.state != "superseded":
            latest[row.lane_id, row.rule] = row
    for row in latest.values():
        await resend(hub, actor, row.id, event_id)
    return len(latest)


async def resend(hub: Hub, actor: str, delivery_id: int, event_id: str = "") -> str:
    """Sends one finished delivery again; the new one's id. Without ``event_id`` only a dead letter is found.

    Raises NotFound.
    """
    wanted: str | None = event_id
    if not wanted:
        wanted = await hub.database.read(lambda tx: glances.event_of_dead(tx, delivery_id))
    if not wanted:
        raise NotFound(f"dlv_{delivery_id}")
    audited = recording(
        hub, actor, "delivery.resent", f"delivery/dlv_{delivery_id}", lambda number: {"as": f"dlv_{number}"}
    )
    return f"dlv_{await replay.resend(audited, wanted, delivery_id)}"


async def dismiss(hub: Hub, actor: str, delivery_id: int) -> None:
    """Somebody has seen to a dead letter without sending it again. Raises NotFound."""
    event_id = await hub.database.read(lambda tx: glances.event_of_dead(tx, delivery_id))
    if not event_id:
        raise NotFound(f"dlv_{delivery_id}")
    await replay.dismiss(
        recording(hub, actor, "delivery.dismissed", f"delivery/dlv_{delivery_id}"), event_id, delivery_id
    )


def _counted(result: Any) -> dict[str, Any]:
    return {"deliveries": result}


# ---- dead letters


async def dead_letters(hub: Hub, lane: str, since: float | None, limit: int, after: int) -> list[DeadLetterView]:
    """Dead letters, oldest first, from the one behind ``after``. Raises NotFound for an unknown lane."""

    def read(tx: Transaction) -> list[DeadLetterView]:
        rows = glances.dead_rows(tx, limit, after, _lane_id(tx, lane), since)
        names = glances.lane_names(tx, [row.lane_id for row in rows])
        return [_dead_view(row, names[row.lane_id].key if row.lane_id in names else "") for row in rows]

    return await hub.database.read(read)


async def dead_by_lane(hub: Hub) -> dict[str, int]:
    """How many dead letters each lane has, by its key; lanes without one are left out."""
    return await hub.database.read(glances.dead_by_lane)


def _dead_view(row: DeadRow, lane: str) -> DeadLetterView:
    return DeadLetterView(
        id=f"dlv_{row.id}",
        event=row.event_id,
        type=row.type,
        title=row.title,
        lane=lane,
        rule=row.rule,
        attempts=row.attempts,
        reason=row.reason,
        detail=row.detail,
        created_at=shown(row.created_at),
        died_at=shown(row.finished_at),
    )


def _lane_id(tx: Transaction, key: str) -> int | None:
    if not key:
        return None
    found = lanes.by_key(tx, key)
    if found is None:
        raise NotFound(key)
    return found.id


async def resend_dead(hub: Hub, actor: str, lane: str, since: float | None, after: int) -> Slice:
    """Sends the next dead letters of a filter again, but for those that somebody has to look at first
    (``core.outcomes.LOOK_FIRST``). Raises NotFound for an unknown lane."""

    def read(tx: Transaction) -> list[DeadRow]:
        return glances.dead_rows(tx, SLICE, after, _lane_id(tx, lane), since)

    rows = await hub.database.read(read)
    letters = [
        DeadLetter(
            id=row.id,
            day=row.day,
            event_id=row.event_id,
            lane_id=row.lane_id,
            finished_at=row.finished_at,
            reason=row.reason,
        )
        for row in rows
        if row.reason not in LOOK_FIRST
    ]
    subject = f"lane/{lane}" if lane else "lanes"
    count = await replay.resend_dead(recording(hub, actor, "dead_letters.resent", subject, _counted), letters)
    return Slice(
        events=len({row.event_id for row in rows}),
        deliveries=count,
        next=str(rows[-1].id) if len(rows) == SLICE else None,
    )


# ---- many events


async def of_filter(hub: Hub, actor: str, asked: Asked, mode: Literal["reroute", "resend"], after: str) -> Slice:
    """Replays the next events of a filter, oldest first, from the one behind ``after`` (an event's id). What came of
    one is looked at when its turn comes: a replay itself changes that only of what lies behind."""
    page = await hub.database.read(lambda tx: event_search.behind(tx, asked, after, SLICE))
    count = 0
    for event_id in page.fitting:
        replay_one = _reroute if mode == "reroute" else _resend_all
        count += await replay_one(hub, actor, event_id)
    return Slice(events=len(page.fitting), deliveries=count, next=page.next)
