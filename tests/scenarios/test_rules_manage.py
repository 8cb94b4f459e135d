"""Rules that are made while the hub runs: the very next event is decided by them, on either database, also when another
process routes; and while events flow, each is decided by exactly one version of the rules.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from centralita.sandbox.control import SinkControl
from tests.scenarios.conftest import World, webhooks
from tests.scenarios.judges import judge_acknowledged
from tests.scenarios.ledger import alert
from tests.scenarios.processes import Ended, HubProcess
from tests.scenarios.test_webhook_manage import ask, titles
from tests.scenarios.waiting import until

BASE = {"rules": [{"name": "Every", "webhook": "every"}]}


async def _worlds(world: World, sink: SinkControl) -> tuple[HubProcess, HubProcess]:
    settings = webhooks(sink, "every", "new", types=[], in_flight=64)
    if world.database_url.startswith("sqlite"):
        hub = await world.hub(settings, BASE)
        return hub, hub
    web = await world.hub(settings, BASE, role="web", name="web")
    return web, await world.hub(settings, BASE, role="worker", name="worker")


async def test_what_is_changed_holds_for_the_next_event(usual_world: World, sink: SinkControl) -> None:
    world = usual_world
    hub, _worker = await _worlds(world, sink)
    sender = await world.sender(hub)

    async def post(number: int) -> None:
        assert (await sender.post(alert(number)))[0] == 202
        await until(lambda: world.reader.value("select count(*) from inbox") == 0)  # decided by what was there

    await post(0)
    made = await ask(hub, "POST", "/rules", {"name": "New", "condition": "title != 'Alert 2'", "webhook": "new"})
    assert made["rule"]["number"] == 2
    for number in (1, 2):
        await post(number)
    await ask(hub, "PATCH", "/rules/New", {"condition": None})
    await post(3)
    await ask(hub, "POST", "/rules/New/disable")
    await post(4)
    await ask(hub, "POST", "/rules/New/enable")
    await post(5)
    await ask(hub, "DELETE", "/rules/New")
    await post(6)
    await ask(hub, "POST", "/rules/New/restore")
    await post(7)
    assert titles(await sink.wait_for(4, path="/new")) == [f"Alert {number}" for number in (1, 3, 5, 7)]
    assert len(await sink.wait_for(8, path="/every")) == 8
    await world.settle()
    assert judge_acknowledged(world.reader, sender.ledger) == []


async def test_while_events_flow_each_is_decided_by_one_version(world: World, sink: SinkControl) -> None:
    hub, _worker = await _worlds(world, sink)
    sender = await world.sender(hub)
    done = asyncio.Event()

    async def change() -> None:
        number = 0
        while not done.is_set() or number < 8:
            await ask(hub, "POST", "/rules", {"name": f"rule {number}", "stop": number % 4 == 3, "webhook": "new"})
            if number % 2:
                await ask(hub, "DELETE", f"/rules/rule%20{number - 1}")
            number += 1

    changing = asyncio.ensure_future(change())
    for chunk in range(8):
        numbers = range(chunk * 40, chunk * 40 + 40)
        assert set(await sender.post_all((f"id-{n}", alert(n)) for n in numbers)) == {202}
    done.set()
    await changing
    assert {*titles(await sink.wait_for(320, path="/every", timeout_s=60))} == {f"Alert {n}" for n in range(320)}
    await world.settle()
    assert judge_acknowledged(world.reader, sender.ledger) == []
    rows = world.reader.rows("select name, since, until, spec from stored_rules order by position, id")
    decided = world.reader.rows("select ruleset, matched from events where source = 'monitor'")
    assert len(decided) == 320
    for version, matched in decided:
        assert json.loads(matched) == ["Every", *_in_force(rows, version)]


def _in_force(rows: list[tuple[object, ...]], version: int) -> list[str]:
    """The rules that match everything at a version, up to the first that stops."""
    names: list[str] = []
    for name, since, ended, spec in rows:
        if int(str(since)) <= version and (ended is None or int(str(ended)) > version):
            names.append(str(name))
            if json.loads(str(spec))["stop"]:
                break
    return names


@pytest.mark.long
async def test_a_node_with_another_file_does_not_start_and_one_with_the_same_does(
    postgres_world: World, sink: SinkControl
) -> None:
    world = postgres_world
    hub, _worker = await _worlds(world, sink)
    await ask(hub, "POST", "/rules", {"name": "New", "webhook": "new"})
    settings = webhooks(sink, "every", "new", types=[], in_flight=64)
    same = await world.hub(settings, BASE, role="worker", name="same")
    try:
        await world.hub(settings, {"rules": [{"name": "Other", "webhook": "every"}]}, role="worker", name="other")
    except Ended as ended:
        assert "run by other rules" in str(ended) or "otras reglas" in str(ended)
    else:
        raise AssertionError("it started")
    await hub.stop()
    sender = await world.sender(await world.hub(settings, BASE, role="web", name="web2"))
    await _worker.stop()
    assert (await sender.post(alert(1)))[0] == 202  # only the one that started after the change is left to route it
    assert titles(await sink.wait_for(1, path="/new")) == ["Alert 1"]
    assert same.running
    await world.settle()
