"""One suite for both databases: what the engine relies on, table by table."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from centralita.core import ids
from centralita.core.buckets import BucketState
from centralita.core.events import Event
from centralita.core.lanes import LanePolicy, LaneState
from centralita.ports import Receipt
from centralita.services.deliver import claim_due, reclaim_lanes, release_worker
from centralita.store import (
    buckets,
    deliveries,
    events,
    history,
    lanes,
    receipts,
    rejections,
    remembered,
    rulesets,
    schema,
    upkeep,
    workers,
)
from centralita.store.database import Database, StoreUnavailable, Transaction, open_database
from centralita.store.deliveries import DeliveryRow, Retry
from centralita.store.events import Filter, StoredEvent
from centralita.store.history import Attempt, Finished
from centralita.store.migrate import migrate
from centralita.store.receipts import Appended, Incoming
from centralita.store.rejections import Rejection
from tests.scenarios.waiting import until_answered

NOW = 1_800_000_000.0
DAY = int(NOW // 86_400)
PERIOD_S = 7 * 86_400.0


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


@pytest.fixture
async def second(database: Database, migrated_url: str) -> AsyncIterator[Database]:
    """Another process's view of the same PostgreSQL; on SQLite the same object, for there is only one process."""
    if database.dialect == "sqlite":
        yield database
        return
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


def _receipt_id(number: int, at: float = NOW) -> str:
    return f"rcp_{ids.ulid(int(at * 1000), number)}"


def _incoming(
    number: int, key: str = "", *, body: bytes = b"{}", source: str = "s", expires_s: float = PERIOD_S
) -> Incoming:
    receipt = Receipt(
        id=_receipt_id(number),
        source=source,
        received_at=NOW,
        content_type="application/json",
        headers={"x-note": "ñ"},
        body=body,
        dedupe_key=key,
    )
    mark = hashlib.blake2b(f"{source}/{key or number}".encode(), digest_size=16).digest()
    body_hash = hashlib.blake2b(body, digest_size=16).digest()
    return Incoming(receipt=receipt, fingerprint=mark, body_hash=body_hash, expires_at=NOW + expires_s)


async def _append(database: Database, *batch: Incoming, now: float = NOW) -> list[Appended]:
    return await database.write(lambda tx: receipts.append(tx, batch, now, PERIOD_S))


def _row(
    number: int, lane_id: int, key: str = "", state: str = "due", due_at: float = NOW, **facts: Any
) -> DeliveryRow:
    given: dict[str, Any] = {
        "id": number,
        "lane_id": lane_id,
        "ordering_key": key,
        "state": state,
        "due_at": due_at,
        "event_day": DAY,
        "event_id": f"evt_{ids.ulid(int(NOW * 1000), number)}",
        "rule": "r",
        "created_at": NOW,
        "payload": b"{}",
    }
    return DeliveryRow(**{**given, **facts})


async def _lanes(database: Database, *keys: str) -> list[int]:
    wanted = {key: ("webhook", key) for key in keys}
    found = await database.write(lambda tx: lanes.hold(tx, wanted))
    return [found[key].id for key in keys]


async def _insert(database: Database, *rows: DeliveryRow, wake: bool = True) -> None:
    def insert(tx: Transaction) -> None:
        deliveries.insert(tx, rows)
        for lane_id in sorted({row.lane_id for row in rows}) if wake else ():
            lanes.look(tx, lane_id, NOW)

    await database.write(insert)


async def _states(database: Database) -> dict[int, str]:
    table = schema.deliveries.c
    return await database.read(lambda tx: {row[0]: row[1] for row in tx.execute(sa.select(table.id, table.state))})


def _policy(**facts: Any) -> Callable[[LaneState], LanePolicy]:
    return lambda lane: LanePolicy(**facts)


# ---- receive ---------------------------------------------------------------------------------------------------------


