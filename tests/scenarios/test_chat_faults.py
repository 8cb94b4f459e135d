"""Row 39 and its like for what people do in Slack: connections that are replaced or break, Slack's 429, a database that
takes its time. An answer to one person may be lost; what they did never is, and never happens twice."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from centralita.sandbox.control import SlackControl, SlackPerson
from tests.scenarios.chat import (
    ALERTS,
    INCIDENTS,
    ROOM,
    buttons,
    desk_hub,
    filled,
    holding,
    open_form,
    settled,
    text_of,
    told_of,
)
from tests.scenarios.conftest import World
from tests.scenarios.ledger import alert
from tests.scenarios.proxy import Proxy
from tests.scenarios.test_tickets import ask
from tests.scenarios.waiting import until, until_answered

REPLIES = 4
TROUBLES, OVERLAP_S = ("replaced", "cut"), 0.2
HELD_S = 4.0
"""Longer than Slack waits, shorter than the hub does."""


async def press_until_taken(who: SlackPerson, ts: str, action_id: str) -> None:
    """As a person does whom Slack tells that there was some trouble."""
    async with asyncio.timeout(60):
        while not (await who.press(ROOM, ts, action_id))["ok"]:
            pass  # each press waits for Slack's answer


@pytest.mark.timeout(90)
async def test_connections_that_are_replaced_and_break_lose_nothing(usual_world: World, slack: SlackControl) -> None:
    world = usual_world
    async with Proxy(urlsplit(slack.url).port or 0) as proxy:
        through = {"slack": {"api_url": f"http://127.0.0.1:{proxy.port}/api/"}}
        hub = await desk_hub(world, slack, through)
        await slack.change_app(retry_waits_s=[0.3] * 60)
        for number in range(len(TROUBLES)):
            await ask(hub, "POST", "/incidents", title=f"Incident {number}", priority="high")
        found = await holding(slack, INCIDENTS, is_incident, len(TROUBLES))
        roots = [message["ts"] for message in found]
        luis = slack.person("U0LUISPARED")
        for trouble, root in zip(TROUBLES, roots, strict=True):
            pressed = asyncio.ensure_future(press_until_taken(luis, root, "incident_acknowledge"))
            talking = asyncio.ensure_future(talk(luis, root, trouble))
            if trouble == "cut":
                proxy.drop()
            else:
                await slack.refresh(OVERLAP_S)
            await asyncio.gather(pressed, talking)
            await slack.connections(least=1, timeout_s=30)
        texts = [f"{trouble} {number}." for trouble in TROUBLES for number in range(REPLIES)]
        said = "select text from incident_entries where kind = 'comment'"
        await until(lambda: len(world.reader.rows(said)) >= len(texts), 30)
        await settled(world)
        assert Counter(row[0] for row in world.reader.rows(said)) == Counter(texts)
        assert told_of(world, "incident.acknowledged") == {f"incident/{number}": 1 for number in (1, 2)}
        await world.settle()


async def talk(who: SlackPerson, thread: str, about: str) -> None:
    """Says one thing after the other."""
    for number in range(REPLIES):
        await who.say(ROOM, f"{about} {number}.", thread)


def is_incident(message: dict[str, Any]) -> bool:
    """Whether it is an incident's own message."""
    return "INC-" in text_of(message) and message.get("thread_ts") in (None, message["ts"])


@pytest.mark.timeout(60)
async def test_a_busy_slack_delays_one_channel_and_no_answer(usual_world: World, slack: SlackControl) -> None:
    world = usual_world
    hub = await desk_hub(world, slack)
    sender = await world.sender(hub)
    luis, sam = slack.person("U0LUISPARED"), slack.person("U0SAMCARTER")
    assert await sender.post_all([("a1", alert(1, phase="open"))]) == [202]
    [told] = await holding(slack, "#alerts", lambda message: "acknowledge_event" in dict(buttons(message)))

    again = {"Retry-After": "1"}
    await slack.fail_next("chat.postMessage", 1, status=429, headers=again, channel="#alerts")
    await slack.fail_next("chat.update", 1, status=429, headers=again, channel="#alerts")
    await slack.fail_next("chat.postEphemeral", None, error="ratelimited")
    await slack.fail_next("views.open", 1, error="ratelimited")
    before = max((call.seq for call in await slack.posted()), default=0)
    assert (await luis.press(ALERTS, told["ts"], "acknowledge_event"))["ok"]
    assert (await luis.press(ALERTS, told["ts"], "create_incident"))["ok"], "said by another way, as the window is lost"
    assert (await sam.command("#incidents", "/incident", 'create "Meanwhile"'))["ok"]
    await holding(slack, INCIDENTS, lambda message: "Meanwhile" in text_of(message))
    await holding(slack, "#alerts", lambda message: "took charge" in text_of(message))
    await holding(slack, "#alerts", lambda message: "In the hands of" in text_of(message))
    await settled(world)

    calls = [call for call in await slack.posted(after=before) if call.method in ("chat.postMessage", "chat.update")]
    refused = [call for call in calls if call.status == 429]
    assert {call.channel for call in refused} == {ALERTS} and refused
    first = next(call for call in calls if call.channel == ROOM)
    late = [call for call in calls if call.channel == ALERTS and call.ok]
    assert first.arrived_mono_ms < late[-1].arrived_mono_ms, "the incidents' channel waited for nobody"
    assert told_of(world, "alert.acknowledged") == {"alert/1": 1}
    assert sum("took charge" in text_of(message) for message in await slack.messages("#alerts")) == 1
    await world.settle()


