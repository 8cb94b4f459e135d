"""What ends makes room, and what waits for that room is claimed in the same transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from centralita.core.effects import Effect, Payload, Subject
from centralita.core.events import Event
from centralita.sandbox.server import serve
from centralita.sandbox.sink import WebhookSink
from centralita.services.fanout import Handed, Planned, write_deliveries
from centralita.services.hub import Hub
from centralita.settings import load
from centralita.store import deliveries, lanes
from centralita.store.database import Transaction
from centralita.wiring import open_hub

CONFIG = """
data_dir: {data}
database: {{url: "{url}"}}
network: {{allow: ["127.0.0.0/8"]}}
slack: {{enabled: false}}
webhooks: [{{name: erp, url: "{sink}/erp", order: none, in_flight: 2}}]
"""
COUNT = 6
EVENT = "evt_01KABCDEFGHJKMNPQRSTVWXYZ0_0"


class Births:
    """What a routing transaction brought to life."""

    def __init__(self) -> None:
        self.handed: list[Handed] = []
        self.queued = False
        self.rejected: Mapping[str, int] = {}


@pytest.fixture
async def hub(migrated_url: str, tmp_path: Path) -> AsyncIterator[Hub]:
    """A worker whose loop that claims by itself does not run."""
    file = tmp_path / "centralita.yaml"
    async with serve(WebhookSink()) as sink:
        file.write_text(CONFIG.format(data=tmp_path / "data", url=migrated_url, sink=sink.url))
        async with open_hub(load(file, environ={}), role="worker") as opened:
            await opened.deliverer.start("worker")
            yield opened
            await opened.deliverer.leave()


async def _born(hub: Hub) -> Births:
    """Six deliveries of one webhook, the first two in flight here."""
    event = Event(id=EVENT, source="desk", type="printer.jammed", time="2027-01-15T08:00:00Z")
    effects = [Effect(rule=f"r{number}", destination="webhook", target="erp") for number in range(COUNT)]
    subject = Subject(source="", subject="")
    planned = [
        Planned(payload=Payload(event=event, effect=effect, subject=subject), address=hub.destinations.address(effect))
        for effect in effects
    ]
    births, room, now = Births(), hub.deliverer.reserve(), hub.clock.now()
    await hub.database.write(lambda tx: write_deliveries(tx, planned, room, now, births))
    hub.deliverer.hand_over(room, births.handed, births.queued)
    return births


@asynccontextmanager
async def _settling(hub: Hub) -> AsyncIterator[None]:
    task = asyncio.ensure_future(hub.deliverer.settle_results())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _left(hub: Hub) -> tuple[list[str], int]:
    """The states of what is not finished, and how many places its lane says are taken."""

    def read(tx: Transaction) -> tuple[list[str], int]:
        lane = lanes.by_key(tx, "webhook:erp")
        assert lane is not None
        return [row.state for row in deliveries.of_event(tx, EVENT)], lane.in_flight

    return await hub.database.read(read)


async def test_whoever_waits_for_a_place_gets_it_in_the_transaction_that_frees_it(hub: Hub) -> None:
    ended, all_ended = list[str](), asyncio.Event()

    def settled(event_ids: Iterable[str]) -> None:
        ended.extend(event_ids)
        if len(ended) >= COUNT:
            all_ended.set()

    hub.deliverer.on_settled = settled
    births = await _born(hub)
    assert len(births.handed) == 2
    async with _settling(hub), asyncio.timeout(30):
        await all_ended.wait()
    assert await _left(hub) == ([], 0)
    assert ended == [EVENT] * COUNT


async def test_nothing_is_claimed_with_the_last_results_of_a_worker_that_ends(hub: Hub) -> None:
    await _born(hub)
    async with _settling(hub), asyncio.timeout(30):
        await hub.deliverer.drain()
        await hub.deliverer.settle_last()
    assert await _left(hub) == (["due"] * (COUNT - 2), 0)
