"""One attempt: drives a destination's generator, makes its requests through ``net.py``, commits what it remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec
import structlog

from centralita.core import buckets
from centralita.core.buckets import BucketState, Rate
from centralita.core.effects import Effect, Payload
from centralita.core.events import receipt_id
from centralita.ports import ORIGINAL, Delivery, HttpRequest, HttpResponse, Known, MailRequest, Outcome, Remember
from centralita.services.clock import SystemClock
from centralita.services.destinations import Address, Destinations
from centralita.store import receipts, remembered
from centralita.store.database import Database, StoreUnavailable, Transaction
from centralita.store.deliveries import DeliveryRow

log = structlog.get_logger(__name__)

_NO_RATE = Rate(0, 1)
PATIENCE_S = 2.0
"""How long an attempt waits for a rate's token before it goes back into its queue."""


class HttpClient(Protocol):
    """``net.Client``."""

    async def request(self, request: HttpRequest) -> HttpResponse: ...

    def judge(self, url: str) -> str: ...


class Sender(Protocol):
    """``net.outbound.Outbound``."""

    async def request(self, request: HttpRequest | MailRequest) -> HttpResponse: ...


class Job(msgspec.Struct, kw_only=True):
    """A delivery in flight, and what came of it."""

    worker: int
    row: DeliveryRow
    payload: Payload
    address: Address | None
    """None: the target is not configured any more."""
    started_at: float = 0.0
    elapsed_ms: float = 0.0
    request: HttpRequest | None = None
    """The last one that was made."""
    last: HttpResponse = HttpResponse()
    outcome: Outcome = Outcome(state="retry", reason="attempt.unfinished")
    uncertain: bool = False
    """Whether a request may have been acted on without our knowing."""


class Buckets:
    """The rates that lanes share (Slack's tiers per method), of one process; a refusal (429) holds one for all."""

    def __init__(self, clock: SystemClock, rates: Mapping[str, Rate]) -> None:
        self._clock, self._rates = clock, rates
        self._states: dict[str, BucketState] = {}

    def wait_s(self, key: str) -> float:
        """Takes a token and gives 0, or says how long there is none."""
        state = self._states.get(key, BucketState())
        self._states[key], wait_s = buckets.take(state, self._rate(key), self._clock.now())
        return wait_s

    def _rate(self, key: str) -> Rate:
        return self._rates.get(key) or self._rates.get(key.partition("@")[0], _NO_RATE)

    def hold(self, key: str, seconds: float) -> None:
        """The receiver refused: nobody tries before this has passed."""
        self._states[key] = buckets.hold(self._states.get(key, BucketState()), self._clock.now() + seconds)

    def snapshot(self) -> dict[str, BucketState]:
        """Every bucket, to be kept over a restart."""
        return dict(self._states)

    def restore(self, states: Mapping[str, BucketState]) -> None:
        """What the process before this one left."""
        self._states.update(states)


