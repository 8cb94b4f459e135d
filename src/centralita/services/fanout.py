"""From effects to rows: each gets its lane, its place in its subject's chain, and perhaps a worker at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec
import structlog

from centralita.core import ids
from centralita.core.effects import Effect, Payload, Subject
from centralita.core.events import Event
from centralita.core.lanes import LaneState, allowance, put_in_flight, set_wake
from centralita.core.rules import Skipped
from centralita.ports import LanePolicy
from centralita.services.destinations import Address, UnknownTarget
from centralita.services.rollups import count_rejected
from centralita.store import deliveries, lanes
from centralita.store.database import Transaction
from centralita.store.deliveries import DeliveryRow

log = structlog.get_logger(__name__)


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that was born in flight: performed at once, without a claim and without being read back."""

    row: DeliveryRow
    payload: Payload
    address: Address


class Room(msgspec.Struct):
    """How many deliveries the deliverer can take at once from a routing transaction."""

    worker: int
    left: int
    """Places not filled yet."""
    taken: int
    """Places set aside at the start."""


class Births(Protocol):
    """Where a transaction puts what it brings to life."""

    handed: list[Handed]
    queued: bool
    rejected: Mapping[str, int]
    """How many by kind of destination are held because that fails."""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """An effect on its way to becoming a delivery's row."""

    payload: Payload
    address: Address
    generation: int = 0


def plan(
    find: Callable[[Effect], Address], event: Event, effects: Sequence[Effect], subject: Subject, generation: int = 0
) -> tuple[list[Planned], list[Skipped]]:
    """Finds each effect's address. Second, what could not be planned, for the event's record."""
    planned: dict[tuple[str, str], Planned] = {}
    lost: list[Skipped] = []
    for effect in effects:
        try:
            address = find(effect)
        except UnknownTarget as fault:
            log.error("route.unknown_target", event_id=event.id, rule=effect.rule, target=str(fault))
            lost.append(Skipped(effect.rule, effect.target, "target.unknown"))
            continue
        payload = Payload(event=event, effect=effect, subject=subject)
        # "#Alerts" and "#alerts" are one lane: the rule that said both gets one message there.
        planned.setdefault(
            (address.lane.key, effect.rule), Planned(payload=payload, address=address, generation=generation)
        )
    return list(planned.values()), lost


def write_deliveries(tx: Transaction, planned: Sequence[Planned], room: Room, now: float, births: Births) -> list[int]:
    """Makes rows of effects, in order; those that may start at once are born in flight in ``room``'s worker.

    The rows' ids, in the order given.
    """
    if not planned:
        return []
    held = lanes.hold(
        tx, {p.address.lane.key: (p.payload.effect.destination, p.payload.effect.target) for p in planned}
    )
    states = {lane.id: lane for lane in held.values()}
    keyed = [(p, held[p.address.lane.key].id, ordering_key(p.payload.subject, p.address.lane.policy)) for p in planned]
    busy = deliveries.pending_chains(tx, [(lane_id, key) for _, lane_id, key in keyed if key])
    rows = []
    for number, (p, lane_id, key) in zip(deliveries.allocate_ids(tx, len(keyed)), keyed, strict=True):
        head = not key or (lane_id, key) not in busy
        if key:
            busy.add((lane_id, key))
        state = _birth(states[lane_id], p.address.lane.policy, head, room, now)
        row = _delivery_row(number, lane_id, key, state, p, now)
        rows.append(row)
        if state == "in_flight":
            births.handed.append(Handed(row=row, payload=p.payload, address=p.address))
        elif state == "due":
            births.queued = True
            set_wake(states[lane_id], p.address.lane.policy, now, now)
    deliveries.insert(tx, rows)
    births.rejected = count_rejected(tx, states, rows, now)
    lanes.save(tx, list(states.values()))
    return [row.id for row in rows]


def _birth(lane: LaneState, policy: LanePolicy, head: bool, room: Room, now: float) -> str:
    if not head:
        return "waiting"
    mine = lane.owner in (None, room.worker)
    backlog = lane.wake_at is not None and lane.wake_at <= now
    if room.left > 0 and mine and not backlog and allowance(lane, policy, now) > 0:
        room.left -= 1
        put_in_flight(lane, policy, 1, room.worker, now)
        return "in_flight"
    return "due"


def ordering_key(subject: Subject, policy: LanePolicy) -> str:
    """What keeps its order on a lane: the subject, everything ("*"), or nothing ("")."""
    if policy.order == "strict":
        return "*"
    if policy.order == "none" or not subject.subject:
        return ""
    return f"{subject.source}/{subject.subject}"


def _delivery_row(number: int, lane_id: int, key: str, state: str, planned: Planned, now: float) -> DeliveryRow:
    event = planned.payload.event
    return DeliveryRow(
        id=number,
        lane_id=lane_id,
        ordering_key=key,
        state=state,
        due_at=now,
        generation=planned.generation,
        event_day=ids.day(event.id),
        event_id=event.id,
        rule=planned.payload.effect.rule,
        created_at=now,
        payload=msgspec.json.encode(planned.payload),
    )
