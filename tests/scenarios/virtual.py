"""A hub inside the test's process, with its real server and real sockets, and a clock that can be set forward: what
takes days is seen in seconds."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from centralita import wiring
from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.receiver import Arrival
from centralita.services import timers
from centralita.services.clock import SystemClock
from centralita.services.hub import Hub
from centralita.serving import serving
from centralita.settings import load
from centralita.store import workers
from tests.scenarios.judges import KeptReader, Reader, judge_delivered
from tests.scenarios.ledger import SECRET, Sender, alert
from tests.scenarios.processes import write_config
from tests.scenarios.waiting import until, until_answered

SOURCE = {
    "slug": "monitor",
    "kind": "generic",
    "secrets": [SECRET],
    "settings": {"auth": "header", "header": "X-Secret", "types": ["fault.*"]},
}
FOREVER_S = 1e9
HOUR_S, DAY_S = 3600.0, 86_400.0


class VirtualClock(SystemClock):
    """Runs as the true one does, ahead of it by whatever was skipped."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def now(self) -> float:
        return super().now() + self.skipped_s

    def anchor(self, database_now: float) -> None:
        super().anchor(database_now + self.skipped_s)


@dataclass
class Lane:
    """A webhook's lane, as the database has it; the defaults where it has none yet."""

    paused: bool = False
    paused_reason: str = ""
    held_until: float = 0.0
    hold_reason: str = ""
    wake_at: float | None = None
    failing_since: float | None = None
    warned: int = 0
    breaker: str = ""


class VirtualHub:
    """The hub, its sink, and a sender; every webhook ``NAME`` takes the event type ``fault.NAME`` to the path
    ``/NAME``."""

    def __init__(self, hub: Hub, clock: VirtualClock, sink: SinkControl, sender: Sender, reader: Reader) -> None:
        self.hub, self.clock, self.sink, self.sender, self.reader = hub, clock, sink, sender, reader
        self._numbers = 0

    async def post(self, name: str, subjects: Sequence[str] = ("",)) -> list[str]:
        """Sends an event for the webhook ``name`` with each subject ("" for one of its own); their ids."""
        ids = []
        for subject in subjects:
            self._numbers += 1
            facts = {"type": f"fault.{name}", "subject": subject or f"own/{self._numbers}"}
            status, answer = await self.sender.post(alert(self._numbers, **facts))
            assert status == 202
            ids.append("evt_" + answer["id"].removeprefix("rcp_"))
        return ids

    def lane(self, name: str) -> Lane:
        columns = ", ".join(Lane.__dataclass_fields__)
        found = self.reader.rows(f"select {columns} from lanes where key = ?", f"webhook:{name}")
        lane = Lane(*found[0]) if found else Lane()
        lane.paused = bool(lane.paused)
        return lane

    def pending(self, name: str) -> list[tuple[Any, ...]]:
        """(event id, state, attempts spent, due at) of what is not finished."""
        sql = "select d.event_id, d.state, d.attempts, d.due_at from deliveries d join lanes l on l.id = d.lane_id"
        return self.reader.rows(f"{sql} where l.key = ? order by d.id", f"webhook:{name}")

    def ended(self, name: str) -> list[tuple[Any, ...]]:
        """(event id, state, reason, attempts spent) of what is finished, in the order of the events."""
        sql = "select h.event_id, h.state, h.reason, h.attempts from history h join lanes l on l.id = h.lane_id"
        return self.reader.rows(f"{sql} where l.key = ? order by h.event_id, h.id", f"webhook:{name}")

    def attempts(self, name: str) -> list[tuple[Any, ...]]:
        """(started at, outcome, reason, detail, error) of every attempt."""
        sql = "select a.started_at, a.outcome, a.reason, a.detail, a.error from attempts a"
        return self.reader.rows(
            f"{sql} join lanes l on l.id = a.lane_id where l.key = ? order by a.started_at", f"webhook:{name}"
        )

    async def attempted(self, name: str, count: int) -> list[tuple[Any, ...]]:
        """Waits for ``count`` attempts to be on record."""
        return await until(lambda: found if len(found := self.attempts(name)) >= count else [])

    async def done(self, name: str, count: int = 1) -> list[tuple[Any, ...]]:
        """Waits for ``count`` deliveries to be finished."""
        return await until(lambda: found if len(found := self.ended(name)) >= count else [])

    async def told(self, type_: str, name: str, least: int = 1) -> list[Mapping[str, Any]]:
        """The events of the hub's own about a webhook's lane, as their ``data``; waits for ``least``."""

        async def found() -> list[Mapping[str, Any]]:
            bodies = [json.loads(arrival.body) for arrival in await self.sink.received(path="/told")]
            about = [one["data"]["data"] for one in bodies if one["type"] == type_ and _is_about(one, name)]
            return about if len(about) >= least else []

        return await until_answered(found)

    def skip(self, seconds: float) -> None:
        """Sets the clock forward, and has the hub look around."""
        self.clock.skipped_s += max(0.0, seconds)
        self.hub.deliverer.look()

    def skip_to(self, at: float) -> None:
        self.skip(at - self.clock.now() + 0.001)

    def judge(self, name: str, events: Sequence[str], arrivals: Sequence[Arrival]) -> list[str]:
        """Judge D for one webhook."""
        return judge_delivered(self.reader, events, {f"webhook:{name}": f"/{name}"}, arrivals)


def _is_about(body: Mapping[str, Any], name: str) -> bool:
    return bool(body["data"]["data"].get("lane") == f"webhook:{name}")


@asynccontextmanager
async def virtual_hub(
    directory: Path, database_url: str, sink: SinkControl, *layers: Mapping[str, Any]
) -> AsyncIterator[VirtualHub]:
    """A running hub on a virtual clock."""
    config = write_config(directory, database_url, {"sources": [SOURCE], "deliver": {"lease_s": 3600}}, *layers)
    clock = VirtualClock()
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(wiring, "SystemClock", lambda: clock))
        # What is done every hour would be done at every skip. Making partitions locks whole tables: our reader would
        # wait for them in the very thread in which the hub has to commit.
        stack.enter_context(mock.patch.object(timers, "join", lambda hub: None))
        async with serving(load(config, {})) as (hub, url), Sender(url) as sender:
            worker = hub.deliverer.worker
            # Days that are skipped must not cost the lease, which is next renewed after 20 true minutes.
            assert await hub.database.write(lambda tx: workers.renew(tx, worker, clock.now(), FOREVER_S))
            yield VirtualHub(hub, clock, sink, sender, KeptReader(database_url, stack))