@pytest.mark.timeout(60)
async def test_who_waits_for_a_slow_database_is_told_and_answered_later(
    postgres_world: World, slack: SlackControl
) -> None:
    world = postgres_world
    await desk_hub(world, slack)
    sam, luis = slack.person("U0SAMCARTER"), slack.person("U0LUISPARED")
    view = (await open_form(luis))["id"]
    with psycopg.connect(world.database_url) as lock:
        lock.execute("lock table interactions in access exclusive mode")
        told, submitted, _held = await asyncio.gather(
            sam.command("#alerts", "/incident", 'create "By command"'),
            luis.submit(view, filled("By form")),
            asyncio.sleep(HELD_S),
        )
    assert told["ok"] and "Working on it" in text_of(told) and submitted["ok"]
    await holding(slack, INCIDENTS, lambda message: "By command" in text_of(message))
    await holding(slack, INCIDENTS, lambda message: "By form" in text_of(message))
    seen = await until_answered(lambda: _answered(sam))
    assert sum("was created" in text_of(message) for message in seen) == 1
    await until_answered(lambda: _shown(luis, "Listo."))
    await settled(world)
    assert told_of(world, "incident.created") == {"incident/1": 1, "incident/2": 1}
    await world.settle()


@contextlib.contextmanager
def locked(world: World) -> Iterator[None]:
    """Somebody else holds the database: the whole file, or where interactions are noted."""
    if world.database_url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(world.database_url.removeprefix("sqlite:///"))) as file:
            file.execute("begin immediate")
            yield
    else:
        with psycopg.connect(world.database_url) as lock:
            lock.execute("lock table interactions in access exclusive mode")
            yield


@pytest.mark.timeout(60)
async def test_a_form_stays_until_it_is_on_disk(usual_world: World, slack: SlackControl) -> None:
    """Longer than SQLite waits for a locked file, and than Slack would; then it is done without anybody's doing."""
    world = usual_world
    await desk_hub(world, slack)
    luis, sam = slack.person("U0LUISPARED"), slack.person("U0SAMCARTER")
    view = (await open_form(luis))["id"]
    with locked(world):
        told, submitted = await asyncio.gather(
            sam.command("#alerts", "/incident", 'create "By command"'), luis.submit(view, filled("By form"))
        )
        assert told["ok"] and "Working on it" in text_of(told) and submitted["ok"]
        [waiting] = await luis.modals()
        assert "By form" in text_of(waiting["blocks"]) and waiting["id"] == view
        assert "no se hace nada dos veces" in text_of(waiting["blocks"][0])
    await until_answered(lambda: _shown(luis, "Listo."))
    await until_answered(lambda: _answered(sam))
    await settled(world)
    assert told_of(world, "incident.created") == {"incident/1": 1, "incident/2": 1}
    await world.settle()


@pytest.mark.long
@pytest.mark.timeout(60)
async def test_a_form_whose_hub_ends_before_the_commit_is_sent_again(usual_world: World, slack: SlackControl) -> None:
    world = usual_world
    hub = await desk_hub(world, slack)
    luis = slack.person("U0LUISPARED")
    view = (await open_form(luis))["id"]
    with locked(world):
        assert (await luis.submit(view, filled("By form")))["ok"]
        await hub.kill()
    await hub.start()
    await slack.connections(least=1)
    assert told_of(world, "incident.created") == {}
    [waiting] = await luis.modals()
    # What was entered is still there, with a line that says what to do.
    assert "By form" in text_of(waiting["blocks"]) and "Se está haciendo" in text_of(waiting["blocks"][0])
    assert (await luis.submit(view, {}))["ok"]
    assert await luis.modals() == []
    await holding(slack, INCIDENTS, lambda message: "By form" in text_of(message))
    await settled(world)
    assert told_of(world, "incident.created") == {"incident/1": 1}
    await world.settle()


async def _shown(who: SlackPerson, words: str) -> bool:
    return words in text_of(await who.modals())


async def _answered(who: SlackPerson) -> list[dict[str, Any]]:
    """What they were told alone, once it says how it ended."""
    seen = await who.seen(ALERTS)
    return seen if any("was created" in text_of(message) for message in seen) else []
