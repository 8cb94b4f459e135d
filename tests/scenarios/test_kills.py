"""Killed, ended and stopped at the worst moments: between a post and its commit, under load, beyond the lease."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from contextlib import suppress

import aiohttp
import pytest

from centralita.sandbox.control import SinkControl, SlackControl
from centralita.sandbox.sink.answers import AnswerPlan
from tests.scenarios.conftest import World, slack_settings, webhooks
from tests.scenarios.judges import header, judge_acknowledged, judge_delivered, repeats
from tests.scenarios.ledger import Sender, alert
from tests.scenarios.processes import Ended, HubProcess
from tests.scenarios.waiting import until

ALERTS = {"rules": [{"name": "All", "channel": "#alerts"}]}
QUICK_LEASE = {"deliver": {"lease_s": 3}}
LANES = {"webhook:a": "/a"}


async def _one_message(world: World, slack: SlackControl) -> None:
    await until(lambda: world.reader.value("select count(*) from history where state = 'delivered'"))
    assert await slack.posted(method="conversations.history", ok=True), "it was looked for before it was posted again"
    await world.settle()
    assert len(await slack.messages("#alerts")) == 1
    assert len(await slack.posted(method="chat.postMessage", ok=True)) == 1


async def test_a_kill_between_a_slack_post_and_its_commit_leaves_one_message(world: World, slack: SlackControl) -> None:
    hub = await world.hub(slack_settings(slack), ALERTS, QUICK_LEASE)
    sender = await world.sender(hub)
    await slack.slow(60_000, "chat.postMessage", 1, after_apply=True)
    assert (await sender.post(alert(1)))[0] == 202
    await slack.wait_for(method="chat.postMessage")
    await hub.kill()
    await slack.heal()
    await hub.start()
    await _one_message(world, slack)


async def test_a_slack_answer_that_is_lost_leaves_one_message(world: World, slack: SlackControl) -> None:
    hub = await world.hub(slack_settings(slack), ALERTS)
    sender = await world.sender(hub)
    await slack.drop_next("chat.postMessage", applied=True)
    assert (await sender.post(alert(1)))[0] == 202
    await _one_message(world, slack)


async def test_a_kill_between_a_post_and_its_commit_sends_a_webhook_again_with_the_same_id(
    world: World, sink: SinkControl
) -> None:
    """Row 16."""
    hub = await world.hub(webhooks(sink, "a"), QUICK_LEASE)
    sender = await world.sender(hub)
    await sink.answer(AnswerPlan(mode="hang", count=1))
    await sender.post(alert(1))
    await sink.wait_for(1)
    await hub.kill()
    await hub.start()
    arrivals = await sink.wait_for(2)
    await world.settle()
    assert len(await sink.received()) == 2
    assert judge_delivered(world.reader, sender.ledger.events(), LANES, arrivals) == []
    assert repeats(arrivals) == 1


async def test_an_orderly_end_under_load_loses_nothing_and_repeats_nothing(world: World, sink: SinkControl) -> None:
    """Row 17: SIGTERM; what was taken is delivered before the end, or by the next one."""
    hub = await world.hub(webhooks(sink, "a"))
    sender = await world.sender(hub)
    sending = [asyncio.ensure_future(_send_until_gone(sender, start)) for start in range(0, 8000, 1000)]
    await sink.wait_for(30)
    assert await hub.stop() == 0
    await asyncio.gather(*sending)
    assert not [line for line in hub.log if "Traceback" in line]
    await hub.start()
    count = len(sender.ledger.events())
    await sink.wait_for(count)
    await world.settle()
    arrivals = await sink.received()
    assert judge_acknowledged(world.reader, sender.ledger) == []
    assert judge_delivered(world.reader, sender.ledger.events(), LANES, arrivals) == []
    assert repeats(arrivals) == 0
    assert world.reader.value("select count(*) from deliveries") == 0


async def _send_until_gone(sender: Sender, start: int) -> None:
    with suppress(aiohttp.ClientError):
        for number in range(start, start + 1000):
            status, _ = await sender.post(alert(number), f"id-{number}")
            if status == 503:
                return


async def _three(world: World, *layers: Mapping[str, object]) -> tuple[Sender, dict[int, HubProcess]]:
    """A process that receives and two that work, by their pid."""
    web = await world.hub(*layers, role="web", name="web")
    one = await world.hub(*layers, role="worker", name="one")
    two = await world.hub(*layers, role="worker", name="two")
    return await world.sender(web), {one.pid: one, two.pid: two}


async def test_a_worker_that_is_stopped_beyond_its_lease_is_replaced_and_its_late_result_thrown_away(
    postgres_world: World, sink: SinkControl
) -> None:
    """Row 14."""
    world = postgres_world
    sender, workers = await _three(world, webhooks(sink, "a"), QUICK_LEASE)
    await sink.answer(AnswerPlan(status=500, delay_ms=2500, count=1))
    await sender.post(alert(1))
    await sink.wait_for(1)
    sql = "select w.name from lanes l join workers w on w.id = l.owner where l.in_flight > 0"
    name = await until(lambda: world.reader.value(sql))
    stopped = workers[int(name.rpartition(":")[2])]
    stopped.send(signal.SIGSTOP)
    try:
        await sink.wait_for(2, timeout_s=30)  # the other one has taken over
        await until(lambda: world.reader.value("select count(*) from history"))
    finally:
        stopped.send(signal.SIGCONT)
    await stopped.logged("deliver.lease_lost")
    await sender.post(alert(1, note="the next one"))
    arrivals = await sink.wait_for(3)
    await until(lambda: world.reader.value("select count(*) from history") == 2)
    await world.settle()
    assert len(await sink.received()) == 3
    assert judge_delivered(world.reader, sender.ledger.events(), LANES, arrivals) == []
    tries = world.reader.rows("select status, outcome from attempts order by started_at")
    assert tries == [(200, "delivered"), (200, "delivered")], "the late 500 was written"


async def test_two_workers_share_the_work_and_nothing_comes_twice(postgres_world: World, sink: SinkControl) -> None:
    """Row 15."""
    world = postgres_world
    names = [f"w{number}" for number in range(8)]
    sender, _ = await _three(world, webhooks(sink, *names, in_flight=1))
    for start in range(0, 60, 20):
        await asyncio.gather(*(sender.post(alert(number % 7, note=number)) for number in range(start, start + 20)))
    arrivals = await sink.wait_for(60 * len(names), timeout_s=60)
    await world.settle()
    assert repeats(await sink.received()) == 0
    lanes = {f"webhook:{name}": f"/{name}" for name in names}
    assert judge_delivered(world.reader, sender.ledger.events(), lanes, arrivals) == []
    for name in names:
        _judge_subject_order(world, [header(a, "webhook-id") for a in arrivals if a.path == f"/{name}"])


def _judge_subject_order(world: World, event_ids: list[str]) -> None:
    """Of each subject, the events come in the order in which they were taken in."""
    subjects = dict(world.reader.rows("select id, subject from events"))
    seen: dict[str, list[str]] = {}
    for event_id in event_ids:
        seen.setdefault(subjects[event_id], []).append(event_id)
    order = {f"evt_{row[0].removeprefix('rcp_')}": n for n, row in enumerate(
        world.reader.rows("select id from receipts order by id"))}  # fmt: skip
    for subject, ids in seen.items():
        assert ids == sorted(ids, key=order.__getitem__), subject


async def test_a_killed_worker_that_owns_a_lane_is_replaced_by_the_other(
    postgres_world: World, sink: SinkControl
) -> None:
    world = postgres_world
    sender, workers = await _three(world, webhooks(sink, "a"), QUICK_LEASE)
    await sink.answer(AnswerPlan(mode="hang", count=1))
    await sender.post(alert(1))
    await sink.wait_for(1)
    name = await until(
        lambda: world.reader.value("select w.name from lanes l join workers w on w.id = l.owner where l.in_flight > 0")
    )
    await workers[int(name.rpartition(":")[2])].kill()
    arrivals = await sink.wait_for(2, timeout_s=30)
    await world.settle()
    assert judge_delivered(world.reader, sender.ledger.events(), LANES, arrivals) == []


async def test_a_second_server_on_the_same_data_is_refused(sqlite_world: World, sink: SinkControl) -> None:
    world = sqlite_world
    first = await world.hub(webhooks(sink, "a"))
    second = HubProcess(first.config)
    with pytest.raises(Ended, match=r"data directory|directorio de datos"):
        await second.start()
    sender = await world.sender(first)
    assert (await sender.post(alert(1)))[0] == 202
    await sink.wait_for(1)
    await world.settle()
