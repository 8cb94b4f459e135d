"""What the hub bears from a receiver, and for how long: its schedule, the breaker and its ramp, days of failures, a
receiver that is gone, and the pace that it may keep. Rows 31, 32 and 40."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from standardwebhooks import Webhook as StandardWebhook

from centralita.core import breaker
from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.answers import AnswerPlan
from centralita.sandbox.sink.receiver import Arrival
from centralita.services import lanes, replays, webhook_changes
from tests.scenarios.conftest import WEBHOOK_SECRET
from tests.scenarios.judges import Reader, header, judge_intact, judge_order
from tests.scenarios.virtual import DAY_S, HOUR_S, VirtualHub, virtual_hub
from tests.scenarios.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

OF_THE_HUB = (
    "centralita.breaker.opened",
    "centralita.breaker.closed",
    "centralita.webhook.failing",
    "centralita.webhook.disabled",
)
HOOKS: dict[str, dict[str, Any]] = {
    "near": {},
    "down": {},
    "held": {"schedule_s": [600.0] * 7},  # what was tried before the breaker opened is not tried twice before
    "lost": {},
    "late": {"schedule_s": [HOUR_S] * 40},
    "gone": {"order": "strict", "on_dead": "hold"},
    "ramp": {"order": "none", "schedule_s": [600.0] * 7},
    "again": {"schedule_s": []},
    "paced": {"rate_per_s": 5, "burst": 1, "order": "none"},
    "narrow": {"in_flight": 3, "order": "none", "timeout_s": 60},
    "strict": {"order": "strict", "schedule_s": [0.05]},
    "per_subject": {"schedule_s": [0.05]},
    "told": {"types": list(OF_THE_HUB), "order": "none"},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(module_url: str, sink_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[VirtualHub]:
    """One hub for all: every test has a webhook, and with it a lane, of its own. ``told`` gets what the hub says of
    them."""
    hooks = [
        {"name": name, "url": f"{sink_url}/{name}", "secret": WEBHOOK_SECRET, "types": [f"fault.{name}"], **facts}
        for name, facts in HOOKS.items()
    ]
    async with SinkControl(sink_url) as sink:
        directory = tmp_path_factory.mktemp("hub")
        async with virtual_hub(directory, module_url, sink, {"webhooks": hooks}) as hub:
            yield hub
        assert judge_intact(Reader(module_url)) == []


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _well(world: VirtualHub) -> None:
    await world.sink.reset()


async def _fails(world: VirtualHub, name: str, status: int = 500) -> None:
    await world.sink.answer(AnswerPlan(path=f"/{name}", status=status))


async def _next_try(world: VirtualHub, name: str) -> list[tuple[Any, ...]]:
    """Skips to when the lane wants looking at, and waits until one more attempt is on record."""
    so_far = len(world.attempts(name))
    world.skip_to(await until(lambda: world.lane(name).wake_at or 0.0))
    return await world.attempted(name, so_far + 1)


async def test_a_receiver_that_is_down_for_days_gets_the_exact_schedule_and_then_a_dead_letter(
    world: VirtualHub,
) -> None:
    """Row 32, below the breaker's threshold: one event, eight attempts."""
    await _fails(world, "down")
    [event] = await world.post("down")
    tried = await world.attempted("down", 1)
    for wanted_s in (5, 300, 1800, 7200, 18000, 36000, 36000):
        [(_, _, _, due_at)] = world.pending("down")
        assert tried[-1][0] + wanted_s * 0.8 <= due_at <= world.clock.now() + wanted_s * 1.2
        tried = await _next_try(world, "down")
        assert tried[-1][0] >= due_at
    assert await world.done("down") == [(event, "dead", "http.status", 8)]
    arrivals = await world.sink.received(path="/down")
    assert len(arrivals) == 8
    assert world.judge("down", [event], arrivals) == []