async def test_what_is_appended_is_read_back_byte_for_byte(database: Database) -> None:
    body = bytes(range(256)) * 5
    await _append(database, _incoming(1, "k", body=body))
    [receipt] = (await database.read(lambda tx: receipts.load(tx, [_receipt_id(1), _receipt_id(9)]))).values()
    assert receipt == _incoming(1, "k", body=body).receipt


async def test_an_id_is_taken_once_and_another_body_is_a_conflict(database: Database) -> None:
    first = await _append(database, _incoming(1, "k"), _incoming(2, "k"), _incoming(3, "k", body=b"[]"))
    again = await _append(database, _incoming(4, "k"), _incoming(5, "k", body=b"[]"), _incoming(6, "k", source="other"))
    kept = _receipt_id(1)
    assert first == [Appended(kept), Appended(kept, True, False), Appended(kept, True, True)]
    assert again == [Appended(kept, True, False), Appended(kept, True, True), Appended(_receipt_id(6))]
    counts = schema.source_counts.c
    query = sa.select(counts.accepted, counts.duplicates, counts.conflicts).where(counts.source == "s")
    assert await database.read(lambda tx: tuple(tx.execute(query).one())) == (1, 4, 2)


@pytest.mark.parametrize(("later_s", "is_new"), [(290, False), (310, True)])
async def test_a_fingerprint_expires(database: Database, later_s: float, is_new: bool) -> None:
    await _append(database, _incoming(1, "k", expires_s=300))
    [again] = await _append(database, _incoming(2, "k", expires_s=600), now=NOW + later_s)
    assert again == (Appended(_receipt_id(2)) if is_new else Appended(_receipt_id(1), True))


