"""What users of other webhook senders suffer from, one test for each: named by what it proves here, with the thread.

Threads of Svix are at github.com/svix/svix-webhooks, of Convoy at github.com/frain-dev/convoy, of Outpost at
github.com/hookdeck/outpost. A portal for the receivers' own people (Svix #2026) is the dashboard's to show.
"""

from __future__ import annotations

import re
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from centralita.core.conditions import compile_condition
from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.answers import AnswerPlan
from centralita.services import timers, webhook_changes, webhook_history, webhook_queue
from centralita.services.webhook_history import AttemptFilter
from tests.scenarios.conftest import WEBHOOK_SECRET, World, webhooks
from tests.scenarios.judges import Reader, header, judge_intact, judge_order
from tests.scenarios.ledger import alert
from tests.scenarios.virtual import DAY_S, HOUR_S, VirtualHub, virtual_hub
from tests.scenarios.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

GROWING = {"attempts", "dead_letters", "dedupe", "deliveries", "events", "history", "receipts", "subjects"}
"""Tables that grow with the events."""
ACTOR = "local:tests"
HOOKS: dict[str, dict[str, Any]] = {
    "status_404": {},
    "status_500": {},
    "status_302": {},
    "ordered": {"order": "strict", "schedule_s": [0.05]},
    "never": {"schedule_s": [0.05, 0.05]},
    "once": {},
    "unknown": {"url": "http://unknown.receiver.example:9/"},
    "filtered": {"schedule_s": [0.05]},
    "redelivered": {"schedule_s": [0.05]},
    "blocked": {"schedule_s": [0.05, 0.05]},
    "old": {},
}