def _told(told: Sequence[Mapping[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(one.get(name) for name in names) for one in told]


async def _open(world: VirtualHub, name: str, subjects: Sequence[str]) -> list[str]:
    """Has everything fail until the breaker is open and nothing is under way; the events."""
    await _fails(world, name)
    events = await world.post(name, subjects)
    await until(lambda: world.lane(name).hold_reason == "breaker.open")
    await until(lambda: all(row[1] != "in_flight" for row in world.pending(name)))
    return events


async def test_a_receiver_that_fails_everything_for_days_has_its_queue_held(world: VirtualHub) -> None:
    """Row 32, above the threshold: nothing dies, no attempts are spent on it, and what waited arrives in order."""
    subjects = [f"subject/{number}" for number in range(12)]
    tried_at = world.clock.now()
    events = await _open(world, "held", subjects * 2)
    opened_at = world.clock.now()
    for wanted_s in (30, 60, 120, 240, 480, 600, 600):
        state = breaker.load(world.lane("held").breaker)
        assert tried_at + wanted_s <= state.open_until <= world.clock.now() + wanted_s
        tried_at = (await _next_try(world, "held"))[-1][0]
    while world.clock.now() < opened_at + 3 * DAY_S:
        world.skip(6 * HOUR_S)
        await world.attempted("held", len(world.attempts("held")) + 1)
    assert world.ended("held") == []
    assert [row[0] for row in world.pending("held")] == events
    assert max(row[2] for row in world.pending("held")) == 1, "the one that was spent before it opened"

    last = (await world.sink.received(path="/held"))[-1].seq
    await world.sink.heal()
    await _next_try(world, "held")
    assert {end[1] for end in await world.done("held", 24)} == {"delivered"}
    arrivals = await world.sink.received(after=last, path="/held")
    assert len(arrivals) == 24
    for subject in range(12):
        assert judge_order(arrivals, {events[subject]: 1, events[subject + 12]: 2}) == []
    assert world.judge("held", events, arrivals) == []
    assert len(await world.told("centralita.breaker.opened", "held")) == 1
    assert len(await world.told("centralita.breaker.closed", "held")) == 1
    assert _told(await world.told("centralita.webhook.failing", "held"), "percent", "reason") == [
        (50, "http.status 500")
    ]


async def test_after_five_days_without_a_success_the_hub_stops_and_keeps_everything(world: VirtualHub) -> None:
    """With warnings on the way; a person lets it go on."""
    events = await _open(world, "lost", [""] * 12)
    since = world.lane("lost").failing_since or 0.0
    while not world.lane("lost").paused:
        assert world.clock.now() < since + 6 * DAY_S
        world.skip(6 * HOUR_S)
        await world.attempted("lost", len(world.attempts("lost")) + 1)
    assert world.clock.now() >= since + 5 * DAY_S
    assert world.lane("lost").paused_reason == "webhook.failing"
    warnings = await world.told("centralita.webhook.failing", "lost", 3)
    assert _told(warnings, "percent") == [(50,), (70,), (90,)]
    for name, moment in (("since", since), ("disables_at", since + 5 * DAY_S)):
        [said] = {datetime.fromisoformat(one[name]).timestamp() for one in warnings}
        assert said == pytest.approx(moment)
    assert _told(await world.told("centralita.webhook.disabled", "lost"), "reason", "last_error", "waiting") == [
        ("webhook.failing", "http.status 500", 12)
    ]
    assert _audited(world, "lost") == [("hub", "lane.paused")]

    tried = len(world.attempts("lost"))
    events += await world.post("lost", ["", ""])
    await _passes_by(world)
    world.skip(DAY_S)
    assert [row[0] for row in world.pending("lost")] == events, "what came since waits too"
    await world.sink.heal()
    await lanes.set_paused(world.hub, "local:ana", "webhook:lost", False)
    assert {end[1] for end in await world.done("lost", 14)} == {"delivered"}
    assert len(world.attempts("lost")) == tried + 14
    assert _audited(world, "lost") == [("hub", "lane.paused"), ("local:ana", "lane.resumed")]
    lane = world.lane("lost")
    assert (lane.paused, lane.paused_reason, lane.failing_since, lane.warned) == (False, "", None, 0)
    assert world.judge("lost", events, await world.sink.received()) == []


async def _passes_by(world: VirtualHub) -> None:
    """Another webhook is delivered to."""
    before = len(world.ended("near"))
    await world.post("near")
    await world.done("near", before + 1)


def _audited(world: VirtualHub, name: str) -> list[tuple[Any, ...]]:
    return world.reader.rows("select actor, action from audit where object = ? order by seq", f"lane/webhook:{name}")


async def test_a_success_and_a_long_silence_end_the_count(world: VirtualHub) -> None:
    """Nothing was tried for three days: nobody can say that it failed all the time."""
    await _fails(world, "late")
    await world.post("late")
    await world.attempted("late", 1)
    world.skip(3 * DAY_S)
    tried = await world.attempted("late", 2)
    since = await until(lambda: world.lane("late").failing_since or 0.0)
    assert since > tried[1][0] - 1
    while world.lane("late").warned < 50:
        world.skip(12 * HOUR_S)
        await world.attempted("late", len(world.attempts("late")) + 1)
    assert world.clock.now() < since + 3.1 * DAY_S
    await world.sink.heal()
    world.skip(2 * HOUR_S)
    await world.done("late")
    lane = world.lane("late")
    assert (lane.failing_since, lane.warned, lane.paused) == (None, 0, False)


async def test_a_receiver_that_is_gone_stops_the_lane_and_its_queue_is_kept(world: VirtualHub) -> None:
    """Row 31: the delivery that was told so is the first again, and no attempt was spent on it."""
    await world.sink.answer(AnswerPlan(path="/gone", status=410, count=1))
    events = await world.post("gone")
    await until(lambda: world.lane("gone").paused)
    events += await world.post("gone", ["", ""])
    await _passes_by(world)
    world.skip(DAY_S)
    assert [(row[0], row[2]) for row in world.pending("gone")] == [(event, 0) for event in events]
    assert len(await world.sink.received(path="/gone")) == 1
    [view] = [view for view in await lanes.listing(world.hub) if view.key == "webhook:gone"]
    assert (view.state, view.paused_reason, view.waiting, view.dead) == ("paused", "http.gone", 3, 0)
    assert _told(await world.told("centralita.webhook.disabled", "gone"), "reason", "waiting") == [("http.gone", 1)]
    assert _audited(world, "gone") == [("hub", "lane.paused")]

    await lanes.set_paused(world.hub, "local:ana", "webhook:gone", False)
    assert [end[1:] for end in await world.done("gone", 3)] == [("delivered", "", 1)] * 3
    arrivals = await world.sink.received(path="/gone")
    assert [header(arrival, "webhook-id") for arrival in arrivals] == [events[0], *events]
    assert world.judge("gone", events, arrivals) == []


ANSWER_MS = 60.0
CLOCKS_MS = 50.0
"""How far the clocks of two processes may be apart, and the hub's epsilon."""


def _together(arrivals: Sequence[Arrival]) -> list[int]:
    """How many were under way for certain as each arrived, itself included: none is answered before ``ANSWER_MS``."""
    times = [arrival.arrived_mono_ms for arrival in arrivals]
    return [sum(at - ANSWER_MS < other <= at for other in times) for at in times]


async def test_after_the_probe_more_and_more_are_sent_at_once(world: VirtualHub) -> None:
    events = await _open(world, "ramp", [""] * 40)
    last = (await world.sink.received())[-1].seq
    await world.sink.answer(AnswerPlan(path="/ramp", delay_ms=ANSWER_MS))
    world.skip_to(world.lane("ramp").held_until)
    world.skip(HOUR_S)  # those that failed before it opened are due again too
    await world.done("ramp", 40)
    arrivals = await world.sink.received(after=last, path="/ramp")
    allowed = [1, *[2] * 2, *[4] * 4, *[8] * 8, *[16] * 25]
    assert len(arrivals) == len(allowed)
    assert all(few <= most for few, most in zip(_together(arrivals), allowed, strict=True)), _together(arrivals)
    assert breaker.load(world.lane("ramp").breaker).position == "closed"
    assert world.judge("ramp", events, arrivals) == []


async def test_a_replay_says_nothing_about_the_receiver(world: VirtualHub) -> None:
    """Neither its failures nor its success count: somebody wanted to see what happens."""
    await _fails(world, "again")
    await world.post("again")
    await world.done("again")
    before = world.lane("again")
    assert before.failing_since is not None
    for number in range(2, 15):
        [dead] = world.reader.rows(
            "select id from history where state = 'dead' and lane_id = (select id from lanes where key = ?)",
            "webhook:again",
        )
        await replays.resend(world.hub, "local:ana", dead[0])
        await world.done("again", number)
    after = world.lane("again")
    assert (after.breaker, after.failing_since, after.held_until) == (before.breaker, before.failing_since, 0)


async def test_the_rate_is_kept(world: VirtualHub) -> None:
    """Five a second, one at once: none comes before its time, however late the one in front of it was seen."""
    began_ms = time.monotonic() * 1000
    await world.post("paced", [""] * 21)
    arrivals = await world.sink.wait_for(21, path="/paced", timeout_s=30)
    early = [
        number
        for number, arrival in enumerate(arrivals)
        if arrival.arrived_mono_ms < began_ms + number * 1000 / 5 - CLOCKS_MS
    ]
    assert early == []


async def test_no_more_are_under_way_than_it_allows(world: VirtualHub) -> None:
    await world.sink.answer(AnswerPlan(path="/narrow", delay_ms=ANSWER_MS))
    await world.post("narrow", [""] * 12)
    arrivals = await world.sink.wait_for(12, path="/narrow")
    assert max(_together(arrivals)) <= 3


async def test_strict_order_waits_for_the_one_in_front(world: VirtualHub) -> None:
    await world.sink.answer(AnswerPlan(path="/strict", status=500, count=1))
    events = await world.post("strict", ["a", "b", "a", "c"])
    arrivals = await world.sink.wait_for(5, path="/strict")
    assert [header(arrival, "webhook-id") for arrival in arrivals] == [events[0], *events]


async def test_order_per_subject_waits_only_for_the_same_subject(world: VirtualHub) -> None:
    await world.sink.answer(AnswerPlan(path="/per_subject", status=500, count=1))
    a1, b1, a2, b2 = await world.post("per_subject", ["a", "b", "a", "b"])
    arrivals = await world.sink.wait_for(5, path="/per_subject")
    assert header(arrivals[0], "webhook-id") == a1
    assert judge_order(arrivals, {a1: 1, a2: 2}) == judge_order(arrivals, {b1: 1, b2: 2}) == []
    came = [header(arrival, "webhook-id") for arrival in arrivals]
    assert came.index(b1) < came.index(a2), "b did not wait for a"


KEPT_S = 400.0
"""How long a secret that was replaced goes on signing: beside it, what the machine takes is nothing."""


@dataclass
class Key:
    """A secret, and from when to when (on the hub's clock) it signs for certain."""

    verifier: StandardWebhook
    since: float
    until: float = float("inf")
    gone: float = float("inf")
    """From when on it does not sign for certain."""

    def has_signed(self, arrival: Arrival) -> bool:
        sent_at = datetime.fromtimestamp(int(header(arrival, "webhook-timestamp")), UTC)
        expected = self.verifier.sign(header(arrival, "webhook-id"), sent_at, arrival.body.decode())
        return expected in header(arrival, "webhook-signature").split()


async def test_a_secret_that_is_replaced_between_two_tries_fails_nobody(world: VirtualHub) -> None:
    """Row 40: replaced in a loop. Whoever still has an old one and whoever has the new one can verify all that comes,
    by a library that is not ours."""
    hook = {"name": "rotated", "url": f"{world.sink.url}/rotated", "types": ["fault.rotated"], "order": "none"}
    made = await webhook_changes.add(world.hub, "local:ana", {**hook, "schedule_s": [0.05, 0.2, 0.4]})
    keys = [Key(StandardWebhook(made.secret), world.clock.now())]
    events: list[str] = []
    for number in range(1, 11):
        await world.sink.answer(AnswerPlan(path="/rotated", status=500, count=1))
        events += await world.post("rotated", ["", "", ""])
        await world.attempted("rotated", 4 * number - 1)
        replaced_at = world.clock.now()
        made = await webhook_changes.rotate(world.hub, "local:ana", "rotated", keep_s=KEPT_S)
        keys[-1].until = replaced_at + KEPT_S
        keys[-1].gone = world.clock.now() + KEPT_S
        keys.append(Key(StandardWebhook(made.secret), world.clock.now()))
        world.skip(KEPT_S * 3 / 8)
    assert {end[1] for end in await world.done("rotated", 30)} == {"delivered"}
    arrivals = await world.sink.received(path="/rotated")
    assert len(arrivals) == 40
    verified = 0
    for arrival in arrivals:
        sent_at = int(header(arrival, "webhook-timestamp"))  # rounded down
        valid = [key for key in keys if key.since <= sent_at and sent_at + 1 <= key.until]
        assert all(key.has_signed(arrival) for key in valid)
        assert any(key.has_signed(arrival) for key in keys)
        assert not any(key.has_signed(arrival) for key in keys if key.gone < sent_at)
        verified += len(valid)
    assert verified > 60, "two or three at a time"
    assert world.judge("rotated", events, arrivals) == []
