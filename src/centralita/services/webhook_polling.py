"""Receiving without a server: a webhook without an address is asked for its messages.

At least once: a cursor stands for exactly the messages that came with it, and giving it back is what ends them. Until
then they are unfinished deliveries like any others, and whoever asks without a cursor gets them again, in their order.
Nothing is noted when messages are handed out, so there is nothing that could be lost with whoever got them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from centralita.core.effects import Payload
from centralita.core.lanes import LaneState
from centralita.integrations.webhook.formats import type_name
from centralita.integrations.webhook.receiver import Receiver, receiver_of, session_of
from centralita.ports import HttpRequest, HttpResponse, MailRequest, Outcome
from centralita.services.attempts import Job, Performer
from centralita.services.bell import NOTIFIED
from centralita.services.destinations import Address
from centralita.services.hub import Hub
from centralita.services.settle import Settled
from centralita.services.source_changes import InTheWay
from centralita.services.source_watch import until
from centralita.services.webhook_trial import as_text, config_of
from centralita.store import lanes, polling
from centralita.store.database import Transaction
from centralita.store.deliveries import DeliveryRow

MOST = 250
"""Messages in one answer."""
MOST_BYTES = 4 * 1024 * 1024
"""Of the bodies in one answer; one message is always in it."""
FETCHED = Outcome(state="delivered", reason="webhook.fetched")
_NOWHERE = "https://polled.invalid/"
"""What is rendered for a fetch is sent to nobody."""
_payload = msgspec.json.Decoder(Payload)


@dataclass(frozen=True)
class Message:
    """A message as it would have been posted."""

    id: str
    """The event's id; the same as the header ``webhook-id``."""
    delivery: str
    type: str
    """The event's type, under the name by which the webhook subscribed to it."""
    headers: dict[str, str]
    """Signed anew whenever the message is handed out."""
    body: str
    encoding: Literal["text", "base64"]
    """How ``body`` stands here: bytes that are no UTF-8 are base64."""


@dataclass(frozen=True)
class Polled:
    """What there is to fetch."""

    messages: list[Message]
    cursor: str | None
    """To be given back once the messages are safe; None when there are none."""
    more: bool
    """Whether others wait behind these."""


class BadCursor(ValueError):
    """It is none that the hub has given."""


async def poll(hub: Hub, name: str, cursor: str, limit: int, wait_s: float) -> Polled:
    """Ends what ``cursor`` stands for, and hands out what comes next; waits up to ``wait_s`` until there is something.

    Raises LookupError, BadCursor, and InTheWay for a webhook that has an address, is off or is paused.
    """
    receiver = await _receiver(hub, name)
    if cursor:
        await _end(hub, name, {number: FETCHED for number in numbers_of(cursor)})

    async def look() -> Polled | None:
        found = await _hand_out(hub, name, receiver, limit)
        return found if found.messages else None

    return await until(hub, (f"webhook:{name}", NOTIFIED), wait_s, look, always=True) or Polled([], None, False)


async def _receiver(hub: Hub, name: str) -> Receiver:
    if hub.webhooks.config(name) is None:
        await hub.webhooks.refresh()  # another process may have made it a moment ago
    receiver = receiver_of(config_of(hub, name))
    if receiver.url:
        raise InTheWay("webhook.not_polled", webhook=name)
    provided = hub.webhooks.provided.get(name)
    if not (provided.enabled if provided is not None else hub.webhooks.rows[name].enabled):
        raise InTheWay("webhook.off", webhook=name)
    return receiver


# ---- handing out


async def _hand_out(hub: Hub, name: str, receiver: Receiver, limit: int) -> Polled:
    found, ended = await _offered(hub, name, receiver, limit)
    while ended is not None:
        # It can never be fetched: it is given up as if it could not be sent, and those behind it go on.
        await _end(hub, name, ended)
        found, ended = await _offered(hub, name, receiver, limit)
    return found


