"""PostgreSQL goes away, freezes, or loses an answer: 503, no false acknowledgement, and then all is delivered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa

from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.answers import AnswerPlan
from tests.postgres import PostgresCluster
from tests.scenarios.conftest import World, webhooks, world_of
from tests.scenarios.judges import header, judge_acknowledged, judge_delivered
from tests.scenarios.ledger import Sender, alert
from tests.scenarios.proxy import Proxy
from tests.scenarios.wire import exchange

LANES = {"webhook:a": "/a", "webhook:b": "/b"}


@pytest.fixture
async def proxy(postgres_cluster: PostgresCluster) -> AsyncIterator[Proxy]:
    async with Proxy(postgres_cluster.port) as made:
        yield made


def _through(proxy: Proxy, url: str) -> dict[str, dict[str, str]]:
    changed = sa.make_url(url).set(port=proxy.port).render_as_string(hide_password=False)
    return {"database": {"url": changed}}


async def _insist(sender: Sender, number: int) -> list[int]:
    """Sends one alert, as senders do, until it is taken; the statuses on the way."""
    statuses: list[int] = []
    while not statuses or statuses[-1] >= 300:
        try:
            status, _ = await sender.post(alert(number), f"id-{number}")
        except (aiohttp.ClientError, TimeoutError):
            status = 599
        if status >= 300:
            await asyncio.sleep(0.02)  # nothing signals that the database is back; a sender tries again
        statuses.append(status)
        assert len(statuses) < 500
    return statuses


async def _judge(world: World, sender: Sender, sink: SinkControl, count: int) -> None:
    """Every event arrives on every lane, by itself, and the books agree."""
    await _all_came(sink, sender, count)
    await world.settle()
    arrivals = await sink.received()
    assert judge_acknowledged(world.reader, sender.ledger) == []
    assert judge_delivered(world.reader, sender.ledger.events(), LANES, arrivals) == []
    assert len(set(sender.ledger.events())) == count
    assert world.reader.value("select count(*) from deliveries") == 0


async def _all_came(sink: SinkControl, sender: Sender, count: int) -> None:
    for path in LANES.values():
        wanted = count
        while True:
            arrivals = await sink.wait_for(wanted, path=path, timeout_s=60)
            different = len({header(arrival, "webhook-id") for arrival in arrivals})
            if different >= count:
                break
            wanted += count - different


STAGES = {
    "receive": b"insert into dedupe",
    "route": b"insert into deliveries",
    "claim": b"with picked as materialized",
    "settle": b"insert into history",
}


@pytest.mark.parametrize("stage", STAGES)
async def test_a_commit_whose_answer_is_lost_neither_loses_nor_blocks_anything(
    postgres_world: World, proxy: Proxy, sink: SinkControl, stage: str
) -> None:
    """Row 20, for the transactions of each stage."""
    world = postgres_world
    # Few in flight: so that there is always something to claim.
    layers = [webhooks(sink, "a", "b", in_flight=2), _through(proxy, world.database_url)]
    hub = await world.hub(*layers)
    sender = await world.sender(hub)
    proxy.cut_commits(1, STAGES[stage])
    statuses = await asyncio.gather(*(_insist(sender, number) for number in range(40)))
    await proxy.cut()
    if stage == "receive":
        assert any(503 in tried for tried in statuses)
        assert 200 in [entry.status for entry in sender.ledger.entries], "stored all the same: its retry is a duplicate"
    else:
        assert all(tried == [202] for tried in statuses), statuses
    await _judge(world, sender, sink, 40)


async def test_results_whose_commit_is_in_doubt_are_settled_once(
    postgres_world: World, proxy: Proxy, sink: SinkControl
) -> None:
    """Row 20: while another row of the same lane is still in flight, so that the lane has its owner all the time."""
    world = postgres_world
    hub = await world.hub(webhooks(sink, "a", "b"), _through(proxy, world.database_url))
    sender = await world.sender(hub)
    for path in LANES.values():
        await sink.answer(AnswerPlan(path=path, delay_ms=1500, count=1))
    await _insist(sender, 0)
    await sink.wait_for(2)
    proxy.cut_commits(1, STAGES["settle"])
    for number in range(1, 5):
        await _insist(sender, number)
    await proxy.cut()
    await _judge(world, sender, sink, 5)


async def test_a_frozen_database_is_503_within_the_wait_and_work_goes_on_after_it(
    postgres_world: World, proxy: Proxy, sink: SinkControl
) -> None:
    """Row 19."""
    world = postgres_world
    hub = await world.hub(
        webhooks(sink, "a", "b"), _through(proxy, world.database_url), {"receive": {"max_wait_s": 0.5}}
    )
    sender = await world.sender(hub)
    await _insist(sender, 0)
    await _all_came(sink, sender, 1)
    proxy.freeze()
    frozen = await asyncio.gather(*(sender.post(alert(number), f"id-{number}") for number in range(1, 6)))
    assert [status for status, _ in frozen] == [503] * 5
    assert all("stored" in answer["title"].lower() for _, answer in frozen), frozen
    status, _ = await exchange(hub.url, b"GET /livez HTTP/1.1\r\nHost: hub\r\n\r\n")
    assert status == 200, "nothing else in the process stands still"
    proxy.thaw()
    for number in range(1, 6):
        await _insist(sender, number)
    await _judge(world, sender, sink, 6)


async def test_a_crash_of_postgresql_costs_no_acknowledged_event(
    postgres_private: PostgresCluster, tmp_path: Path, sink: SinkControl
) -> None:
    """Row 18: ``pg_ctl -m immediate`` under load, three times."""
    async with world_of(tmp_path, postgres_private.create_database()) as world:
        hub = await world.hub(webhooks(sink, "a", "b"))
        sender = await world.sender(hub)
        sending = asyncio.ensure_future(_send(sender, 120))
        for wanted in (10, 40, 80):
            await sink.wait_for(wanted, path="/a", timeout_s=60)
            await asyncio.to_thread(postgres_private.restart, "immediate")
        await sending
        await _judge(world, sender, sink, 120)


async def _send(sender: Sender, count: int) -> None:
    for start in range(0, count, 4):
        await asyncio.gather(*(_insist(sender, number) for number in range(start, start + 4)))
