"""SIGKILL at random under load, again and again, and then the audit.

SQLite: one process. PostgreSQL: one that receives and two that work; each kill hits one of the three. Senders keep a
ledger of what was acknowledged; every event has to reach every lane, in the order of its subject.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.receiver import Arrival
from tests.scenarios.judges import (
    Reader,
    header,
    judge_acknowledged,
    judge_delivered,
    judge_intact,
    judge_quiet,
)
from tests.scenarios.ledger import SECRET, Ledger, Sender, alert
from tests.scenarios.processes import HubProcess, SandboxProcess, write_config
from tests.scenarios.waiting import until

LANES = ("a", "b", "c")
SENDERS = 6
GAP_S = 0.02
"""Between two requests of a sender."""
BACKLOG = 60 * len(LANES)
"""So many deliveries may be under way before the senders pause: no machine is too slow for a campaign."""
MOST_EVENTS_A_LIFE = 25
LEASE_S = 3
DRAIN_S = 60.0
WEBHOOK_SECRET = "whsec_Y3Jhc2gtY2FtcGFpZ24tc2VjcmV0LTEyMzQ="


@dataclass
class Audit:
    """What a campaign came to; ``faults`` empty acquits."""

    database: str
    seed: int
    kills: int = 0
    acknowledged: int = 0
    duplicates_answered: int = 0
    events: int = 0
    arrivals: int = 0
    repeats: dict[str, int] = field(default_factory=dict)
    """Per lane, how many arrivals were not the first of their id."""
    faults: list[str] = field(default_factory=list)

    def table(self) -> str:
        """For a person."""
        rows: list[tuple[str, object]] = [
            ("database", self.database),
            ("seed", self.seed),
            ("kills", self.kills),
            ("acknowledged requests (2xx)", self.acknowledged),
            ("of them answered as duplicates", self.duplicates_answered),
            ("events", self.events),
            ("arrivals at the sink", self.arrivals),
            *((f"sent again on lane {lane} (at most one a kill)", count) for lane, count in self.repeats.items()),
            ("faults", len(self.faults)),
        ]
        lines = [f"  {name:<46} {value:>10}" for name, value in rows]
        return "\n".join([*lines, *(f"    {fault}" for fault in self.faults[:50])])


def _config(sink: SinkControl) -> dict[str, Any]:
    # One in flight a lane: so that a kill can leave one delivery in doubt there, and no more.
    hook = {"types": ["*"], "secret": WEBHOOK_SECRET, "in_flight": 1, "schedule_s": [0.2] * 30}
    return {
        "sources": [
            {
                "slug": "monitor",
                "kind": "generic",
                "secrets": [SECRET],
                "settings": {"auth": "header", "header": "X-Secret"},
            }
        ],
        "webhooks": [{"name": lane, "url": f"{sink.url}/{lane}", **hook} for lane in LANES],
        "deliver": {"lease_s": LEASE_S},
        "logs": {"level": "warning"},
    }


class Campaign:
    """One run on one database."""

    def __init__(self, directory: Path, database_url: str, seed: int) -> None:
        self._directory, self._url = directory, database_url
        self._random = random.Random(seed)
        self._hubs: list[HubProcess] = []
        self._senders: list[Sender] = []
        self._starting: dict[HubProcess, asyncio.Task[None]] = {}
        self._ended = asyncio.Event()
        self._room = asyncio.Event()
        self.reader = Reader(database_url)
        self.audit = Audit(database=self.reader.dialect, seed=seed)

    async def run(self, kills: int) -> Audit:
        """Kills ``kills`` times, lets the rest be delivered, and judges."""
        async with AsyncExitStack() as stack:
            process = await stack.enter_async_context(SandboxProcess("sink"))
            sink = await stack.enter_async_context(SinkControl(process.url))
            await self._start(stack, sink)
            pacing = asyncio.ensure_future(self._pace(sink))
            sending = [asyncio.ensure_future(self._send(number)) for number in range(SENDERS)]
            for _ in range(kills):
                await self._kill_one()
            await asyncio.gather(*self._starting.values())
            self._ended.set()
            await asyncio.gather(pacing, *sending)
            await self._all_settled()
            for hub in self._hubs:
                if await hub.stop() != 0:
                    self.audit.faults.append(f"did not end in order: {hub.log[-3:]}")
            self._judge(await sink.received())
        return self.audit

    async def _start(self, stack: AsyncExitStack, sink: SinkControl) -> None:
        roles = ("all",) if self.reader.dialect == "sqlite" else ("web", "worker", "worker")
        for number, role in enumerate(roles):
            config = write_config(self._directory / f"{role}{number}", self._url, _config(sink))
            self._hubs.append(await stack.enter_async_context(HubProcess(config, role)))
        for _ in range(SENDERS):
            self._senders.append(await stack.enter_async_context(Sender(self._hubs[0].url, ledger=Ledger())))

    async def _kill_one(self) -> None:
        """Waits until a random number of further events was taken, and kills whichever is running."""
        wanted = self._taken() + self._random.randint(1, MOST_EVENTS_A_LIFE)
        await until(lambda: self._taken() >= wanted, DRAIN_S)
        while not (alive := [hub for hub in self._hubs if hub not in self._starting]):
            await asyncio.wait(self._starting.values(), return_when=asyncio.FIRST_COMPLETED)
        victim = self._random.choice(alive)
        await victim.kill()
        self.audit.kills += 1
        self._starting[victim] = asyncio.ensure_future(self._start_again(victim))

    def _taken(self) -> int:
        return sum(len(sender.ledger.entries) for sender in self._senders)

    async def _start_again(self, hub: HubProcess) -> None:
        await hub.start()
        del self._starting[hub]
        for sender in self._senders:
            sender.url = self._hubs[0].facts["url"]

    async def _pace(self, sink: SinkControl) -> None:
        while not self._ended.is_set():
            if self._taken() * len(LANES) - await sink.count() < BACKLOG:
                self._room.set()
            else:
                self._room.clear()
            await asyncio.sleep(GAP_S)
        self._room.set()

    async def _send(self, number: int) -> None:
        """One subject's events, each sent until it is taken, and only then the next."""
        sender = self._senders[number]
        count = 0
        while not self._ended.is_set():
            await self._room.wait()
            body, status = alert(number, title=f"{number}.{count}"), 0
            while not 200 <= status < 300:
                try:
                    status, _ = await sender.post(body, f"{number}.{count}")
                except (aiohttp.ClientError, TimeoutError):
                    status = 0
                await asyncio.sleep(GAP_S)
            count += 1

    async def _all_settled(self) -> None:
        sql = "select (select count(*) from inbox) + (select count(*) from deliveries)"
        try:
            await until(lambda: self.reader.value(sql) == 0, DRAIN_S)
        except TimeoutError:
            left = self.reader.rows("select lane_id, state, count(*) from deliveries group by lane_id, state")
            self.audit.faults.append(f"not delivered after {DRAIN_S:g} s: {left}")

    def _judge(self, arrivals: list[Arrival]) -> None:
        audit, reader = self.audit, self.reader
        audit.arrivals = len(arrivals)
        audit.events = int(reader.value("select count(*) from events"))
        lanes = {f"webhook:{lane}": f"/{lane}" for lane in LANES}
        for sender in self._senders:
            ledger = sender.ledger
            audit.acknowledged += len(ledger.entries)
            audit.duplicates_answered += sum(entry.status == 200 for entry in ledger.entries)
            audit.faults += judge_acknowledged(reader, ledger)
            audit.faults += judge_delivered(reader, ledger.events(), lanes, arrivals)
            audit.faults += _judge_order(ledger, arrivals)
        audit.faults += judge_intact(reader)
        for hub in self._hubs:
            audit.faults += judge_quiet(hub.log, (SECRET, WEBHOOK_SECRET))
        self._judge_repeats(arrivals)
        if audit.events != audit.acknowledged:
            audit.faults.append(f"{audit.acknowledged} acknowledged ids became {audit.events} events")

    def _judge_repeats(self, arrivals: list[Arrival]) -> None:
        counted = Counter((arrival.path.removeprefix("/"), header(arrival, "webhook-id")) for arrival in arrivals)
        for lane in LANES:
            again = sum(count - 1 for (path, _), count in counted.items() if path == lane)
            self.audit.repeats[lane] = again
            if again > self.audit.kills:
                self.audit.faults.append(f"lane {lane}: {again} were sent again by {self.audit.kills} kills")


def _judge_order(ledger: Ledger, arrivals: list[Arrival]) -> list[str]:
    """A sender's events first arrive on each lane in the order in which they were acknowledged."""
    place = {event_id: number for number, event_id in enumerate(ledger.events())}
    faults = []
    for lane in LANES:
        ids = (header(arrival, "webhook-id") for arrival in arrivals if arrival.path == f"/{lane}")
        places = [place[event_id] for event_id in dict.fromkeys(ids) if event_id in place]
        if places != sorted(places):
            faults.append(f"lane {lane} is out of order for {ledger.entries[0].own_id.partition('.')[0]}")
    return faults
