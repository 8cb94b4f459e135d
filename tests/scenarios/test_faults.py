"""The disk fills up, somebody locks the file, receivers drag their feet, a flood comes, a parser breaks."""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.answers import AnswerPlan
from tests.scenarios.conftest import World, webhooks
from tests.scenarios.judges import header, judge_acknowledged, judge_delivered
from tests.scenarios.ledger import Sender, alert
from tests.scenarios.waiting import until
from tests.scenarios.wire import exchange

LANES = {"webhook:a": "/a"}
FILL_BYTES = 300_000


async def _insist(sender: Sender, body: bytes, own_id: str) -> int:
    """Sends until it is taken; how often it was refused."""
    for refused in range(400):
        status, _ = await sender.post(body, own_id)
        if status < 300:
            return refused
        assert status == 503
        await asyncio.sleep(0.02)  # nothing signals that the disk has room again
    raise AssertionError("never taken")


async def test_a_full_disk_is_503_and_when_there_is_room_again_it_goes_on(
    sqlite_world: World, sink: SinkControl
) -> None:
    """Row 5: writes fail for real; what was acknowledged before is there, what was refused is not."""
    world = sqlite_world
    hub = await world.hub(webhooks(sink, "a"))
    sender = await world.sender(hub)
    assert await _insist(sender, alert(0), "id-0") == 0
    await sink.wait_for(1)
    database = Path(world.database_url.removeprefix("sqlite:///"))
    largest = max(file.stat().st_size for file in database.parent.glob("centralita.db*"))
    _, hard = resource.prlimit(hub.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, (largest + FILL_BYTES, hard))
    taken, status = 1, 202
    while status == 202:
        status, answer = await sender.post(alert(taken, note="x" * 50_000), f"id-{taken}")
        taken += status == 202
        assert taken < 100, "the limit was never met"
    assert status == 503
    assert answer["title"] == "Not stored. Send it again."
    resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert await _insist(sender, alert(taken, note="x" * 50_000), f"id-{taken}") < 400
    arrivals = await sink.wait_for(taken + 1)
    await world.settle()
    assert judge_acknowledged(world.reader, sender.ledger) == []
    assert world.reader.value("select count(*) from receipts") == len(sender.ledger.receipts)
    assert judge_delivered(world.reader, sender.ledger.events(), LANES, arrivals) == []


