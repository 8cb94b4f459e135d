"""Receiving without a server: whoever dies between hand-out and acknowledgement, nothing is lost; and ``listen``."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from standardwebhooks import Webhook

from centralita.cli.calling import LocalSocket
from centralita.cli.session import Options
from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.answers import AnswerPlan
from tests.scenarios.conftest import WEBHOOK_SECRET, World
from tests.scenarios.ledger import Sender, alert
from tests.scenarios.processes import ROOT, HubProcess

POLLED = {"webhooks": [{"name": "polled", "types": ["alert.*"], "secret": WEBHOOK_SECRET}]}
JSON = {"content-type": "application/json"}
SUBJECTS = 3


async def ask(hub: HubProcess, method: str, path: str, body: Any = None) -> Any:
    """As the local administrator."""
    local = LocalSocket(Options(config=hub.config).settings().socket_path)
    content = b"" if body is None else json.dumps(body).encode()
    reply = await asyncio.to_thread(local.send, method, f"/api/v1{path}", content, JSON)
    assert reply.status < 300, reply.body
    return reply.json()


class Consumer:
    """Fetches with a token that opens this webhook only."""

    def __init__(self, session: aiohttp.ClientSession, hub: HubProcess, token: str) -> None:
        self._session, self.hub, self._token = session, hub, token
        self.got: list[str] = []

    async def fetch(self, cursor: str | None = "", limit: int = 10, wait_s: int = 0) -> dict[str, Any]:
        query = {"cursor": cursor or "", "limit": str(limit), "wait_s": str(wait_s)}
        headers = {"authorization": f"Bearer {self._token}"}
        url = f"{self.hub.url}/api/v1/webhooks/polled/poll"
        async with self._session.get(url, params=query, headers=headers) as response:
            assert response.status == 200, await response.text()
            answer: dict[str, Any] = await response.json()
        for message in answer["messages"]:
            assert Webhook(WEBHOOK_SECRET).verify(message["body"], message["headers"])["data"]["id"] == message["id"]
        self.got += [message["id"] for message in answer["messages"]]
        return answer

    async def drain(self, cursor: str | None = "") -> None:
        """Until nothing is left."""
        while True:
            answer = await self.fetch(cursor, limit=4)
            if not (cursor := answer["cursor"]):
                return


@asynccontextmanager
async def consumers(hub: HubProcess, count: int) -> AsyncIterator[list[Consumer]]:
    made = await ask(hub, "POST", "/tokens", {"name": "reader", "scopes": ["webhook.poll:polled"]})
    async with aiohttp.ClientSession() as session:
        yield [Consumer(session, hub, made["token"]) for _ in range(count)]


async def post(sender: Sender, numbers: range) -> list[str]:
    """Alerts of a few subjects, one after the other; their events' ids."""
    events = []
    for number in numbers:
        body = alert(number % SUBJECTS, title=f"Alert {number}")
        status, answer = await sender.post(body, f"alert-{number}")
        assert status == 202
        events.append(answer["id"].replace("rcp_", "evt_"))
    return events


def judge_order(got: list[str], events: list[str]) -> None:
    """Each subject's messages, by their first arrival, are in order; some may have gone to another consumer alone."""
    for subject in range(SUBJECTS):
        wanted = events[subject::SUBJECTS]
        seen = [each for each in dict.fromkeys(got) if each in wanted]
        assert seen == [each for each in wanted if each in seen]


async def test_nothing_is_lost_when_consumer_or_hub_die_between_hand_out_and_acknowledgement(world: World) -> None:
    hub = await world.hub(POLLED)
    sender = await world.sender(hub)
    async with consumers(hub, 3) as (dead, one, other):
        await dead.fetch()  # also: a webhook that nothing was ever queued for
        events = await post(sender, range(12))
        handed = await dead.fetch(wait_s=20)
        while len(handed["messages"]) < 10:  # the router may be behind
            handed = await dead.fetch(wait_s=20)
        # It dies here, and so does the hub.
        await hub.kill()
        await hub.start()
        again = await one.fetch()
        assert [m["id"] for m in again["messages"]] == [m["id"] for m in handed["messages"]]
        # What it had written down after all ends exactly what it was handed, by the hub of before.
        sender.url = dead.hub.url
        events += await post(sender, range(12, 24))
        await one.fetch(handed["cursor"], wait_s=20)
        await asyncio.gather(one.drain(), other.drain())
        assert set(one.got) | set(other.got) == set(events)
        for consumer in (dead, one, other):
            judge_order(consumer.got, events)
    lanes = (await ask(hub, "GET", "/lanes"))["items"]
    assert [(lane["waiting"], lane["in_flight"], lane["dead"]) for lane in lanes] == [(0, 0, 0)]
    await world.settle()


@pytest.mark.long
async def test_a_consumer_at_one_process_hears_of_what_another_one_routed(postgres_world: World) -> None:
    web = await postgres_world.hub(POLLED, role="web", name="web")
    await postgres_world.hub(POLLED, role="worker", name="worker")
    sender = await postgres_world.sender(web)
    async with consumers(web, 1) as (consumer,):
        waiting = asyncio.ensure_future(consumer.fetch(wait_s=20))
        events = await post(sender, range(1))
        assert [message["id"] for message in (await waiting)["messages"]] == events
        await consumer.drain()
    await postgres_world.settle()


async def test_listen_passes_events_on_and_leaves_nothing_behind(sqlite_world: World, sink: SinkControl) -> None:
    hub = await sqlite_world.hub()
    sender = await sqlite_world.sender(hub)
    words = ["webhook", "listen", f"{sink.url}/dev", "--type", "alert.*", "--json"]
    listening = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from centralita.cli import main; main()", "--config", str(hub.config), *words),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert listening.stdout is not None and listening.stderr is not None
    try:
        secret = (await listening.stderr.readline()).decode().split()[-1]
        await listening.stderr.readline()  # now it listens
        [made] = (await ask(hub, "GET", "/webhooks"))["items"]
        assert made["name"].startswith("listen-") and made["types"] == ["alert.*"]
        await sink.answer(AnswerPlan(status=500, count=1))
        events = await post(sender, range(2))
        said = [json.loads(await listening.stdout.readline()) for _ in range(3)]
        assert [(each["id"], each["status"], each["taken"]) for each in said] == [
            (events[0], 500, False),
            (events[0], 200, True),
            (events[1], 200, True),
        ]
        for arrival in await sink.received():
            assert Webhook(secret).verify(arrival.body, dict(arrival.headers))
        listening.send_signal(signal.SIGINT)
        async with asyncio.timeout(40):
            assert await listening.wait() == 0, await listening.stderr.read()
    finally:
        if listening.returncode is None:
            listening.kill()
            await listening.wait()
    assert (await ask(hub, "GET", "/webhooks"))["items"] == []
    await sqlite_world.settle()
