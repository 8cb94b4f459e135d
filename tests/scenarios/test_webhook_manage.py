"""Webhooks that are made while the hub runs: the very next event reaches them, on either database, also when another
process delivers; and secrets that are replaced under load lose no receiver an event.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from centralita.cli.calling import LocalSocket
from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink import Arrival
from centralita.sandbox.sink.answers import AnswerPlan
from tests.scenarios.conftest import FAST, World
from tests.scenarios.judges import judge_acknowledged
from tests.scenarios.ledger import alert
from tests.scenarios.processes import HubProcess
from tests.scenarios.waiting import until

OVERLAP_S = 8.0
LAG_S = 4.0
"""How long a receiver takes to learn of a new secret."""


async def ask(hub: HubProcess, method: str, path: str, body: Any = None) -> Any:
    """The answer of the hub's API."""
    socket = LocalSocket(hub.config.parent / "data" / "centralita.sock")
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"accept-language": "en", "content-type": "application/json"}
    reply = await asyncio.to_thread(socket.send, method, f"/api/v1{path}", content, headers)
    assert reply.status < 300, reply.body
    return reply.json()


async def add(hub: HubProcess, sink: SinkControl, name: str, **more: Any) -> dict[str, Any]:
    """A webhook at the sink's path of its name, which takes everything."""
    given = {"name": name, "url": f"{sink.url}/{name}", "types": ["*"], "schedule_s": list(FAST), **more}
    return dict(await ask(hub, "POST", "/webhooks", given))


def titles(arrivals: list[Arrival]) -> list[str]:
    return [json.loads(arrival.body)["data"]["title"] for arrival in arrivals]


async def _two(world: World) -> tuple[HubProcess, HubProcess]:
    """Who is asked, and who delivers: two processes where the database allows it."""
    if world.database_url.startswith("sqlite"):
        hub = await world.hub()
        return hub, hub
    web = await world.hub(role="web", name="web", environ={"CENTRALITA_SECRET_KEY": "ab" * 32})
    worker = await world.hub(role="worker", name="worker", environ={"CENTRALITA_SECRET_KEY": "ab" * 32})
    return web, worker


async def test_what_is_changed_holds_for_the_next_event(world: World, sink: SinkControl) -> None:
    hub, _worker = await _two(world)
    sender = await world.sender(hub)
    assert (await sender.post(alert(0)))[0] == 202
    await until(lambda: world.reader.value("select count(*) from inbox") == 0)  # decided before there was one
    made = await add(hub, sink, "erp")
    await sender.post(alert(1))
    first = (await sink.wait_for(1, path="/erp"))[0]
    assert titles([first]) == ["Alert 1"]
    Webhook(made["secret"]).verify(first.body, dict(first.headers))
    await ask(hub, "PATCH", "/webhooks/erp", {"url": f"{sink.url}/moved", "condition": "title != 'Alert 3'"})
    for number in (2, 3, 4):
        await sender.post(alert(number))
    assert titles(await sink.wait_for(2, path="/moved")) == ["Alert 2", "Alert 4"]
    await ask(hub, "POST", "/webhooks/erp/disable")
    await sender.post(alert(5))
    await until(lambda: world.reader.value("select count(*) from inbox") == 0)  # decided while it was off
    await ask(hub, "POST", "/webhooks/erp/enable")
    await sender.post(alert(6))
    assert titles(await sink.wait_for(3, path="/moved"))[2:] == ["Alert 6"]
    await world.settle()
    assert titles(await sink.received(path="/erp")) == ["Alert 1"]
    assert judge_acknowledged(world.reader, sender.ledger) == []