def _settings(sink: SinkControl, hooks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    common = {"secret": WEBHOOK_SECRET, "schedule_s": [HOUR_S, HOUR_S]}
    return {
        "webhooks": [
            {"name": name, "url": f"{sink.url}/{name}", "types": [f"fault.{name}"], **common, **facts}
            for name, facts in hooks.items()
        ]
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(module_url: str, sink_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[VirtualHub]:
    """One hub for most: every test has a webhook, and with it a lane, of its own."""
    async with SinkControl(sink_url) as sink:
        async with virtual_hub(tmp_path_factory.mktemp("hub"), module_url, sink, _settings(sink, HOOKS)) as hub:
            yield hub
        assert judge_intact(Reader(module_url)) == []


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _well(sink_url: str) -> None:
    async with SinkControl(sink_url) as sink:
        await sink.reset()
        await sink.heal()


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_retry_after_is_honoured_with_any_status_that_is_no_success(world: VirtualHub, status: int) -> None:
    """Svix #2200."""
    name = f"status_{status}"
    plan = AnswerPlan(path=f"/{name}", status=status, headers={"retry-after": "120"}, count=1)
    await world.sink.answer(plan)
    began_at = world.clock.now()
    events = await world.post(name)
    await world.attempted(name, 1)
    [(_, _, _, due_at)] = world.pending(name)
    again_at = max(due_at, world.lane(name).held_until)
    assert again_at - began_at >= 120 >= again_at - world.clock.now()
    world.skip(120)
    assert [end[1] for end in await world.done(name)] == ["delivered"]
    assert world.judge(name, events, await world.sink.received()) == []


async def test_what_waits_survives_the_loss_of_everything_but_the_database(
    database_url: str, sink_url: str, tmp_path: Path
) -> None:
    """Svix #1844: there the queue is another server, and what it loses is in limbo. Also Convoy #1667, retries that
    nobody picks up any more: a retry belongs to no process."""
    async with SinkControl(sink_url) as sink:
        await sink.answer(AnswerPlan(path="/kept", status=500, count=1))
        settings = _settings(sink, {"kept": {}})
        async with virtual_hub(tmp_path / "first", database_url, sink, settings) as hub:
            events = await hub.post("kept", ["a", "a", "b"])
            await hub.attempted("kept", 2)
            await until(lambda: len(hub.ended("kept")) == 1)
        shutil.rmtree(tmp_path / "first")
        async with virtual_hub(tmp_path / "second", database_url, sink, settings) as hub:
            hub.skip(2 * HOUR_S)
            assert [end[1] for end in await hub.done("kept", 3)] == ["delivered"] * 3
            assert hub.judge("kept", events, await sink.received()) == []


async def test_what_waits_for_a_webhook_that_was_deleted_ends_and_is_tried_no_more(world: VirtualHub) -> None:
    """Svix #1511."""
    given = {"name": "deleted", "url": f"{world.sink.url}/deleted", "types": ["fault.deleted"], "schedule_s": [60] * 9}
    await webhook_changes.add(world.hub, ACTOR, given)
    await world.sink.answer(AnswerPlan(path="/deleted", status=500))
    await world.post("deleted", ["a", "a"])
    await world.attempted("deleted", 1)
    await until(lambda: len(world.pending("deleted")) == 2)  # the first may be tried before the second is routed
    assert await webhook_changes.remove(world.hub, ACTOR, "deleted") == 2
    world.skip(DAY_S)
    assert [end[1:3] for end in await world.done("deleted", 2)] == [("skipped", "webhook.removed")] * 2
    assert len(await world.sink.received(path="/deleted")) == 1
    await world.post("deleted")
    await world.post("once")
    await world.done("once", 1)
    assert (len(world.ended("deleted")), world.pending("deleted")) == (2, [])


async def test_order_is_kept_past_a_failure(world: VirtualHub) -> None:
    """Convoy #1525."""
    await world.sink.answer(AnswerPlan(path="/ordered", status=500, count=1))
    events = await world.post("ordered", [""] * 5)
    await world.done("ordered", 5)
    arrivals = await world.sink.received(path="/ordered")
    assert judge_order(arrivals, {event: number for number, event in enumerate(events)}) == []
    assert [header(arrival, "webhook-id") for arrival in arrivals] == [events[0], *events]


async def test_what_never_succeeds_comes_to_an_end_with_every_attempt_on_record(world: VirtualHub) -> None:
    """Convoy #1833: there it is tried for ever, and nobody writes it down."""
    await world.sink.answer(AnswerPlan(path="/never", status=500))
    [event] = await world.post("never")
    assert await world.done("never") == [(event, "dead", "http.status", 3)]
    states = [(row[1], *row[2:4]) for row in world.attempts("never")]
    assert states == [(state, "http.status", "500") for state in ("retry", "retry", "dead")]
    assert len(await world.sink.received(path="/never")) == 3
    assert world.reader.value("select count(*) from dead_letters where event_id = ?", event) == 1


async def test_what_is_published_twice_is_sent_once(world: VirtualHub) -> None:
    """Outpost #276."""
    before = len(world.ended("once"))
    body = alert(7, type="fault.once", subject="own/once")
    answers = [await world.sender.post(body, "the-same-id") for _ in range(5)]
    assert {status for status, _ in answers} == {200, 202}
    assert len({answer["id"] for _, answer in answers}) == 1
    await world.post("once")  # whoever else came would have come before
    await world.done("once", before + 2)
    ids = [header(arrival, "webhook-id") for arrival in await world.sink.received(path="/once")]
    assert len(ids) == len(set(ids)) == 2


async def test_events_wait_for_a_webhook_that_the_hub_stopped_and_come_in_order_when_it_goes_on(
    world: VirtualHub,
) -> None:
    """Outpost #611: there what is published for a disabled destination vanishes."""
    given = {"name": "stopped", "url": f"{world.sink.url}/stopped", "types": ["fault.stopped"], "order": "strict"}
    await webhook_changes.add(world.hub, ACTOR, given)
    await world.sink.answer(AnswerPlan(path="/stopped", status=410, count=1))
    events = await world.post("stopped")
    await until(lambda: world.lane("stopped").paused)
    events += await world.post("stopped", ["", ""])
    await until(lambda: len(world.pending("stopped")) == 3)
    await webhook_queue.resume(world.hub, ACTOR, "stopped")
    await world.done("stopped", 3)
    arrivals = await world.sink.received(path="/stopped")
    assert [header(arrival, "webhook-id") for arrival in arrivals] == [events[0], *events]


async def test_what_waits_for_a_webhook_that_somebody_switched_off_is_sent_when_it_is_on_again(
    world: VirtualHub,
) -> None:
    """Outpost #611, by a person."""
    given = {"name": "off", "url": f"{world.sink.url}/off", "types": ["fault.off"], "schedule_s": [60] * 9}
    await webhook_changes.add(world.hub, ACTOR, given)
    await world.sink.answer(AnswerPlan(path="/off", status=500, count=1))
    events = await world.post("off", ["a", "a"])
    await world.attempted("off", 1)
    await until(lambda: len(world.pending("off")) == 2)
    await webhook_changes.set_enabled(world.hub, ACTOR, "off", False)
    world.skip(DAY_S)
    assert [row[0] for row in world.pending("off")] == events
    await webhook_changes.set_enabled(world.hub, ACTOR, "off", True)
    assert [end[1] for end in await world.done("off", 2)] == ["delivered"] * 2


async def test_a_name_that_cannot_be_looked_up_is_tried_again(
    world: VirtualHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outpost #314."""
    ask = socket.getaddrinfo

    def refuse(host: Any, *rest: Any, **options: Any) -> Any:
        if str(host) == "unknown.receiver.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ask(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    await world.post("unknown")
    await world.attempted("unknown", 1)
    world.skip(2 * HOUR_S)
    assert {row[1:3] for row in await world.attempted("unknown", 2)} == {("retry", "net.dns")}


async def test_the_log_of_attempts_is_filtered_by_what_came_of_them_and_by_what_the_event_says(
    world: VirtualHub,
) -> None:
    """Outpost #538."""
    await world.sink.answer(AnswerPlan(path="/filtered", status=503, count=1))
    events = await world.post("filtered", ["a", "a"])
    await world.done("filtered", 2)

    async def found(condition: str = "", **wanted: Any) -> list[tuple[str, int]]:
        compiled = compile_condition(condition)
        page = await webhook_history.attempts(
            world.hub, "filtered", AttemptFilter(**wanted), compiled if condition else None, 10, "", "en"
        )
        return [(each.event, each.status) for each in page.items]

    assert await found() == [(events[1], 200), (events[0], 200), (events[0], 503)]
    assert await found(status="5xx") == [(events[0], 503)]
    assert await found(outcome="delivered", condition=f"id == '{events[1]}'") == [(events[1], 200)]
    assert await found(error="dns") == []


async def test_what_failed_is_sent_again_by_itself(world: VirtualHub) -> None:
    """GitHub redelivers nothing unless somebody asks for it, within three days."""
    await world.sink.answer(AnswerPlan(path="/redelivered", mode="drop", count=1))
    [event] = await world.post("redelivered")
    assert await world.done("redelivered") == [(event, "delivered", "", 2)]
    first, second = await world.sink.received(path="/redelivered")
    assert (first.body, header(first, "webhook-id")) == (second.body, header(second, "webhook-id"))


async def test_nothing_is_lost_while_a_receiver_is_left_alone(world: VirtualHub) -> None:
    """Botmaker sends nothing for ten minutes after too many failures, and the messages of that time are lost."""
    await world.sink.answer(AnswerPlan(path="/blocked", status=500))
    events = await world.post("blocked", [f"s/{number}" for number in range(12)])
    await until(lambda: world.lane("blocked").hold_reason == "breaker.open")
    events += await world.post("blocked", ["during the block"] * 3)
    waiting = await until(lambda: _quiet(world, "blocked", events[12:]))
    assert [row[2] for row in waiting if row[0] in events[12:]] == [0] * 3
    seen = len(await world.sink.received(path="/blocked"))
    await world.sink.answer(AnswerPlan(path="/blocked"))
    assert len(await world.sink.received(path="/blocked")) == seen
    world.skip_to(world.lane("blocked").held_until)
    world.skip(60)
    ended = await world.done("blocked", len(events))
    assert {end[0] for end in ended if end[1] == "delivered"} >= set(events[12:])
    assert world.judge("blocked", events, await world.sink.received()) == []


def _quiet(world: VirtualHub, name: str, events: Sequence[str]) -> list[tuple[Any, ...]]:
    """What waits, once these events are among it and nothing is under way."""
    rows = world.pending(name)
    known = {row[0] for row in rows} >= set(events)
    return rows if known and all(row[1] != "in_flight" for row in rows) else []


async def test_what_is_past_its_retention_is_gone(world: VirtualHub) -> None:
    """Svix #1933."""
    await world.post("old")
    await world.done("old")
    world.skip(400 * DAY_S)
    # A jump like this may be a wrong clock: the second look, a day later, believes it.
    for _ in range(2):
        await timers.every_hour(world.hub)
        world.skip(2 * DAY_S)
    await timers.every_hour(world.hub)
    assert (world.ended("old"), world.attempts("old")) == ([], [])


async def test_no_statement_of_a_delivery_costs_more_as_events_pile_up(
    sink_url: str, migrated_sqlite: str, tmp_path: Path
) -> None:
    """Convoy #1712: throughput fell as events grew. Here no statement between the request and its end reads a table
    that grows from end to end, so that its cost follows from the batch alone."""
    said: set[str] = set()

    def listen(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection) or hasattr(connection, "set_trace_callback"):
            connection.set_trace_callback(said.add)

    sa.event.listen(sa.pool.Pool, "connect", listen)
    try:
        async with SinkControl(sink_url) as sink:
            settings = _settings(sink, {"plain": {}, "failing": {"schedule_s": [0.05]}})
            async with virtual_hub(tmp_path / "hub", migrated_sqlite, sink, settings) as hub:
                await sink.answer(AnswerPlan(path="/failing", status=500))
                said.clear()
                await hub.post("plain", ["a", "a", "b"])
                await hub.post("failing", ["c"])
                await hub.done("plain", 3)
                await hub.done("failing", 1)
                statements = sorted(said)
    finally:
        sa.event.remove(sa.pool.Pool, "connect", listen)
    assert _scanned(Path(migrated_sqlite.removeprefix("sqlite:///")), statements) == set()


def _scanned(file: Path, statements: list[str]) -> set[tuple[str, str]]:
    """(table, statement) for every table that grows and is read whole."""
    found, planned = set(), 0
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            of_retention = "where day <" in statement  # it runs at every start
            if of_retention or not re.match(r"\s*(select|insert|update|delete|with)\b", statement, re.IGNORECASE):
                continue
            planned += 1
            for *_, step in connection.execute(f"explain query plan {statement}"):
                scanned = re.match(r"SCAN (\w+)$", step)
                if scanned:  # by the name that the statement gives it
                    tables = {scanned[1], *re.findall(rf"(\w+) (?:as )?{scanned[1]}\b", statement)}
                    found |= {(table, statement) for table in tables & GROWING}
    assert planned > 15
    return found


@pytest.mark.asyncio(loop_scope="function")
async def test_a_lease_that_is_shorter_than_a_request_causes_no_second_one(
    postgres_world: World, sink: SinkControl
) -> None:
    """Svix PR #2181."""
    settings = (webhooks(sink, "slow"), {"deliver": {"lease_s": 5}})
    one = await postgres_world.hub(*settings, name="one")
    await postgres_world.hub(*settings, name="two", role="worker")
    await sink.answer(AnswerPlan(path="/slow", delay_ms=6500))
    sender = await postgres_world.sender(one)
    await sender.post(alert(1))
    await until(lambda: postgres_world.reader.value("select count(*) from history where state = 'delivered'"))
    await postgres_world.settle()
    assert len(await sink.received(path="/slow")) == 1
