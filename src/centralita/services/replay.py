"""Again, by three names: re-parse (a receipt), re-route (an event), re-send (a delivery). Replays join the tail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from centralita.core.effects import Effect, Subject
from centralita.core.rules import decide_effects
from centralita.core.subjects import project
from centralita.services.fanout import Births, Handed, Room, plan, write_deliveries
from centralita.services.hub import Hub
from centralita.store import deliveries, events, history, lanes, receipts, subjects
from centralita.store.database import Transaction
from centralita.store.history import DeadLetter, Finished

CHUNK = 200
DISMISSED = "delivery.dismissed"


class NotFound(Exception):
    """There is no such receipt, event or delivery."""


class _Queued:
    """Nothing of a replay is born in flight: it goes behind what already waits."""

    def __init__(self) -> None:
        self.handed: list[Handed] = []
        self.queued = False
        self.rejected: Mapping[str, int] = {}


def _nobody() -> Room:
    return Room(worker=0, left=0, taken=0)


async def reparse(hub: Hub, receipt_id: str) -> None:
    """Parses a receipt's bytes again, for one whose parser failed. Raises NotFound."""

    def again(tx: Transaction) -> None:
        try:
            found = receipts.load(tx, [receipt_id])
        except ValueError:
            found = {}
        if receipt_id not in found:
            raise NotFound(receipt_id)
        receipts.requeue(tx, found[receipt_id])

    await hub.database.write(again)
    await _wake(hub)


async def reroute(hub: Hub, event_id: str) -> int:
    """Decides an event's effects again by today's rules; how many deliveries that makes. Raises NotFound."""
    now = hub.clock.now()
    await hub.webhooks.refresh()
    await hub.rules.refresh()

    def again(tx: Transaction) -> int:
        stored = events.get(tx, event_id)
        if stored is None:
            raise NotFound(event_id)
        event = stored.event
        subject = subjects.load(tx, event.source, [event.subject]).get(event.subject) or project(None, event)
        decision = decide_effects(event, hub.ruleset, subject, hub.webhooks.subscriptions)
        generation = _next_generation(tx, event_id)
        planned, _ = plan(hub.destinations.address, event, decision.effects, subject, generation)
        write_deliveries(tx, planned, _nobody(), now, _Queued())
        return len(planned)

    count = await hub.database.write(again)
    await _wake(hub)
    return count


async def resend(hub: Hub, event_id: str, delivery_id: int) -> int:
    """Sends a finished delivery again as it was, under a new number, which is returned. Raises NotFound."""

    def again(tx: Transaction) -> int:
        try:
            found = next((row for row in history.of_event(tx, event_id) if row.id == delivery_id), None)
        except ValueError:
            found = None
        if found is None:
            raise NotFound(f"dlv_{delivery_id}")
        return _resend(tx, hub, found)

    number = await hub.database.write(again)
    await _wake(hub)
    return number


async def dismiss(hub: Hub, event_id: str, delivery_id: int) -> None:
    """Lays a dead letter to rest; what it held back goes on. Raises NotFound for one that is no dead letter."""

    def rest(tx: Transaction) -> None:
        found = next((row for row in history.of_event(tx, event_id) if row.id == delivery_id), None)
        if found is None or found.state != "dead":
            raise NotFound(f"dlv_{delivery_id}")
        key = history.chain_of_dead(tx, delivery_id)
        history.dismiss(tx, found, DISMISSED)
        _release(tx, found.lane_id, key, hub.clock.now())

    await hub.database.write(rest)
    await _wake(hub)


async def resend_dead(hub: Hub, letters: Sequence[DeadLetter]) -> int:
    """Sends dead letters again; how many. In chunks, so that a million of them hold nobody up."""
    count = 0
    for start in range(0, len(letters), CHUNK):
        chunk = letters[start : start + CHUNK]

        def again(tx: Transaction, chunk: Sequence[DeadLetter] = chunk) -> int:
            found = [history.get(tx, letter.day, letter.event_id, letter.id) for letter in chunk]
            return len([_resend(tx, hub, row) for row in found if row is not None and row.state == "dead"])

        count += await hub.database.write(again)
        await _wake(hub)
    return count


def _resend(tx: Transaction, hub: Hub, row: Finished) -> int:
    stored = events.get(tx, row.event_id)
    if stored is None:
        raise NotFound(row.event_id)
    event = stored.event
    effect = msgspec.json.decode(row.effect, type=Effect)
    key = history.chain_of_dead(tx, row.id)
    source, name = (event.source, event.subject) if key in ("", "*") else key.split("/", 1)
    known = subjects.load(tx, source, [name]) if name else {}
    subject = known.get(name) or Subject(source=source, subject=name)
    now = hub.clock.now()
    planned, _ = plan(hub.destinations.address, event, [effect], subject, _next_generation(tx, row.event_id))
    if not planned:
        raise NotFound(effect.target)
    births: Births = _Queued()
    numbers = write_deliveries(tx, planned, _nobody(), now, births)
    if row.state == "dead":
        history.supersede(tx, row, numbers[0])
        # What the dead one held back goes on, behind nothing: its successor has joined the tail.
        _release(tx, row.lane_id, key, now)
    return numbers[0]


def _release(tx: Transaction, lane_id: int, ordering_key: str, now: float) -> None:
    if ordering_key:
        deliveries.release(tx, lane_id, ordering_key, now)
        lanes.look(tx, lane_id, now)


def _next_generation(tx: Transaction, event_id: str) -> int:
    finished = [row.generation for row in history.of_event(tx, event_id)]
    pending = [row.generation for row in deliveries.of_event(tx, event_id)]
    return max([-1, *finished, *pending]) + 1


async def _wake(hub: Hub) -> None:
    hub.router.look()
    hub.deliverer.look()
    hub.database.notify()