async def test_a_locked_file_is_503_within_the_wait(sqlite_world: World, sink: SinkControl) -> None:
    """Row 22: somebody else's ``BEGIN EXCLUSIVE``, for longer than a sender waits."""
    world = sqlite_world
    hub = await world.hub(webhooks(sink, "a"))
    sender = await world.sender(hub)
    await _insist(sender, alert(0), "id-0")
    await sink.wait_for(1)
    with closing(sqlite3.connect(world.database_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("begin exclusive")
        answers = await asyncio.gather(*(sender.post(alert(number), f"id-{number}") for number in range(1, 4)))
        assert [status for status, _ in answers] == [503] * 3
        alive, _ = await exchange(hub.url, b"GET /livez HTTP/1.1\r\nHost: hub\r\n\r\n")
        assert alive == 200
        other.execute("rollback")
    for number in range(1, 4):
        await _insist(sender, alert(number), f"id-{number}")
    arrivals = await sink.wait_for(4)
    await world.settle()
    assert judge_acknowledged(world.reader, sender.ledger) == []
    assert judge_delivered(world.reader, sender.ledger.events(), LANES, arrivals) == []


async def test_a_dead_and_a_dripping_receiver_hold_up_nobody(world: World, sink: SinkControl) -> None:
    """Row 33: one of 100 answers nothing, one a byte a second; the other 98 get everything while those two hold on."""
    names = [f"w{number}" for number in range(100)]
    await sink.answer(AnswerPlan(path="/w0", mode="hang"))
    await sink.answer(AnswerPlan(path="/w1", mode="drip_head"))
    hub = await world.hub(
        webhooks(sink, *names, timeout_s=60, schedule_s=[60], order="none"), {"deliver": {"drain_s": 0.2}}
    )
    sender = await world.sender(hub)
    for number in range(18):
        await sender.post(alert(number))
    await until(lambda: world.reader.value("select count(*) from history") == 98 * 18, 60)
    for name in names[:2]:
        assert len(await sink.received(path=f"/{name}")) <= 16, "no more than its lane allows at once"
    await world.settle()
    arrivals = await sink.received()
    lanes = {f"webhook:{name}": f"/{name}" for name in names}
    assert judge_delivered(world.reader, sender.ledger.events(), lanes, arrivals) == []
    assert world.reader.value("select count(*) from deliveries") == 36, "what the two did not take is still due"


async def test_a_flood_is_refused_before_memory_grows(sqlite_world: World, sink: SinkControl) -> None:
    """Row 34: ten times what the queue may hold, while the disk stands still."""
    world = sqlite_world
    limits = {"receive": {"max_queue_rows": 64, "max_queue_bytes": 8_000_000, "max_body_bytes": 1_000_000}}
    hub = await world.hub(limits)
    sender = await world.sender(hub)
    await _insist(sender, alert(0), "id-0")
    before = _resident_bytes(hub.pid)
    with closing(sqlite3.connect(world.database_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("begin exclusive")
        bodies = [(f"id-{number}", alert(number, note="x" * 200_000)) for number in range(1, 400)]
        statuses = await sender.post_all(bodies)
        assert set(statuses) <= {429, 503}
        other.execute("rollback")
    assert _resident_bytes(hub.pid) - before < 150_000_000, "80 MB were sent; the queue may hold 8"
    await _insist(sender, alert(1), "id-after")
    await world.settle()
    assert judge_acknowledged(world.reader, sender.ledger) == []


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_an_event_whose_parser_breaks_is_kept_and_those_behind_it_go_on(
    world: World, sink: SinkControl, tmp_path: Path
) -> None:
    """Row 38: a parser that raises what it may not raise."""
    program = tmp_path / "broken_hub.py"
    program.write_text(_BROKEN_PARSER)
    hub = await world.hub(webhooks(sink, "a"), program=program)
    sender = await world.sender(hub)
    await sender.post(alert(1))
    _, poison = await sender.post(alert(2, note="poison"))
    await sender.post(alert(3))
    arrivals = await sink.wait_for(2, path="/a")
    assert await hub.stop() == 0
    healthy = [event for event in sender.ledger.events() if event != "evt_" + poison["id"].removeprefix("rcp_")]
    assert [header(arrival, "webhook-id") for arrival in arrivals] == healthy
    kept = world.reader.rows("select receipt_id, reason, detail from unparsed")
    assert kept == [(poison["id"], "parser.failed", "ZeroDivisionError")]
    assert judge_acknowledged(world.reader, sender.ledger) == []
    assert world.reader.value("select count(*) from inbox") == 0


_BROKEN_PARSER = """
from centralita.cli import main
from centralita.integrations.generic.source import GenericSource

parse = GenericSource.parse

def broken(self, receipt, settings):
    if b"poison" in receipt.body:
        return [1 / 0]
    return parse(self, receipt, settings)

GenericSource.parse = broken
main()
"""


@pytest.mark.long
async def test_the_other_98_keep_their_p99(sqlite_world: World, sink: SinkControl) -> None:
    """Row 33, as a ratio of two halves of one run: first all 100 are well, then two are not."""
    world = sqlite_world
    names = [f"w{number}" for number in range(100)]
    hub = await world.hub(
        webhooks(sink, *names, timeout_s=60, schedule_s=[60], order="none"), {"deliver": {"drain_s": 0.2}}
    )
    sender = await world.sender(hub)
    await _p99_ms(world, sink, sender, range(0, 10))  # connections are made, code is warm
    well = await _p99_ms(world, sink, sender, range(10, 70))
    await sink.answer(AnswerPlan(path="/w0", mode="hang"))
    await sink.answer(AnswerPlan(path="/w1", mode="drip_head"))
    ill = await _p99_ms(world, sink, sender, range(70, 130))
    await world.settle()
    assert ill <= 2 * well, f"p99 {ill:.0f} ms with the two, {well:.0f} ms without"


async def _p99_ms(world: World, sink: SinkControl, sender: Sender, numbers: range) -> float:
    """From the acceptance of each event to its arrival at each of the 98; one event after the other."""
    after = max((one.seq for one in await sink.received()), default=0)
    for number in numbers:
        await sender.post(alert(number))
        await sink.wait_for(1 + (number - numbers[0]), after=after, path="/w99")
    arrivals = []
    for number in range(2, 100):
        arrivals += await sink.wait_for(len(numbers), after=after, path=f"/w{number}", timeout_s=60)
    taken = {
        f"evt_{row[0].removeprefix('rcp_')}": float(row[1]) * 1000
        for row in world.reader.rows("select id, received_at from receipts")
    }
    waits = sorted(arrival.arrived_wall_ms - taken[header(arrival, "webhook-id")] for arrival in arrivals)
    return waits[int(len(waits) * 0.99)]
