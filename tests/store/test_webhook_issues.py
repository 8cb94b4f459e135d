"""Failures in groups, and what a lane was sent: on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from centralita.store import history, lanes, webhook_history, webhook_issues
from centralita.store.database import Database, Transaction, open_database
from centralita.store.history import Attempt, Finished
from centralita.store.webhook_history import AttemptFilter
from centralita.store.webhook_issues import Failing, Issue

FAILING = Failing(
    lane_id=1, webhook="erp", key="http.status 500", first_at=10.0, last_at=11.0, event_id="evt_1", delivery_id=1,
    attempt="att_1",
)  # fmt: skip


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = await open_database(migrated_url)
    yield opened
    await opened.close()


async def _issues(
    database: Database, state: str = "", webhook: str = "", limit: int = 100, behind: tuple[int, int] | None = None
) -> list[Issue]:
    return await database.read(lambda tx: webhook_issues.listing(tx, limit, state, webhook, behind))


async def test_failures_add_up_and_the_newest_is_the_example(database: Database) -> None:
    later = msgspec.structs.replace(
        FAILING, count=3, first_at=20.0, last_at=21.0, event_id="evt_2", delivery_id=2, attempt="att_2", detail="x"
    )
    other = msgspec.structs.replace(FAILING, key="net.dns")
    await database.write(lambda tx: webhook_issues.count(tx, [FAILING, other]))
    await database.write(lambda tx: webhook_issues.count(tx, [later]))
    most, least = await _issues(database)
    assert (most.key, most.count, most.first_at, most.last_at) == ("http.status 500", 4, 10.0, 21.0)
    assert (most.event_id, most.delivery_id, most.attempt, most.detail) == ("evt_2", 2, "att_2", "x")
    assert (least.key, least.count, least.state, least.changed_by) == ("net.dns", 1, "open", "")


@pytest.mark.parametrize(
    ("state", "after"), [("acknowledged", "acknowledged"), ("resolved", "open"), ("ignored", "ignored")]
)
async def test_what_people_said_holds_until_it_fails_again(database: Database, state: str, after: str) -> None:
    await database.write(lambda tx: webhook_issues.count(tx, [FAILING]))
    [issue] = await _issues(database)
    await database.write(lambda tx: webhook_issues.set_state(tx, issue.id, state, "user:ana", 15.0))
    [seen] = await _issues(database, state=state)
    assert (seen.changed_by, seen.changed_at) == ("user:ana", 15.0)
    await database.write(lambda tx: webhook_issues.count(tx, [FAILING]))
    [again] = await _issues(database)
    assert (again.state, again.changed_by) == (after, "" if after == "open" else "user:ana")
    assert again.changed_at == (11.0 if after == "open" else 15.0)


async def test_none_is_lost_when_many_fail_at_once(database: Database) -> None:
    await asyncio.gather(*(database.write(lambda tx: webhook_issues.count(tx, [FAILING])) for _ in range(20)))
    assert [issue.count for issue in await _issues(database)] == [20]


async def test_pages_follow_one_another_by_how_common_they_are(database: Database) -> None:
    rows = [msgspec.structs.replace(FAILING, lane_id=n, webhook=f"w{n}", count=1 + n % 3) for n in range(9)]
    await database.write(lambda tx: webhook_issues.count(tx, rows))
    found: list[Issue] = []
    behind: tuple[int, int] | None = None
    while page := await _issues(database, limit=4, behind=behind):
        found += page
        behind = (page[-1].count, page[-1].id)
    assert [issue.count for issue in found] == [3, 3, 3, 2, 2, 2, 1, 1, 1]
    assert len({issue.id for issue in found}) == 9
    assert [issue.webhook for issue in await _issues(database, webhook="w4")] == ["w4"]


# ---- what a lane was sent


def _attempt(number: int, lane_id: int, at: float) -> Attempt:
    return Attempt(
        day=20_000, delivery_id=number, number=1, started_at=at, elapsed_ms=1.0, outcome="retry", lane_id=lane_id,
        response=b"\xff",
    )  # fmt: skip


def _finished(number: int, lane_id: int) -> Finished:
    return Finished(
        day=20_000, event_id=f"evt_{number}", id=number, lane_id=lane_id, state="dead", rule="r", generation=number % 2,
        attempts=1, created_at=1.0, finished_at=2.0, effect=b"{}",
    )  # fmt: skip


async def _fill(database: Database) -> tuple[int, int]:
    """Two lanes with ten deliveries each, tried twice."""

    def fill(tx: Transaction) -> tuple[int, int]:
        found = lanes.hold(tx, {"webhook:a": ("webhook", "a"), "webhook:b": ("webhook", "b")})
        one, two = found["webhook:a"].id, found["webhook:b"].id
        ended = [_finished(number, one if number % 2 else two) for number in range(1, 21)]
        tries = [_attempt(row.id, row.lane_id, 100.0 * n + row.id) for row in ended for n in (0, 1)]
        history.append(tx, ended, tries)
        return one, two

    return await database.write(fill)


async def test_each_lane_has_its_own_newest_first(database: Database) -> None:
    one, two = await _fill(database)
    found = await database.read(lambda tx: webhook_history.newest_deliveries(tx, one, 3, before=17))
    assert [row.id for row in found] == [15, 13, 11]
    first = await database.read(lambda tx: webhook_history.newest_attempts(tx, two, 12))
    assert [(row.started_at, row.delivery_id) for _, row in first.fitting[:2]] == [(120.0, 20), (118.0, 18)]
    last = first.fitting[9][1]
    place, wanted = (last.started_at, last.delivery_id), AttemptFilter(since=10.0)
    rest = await database.read(lambda tx: webhook_history.newest_attempts(tx, two, 99, place, wanted))
    assert [row.started_at for _, row in rest.fitting] == [20.0, 18.0, 16.0, 14.0, 12.0, 10.0]
    assert (rest.total, rest.last) == (6, (10.0, 10))
    whole = await database.read(lambda tx: webhook_history.find_attempt(tx, last.id))
    assert whole is not None
    assert (whole.delivery_id, bytes(whole.response or b"")) == (last.delivery_id, b"\xff")
    named = await database.read(lambda tx: webhook_history.event_ids(tx, one, [(20_000, 15), (20_000, 16)]))
    assert named == {15: "evt_15"}
    places = [(20_000, "evt_15"), (20_000, "evt_16")]
    known = await database.read(lambda tx: webhook_history.generations(tx, places))
    assert known == {"evt_15": 1, "evt_16": 0}