async def test_a_duplicate_is_known_over_the_turn_of_a_period_and_no_longer(database: Database) -> None:
    turn = (int(NOW // PERIOD_S) + 1) * PERIOD_S
    await _append(database, _incoming(1, "k", expires_s=turn - NOW + 10), now=turn - 1)
    assert await _append(database, _incoming(2, "k"), now=turn + 1) == [Appended(_receipt_id(1), True)]
    assert await _append(database, _incoming(3, "k"), now=turn + 11) == [Appended(_receipt_id(3))]
    await database.write(lambda tx: upkeep.forget_duplicates(tx, int(turn // PERIOD_S) + 1))
    left = await database.read(lambda tx: tx.execute(sa.select(sa.func.count()).select_from(schema.dedupe)).scalar())
    assert left == 0


async def test_the_same_id_from_many_at_once_is_taken_once(database: Database, second: Database) -> None:
    both = (database, second)
    answers = await asyncio.gather(*(_append(both[n % 2], _incoming(n, "k")) for n in range(40)))
    assert sum(not answer.duplicate for [answer] in answers) == 1
    assert len({answer.receipt_id for [answer] in answers}) == 1


async def test_two_that_append_the_same_ids_in_opposite_order_do_not_deadlock(
    database: Database, second: Database
) -> None:
    batch = [_incoming(n, f"k{n}") for n in range(60)]
    other = [_incoming(100 + n, f"k{n}") for n in reversed(range(60))]
    left, right = await asyncio.gather(_append(database, *batch), _append(second, *other))
    assert sum(not answer.duplicate for answer in (*left, *right)) == 60


async def test_the_inbox_keeps_the_order_and_gives_each_receipt_to_one_router(
    database: Database, second: Database
) -> None:
    await _append(database, *(_incoming(n, f"k{n}") for n in range(10)), _incoming(50, "x", source="t"))
    assert await database.read(receipts.sources_waiting) == ["s", "t"]
    found = await database.read(lambda tx: receipts.waiting(tx, "s", 7))
    assert [receipt_id for _, receipt_id in found] == [_receipt_id(n) for n in range(7)]
    seqs = [seq for seq, _ in found]
    taken = await asyncio.gather(
        *(one.write(lambda tx: receipts.take_from_inbox(tx, "s", seqs)) for one in (database, second))
    )
    assert sorted(taken) == [0, 7]
    assert len(await database.read(lambda tx: receipts.waiting(tx, "s", 100))) == 3


async def test_the_last_hundred_rejections_of_a_source_are_kept_and_all_are_counted(database: Database) -> None:
    rows = [Rejection(source="s", at=NOW + n, status=400, reason=f"r{n}", body=b"\xff\x00") for n in range(130)]
    await database.write(lambda tx: rejections.append(tx, rows[:70], {"s": 70}))
    await database.write(lambda tx: rejections.append(tx, rows[70:], {"s": 900}))
    kept = await database.read(lambda tx: rejections.newest(tx, "s", 500))
    assert [row.reason for row in kept] == [f"r{n}" for n in range(129, 29, -1)]
    assert bytes(kept[0].body or b"") == b"\xff\x00"
    assert await database.read(rejections.totals) == [("s", 970, NOW + 129)]


# ---- deliver ---------------------------------------------------------------------------------------------------------


async def test_ids_of_deliveries_are_never_given_twice(database: Database) -> None:
    [lane_id] = await _lanes(database, "a")
    first = await database.write(lambda tx: deliveries.allocate_ids(tx, 3))
    await _insert(database, *(_row(number, lane_id) for number in first))
    await database.write(lambda tx: deliveries.remove(tx, first))
    later = await database.write(lambda tx: deliveries.allocate_ids(tx, 2))
    assert first == sorted(first)
    assert min(later) > max(first)


async def test_resolving_a_lane_twice_at_once_makes_one(database: Database, second: Database) -> None:
    found = await asyncio.gather(*(_lanes((database, second)[n % 2], "a", "b") for n in range(10)))
    assert len({tuple(pair) for pair in found}) == 1


async def test_of_a_chain_only_the_head_is_claimed_and_its_end_promotes_the_next(database: Database) -> None:
    [lane_id] = await _lanes(database, "a")
    await _insert(database, _row(1, lane_id, "k"), _row(2, lane_id, "k", "waiting"), _row(3, lane_id, "k", "waiting"))
    claimed = await database.write(lambda tx: deliveries.claim(tx, [(lane_id, 10)], NOW))
    assert [row.id for row in claimed] == [1]

    def end(tx: Transaction) -> None:
        deliveries.remove(tx, [1])
        deliveries.promote(tx, [(lane_id, "k")], NOW + 1, reason="head.dead")

    await database.write(end)
    assert await _states(database) == {2: "due", 3: "waiting"}
    row = await database.read(lambda tx: deliveries.get(tx, 2))
    assert row is not None
    assert (row.due_at, row.reason) == (NOW + 1, "head.dead")
    chains = await database.read(lambda tx: deliveries.pending_chains(tx, [(lane_id, "k"), (lane_id, "x")]))
    assert chains == {(lane_id, "k")}


async def test_a_held_chain_waits_until_it_is_released(database: Database) -> None:
    [lane_id] = await _lanes(database, "a")
    await _insert(database, _row(2, lane_id, "k", "waiting"), _row(3, lane_id, "k", "waiting"))
    await database.write(lambda tx: deliveries.promote(tx, [(lane_id, "k")], NOW, state="held", reason="head.dead"))
    assert await database.write(lambda tx: deliveries.claim(tx, [(lane_id, 10)], NOW)) == []
    assert await database.write(lambda tx: deliveries.release(tx, lane_id, "k", NOW)) == 1
    assert await _states(database) == {2: "due", 3: "waiting"}


async def test_a_claim_takes_the_first_due_of_each_lane_and_leaves_the_future(database: Database) -> None:
    a, b = await _lanes(database, "a", "b")
    await _insert(
        database,
        *(_row(number, a, due_at=NOW - number) for number in range(1, 6)),
        _row(10, b, due_at=NOW + 60),
        _row(11, b, due_at=NOW - 1),
    )
    claimed = await database.write(lambda tx: deliveries.claim(tx, [(a, 2), (b, 5)], NOW))
    assert [row.id for row in claimed] == [5, 4, 11]
    assert await database.read(lambda tx: deliveries.next_due(tx, [a, b])) == {a: NOW - 3, b: NOW + 60}
    again = Retry(id=5, due_at=NOW + 5, attempts=1, uncertain=True, reason="net.timeout")
    await database.write(lambda tx: deliveries.retry(tx, [again]))
    row = await database.read(lambda tx: deliveries.get(tx, 5))
    assert row is not None
    assert (row.state, row.due_at, row.attempts, row.uncertain, row.reason) == ("due", NOW + 5, 1, True, "net.timeout")


async def test_workers_that_claim_at_once_never_get_the_same_row(database: Database, second: Database) -> None:
    """Row 15, without luck: sixteen claims at once over eight lanes."""
    lane_ids = await _lanes(database, *(f"l{n}" for n in range(8)))
    await _insert(database, *(_row(1 + n, lane_ids[n % 8]) for n in range(160)))

    async def claim(worker: int) -> list[tuple[int, int, int]]:
        one = (database, second)[worker % 2]
        rows = await one.write(lambda tx: claim_due(tx, worker, NOW, 40, _policy(in_flight=6)))
        return [(row.id, row.lane_id, worker) for row in rows]

    claimed = [row for rows in await asyncio.gather(*(claim(worker) for worker in range(1, 17))) for row in rows]
    assert len({row[0] for row in claimed}) == len(claimed) > 0
    owners = {lane_id: {worker for _, lane, worker in claimed if lane == lane_id} for _, lane_id, _ in claimed}
    assert all(len(workers_) == 1 for workers_ in owners.values()), "a lane belongs to one worker at a time"
    for lane in await database.read(lanes.listing):
        assert lane.in_flight == sum(1 for row in claimed if row[1] == lane.id) <= 6


async def test_a_busy_lane_takes_nobody_elses_turn(database: Database) -> None:
    busy, calm = await _lanes(database, "busy", "calm")
    await _insert(database, *(_row(1 + n, busy) for n in range(500)))
    await _insert(database, _row(900, calm))
    rows = await database.write(lambda tx: claim_due(tx, 1, NOW, 64, _policy(in_flight=64)))
    assert 900 in [row.id for row in rows]
    assert len([row for row in rows if row.lane_id == busy]) == 32


async def test_a_rate_is_kept_by_the_lane(database: Database) -> None:
    [lane_id] = await _lanes(database, "a")
    await _insert(database, *(_row(1 + n, lane_id) for n in range(10)))
    policy = _policy(rate_per_s=1, burst=3, in_flight=100)
    counts = []
    for later_s in (0, 0.5, 1.0, 3.0):
        rows = await database.write(lambda tx, later_s=later_s: claim_due(tx, 1, NOW + later_s, 64, policy))  # type: ignore[misc]  # a default that binds
        counts.append(len(rows))
    assert counts == [3, 0, 1, 2]


async def test_a_worker_whose_lease_ran_out_loses_its_lanes_and_cannot_renew(database: Database) -> None:
    [lane_id] = await _lanes(database, "a")
    await _insert(database, _row(1, lane_id), _row(2, lane_id, "k", "waiting"))
    gone = await database.write(lambda tx: workers.register(tx, "x", "worker", NOW, 30))
    await database.write(lambda tx: claim_due(tx, gone, NOW, 8, _policy()))
    assert await database.read(lambda tx: workers.expired(tx, NOW + 29)) == []
    assert await database.read(lambda tx: workers.expired(tx, NOW + 31)) == [gone]
    assert await database.write(lambda tx: release_worker(tx, gone, NOW + 31)) == 1
    assert await database.write(lambda tx: release_worker(tx, gone, NOW + 31)) == 0
    assert not await database.write(lambda tx: workers.renew(tx, gone, NOW + 32, 30))
    row = await database.read(lambda tx: deliveries.get(tx, 1))
    assert row is not None
    assert (row.state, row.uncertain) == ("due", True)
    lane = await database.read(lambda tx: lanes.by_key(tx, "a"))
    assert lane is not None
    assert (lane.owner, lane.in_flight) == (None, 0)
    assert await database.write(lambda tx: workers.register(tx, "y", "worker", NOW, 30)) > gone


async def test_an_id_of_a_worker_is_never_given_twice(database: Database) -> None:
    first = await database.write(lambda tx: workers.register(tx, "x", "worker", NOW, 30))
    await database.write(lambda tx: workers.remove(tx, first))
    assert await database.write(lambda tx: workers.register(tx, "x", "worker", NOW, 30)) > first


async def test_a_lane_of_a_worker_that_is_on_no_list_is_found(database: Database) -> None:
    """One that claimed after its lease had been taken away, and then died."""
    [lane_id] = await _lanes(database, "a")
    await _insert(database, _row(1, lane_id))
    gone = await database.write(lambda tx: workers.register(tx, "x", "worker", NOW, 30))
    assert await database.write(lambda tx: release_worker(tx, gone, NOW + 31)) == 0
    assert len(await database.write(lambda tx: claim_due(tx, gone, NOW + 32, 8, _policy()))) == 1
    assert await database.read(workers.unlisted) == [gone]
    assert await database.write(lambda tx: reclaim_lanes(tx, gone, NOW + 33)) == 1
    assert await database.read(workers.unlisted) == []
    assert await _states(database) == {1: "due"}


async def _pause(database: Database, lane_id: int, paused: bool) -> None:
    def change(tx: Transaction) -> None:
        [lane] = lanes.lock(tx, [lane_id]).values()
        lane.paused, lane.wake_at = paused, NOW
        lanes.save(tx, [lane])

    await database.write(change)


async def test_a_paused_lane_is_left_alone_until_it_goes_on(database: Database) -> None:
    [lane_id] = await _lanes(database, "a")
    await _insert(database, _row(1, lane_id))
    await _pause(database, lane_id, True)
    assert await database.write(lambda tx: claim_due(tx, 1, NOW, 8, _policy())) == []
    await _pause(database, lane_id, False)
    assert len(await database.write(lambda tx: claim_due(tx, 1, NOW, 8, _policy()))) == 1


async def test_one_event_has_one_delivery_of_a_rule_on_a_lane_in_each_generation(database: Database) -> None:
    [lane_id] = await _lanes(database, "a")
    await _insert(database, _row(1, lane_id), _row(2, lane_id, event_id=_row(1, 1).event_id, generation=1))
    with pytest.raises((sa.exc.IntegrityError, sqlite3.IntegrityError)):  # the bulk insert goes by SQLite's own driver
        await _insert(database, _row(3, lane_id, event_id=_row(1, 1).event_id))
    assert set(await _states(database)) == {1, 2}


# ---- keep ------------------------------------------------------------------------------------------------------------


def _finished(number: int, state: str = "dead", day: int = DAY) -> Finished:
    event_id = f"evt_{ids.ulid(day * 86_400_000 + 5, number)}"
    return Finished(
        day=day, event_id=event_id, id=number, lane_id=1, state=state, rule="r", generation=0, attempts=2,
        created_at=NOW, finished_at=NOW, reason="http.status", effect=b"{}",
    )  # fmt: skip


async def test_dead_letters_are_listed_until_they_are_sent_again(database: Database) -> None:
    rows = [_finished(1), _finished(2, "delivered"), _finished(3)]
    tried = Attempt(day=DAY, delivery_id=1, number=1, started_at=NOW, elapsed_ms=2.5, outcome="retry", response=b"\xff")
    await database.write(lambda tx: history.append(tx, rows, [tried, tried]))
    assert [letter.id for letter in await database.read(lambda tx: history.dead(tx, 10))] == [1, 3]
    assert [letter.id for letter in await database.read(lambda tx: history.dead(tx, 10, after=1))] == [3]
    assert await database.read(lambda tx: history.attempts_of(tx, DAY, [1])) == [tried]
    await database.write(lambda tx: history.supersede(tx, rows[0], 77))
    assert await database.read(history.dead_count) == 1
    kept = await database.read(lambda tx: history.get(tx, DAY, rows[0].event_id, 1))
    assert kept is not None
    assert (kept.state, kept.detail) == ("superseded", "dlv_77")


def _stored(number: int, at: float = NOW, **facts: Any) -> StoredEvent:
    given: dict[str, Any] = {"id": f"evt_{ids.ulid(int(at * 1000), number)}", "source": "s", "type": "alert.fired"}
    event = Event(**{**given, "time": "2027-01-15T08:00:00Z", "data": {"ñ": [1, None, {"x": 1.5}]}, **facts})
    return StoredEvent(event=event, receipt_id=_receipt_id(number), routed_at=at, ruleset=1, matched=("r",))


async def test_events_are_appended_once_and_found_by_every_filter(database: Database) -> None:
    rows = [_stored(n, NOW + n * 3600, severity="high" if n % 2 else None, subject=f"a/{n}") for n in range(60)]
    await database.write(lambda tx: events.append(tx, rows))
    await database.write(lambda tx: events.append(tx, [_stored(0, NOW, title="another")]))
    assert await database.read(lambda tx: events.get(tx, rows[0].event.id)) == rows[0]
    assert await database.read(lambda tx: events.get(tx, "no id at all")) is None
    newest = await database.read(lambda tx: events.newest(tx, Filter(severity="high"), 5))
    assert [row.event.subject for row in newest] == ["a/59", "a/57", "a/55", "a/53", "a/51"]
    page = await database.read(lambda tx: events.newest(tx, Filter(severity="high"), 2, before=newest[1].event.id))
    assert [row.event.subject for row in page] == ["a/55", "a/53"]
    between = Filter(since=NOW + 10 * 3600, until=NOW + 40 * 3600)
    walked = await database.read(lambda tx: list(events.oldest_first(tx, between, page=7)))
    assert [row.event.subject for row in walked] == [f"a/{n}" for n in range(10, 40)]


async def test_retention_drops_old_days_but_nothing_that_is_still_due(database: Database) -> None:
    days = (DAY - 40, DAY - 39, DAY - 2)
    for day in days:
        await database.write(partial(upkeep.make_partitions, today=day))
    rows = [_finished(n + 1, "delivered", day) for n, day in enumerate(days)]
    await database.write(lambda tx: history.append(tx, rows, []))
    [lane_id] = await _lanes(database, "a")
    await _insert(database, _row(1, lane_id, event_day=days[1]))
    more = True
    while more:
        more = await database.write(lambda tx: upkeep.drop_old(tx, "history", DAY - 30))
    left = await database.read(lambda tx: sorted(tx.execute(sa.select(schema.history.c.day)).scalars()))
    assert left == [DAY - 39, DAY - 2]


async def test_partitions_are_made_ahead_and_making_them_again_does_nothing(database: Database) -> None:
    for _ in range(2):
        await database.write(lambda tx: upkeep.make_partitions(tx, DAY))
    if database.dialect == "postgresql":
        query = sa.text("select relname from pg_class where relispartition and relkind = 'r'")
        made = set(await database.read(lambda tx: tx.execute(query).scalars().all()))
        assert {f"receipts_{day}" for day in range(DAY - 1, DAY + upkeep.AHEAD_DAYS + 1)} <= made
    await _append(database, _incoming(1, "k"))
    assert len(await database.read(lambda tx: receipts.load(tx, [_receipt_id(1)]))) == 1


async def test_rules_are_numbered_and_the_newest_is_in_force(database: Database) -> None:
    assert await database.read(rulesets.latest) == (0, "")
    first = await database.write(lambda tx: rulesets.publish(tx, "d1", "{}", NOW, "file"))
    second = await database.write(lambda tx: rulesets.publish(tx, "d2", '{"x":1}', NOW, "file"))
    assert (await database.read(rulesets.latest), first < second) == ((second, "d2"), True)
    assert await database.read(lambda tx: rulesets.provided(tx, first)) == ("d1", "{}")


async def test_what_is_remembered_is_changed_and_forgotten(database: Database) -> None:
    for value in ({"ts": "1.2"}, ["ñ", 3], None):
        await database.write(lambda tx, value=value: remembered.save(tx, "k", value, NOW))  # type: ignore[misc]  # a default that binds
        expected = {} if value is None else {"k": value}
        assert await database.read(lambda tx: remembered.load(tx, ["k", "unknown"])) == expected


async def test_a_bucket_keeps_the_longer_hold(database: Database) -> None:
    await database.write(lambda tx: buckets.save(tx, {"b": BucketState(1.5, NOW, NOW + 60)}))
    await database.write(lambda tx: buckets.save(tx, {"b": BucketState(0.5, NOW + 1, NOW + 30)}))
    assert await database.read(buckets.load) == {"b": BucketState(0.5, NOW + 1, NOW + 60)}


# ---- transactions ----------------------------------------------------------------------------------------------------


async def test_what_a_closure_raises_undoes_it_and_nobody_elses(database: Database) -> None:
    def bad(tx: Transaction) -> None:
        upkeep.set_fact(tx, "bad", "1")
        raise LookupError("no")

    def good(tx: Transaction) -> None:
        upkeep.set_fact(tx, "good", "1")

    done = await asyncio.gather(*(database.write(fn) for fn in (good, bad, good, bad)), return_exceptions=True)
    assert [type(one) for one in done] == [type(None), LookupError, type(None), LookupError]
    assert await database.read(lambda tx: (upkeep.fact(tx, "good"), upkeep.fact(tx, "bad"))) == ("1", None)


async def test_a_reader_cannot_write_and_whoever_has_its_connection_next_can(database: Database) -> None:
    with pytest.raises(StoreUnavailable):
        await database.read(lambda tx: upkeep.set_fact(tx, "x", "1"))
    assert await database.read(lambda tx: upkeep.fact(tx, "x")) is None
    await database.write(lambda tx: upkeep.set_fact(tx, "x", "2"))
    assert await database.read(lambda tx: upkeep.fact(tx, "x")) == "2"


async def test_a_deadlock_is_tried_again_whole(postgres_url: str) -> None:
    """Row 21, which SQLite's single writer can't meet: two that lock two rows in opposite order both succeed."""
    left, right = await open_database(postgres_url), await open_database(postgres_url)
    await migrate(left)
    for key in ("a", "b"):
        await left.write(partial(upkeep.set_fact, key=key, value="0"))
    both_hold_one = asyncio.Barrier(2)
    met: list[str] = []
    append = sa.text("update facts set value = value || :name where key = :key")

    def add(first: str, then: str, name: str) -> Callable[[Transaction], None]:
        def run(tx: Transaction) -> None:
            tx.execute(append, {"key": first, "name": name})
            if name not in met:
                met.append(name)
                sa.util.await_only(both_hold_one.wait())
            tx.execute(append, {"key": then, "name": name})

        return run

    async with asyncio.timeout(30):
        await asyncio.gather(left.write(add("a", "b", "x")), right.write(add("b", "a", "y")))
    found = await left.read(lambda tx: [upkeep.fact(tx, key) or "" for key in ("a", "b")])
    assert [sorted(value) for value in found] == [["0", "x", "y"]] * 2
    await left.close()
    await right.close()


async def test_whoever_notifies_wakes_the_others_and_not_itself(migrated_postgres: str) -> None:
    one, other = await open_database(migrated_postgres), await open_database(migrated_postgres)
    heard: asyncio.Queue[str] = asyncio.Queue()
    one.on_notify(lambda: heard.put_nowait("one"))
    other.on_notify(lambda: heard.put_nowait("other"))
    listening = sa.text(
        "select count(*) from pg_stat_activity where datname = current_database() and query like 'LISTEN %'"
    )
    try:
        async with asyncio.timeout(30):
            await until_answered(lambda: one.read(lambda tx: tx.execute(listening).scalar() == 2))
            one.notify()
            assert await heard.get() == "other"
            other.notify()  # comes after: would "one" heed its own, it would have heard it by then
            assert await heard.get() == "one"
        assert heard.empty()
    finally:
        await one.close()
        await other.close()
