"""Sixty alerts in two seconds to one channel: none is lost, none comes twice, and nobody else waits.

Takes a minute, because the receiver takes one message a second: run by itself in a worker of the suite.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from centralita.sandbox.control import SlackControl
from centralita.sandbox.slack.journal import Call
from centralita.settings import Slack
from tests.scenarios.conftest import slack_settings, world_of
from tests.scenarios.ledger import Sender, alert

BURST, RATE_PER_S = 5, 1


def _number(call: Call) -> int:
    found = re.search(r"Alert (\d+)", str(call.args))
    assert found, call.args
    return int(found[1])


@pytest.mark.timeout(180)
async def test_sixty_alerts_in_two_seconds_all_arrive_while_another_channel_waits_for_nobody(
    tmp_path: Path, slack: SlackControl
) -> None:
    rules = {
        "rules": [
            {"name": "Busy", "condition": "severity == 'high'", "channel": "#alerts"},
            {"name": "Calm", "condition": "severity == 'low'", "channel": "#notifications"},
        ]
    }
    await slack.limits(enabled=True, channel_post={"per_s": RATE_PER_S, "burst": BURST})
    async with world_of(tmp_path, f"sqlite:///{tmp_path / 'centralita.db'}") as world:
        ours = Slack()  # the hub's own defaults, which stay a little below what the workspace forgives
        hub = await world.hub(slack_settings(slack, rate_per_s=ours.rate_per_s, burst=ours.burst), rules)
        sender = await world.sender(hub)
        loop = asyncio.get_running_loop()
        began = loop.time()
        calm = asyncio.ensure_future(
            slack.wait_for(method="chat.postMessage", channel="#notifications", count=5, timeout_s=30)
        )
        await _send_over_two_seconds(sender, began)
        assert [_number(call) for call in await calm] == [100, 101, 102, 103, 104]
        busy = await slack.wait_for(method="chat.postMessage", channel="#alerts", count=60, timeout_s=90)
        await world.settle()

    assert [_number(call) for call in busy] == list(range(60))
    _judge_calm(await calm, busy)
    _judge_pace(busy, began)
    assert len(await slack.posted(method="chat.postMessage", ok=True)) == 65, "one came twice"


async def _send_over_two_seconds(sender: Sender, began: float) -> None:
    """Sixty alerts, one after the other, and between them five for somebody else."""
    loop = asyncio.get_running_loop()
    calm = iter(range(100, 105))
    for number in range(60):
        status, _ = await sender.post(alert(number))
        assert status == 202
        if number % 12 == 6:
            await sender.post(alert(next(calm), severity="low"))
        # The next one's moment: sixty in two seconds is what is played here.
        await asyncio.sleep(max(0.0, began + (number + 1) / 30 - loop.time()))


def _judge_calm(calm: list[Call], busy: list[Call]) -> None:
    before = sum(call.arrived_mono_ms < calm[-1].arrived_mono_ms for call in busy)
    assert before < len(busy) // 2, "by the busy channel's own pace, which no slow machine changes"


def _judge_pace(busy: list[Call], began: float) -> None:
    """None came before its time; how soon after the one in front of it is the machine's affair."""
    waits_ms = [call.arrived_mono_ms - began * 1000 for call in busy]
    early = [number for number, wait_ms in enumerate(waits_ms) if wait_ms < (number - BURST) * 1000 / RATE_PER_S]
    assert early == [], waits_ms


async def test_a_message_that_was_refused_for_its_rate_keeps_its_place(tmp_path: Path, slack: SlackControl) -> None:
    """A 429 holds the channel, and what it refused is the first to go on."""
    rules = {"rules": [{"name": "All", "channel": "#alerts"}]}
    async with world_of(tmp_path, f"sqlite:///{tmp_path / 'centralita.db'}") as world:
        hub = await world.hub(slack_settings(slack, rate_per_s=20, burst=1), rules)
        sender = await world.sender(hub)
        await sender.post(alert(0))
        await slack.wait_for(method="chat.postMessage")
        await slack.fail_next("chat.postMessage", status=429, headers={"Retry-After": "1"}, body="{}")
        for number in range(1, 6):
            await sender.post(alert(number))
        posts = await slack.wait_for(method="chat.postMessage", count=6)
        await world.settle()
    assert [_number(call) for call in posts] == list(range(6))
