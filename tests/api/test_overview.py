"""The overview by the API: what flows, what waits and is held, what needs somebody, and who may know."""

from __future__ import annotations

from typing import Any

from centralita.store import arrivals, rejections
from centralita.store.database import Transaction
from centralita.store.rejections import Rejection
from tests.api.conftest import Api

DAY_S = 86_400


async def _overview(api: Api) -> dict[str, Any]:
    reply = await api("GET", "/api/v1/overview")
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json()
    return found


def _needs(overview: dict[str, Any]) -> dict[str, tuple[int, str]]:
    return {need["kind"]: (need["count"], need["which"]) for need in overview["needs"]}


async def test_a_new_hub_is_ready_and_knows_of_nothing(api: Api) -> None:
    found = await _overview(api)
    assert (found["state"], found["reason"]) == ("flowing", "overview.quiet")
    assert found["said"] == "Everything is ready; no event has come yet."
    assert len(found["minutes"]) == 60
    assert found["last_half_hour"] == {"events": 0, "delivered": 0, "failed": 0}
    assert [(source["slug"], source["last_at"], source["late"]) for source in found["sources"]] == [
        ("desk", None, False),
        ("quiet", None, False),
    ]
    assert _needs(found) == {}


async def test_what_came_in_and_what_waits_is_counted(api: Api) -> None:
    for number, severity in enumerate(("critical", "critical", "low")):
        await api.receive(type="printer.jammed", severity=severity, subject=f"printer/{number}")
    found = await _overview(api)
    assert (found["state"], found["waiting"], found["inbox"]) == ("flowing", 2, 0)
    assert found["reason"] == "overview.on_its_way"
    assert sum(minute["flow"]["events"] or 0 for minute in found["minutes"]) == 3
    assert [(lane["key"], lane["waiting"]) for lane in found["lanes"]] == [("webhook:erp", 2)]
    assert [(each["destination"], each["waiting"], each["held"]) for each in found["destinations"]] == [
        ("webhook", 2, 0)
    ]
    desk = next(source for source in found["sources"] if source["slug"] == "desk")
    assert desk["last_at"] is not None
    assert desk["usual_silence_s"] is None


async def test_a_paused_lane_holds_and_needs_somebody(api: Api) -> None:
    await api.receive(type="printer.jammed", severity="critical")
    assert (await api("POST", "/api/v1/lanes/webhook:erp/pause")).status == 200
    found = await _overview(api)
    assert (found["state"], found["reason"]) == ("held", "overview.paused")
    assert found["said"] == "webhook:erp is paused. Waiting there: 1; none is lost."
    assert _needs(found) == {"paused_lanes": (1, "webhook:erp")}


async def test_a_source_that_is_silent_for_longer_than_ever_is_late(api: Api) -> None:
    await api.receive(type="printer.jammed")
    now = api.hub.clock.now()

    def usual(tx: Transaction) -> None:
        for hours in range(96, 0, -2):
            arrivals.add(tx, "desk", 1, now - hours * 3600)

    await api.hub.database.write(usual)
    desk = next(each for each in (await _overview(api))["sources"] if each["slug"] == "desk")
    assert (desk["late"], desk["usual_silence_s"]) == (False, 1.5 * 7200)
    moved = api.hub.clock.now() + 4 * 3600
    api.hub.clock.now = lambda: moved  # type: ignore[method-assign]  # nobody can wait for hours
    found = await _overview(api)
    desk = next(each for each in found["sources"] if each["slug"] == "desk")
    assert desk["late"]
    assert _needs(found)["late_sources"] == (1, "desk")


async def test_nobody_is_told_of_what_they_may_not_see(api: Api) -> None:
    await api.receive(type="printer.jammed", severity="critical")
    assert (await api("POST", "/api/v1/lanes/webhook:erp/pause")).status == 200
    refused = Rejection(source="desk", at=api.hub.clock.now(), status=401, reason="credential.missing")
    await api.hub.database.write(lambda tx: rejections.append(tx, [refused], {"desk": 1}))
    assert _needs(await _overview(api)) == {"paused_lanes": (1, "webhook:erp"), "rejections": (1, "desk")}
    reader = await api.holding("event.read", "delivery.read")
    assert _needs(await _overview(reader)) == {"paused_lanes": (1, "webhook:erp")}
    stranger = await api.holding("event.read")
    assert (await stranger("GET", "/api/v1/overview")).status == 403
