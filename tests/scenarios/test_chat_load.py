"""Many people press buttons at once: Slack hears of every press, and each takes effect once. The long run keeps the
pace of 500 presses in ten seconds and judges how long Slack had to wait."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from centralita.sandbox.control import ControlRefused, SlackControl, SlackPerson
from tests.scenarios.chat import ALERTS, INCIDENTS, ROOM, buttons, desk_hub, holding, settled, text_of, told_of
from tests.scenarios.conftest import World
from tests.scenarios.ledger import alert
from tests.scenarios.processes import HubProcess
from tests.scenarios.test_tickets import ask

ACK_S = 3.0
"""What Slack waits."""


@dataclass(frozen=True)
class Press:
    """One press of a button."""

    channel: str
    ts: str
    action_id: str


async def people(slack: SlackControl, count: int) -> list[SlackPerson]:
    """Agents who were never seen before."""
    made = []
    for number in range(count):
        facts = {"email": f"agent{number}@example.com", "locale": "en-US", "real_name": f"Agent {number}"}
        user = await slack.add_user(f"agent{number}", channels=["#alerts", INCIDENTS], **facts)
        made.append(slack.person(user))
    return made


async def fill(
    world: World, hub: HubProcess, slack: SlackControl, alerts: int, incidents: int, rivals: int
) -> list[Press]:
    """Alerts and incidents to press at. Every alert is pressed at by ``rivals``, of whom one is in time; every
    incident is taken charge of by one, and given to another."""
    sender = await world.sender(hub)
    assert set(await sender.post_all((f"a{number}", alert(number, phase="open")) for number in range(alerts))) <= {202}
    for number in range(incidents):
        await ask(hub, "POST", "/incidents", title=f"Incident {number}", priority="high")
    told = await holding(slack, "#alerts", lambda message: _has(message, "acknowledge_event"), alerts, 60)
    roots = await holding(slack, INCIDENTS, lambda message: _has(message, "incident_acknowledge"), incidents, 60)
    presses = [Press(ALERTS, message["ts"], "acknowledge_event") for message in told for _rival in range(rivals)]
    for message in roots:
        presses += [Press(ROOM, message["ts"], f"incident_{name}") for name in ("acknowledge", "assign_to_me")]
    await settled(world)
    return presses


def _has(message: dict[str, Any], action_id: str) -> bool:
    return any(action_id == found for found, _value in buttons(message))


async def press_all(presses: Sequence[Press], crowd: Sequence[SlackPerson], over_s: float) -> int:
    """Everybody presses, spread evenly over ``over_s``; how many found a button, which have all to be acknowledged."""
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def one(number: int, press: Press, person: SlackPerson) -> bool:
        await asyncio.sleep(max(0.0, began + number * over_s / len(presses) - loop.time()))
        try:
            answer = await person.press(press.channel, press.ts, press.action_id)
        except ControlRefused:  # a rival was quicker, and the button is gone
            return False
        assert answer["ok"], answer
        return True

    turns = zip(itertools.count(), presses, itertools.cycle(crowd), strict=False)
    return sum(await asyncio.gather(*(one(number, press, person) for number, press, person in turns)))


async def judge_effects(world: World, slack: SlackControl, alerts: int, incidents: int) -> None:
    """Each alert and each incident is in somebody's hands, told once, whoever pressed how often."""
    await settled(world)
    once_each = Counter({f"alert/{number}": 1 for number in range(alerts)})
    assert told_of(world, "alert.acknowledged") == once_each
    each = Counter({f"incident/{number}": 1 for number in range(1, incidents + 1)})
    assert told_of(world, "incident.acknowledged") == each
    assert told_of(world, "incident.assigned") == each
    entries = world.reader.rows("select number, kind, count(*) from incident_entries group by number, kind")
    assert all(count == 1 for _number, _kind, count in entries), entries
    messages = await slack.messages("#alerts")
    replies = Counter(message["thread_ts"] for message in messages if "took charge" in text_of(message))
    assert len(replies) == alerts and set(replies.values()) <= {1}
    assert not [message for message in messages if _has(message, "acknowledge_event")]
    said = await slack.messages(INCIDENTS)
    taken = Counter(message.get("thread_ts") for message in said if "took charge" in text_of(message))
    assert len(taken) == incidents and set(taken.values()) == {1}


async def play(
    world: World, slack: SlackControl, alerts: int, incidents: int, rivals: int, crowd: int, over_s: float
) -> list[float]:
    """The whole of it; how long Slack waited for each press, in ms."""
    hub = await desk_hub(world, slack)
    presses = await fill(world, hub, slack, alerts, incidents, rivals)
    staff = await people(slack, crowd)
    before = max((told.seq for told in await slack.told()), default=0)
    pressed = await press_all(presses, staff, over_s)
    assert pressed >= alerts + 2 * incidents
    told = await slack.told(after=before, count=pressed, kind="interactive")
    assert len(told) == pressed and all(one.acknowledged for one in told)
    await judge_effects(world, slack, alerts, incidents)
    await world.settle()
    return sorted(one.took_ms for one in told)


@pytest.mark.timeout(120)
async def test_everybody_presses_at_once_and_each_press_counts_once(usual_world: World, slack: SlackControl) -> None:
    await play(usual_world, slack, alerts=15, incidents=15, rivals=2, crowd=20, over_s=0.0)


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_500_presses_in_ten_seconds_are_answered_in_time(world: World, slack: SlackControl) -> None:
    took_ms = await play(world, slack, alerts=300, incidents=100, rivals=1, crowd=50, over_s=10.0)
    shown = {f"p{part}": round(took_ms[len(took_ms) * part // 100], 1) for part in (50, 90, 99)}
    print(json.dumps({"presses": len(took_ms), **shown, "max": round(took_ms[-1], 1), "load": os.getloadavg()}))
    assert took_ms[-1] < ACK_S * 1000
    assert took_ms[len(took_ms) * 99 // 100] < 500