async def _offered(hub: Hub, name: str, receiver: Receiver, limit: int) -> tuple[Polled, dict[int, Outcome] | None]:
    """What comes next; second, how a delivery among it ends that cannot be handed out."""

    def read(tx: Transaction) -> tuple[LaneState | None, list[DeliveryRow]]:
        lane = lanes.by_key(tx, f"webhook:{name}")
        return lane, [] if lane is None else polling.offered(tx, lane.id, limit + 1)

    lane, rows = await hub.database.read(read)
    if lane is not None and lane.paused:
        raise InTheWay(lane.paused_reason or "lane.paused")
    messages, numbers, size = list[Message](), list[int](), 0
    for row in rows[:limit]:
        made = await _render(hub, receiver, row)
        if isinstance(made, Outcome):
            return Polled([], None, False), {row.id: made}
        size += len(made.body)
        if messages and size > MOST_BYTES:
            break
        messages.append(made)
        numbers.append(row.id)
    return Polled(messages, cursor_of(numbers) if numbers else None, len(rows) > len(numbers)), None


class _Taker:
    """A client that takes a request and sends nothing."""

    def __init__(self) -> None:
        self.taken: HttpRequest | None = None

    async def request(self, request: HttpRequest | MailRequest) -> HttpResponse:
        if isinstance(request, HttpRequest):
            self.taken = request
        return HttpResponse(status=200)


async def _render(hub: Hub, receiver: Receiver, row: DeliveryRow) -> Message | Outcome:
    """The message of a delivery, or how the delivery ends because there is none. Raises InTheWay."""
    # Whoever fetches has shown a token: what would prove the hub to a receiver goes nowhere.
    posted = msgspec.structs.replace(receiver, url=_NOWHERE, auth=None, client_certificate="")
    config = {"receiver": posted, "session": session_of(config_of(hub, receiver.name))}
    job, taker = _job(row, 0), _Taker()
    destination = hub.destinations.kinds["webhook"]
    job.address = Address(destination, config, destination.lane(job.payload.effect, config))
    await Performer(hub.database, taker, hub.clock, hub.destinations, hub.buckets, hub.settings.locale).perform(job)
    if job.outcome.state == "retry":
        raise InTheWay(job.outcome.reason, webhook=receiver.name)
    if taker.taken is None:
        return job.outcome
    body, encoding = as_text(taker.taken.body)
    event = job.payload.event
    return Message(
        id=event.id,
        delivery=f"dlv_{row.id}",
        type=type_name(event, receiver),
        headers=dict(taker.taken.headers),
        body=body,
        encoding=encoding,
    )


def _job(row: DeliveryRow, worker: int) -> Job:
    return Job(worker=worker, row=row, payload=_payload.decode(row.payload), address=None)


# ---- ending


async def _end(hub: Hub, name: str, outcomes: dict[int, Outcome]) -> None:
    """Settles deliveries as the deliverer settles what it has sent; those that have ended already are left alone."""
    now = hub.clock.now()

    def write(tx: Transaction) -> tuple[list[Job], Settled]:
        found = lanes.by_key(tx, f"webhook:{name}")
        if found is None:
            return [], Settled()
        lane = lanes.lock(tx, [found.id])[found.id]
        rows = polling.take(tx, lane.id, sorted(outcomes))
        if not rows:
            return [], Settled()
        # In flight for the length of this transaction, by the lane's own owner if something of it was being sent.
        owner = lane.owner if lane.owner is not None else hub.deliverer.worker
        lane.owner, lane.in_flight = owner, lane.in_flight + len(rows)
        lanes.save(tx, [lane])
        jobs = [_job(row, owner) for row in rows]
        for job in jobs:
            job.started_at, job.outcome = now, outcomes[job.row.id]
        return jobs, hub.deliverer.settler.write(tx, jobs, now)

    jobs, settled = await hub.database.write(write)
    for job in jobs:
        hub.metrics.attempted("webhook", job.outcome.state, 0.0)
    if settled.announced:
        hub.deliverer.on_announced()
    hub.deliverer.on_settled(job.row.event_id for job in jobs)


# ---- cursors


def cursor_of(numbers: Sequence[int]) -> str:
    """Delivery numbers, ascending, as text for a URL: the distances between them, seven bits a byte."""
    packed, before = bytearray(), 0
    for number in numbers:
        step, before = number - before, number
        while step > 127:
            packed.append(step & 127 | 128)
            step >>= 7
        packed.append(step)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def numbers_of(cursor: str) -> list[int]:
    """The delivery numbers of a cursor. Raises BadCursor."""
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadCursor(cursor) from None
    numbers, step, shift, last = list[int](), 0, 0, 0
    for byte in packed:
        step |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            last += step
            numbers.append(last)
            step, shift = 0, 0
    if shift or not numbers or len(numbers) > MOST or last >= 1 << 63:
        raise BadCursor(cursor)
    return numbers