async def test_what_waits_is_kept_while_it_is_off_and_ended_when_it_is_removed(
    usual_world: World, sink: SinkControl
) -> None:
    hub, _worker = await _two(usual_world)
    sender = await usual_world.sender(hub)
    await sink.answer(AnswerPlan(path="/erp", status=503))
    await add(hub, sink, "erp", schedule_s=[3600], order="strict")
    await sender.post(alert(0))
    await sink.wait_for(1, path="/erp")
    await ask(hub, "POST", "/webhooks/erp/disable")
    await sink.heal()
    await ask(hub, "PATCH", "/webhooks/erp", {"url": f"{sink.url}/new"})
    assert (await ask(hub, "GET", "/webhooks/erp"))["webhook"]["waiting"] == 1
    await ask(hub, "POST", "/webhooks/erp/enable")
    await ask(hub, "POST", "/webhooks/erp/disable")
    assert (await ask(hub, "GET", "/webhooks/erp"))["webhook"]["waiting"] == 1
    assert await ask(hub, "DELETE", "/webhooks/erp") == {"waiting": 1, "restorable_until": None}
    await until(lambda: usual_world.reader.value("select count(*) from deliveries") == 0)
    assert usual_world.reader.rows("select state, reason from history") == [("skipped", "webhook.removed")]
    assert len(await sink.received()) == 1
    await add(hub, sink, "erp")
    await sender.post(alert(1))
    assert titles((await sink.wait_for(2, path="/erp"))[1:]) == ["Alert 1"]
    await usual_world.settle()


def verified(arrival: Arrival, secret: str) -> None:
    """Raises WebhookVerificationError."""
    Webhook(secret).verify(arrival.body, dict(arrival.headers))


async def test_every_event_is_verified_while_secrets_are_replaced(usual_world: World, sink: SinkControl) -> None:
    hub, _worker = await _two(usual_world)
    sender = await usual_world.sender(hub)
    secrets = [(await add(hub, sink, "erp", in_flight=64))["secret"]]
    sent: dict[str, str] = {}
    for chunk in range(10):
        if chunk:
            secrets.append((await ask(hub, "POST", "/webhooks/erp/secrets", {"keep_s": 3600}))["secret"])
        numbers = range(chunk * 50, chunk * 50 + 50)
        assert set(await sender.post_all((f"id-{n}", alert(n)) for n in numbers)) == {202}
        sent |= {f"Alert {number}": secrets[-1] for number in numbers}
    arrivals = await sink.wait_for(500, path="/erp", timeout_s=60)
    assert {*titles(arrivals)} == {*sent}
    for arrival in arrivals:
        verified(arrival, secrets[0])
        if hub is _worker:  # one process: a secret that the answer shows signs what is posted after it
            verified(arrival, sent[titles([arrival])[0]])
    await usual_world.settle()


@pytest.mark.long
async def test_ten_thousand_events_are_verified_while_secrets_change_every_second(
    world: World, sink: SinkControl
) -> None:
    hub, _worker = await _two(world)
    sender = await world.sender(hub)
    made = await add(hub, sink, "erp", in_flight=64)
    known = [(0.0, made["secret"])]
    done = asyncio.Event()

    async def rotate() -> None:
        while not done.is_set():
            answer = await ask(hub, "POST", "/webhooks/erp/secrets", {"keep_s": OVERLAP_S})
            known.append((asyncio.get_running_loop().time() * 1000, answer["secret"]))
            await asyncio.sleep(1)  # the pace that is to be shown

    rotating = asyncio.create_task(rotate())
    for start in range(0, 10_000, 50):
        statuses = await sender.post_all((f"id-{n}", alert(n)) for n in range(start, start + 50))
        assert set(statuses) <= {200, 202}
        await asyncio.sleep(0.08)  # spread over many secrets
    arrivals = await sink.wait_for(10_000, path="/erp", timeout_s=120)
    done.set()
    await rotating
    assert len({*titles(arrivals)}) == 10_000
    used = set()
    for arrival in arrivals:
        # The receiver learns of each secret a while after it was made, and still knows none that has ended.
        secret = next(key for at, key in reversed(known) if at <= arrival.arrived_mono_ms - LAG_S * 1000)
        verified(arrival, secret)
        used.add(secret)
    assert len(used) > 8
    await world.settle()
