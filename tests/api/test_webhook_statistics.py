"""The statistics of webhooks as the API tells them, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from centralita.core.rollups import Tally, count_try, floor
from centralita.services import rollups as upkeep
from centralita.services.hub import Hub
from centralita.store import lanes, rollups
from centralita.store.database import Transaction
from tests.api.conftest import Api

HOUR, DAY = 3600, 86_400


def _tally(*durations: float, errors: int = 0, rejected: int = 0) -> Tally:
    tally = Tally(rejected=rejected)
    for elapsed_ms in durations:
        count_try(tally, elapsed_ms, succeeded=True, slow_ms=2000)
    for _ in range(errors):
        count_try(tally, 7.0, succeeded=False, slow_ms=2000)
    return tally


async def _add(hub: Hub, name: str, at: float, tally: Tally) -> None:
    def add(tx: Transaction) -> None:
        lane = lanes.hold(tx, {f"webhook:{name}": ("webhook", name)})[f"webhook:{name}"].id
        rollups.add(tx, {lane: tally}, floor(at, "minute"))

    await hub.database.write(add)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


async def test_health_is_the_last_half_hour_and_how_it_is_now(hub: Hub, api: Api) -> None:
    now = hub.clock.now()
    await _add(hub, "erp", now, _tally(10, 20, 30, 2500, errors=1, rejected=4))
    await _add(hub, "erp", now - 20 * 60, _tally(40))
    await _add(hub, "erp", now - 40 * 60, _tally(9000))
    reply = await api("GET", "/api/v1/webhooks/erp/health")
    found = reply.json()
    assert (reply.status, found["webhook"], found["breaker"], found["waiting"]) == (200, "erp", "closed", 0)
    assert [found[name] for name in ("successful", "slow", "error", "rejected")] == [5, 1, 1, 4]
    assert (found["fastest_ms"], found["slowest_ms"], found["average_ms"]) == (7, 2500, round(2607 / 6, 3))
    assert 10 <= found["p50_ms"] <= 30 < found["p95_ms"] <= found["p99_ms"] == 2500
    longer = (await api("GET", "/api/v1/webhooks/erp/health?since=1h")).json()
    assert (longer["successful"], longer["slowest_ms"]) == (6, 9000)


async def test_a_webhook_that_nothing_was_sent_to_has_zeros_and_no_times(api: Api) -> None:
    found = (await api("GET", "/api/v1/webhooks/erp/health")).json()
    assert (found["successful"], found["error"], found["average_ms"], found["p99_ms"]) == (0, 0, None, None)
    series = (await api("GET", "/api/v1/webhooks/erp/statistics")).json()
    assert 60 <= len(series["items"]) <= 61
    assert {item["successful"] for item in series["items"]} == {0}


@pytest.mark.parametrize(("per", "span_s", "fewest"), [("minute", HOUR, 60), ("hour", DAY, 24), ("day", 30 * DAY, 30)])
async def test_a_series_has_every_interval_once(hub: Hub, api: Api, per: str, span_s: int, fewest: int) -> None:
    now = hub.clock.now()
    for ago, tally in ((0, _tally(5)), (50 * 60, _tally(6, errors=2)), (20 * HOUR, _tally(7)), (29 * DAY, _tally(8))):
        await _add(hub, "erp", now - ago, tally)
    path = f"/api/v1/webhooks/erp/statistics?per={per}&since={_time(now - span_s)}&until={_time(now)}"
    before = (await api("GET", path)).json()
    await upkeep.coarsen(hub.database, now)
    after = (await api("GET", path)).json()
    assert before["items"] == after["items"]
    starts = [item["start"] for item in after["items"]]
    assert (starts[0], sorted(set(starts))) == (after["since"], starts)
    assert fewest <= len(starts) <= fewest + 1
    counted = sum(item["successful"] for item in after["items"])
    assert counted == {"minute": 2, "hour": 3, "day": 4}[per]
    assert sum(item["error"] for item in after["items"]) == 2


async def test_minutes_begin_no_earlier_than_they_are_kept(hub: Hub, api: Api) -> None:
    now = hub.clock.now()
    await _add(hub, "erp", now - 20 * DAY, _tally(5))
    await upkeep.coarsen(hub.database, now)
    await upkeep.forget(hub.database, now, hub.settings.retention)
    asked = f"since={_time(now - 20 * DAY)}&until={_time(now - 20 * DAY + 60)}"
    minutes = (await api("GET", f"/api/v1/webhooks/erp/statistics?per=minute&{asked}")).json()
    assert minutes["items"] == []
    hours = (await api("GET", f"/api/v1/webhooks/erp/statistics?per=hour&{asked}")).json()
    assert sum(item["successful"] for item in hours["items"]) == 1
    health = (await api("GET", f"/api/v1/webhooks/erp/health?{asked}")).json()
    assert (health["successful"], health["since"][14:19]) == (1, "00:00")  # a whole hour: its minutes are gone


async def test_the_list_has_every_webhook_page_by_page(hub: Hub, api: Api) -> None:
    for number in range(3):
        body = {"name": f"w{number}", "url": "https://hooks.example.com/x", "types": ["ticket.*"]}
        assert (await api("POST", "/api/v1/webhooks", body)).status in (200, 201)
    await _add(hub, "w1", hub.clock.now(), _tally(12, errors=3))
    first = (await api("GET", "/api/v1/webhooks/statistics?limit=3")).json()
    rest = (await api("GET", f"/api/v1/webhooks/statistics?limit=3&cursor={first['next']}")).json()
    lines = {line["webhook"]: line for line in [*first["items"], *rest["items"]]}
    assert (sorted(lines), rest["next"]) == (["erp", "w0", "w1", "w2"], None)
    assert (lines["w1"]["successful"], lines["w1"]["error"], lines["w0"]["successful"]) == (1, 3, 0)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nobody/statistics", 404, "not_found"),
        ("/nobody/health", 404, "not_found"),
        ("/erp/statistics?per=minute&since=3d", 422, "window.too_long"),
        ("/erp/statistics?per=second", 422, "request.invalid"),
        ("/erp/health?since=1h&until=2h", 422, "window.empty"),
        ("/statistics?since=yesterday", 422, "time.unreadable"),
    ],
)
async def test_what_cannot_be_shown_is_refused_with_a_reason(api: Api, path: str, status: int, code: str) -> None:
    reply = await api("GET", f"/api/v1/webhooks{path}")
    assert (reply.status, reply.json()["code"]) == (status, code)


async def test_whoever_may_not_read_webhooks_reads_no_statistics(api: Api) -> None:
    other = await api.holding("event.read")
    for path in ("erp/statistics", "erp/health", "statistics"):
        assert (await other("GET", f"/api/v1/webhooks/{path}")).status == 403