class Performer:
    """Performs jobs."""

    def __init__(
        self,
        database: Database,
        outbound: Sender,
        clock: SystemClock,
        destinations: Destinations,
        buckets: Buckets,
        locale: str,
        original: Callable[[Effect, Address], Awaitable[Address]] | None = None,
    ) -> None:
        """``original`` gives the address of an effect that is to be performed as its webhook was earlier."""
        self._original = original
        self._database, self._outbound, self._clock = database, outbound, clock
        self._destinations, self._buckets, self._locale = destinations, buckets, locale

    async def perform(self, job: Job) -> None:
        """Fills in the job's outcome. Raises nothing but CancelledError and StoreUnavailable."""
        job.started_at = self._clock.now()
        if job.address is None:
            job.outcome = Outcome(state="dead", reason="target.unknown", failure=False)
            return
        delivery = self._delivery(job)
        if self._original is not None and "revision" in job.payload.effect.arguments:
            job.address = await self._original(job.payload.effect, job.address)
        try:
            job.outcome = await self._drive(job, job.address, delivery)
        except _Wait as wait:
            reason, retry_after_s = "rate.wait", wait.seconds
            job.outcome = Outcome(
                state="retry", reason=reason, retry_after_s=retry_after_s, spends_attempt=False, failure=False
            )
        job.elapsed_ms = (self._clock.now() - job.started_at) * 1000
        if job.outcome.hold and job.outcome.hold != "lane":
            self._buckets.hold(job.outcome.hold, job.outcome.retry_after_s or 1.0)

    def _delivery(self, job: Job) -> Delivery:
        return Delivery(
            id=f"dlv_{job.row.id}",
            event=job.payload.event,
            effect=job.payload.effect,
            subject=job.payload.subject,
            attempt=job.row.attempts + 1,
            generation=job.row.generation,
            uncertain=job.row.uncertain,
            locale=self._locale,
        )

    async def _drive(self, job: Job, address: Address, delivery: Delivery) -> Outcome:
        wants = address.destination.wants(delivery, address.config)
        known: Known = {}
        if wants:
            known = await self._database.read(lambda tx: look_up(tx, wants, delivery.event.id))
        steps = address.destination.perform(delivery, address.config, known, job.started_at)
        answer: HttpResponse | None = None
        paced = 0
        try:
            while True:
                try:
                    step = steps.send(answer)
                except StopIteration as end:
                    outcome: Outcome = end.value
                    return outcome
                if isinstance(step, Remember):
                    await self._remember(step)
                    self._destinations.learn(step.key, step.value)
                    answer = None
                    continue
                if step.paced:
                    paced += 1
                    if paced > 1:  # the claim paid for the first
                        await self._pace(address)
                answer = await self._request(job, step)
        except (_Wait, StoreUnavailable):
            raise
        except Exception as fault:  # a destination's bug is a failed attempt; the queue behind it moves on
            log.exception("deliver.destination_failed", delivery_id=delivery.id, lane=address.lane.key)
            return Outcome(state="retry", reason="destination.failed", detail=type(fault).__name__)
        finally:
            steps.close()

    async def _request(self, job: Job, request: HttpRequest | MailRequest) -> HttpResponse:
        if isinstance(request, HttpRequest):
            await self._take_token(request)
            if request.private:
                return await self._outbound.request(request)
        job.request = request if isinstance(request, HttpRequest) else request.as_http
        if job.request.safe:
            job.last = await self._outbound.request(request)
            return job.last
        job.uncertain = True
        job.last = await self._outbound.request(request)
        job.uncertain = job.last.status == 0 and job.last.sent
        return job.last

    async def _take_token(self, request: HttpRequest) -> None:
        if request.bucket:
            wait_s = self._buckets.wait_s(request.bucket)
            if wait_s > PATIENCE_S:
                raise _Wait(wait_s)
            while wait_s > 0:
                await asyncio.sleep(wait_s)  # for a rate's token: time is what is waited for
                wait_s = self._buckets.wait_s(request.bucket)

    async def _pace(self, address: Address) -> None:
        rate = address.lane.policy.rate_per_s
        if rate > 0:
            await asyncio.sleep(1 / rate)

    async def _remember(self, step: Remember) -> None:
        now = self._clock.now()

        def keep(tx: Transaction) -> None:
            for key, value in {step.key: step.value, **step.also}.items():
                remembered.save(tx, key, value, now)

        await self._database.write(keep)


def look_up(tx: Transaction, wants: Sequence[str], event_id: str) -> Known:
    """What a destination ``wants`` to know about the delivery of an event."""
    known = remembered.load(tx, [key for key in wants if key != ORIGINAL])
    if ORIGINAL in wants:
        receipt = receipts.load(tx, [receipt_id(event_id)]).get(receipt_id(event_id))
        known |= {ORIGINAL: receipt} if receipt is not None else {}
    return known


class _Wait(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds
