"""The wall clock jumps while the hub runs, or while it is off: no storm of retries, and no stall. Rows 12 and 13."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.answers import AnswerPlan
from tests.scenarios.conftest import World, webhooks
from tests.scenarios.faketime import WallClock
from tests.scenarios.judges import judge_delivered
from tests.scenarios.ledger import alert
from tests.scenarios.waiting import until


@pytest.fixture
def world(usual_world: World) -> World:
    """On PostgreSQL in the long run."""
    return usual_world


DAY_S = 86_400
QUICK_LEASE = {"deliver": {"lease_s": 6}}
"""Long enough that a busy machine renews it in time."""


def _patient(sink: SinkControl) -> dict[str, Any]:
    """``later`` is tried again after an hour, ``soon`` at once."""
    common = {"types": ["*"], "order": "none"}
    return {
        "webhooks": [
            {"name": "later", "url": f"{sink.url}/later", "schedule_s": [3600, 3600], **common},
            {"name": "soon", "url": f"{sink.url}/soon", "schedule_s": [0.3] * 8, **common},
        ]
    }


async def _lease_renewed(world: World, times: int = 2) -> None:
    """Returns when the hub has looked at its clock again, and has renewed its lease by it."""
    for _ in range(times):
        before = world.reader.rows("select id, lease_until from workers")
        await until(lambda before=before: world.reader.rows("select id, lease_until from workers") != before)  # type: ignore[misc]  # a default that binds


async def test_a_clock_that_jumps_brings_neither_storm_nor_stall(
    world: World, sink: SinkControl, tmp_path: Path
) -> None:
    clock = WallClock(tmp_path)
    await sink.answer(AnswerPlan(path="/later", status=500, count=3))
    await sink.answer(AnswerPlan(path="/soon", status=500, count=3))
    hub = await world.hub(_patient(sink), QUICK_LEASE, environ=clock.environ)
    sender = await world.sender(hub)
    for number in range(3):
        await sender.post(alert(number))
    await sink.wait_for(3, path="/later")
    for number, jump_s in enumerate((3600, -3600, 400 * DAY_S, -DAY_S), 1):
        clock.shift(jump_s)
        await _lease_renewed(world, 1)
        status, _ = await sender.post(alert(2 + number))
        assert status == 202
        # Three were refused at first, and have come again with each one since.
        await sink.wait_for(3 + 3 + number, path="/soon")
        await until(lambda number=number: world.reader.value("select count(*) from history") == 3 + 2 * number)  # type: ignore[misc]  # a default that binds
    await world.settle()

    later = await sink.received(path="/later")
    assert len(later) == 3 + 4, "what is due in an hour was tried before its time"
    arrivals = await sink.received()
    assert judge_delivered(world.reader, sender.ledger.events(), {"webhook:soon": "/soon"}, arrivals) == []
    assert world.reader.value("select count(*) from workers") == 0
    assert not [line for line in hub.log if "lease_lost" in line]


async def test_a_clock_that_was_set_back_while_the_hub_was_off_stalls_nothing(
    world: World, sink: SinkControl, tmp_path: Path
) -> None:
    clock = WallClock(tmp_path)
    clock.shift(DAY_S)
    await sink.answer(AnswerPlan(path="/soon", status=500, count=1))
    layers = (webhooks(sink, "soon", schedule_s=[0.5, 0.5, 0.5]), QUICK_LEASE)
    hub = await world.hub(*layers, environ=clock.environ)
    sender = await world.sender(hub)
    await sender.post(alert(1))
    await sink.wait_for(1, path="/soon")
    await hub.kill()
    clock.shift(0)
    await hub.start()
    await sink.wait_for(2, path="/soon")
    await world.settle()
    arrivals = await sink.received()
    assert judge_delivered(world.reader, sender.ledger.events(), {"webhook:soon": "/soon"}, arrivals) == []
