"""Deliver: claims what is due lane by lane, performs it, and settles results in batches.

One worker a process. It has one lease; a lane belongs to it while anything of the lane is in flight. If the lease runs
out (the process was stopped, or cut off), another worker takes the lanes, and whatever this one still reports is thrown
away: the lane's owner is the fence.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec
import structlog

from centralita.core.effects import Payload
from centralita.core.lanes import LanePolicy, LaneState, allowance, put_in_flight, set_wake
from centralita.ports import Outcome
from centralita.services import settle
from centralita.services.attempts import Job, Performer
from centralita.services.clock import SystemClock
from centralita.services.destinations import Address, Destinations, UnknownTarget
from centralita.services.fanout import Handed, Room
from centralita.store import deliveries, lanes, workers
from centralita.store.database import Database, StoreUnavailable, Transaction
from centralita.store.deliveries import DeliveryRow

log = structlog.get_logger(__name__)

CLAIM_LANES = 64
BIRTHS = 128
"""The most places that one routing transaction may fill at once."""
GATHER_ABOVE, GATHER_MOST = 8, 24
"""With more in flight, a commit waits for so many results, or all: a batch is worth more than a few ms."""
GATHER_S = 0.02
"""The longest that it waits for them; never longer than the commit before it took."""
_payload = msgspec.json.Decoder(Payload)


_CANCELLED = Outcome(state="retry", reason="attempt.cancelled", spends_attempt=False, failure=False)


class _Claimed(NamedTuple):
    """What a transaction has put in flight for ``worker``, and when the next lane wants looking at."""

    worker: int
    rows: list[DeliveryRow]
    next_wake: float | None


class DeliverSettings(Protocol):
    """The ``deliver`` section of the settings."""

    in_flight: int
    lease_s: float
    drain_s: float


class Metrics(Protocol):
    """What delivering counts."""

    def attempted(self, destination: str, outcome: str, elapsed_s: float, slow_s: float) -> None: ...
    def rejected(self, counts: Mapping[str, int]) -> None: ...


class Deliverer:
    """Performs what is due. ``run`` must be running; ``start`` registers the worker before."""

    def __init__(
        self,
        database: Database,
        clock: SystemClock,
        destinations: Destinations,
        performer: Performer,
        settler: settle.Settler,
        settings: DeliverSettings,
        metrics: Metrics,
    ) -> None:
        self._database, self._clock, self._destinations = database, clock, destinations
        self._performer, self.settler, self._settings, self._metrics = performer, settler, settings, metrics
        self.on_announced: Callable[[], None] = lambda: None
        """Called when a result led to an event of our own."""
        self.on_settled: Callable[[Iterable[str]], None] = lambda event_ids: None
        """Called when results of deliveries of these events have been written."""
        self.worker = 0
        self._role = ""
        self._active = 0
        self._reserved = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._done: list[Job] = []
        self._wake = asyncio.Event()
        self._enough = 1
        """How many results have to wait until whoever commits them hears of it."""
        self._finished = asyncio.Event()
        self._idle = asyncio.Event()
        self._closing = False
        self._doubtful = False
        self._looks_at = 0.0
        """When ``run`` looks for what is due at the latest."""

    # ---- leases

    async def start(self, role: str) -> None:
        """Registers this process; on SQLite, whatever an earlier one left in flight is due again."""
        self._role = role
        name = f"{socket.gethostname()}:{os.getpid()}"
        now = await self._now()

        def register(tx: Transaction) -> int:
            if tx.dialect.name == "sqlite":  # the lock on the data directory makes us the only process
                for gone in workers.everybody(tx):
                    release_worker(tx, gone, now)
            return workers.register(tx, name, role, now, self._settings.lease_s)

        self.worker = await self._database.write(register)

    async def _now(self) -> float:
        self._clock.anchor(await self._database.now())
        return self._clock.now()

    async def keep_lease(self) -> None:
        """Renews the lease, and takes over from workers that lost theirs. Runs for ever."""
        while True:
            await asyncio.sleep(self._settings.lease_s / 3)
            with contextlib.suppress(StoreUnavailable):
                await self._renew()

    async def _renew(self) -> None:
        now = await self._now()
        mine, lease_s = self.worker, self._settings.lease_s

        def renew(tx: Transaction) -> tuple[bool, int]:
            kept = workers.renew(tx, mine, now, lease_s)
            taken = sum(release_worker(tx, gone, now) for gone in workers.expired(tx, now))
            return kept, taken + sum(reclaim_lanes(tx, gone, now) for gone in workers.unlisted(tx))

        kept, taken = await self._database.write(renew)
        if taken:
            log.warning("deliver.taken_over", deliveries=taken)
            self.look()
        if not kept:
            log.warning("deliver.lease_lost", worker=mine)
            await self.start(self._role)

    # ---- the router's side

    def reserve(self) -> Room:
        """Sets places aside for a routing transaction."""
        left = (
            0
            if self._closing or self._doubtful
            else max(0, min(BIRTHS, self._settings.in_flight - self._active - self._reserved))
        )
        self._reserved += left
        return Room(worker=self.worker, left=left, taken=left)

    def hand_over(self, room: Room, born: Sequence[Handed], queued: bool) -> None:
        """Gives the places back; starts what was born in flight."""
        self._reserved -= room.taken
        if self._doubtful:
            self.look()
        for handed in born:
            self._begin(Job(worker=room.worker, row=handed.row, payload=handed.payload, address=handed.address))
        if queued:
            self.look()

    def doubt(self) -> None:
        """A transaction may have put rows in flight here of which nobody was told."""
        self._doubtful = True
        self.look()

    async def _start_anew(self) -> float:
        """Ends this worker and begins as another, once all that it knows of is settled: what it does not know of is
        then due again. How many seconds to wait before the next look."""
        if self._active or self._reserved:
            return 60.0  # whatever finishes wakes us
        old, now = self.worker, await self._now()
        await self._database.write(lambda tx: release_worker(tx, old, now))
        await self.start(self._role)
        self._doubtful = False
        return 0.0

    def look(self) -> None:
        """Something may be due."""
        self._wake.set()

    # ---- the loops

    async def run(self) -> None:
        """Claims and starts until closed."""
        poll_s = 1.0 if self._database.dialect == "postgresql" else 30.0
        wait_s = 0.0
        while not self._closing:
            wait_s = max(0.0, min(wait_s, poll_s))
            self._looks_at = self._clock.now() + wait_s
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            self._wake.clear()
            try:
                wait_s = await (self._start_anew() if self._doubtful else self._claim())
            except StoreUnavailable as fault:
                log.warning("deliver.store_unavailable", reason=fault.reason)
                self._doubtful = self._doubtful or fault.outcome_unknown
                wait_s = 0.5

    async def _claim(self) -> float:
        """Claims one round; how many seconds until there may be more to claim."""
        free = self._free
        if free <= 0:
            return 60.0  # whatever finishes wakes us
        claim = self._claiming(free, self._clock.now())
        self._reserved += free
        try:
            claimed = await self._database.write(claim)
        finally:
            self._reserved -= free
        self._take(claimed)
        if claimed.next_wake is None:
            return 60.0
        return 0.0 if claimed.rows else max(0.001, claimed.next_wake - self._clock.now())

    @property
    def _free(self) -> int:
        return self._settings.in_flight - self._active - self._reserved

    def _claiming(self, room: int, now: float) -> Callable[[Transaction], _Claimed]:
        worker = self.worker

        def claim(tx: Transaction) -> _Claimed:
            return _Claimed(worker, claim_due(tx, worker, now, room, self._policy), lanes.next_wake(tx))

        return claim

    def _take(self, claimed: _Claimed) -> None:
        for row in claimed.rows:
            job = self._job(row, claimed.worker)
            if self._closing:  # too late to be waited for
                job.outcome = _CANCELLED
                self._active += 1
                self._idle.clear()  # or whoever waits for the last result asks again and again, and nobody else runs
                self._end(job)
            else:
                self._begin(job)

    def _policy(self, lane: LaneState) -> LanePolicy:
        return self._destinations.policy(lane.destination, lane.target)

    def _job(self, row: DeliveryRow, worker: int) -> Job:
        payload = _payload.decode(row.payload)
        address: Address | None = None
        with contextlib.suppress(UnknownTarget):
            address = self._destinations.address(payload.effect)
        return Job(worker=worker, row=row, payload=payload, address=address)

    def _begin(self, job: Job) -> None:
        self._active += 1
        self._idle.clear()
        task = asyncio.ensure_future(self._perform(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _perform(self, job: Job) -> None:
        try:
            await self._performer.perform(job)
        except StoreUnavailable as fault:
            job.outcome = Outcome(
                state="retry", reason="store.unavailable", detail=fault.reason, spends_attempt=False, failure=False
            )
        except asyncio.CancelledError:
            job.outcome = _CANCELLED
        self._end(job)

    def _end(self, job: Job) -> None:
        slow_s = math.inf if job.address is None else job.address.lane.policy.slow_s
        destination, state = job.payload.effect.destination, job.outcome.state
        self._metrics.attempted(destination, state, job.elapsed_ms / 1000, slow_s)
        self._done.append(job)
        if len(self._done) >= self._enough:
            self._finished.set()

    async def settle_results(self) -> None:
        """Commits results in batches, whatever came while the last commit ran. Runs until cancelled."""
        took_s, loop = 0.0, asyncio.get_running_loop()
        while True:
            await self._finished.wait()
            self._finished.clear()
            if self._active > GATHER_ABOVE and len(self._done) < (enough := min(self._active, GATHER_MOST)):
                self._enough = enough
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(took_s, GATHER_S)):
                        await self._finished.wait()
                self._finished.clear()
                self._enough = 1
            batch, self._done = self._done, []
            began_s = loop.time()
            await self._settle(batch)
            took_s = loop.time() - began_s

    async def _settle(self, batch: list[Job]) -> None:
        settled, claimed = await self._write_results(batch)
        self._active -= len(batch)
        self._take(claimed)
        if not self._active:
            self._idle.set()
        self._metrics.rejected(settled.rejected)
        if settled.announced:
            self.on_announced()
        self.on_settled(job.row.event_id for job in batch)
        if claimed.next_wake is not None and claimed.next_wake < self._looks_at:
            self.look()

    async def _write_results(self, batch: list[Job]) -> tuple[settle.Settled, _Claimed]:
        """Commits results, and claims as many deliveries as have ended: a busy lane costs one transaction a batch."""
        while True:
            claims, now = not (self._closing or self._doubtful), self._clock.now()
            # At the same moment: what the results make due is claimed with them.
            settle_, claim = self.settler.writing(batch, now), self._claiming(len(batch) if claims else 0, now)
            try:
                return await self._database.write(_both(settle_, claim))
            except StoreUnavailable as fault:
                # Kept until the database is back; if somebody has taken the lanes by then, they are thrown away.
                log.warning("deliver.results_wait", reason=fault.reason, results=len(batch))
                self._doubtful = self._doubtful or (claims and fault.outcome_unknown)
                await asyncio.sleep(0.5)

    async def settle_last(self) -> None:
        """Waits until every result has been committed."""
        while self._active:
            self._finished.set()
            await self._idle.wait()

    @property
    def active(self) -> int:
        """Deliveries in flight in this process."""
        return self._active

    async def drain(self) -> None:
        """Claims nothing more, gives what is in flight ``drain_s`` to end, and gives up the lease."""
        self._closing = True
        self.look()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_s):
                while self._tasks:
                    await asyncio.wait(set(self._tasks))
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def leave(self) -> None:
        """Gives the lanes back, after the last results are settled."""
        now, worker = self._clock.now(), self.worker
        with contextlib.suppress(StoreUnavailable):
            await self._database.write(lambda tx: release_worker(tx, worker, now))
            self._database.notify()


def _both(
    write: Callable[[Transaction], settle.Settled], claim: Callable[[Transaction], _Claimed]
) -> Callable[[Transaction], tuple[settle.Settled, _Claimed]]:
    return lambda tx: (write(tx), claim(tx))


def release_worker(tx: Transaction, worker: int, now: float) -> int:
    """Takes a worker off the list and its lanes from it; how many deliveries are due again, uncertain."""
    return reclaim_lanes(tx, worker, now) if workers.remove(tx, worker) else 0


def reclaim_lanes(tx: Transaction, worker: int, now: float) -> int:
    """Takes its lanes from somebody who is no worker any more; how many deliveries are due again, uncertain."""
    return deliveries.reclaim(tx, lanes.free(tx, worker), now)


def claim_due(
    tx: Transaction, worker: int, now: float, room: int, policy_of: Callable[[LaneState], LanePolicy]
) -> list[DeliveryRow]:
    """Puts due rows in flight: the lanes that have waited longest first, of each what its policy allows."""
    if room <= 0:
        return []
    found = lanes.due(tx, worker, now, CLAIM_LANES)
    policies = {lane.id: policy_of(lane) for lane in found}
    wanted = []
    share = max(1, room // max(1, len(found)))
    for lane in found:
        count = min(allowance(lane, policies[lane.id], now), share, room)
        if count > 0:
            wanted.append((lane.id, count))
            room -= count
    rows = deliveries.claim(tx, wanted, now) if wanted else []
    counts: dict[int, int] = {}
    for row in rows:
        counts[row.lane_id] = counts.get(row.lane_id, 0) + 1
    due = deliveries.next_due(tx, [lane.id for lane in found])
    for lane in found:
        put_in_flight(lane, policies[lane.id], counts.get(lane.id, 0), worker, now)
        set_wake(lane, policies[lane.id], due.get(lane.id), now)
    lanes.save(tx, found)
    return rows
