"""Owners of assets against a local InvGate: planned without a write, applied with each old owner checked, put back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from centralita.cli.calling import call_app
from centralita.ports import RawRequest
from centralita.sandbox.invgate import LocalInvGate
from centralita.services import asset_changes, asset_plans, asset_sightings, assets, replays
from centralita.services.asset_plans import AssetsRefused
from centralita.services.events import detail as find_event
from centralita.store import asset_plans as stored_plans
from centralita.store import timers
from centralita.web.api import make_api
from tests.services.asset_world import ACTOR, World, world


@pytest.fixture
async def desk(usual_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """No assets yet, two people; one sighting is enough."""
    async with world(usual_url, tmp_path, LocalInvGate(), sightings=1) as made:
        await made.invgate.add_person("Ana Ruiz", email="ana@example.com", username="ana")
        await made.invgate.add_person("Luis Paz", email="luis@example.com", username="luis")
        yield made


async def people(desk: World) -> tuple[int, int]:
    found = [person async for page in desk.hub.invgate.people() for person in page.items]  # type: ignore[union-attr]  # it is configured
    ids = {person.email: int(person.id) for person in found}
    return ids["ana@example.com"], ids["luis@example.com"]


async def test_plan_apply_and_revert(desk: World) -> None:
    ana, luis = await people(desk)
    asset = await desk.asset("PC-1", last_user=r"BIDCOM\ana", owner_id=luis)
    plan = await desk.plan()
    row = await desk.row(plan, asset)
    assert (plan.state, plan.counts) == ("ready", {"assets": 1, "change": 1})
    assert (row.verdict, row.sure, row.old.email, row.new.email) == (
        "change",
        "likely",
        "luis@example.com",
        "ana@example.com",
    )
    assert row.why == {"user": r"bidcom\ana", "seen": 1, "days": 7, "by": "username"}
    assert await desk.owner(asset) == luis

    done = await desk.ended(await asset_changes.apply(desk.hub, ACTOR, plan.id))
    assert (done.state, done.states, await desk.owner(asset)) == ("applied", {"changed": 1}, ana)
    [changed] = await desk.until(lambda: desk.events("asset.owner_changed"), bool)
    assert changed.data["owner"]["email"] == "ana@example.com" and not changed.data["plan"]["reverted"]
    with pytest.raises(AssetsRefused) as refused:
        await asset_changes.apply(desk.hub, ACTOR, plan.id)
    assert refused.value.reason == "asset.plan_state"
    assert await desk.verdict(asset) == "already_owner"

    done = await desk.ended(await asset_changes.revert(desk.hub, ACTOR, plan.id))
    assert (done.state, done.states, await desk.owner(asset)) == ("reverted", {"reverted": 1}, luis)
    assert (await desk.invgate.writes()) == {"PATCH public-api/assets-lite": 2}
    assert await desk.verdict(asset) == "locked"  # a person has said that it was wrong
    await assets.mark(desk.hub, ACTOR, str(asset), "unlock")
    assert await desk.verdict(asset) == "change"


async def test_a_an_owner_that_a_person_sets_is_locked(desk: World) -> None:
    _, luis = await people(desk)
    asset = await desk.asset("PC-1", last_user=r"BIDCOM\ana", owner_id=luis)
    await desk.ended(await asset_changes.apply(desk.hub, ACTOR, (await desk.plan()).id))
    await desk.invgate.change_asset(asset, owner_id=luis)
    assert await desk.verdict(asset) == "locked"
    assert (await assets.show(desk.hub, str(asset))).locked
    assert await desk.owner(asset) == luis


async def test_c_a_stale_plan_changes_nothing_says_so_and_tells_of_no_change(desk: World) -> None:
    _, luis = await people(desk)
    asset = await desk.asset("PC-1", last_user=r"BIDCOM\ana", owner_id=luis)
    plan = await desk.plan()
    await desk.invgate.change_asset(asset, owner_id=None)
    done = await desk.ended(await asset_changes.apply(desk.hub, ACTOR, plan.id))
    assert (done.states, await desk.owner(asset)) == ({"stale": 1}, None)
    assert await desk.invgate.writes() == {}
    await desk.until(lambda: desk.events("asset.plan_applied"), bool)
    assert await desk.events("asset.owner_changed") == []
    assert await desk.verdict(asset) == "locked"


async def test_what_was_changed_since_is_not_put_back(desk: World) -> None:
    _, luis = await people(desk)
    asset = await desk.asset("PC-1", last_user=r"BIDCOM\ana", owner_id=luis)
    plan = await desk.plan()
    await desk.ended(await asset_changes.apply(desk.hub, ACTOR, plan.id))
    await desk.invgate.change_asset(asset, owner_id=None)
    done = await desk.ended(await asset_changes.revert(desk.hub, ACTOR, plan.id))
    assert (done.states, await desk.owner(asset)) == ({"overtaken": 1}, None)


async def test_b_and_d_an_empty_last_user_clears_nobody_and_forgets_nobody(desk: World) -> None:
    ana, luis = await people(desk)
    wiped = await desk.asset("PC-1", last_user="", owner_id=luis)
    off = await desk.asset("PC-2", last_user=None, owner_id=luis)
    await desk.seen_before(off, r"BIDCOM\ana", 1)
    plan = await desk.plan()
    assert (await desk.row(plan, wiped)).verdict == "no_user"
    assert (await desk.row(plan, off)).verdict == "change"
    await desk.ended(await asset_changes.apply(desk.hub, ACTOR, plan.id))
    assert (await desk.owner(wiped), await desk.owner(off)) == (luis, ana)


async def test_f_of_two_assets_with_one_serial_neither_changes(desk: World) -> None:
    _, luis = await people(desk)
    facts = {"last_user": r"BIDCOM\ana", "owner_id": luis}
    first = await desk.asset("PC-1", serial="SN 1", **facts)
    second = await desk.asset("PC-2", serial="sn 1 ", **facts)
    third = await desk.asset("PC-3", serial="To be filled by O.E.M.", **facts)
    await desk.asset("PC-4", serial="To be filled by O.E.M.", **facts)
    plan = await desk.plan()
    verdicts = [(await desk.row(plan, asset)).verdict for asset in (first, second, third)]
    assert verdicts == ["duplicate_serial", "duplicate_serial", "change"]


async def test_enough_days_are_needed_and_one_day_counts_once(usual_url: str, tmp_path: Path) -> None:
    async with world(usual_url, tmp_path, LocalInvGate()) as desk:
        await desk.invgate.add_person("Ana Ruiz", email="ana@example.com", username="ana")
        asset = await desk.asset("PC-1", last_user=r"BIDCOM\ana")
        for _ in range(3):
            assert await desk.verdict(asset) == "too_few_sightings"
        await desk.seen_before(asset, r"BIDCOM\ana", 1, 8, 9)
        assert await desk.verdict(asset) == "too_few_sightings"
        await desk.seen_before(asset, "ana@example.com", 2)  # the same person, written in another way
        row = await desk.row(await desk.plan(), asset)
        assert (row.verdict, row.why["seen"]) == ("change", 3)


async def test_who_was_seen_comes_from_files_and_webhooks_too(desk: World) -> None:
    _, luis = await people(desk)
    asset = await desk.asset("PC-1", serial="SN-77", last_user="", owner_id=luis)
    body = {"type": "asset.seen", "id": "1", "data": {"asset": {"serial": "sn-77", "last_user": r"BIDCOM\ana"}}}
    request = RawRequest(
        method="POST", query="", body=json.dumps(body).encode(),
        headers=(("authorization", "Bearer only-for-tests-0123"), ("content-type", "application/json")),
    )  # fmt: skip
    assert (await desk.hub.ingest.receive("fleet", request)).status == 202
    await desk.until(lambda: desk.events("asset.seen"), bool)
    assert await desk.verdict(asset) == "change"


async def test_every_bad_line_is_named_and_nothing_good_is_lost(desk: World) -> None:
    content = "\ufeffSerial,Usuario,Fecha\nSN-1,BIDCOM\\ana,\n,BIDCOM\\ana,\nSN-1,.\\ana,\nSN-1,ana,yesterday\n" \
              "\nSN-1,a\\b\\c,\nSN-2,luis,2001-01-01T00:00:00Z\nSN-3,luis,2999-01-01\n"  # fmt: skip
    done = await asset_sightings.import_csv(desk.hub, ACTOR, content)
    assert done.noted == 2
    assert [(bad.line, bad.reason) for bad in done.bad] == [
        (3, "asset.csv_no_asset"),
        (4, "asset.local_account"),
        (5, "asset.csv_bad_time"),
        (7, "asset.unreadable"),
        (9, "asset.csv_bad_time"),
    ]
    assert (await asset_sightings.import_csv(desk.hub, ACTOR, "x,y\n1,2\n")).bad[0].reason == "asset.csv_heading"


async def test_whom_nobody_can_tell_goes_to_the_queue_and_a_person_decides(desk: World) -> None:
    ana, luis = await people(desk)
    await desk.invgate.add_person("Ana Twin", email="ana2@example.com", username="ana")
    asset = await desk.asset("PC-1", last_user=r"BIDCOM\ana", owner_id=luis)
    other = await desk.asset("PC-2", last_user=r"AzureAD\AnaRuiz", owner_id=luis)
    assert await desk.verdict(asset) == "ambiguous"
    queue = await assets.conflicts(desk.hub, 10, "")
    assert [(one.asset, one.reason) for one in queue] == [(str(asset), "ambiguous"), (str(other), "needs_mapping")]
    assert [[each.email for each in one.candidates] for one in queue] == [
        ["ana@example.com", "ana2@example.com"],
        ["ana@example.com"],
    ]
    assert [one.owner for one in queue] == ["Luis Paz", "Luis Paz"]
    await assets.ignore(desk.hub, ACTOR, str(other))
    with pytest.raises(AssetsRefused):
        await asset_changes.resolve(desk.hub, ACTOR, str(asset), "nobody@example.com")
    done = await desk.ended(await asset_changes.resolve(desk.hub, ACTOR, str(asset), "ana@example.com"))
    assert (done.states, await desk.owner(asset)) == ({"changed": 1}, ana)
    assert await desk.verdict(asset) in ("locked", "already_owner")
    assert await assets.conflicts(desk.hub, 10, "") == []


async def test_shared_devices_and_locked_owners_stay(desk: World) -> None:
    _, luis = await people(desk)
    facts = {"last_user": r"BIDCOM\ana", "owner_id": luis}
    kiosk, busy, locked = [await desk.asset(name, **facts) for name in ("K-1", "PC-2", "PC-3")]
    await desk.plan()
    await assets.mark(desk.hub, ACTOR, str(kiosk), "share")
    await assets.mark(desk.hub, ACTOR, str(locked), "lock")
    for user in ("b", "c", "d"):
        await desk.seen_before(busy, user, 1)
    plan = await desk.plan()
    verdicts = [(await desk.row(plan, asset)).verdict for asset in (kiosk, busy, locked)]
    assert verdicts == ["shared_device", "shared_device", "locked"]
    with pytest.raises(LookupError):
        await assets.mark(desk.hub, ACTOR, "no-such-asset", "lock")


async def test_accounts_are_found_by_mapping_by_address_and_in_the_service_desk(usual_url: str, tmp_path: Path) -> None:
    accounts = {"AzureAD\\AnaRuiz": "ana@example.com"}
    async with world(
        usual_url, tmp_path, LocalInvGate(), sightings=1, accounts=accounts, domains=["BIDCOM", "bidcom.local"]
    ) as desk:
        await desk.invgate.add_person("Ana Ruiz", email="ana@example.com", username="")
        await desk.invgate.add_person("Luis Paz", email="luis.paz@example.com", username="luis.paz")
        await desk.invgate.add_person("Old One", email="old@example.com", username="old", is_disabled=True)
        await desk.invgate.add_user("aruiz", email="ana@example.com", name="Ana", lastname="Ruiz")
        written = {
            r"AzureAD\AnaRuiz": ("change", "mapping", "certain"),
            "ANA@example.com": ("change", "email", "certain"),
            r"BIDCOM\aruiz": ("change", "service_desk", "likely"),
            "luis.paz@bidcom.local": ("change", "username", "likely"),
            "luis.paz@elsewhere.local": ("not_found", None, ""),
            r"BIDCOM\nobody": ("not_found", None, ""),
            r"OTHER\luis.paz": ("foreign_domain", None, ""),
            r"BIDCOM\old": ("disabled_person", None, ""),
            r"BIDCOM\svc-backup": ("ignored_account", None, ""),
        }
        made = {user: await desk.asset(f"PC-{number}", last_user=user) for number, user in enumerate(written)}
        plan = await desk.plan()
        for user, expected in written.items():
            row = await desk.row(plan, made[user])
            assert (row.verdict, row.why.get("by"), row.sure) == expected, user


async def test_the_cap_stops_a_run_and_says_how_to_raise_it(usual_url: str, tmp_path: Path) -> None:
    async with world(usual_url, tmp_path, LocalInvGate(), sightings=1, cap_percent=5) as desk:
        await desk.invgate.add_person("Ana Ruiz", email="ana@example.com", username="ana")
        for number in range(20):
            await desk.asset(f"PC-{number}", last_user=r"BIDCOM\ana" if number < 2 else "")
        plan = await desk.plan()
        assert (plan.counts["change"], plan.most_changes) == (2, 1)
        app = make_api(desk.hub)

        async def post(path: str, body: dict[str, Any]) -> tuple[int, Any]:
            headers = {"content-type": "application/json", "accept-language": "en"}
            reply = await call_app(app, "POST", f"/api/v1/assets{path}", json.dumps(body).encode(), headers, local=True)
            return reply.status, reply.json()

        status, said = await post(f"/plans/{plan.id}/apply", {})
        assert (status, said["code"]) == (409, "asset.plan_capped")
        assert "2 of 20 assets; the cap allows 1 (5.0 %)" in said["detail"] and "--cap" in said["detail"]
        assert (await asset_plans.show(desk.hub, plan.id)).state == "ready"
        assert await desk.invgate.writes() == {}
        assert (await post(f"/plans/{plan.id}/apply", {"cap_percent": 10}))[0] == 202
        assert (await desk.ended(plan)).states == {"changed": 2}


async def test_an_old_plan_is_refused(usual_url: str, tmp_path: Path) -> None:
    async with world(usual_url, tmp_path, LocalInvGate(), sightings=1, max_age_s=0.000001) as desk:
        await desk.invgate.add_person("Ana Ruiz", email="ana@example.com", username="ana")
        await desk.asset("PC-1", last_user=r"BIDCOM\ana")
        with pytest.raises(AssetsRefused) as refused:
            await asset_changes.apply(desk.hub, ACTOR, (await desk.plan()).id)
        assert refused.value.reason == "asset.plan_old"


async def test_an_inventory_that_breaks_off_makes_no_plan(usual_url: str, tmp_path: Path) -> None:
    async with world(usual_url, tmp_path, LocalInvGate(assets=250, people=5), sightings=1) as desk:
        await desk.invgate.fail_next("GET public-api/assets-lite", None, status=403, about="")
        plan = await desk.plan()
        assert plan.state == "failed" and plan.fault
        with pytest.raises(AssetsRefused):
            await asset_changes.apply(desk.hub, ACTOR, plan.id)
        [told] = await desk.until(lambda: desk.events("asset.plan_failed"), bool)
        assert told.data["plan"]["id"] == plan.id
        await desk.invgate.heal()
        assert (await desk.plan()).state == "ready"


async def test_a_write_that_fails_is_told_and_may_be_sent_again(desk: World) -> None:
    ana, luis = await people(desk)
    asset = await desk.asset("PC-1", last_user=r"BIDCOM\ana", owner_id=luis)
    plan = await desk.plan()
    await desk.invgate.fail_next("PATCH", None, status=422)
    done = await desk.ended(await asset_changes.apply(desk.hub, ACTOR, plan.id))
    assert (done.states, await desk.owner(asset)) == ({"failed": 1}, luis)
    assert await desk.events("asset.owner_changed") == []
    await desk.invgate.heal()
    [requested] = await desk.events("asset.owner_change_requested")
    [delivery] = (await find_event(desk.hub, requested.id)).deliveries
    await replays.resend(desk.hub, ACTOR, int(delivery.id.removeprefix("dlv_")), requested.id)
    found = await desk.until(lambda: asset_plans.show(desk.hub, plan.id), lambda found: "failed" not in found.states)
    assert (found.states, await desk.owner(asset)) == ({"changed": 1}, ana)
    assert await desk.until(lambda: desk.events("asset.owner_changed"), bool)


async def test_a_write_that_failed_stands_in_no_later_ones_way(desk: World) -> None:
    ana, luis = await people(desk)
    asset = await desk.asset("PC-1", last_user=r"BIDCOM\ana", owner_id=luis)
    await desk.invgate.fail_next("PATCH", None, status=422)
    await desk.ended(await asset_changes.apply(desk.hub, ACTOR, (await desk.plan()).id))
    await desk.invgate.heal()
    done = await desk.ended(await asset_changes.apply(desk.hub, ACTOR, (await desk.plan()).id))
    assert (done.states, await desk.owner(asset)) == ({"changed": 1}, ana)


async def test_e_a_dry_run_over_a_thousand_assets_only_reads(usual_url: str, tmp_path: Path) -> None:
    async with world(usual_url, tmp_path, LocalInvGate(assets=1000, people=300), sightings=1) as desk:
        plan = await desk.plan()
        assert plan.state == "ready" and plan.counts["assets"] == 1000 and plan.counts["change"] > 0
        calls = await desk.invgate.calls()
        assert {(call.method, call.endpoint) for call in calls if call.method != "GET"} <= {("POST", "oauth2/token")}
        assert await desk.invgate.calls(wrote=True) == [] and await desk.invgate.writes() == {}
        by_page = [call for call in calls if call.endpoint == "public-api/assets-lite"]
        assert len(by_page) == 10
        assert sum(1 for call in calls if call.endpoint == "public-api/people") == 3 + (300 % 100 > 0)


async def test_a_plan_that_was_killed_is_read_again_by_whoever_comes_next(desk: World) -> None:
    _, luis = await people(desk)
    await desk.asset("PC-1", last_user=r"BIDCOM\ana", owner_id=luis)
    hub = desk.hub
    plan = asset_plans.new_plan(hub, ACTOR, "plan", [])
    plan.run, plan.done = "somebody-else", 500
    row = stored_plans.Row(plan=plan.id, asset="gone", verdict="change", state="planned")

    def half(tx: Any) -> None:
        stored_plans.insert(tx, plan)
        stored_plans.add_rows(tx, [row])
        timers.set_timer(tx, "asset.plan", plan.id, hub.clock.now() + 60)

    await hub.database.write(half)
    with pytest.raises(AssetsRefused) as refused:
        await asset_plans.begin(hub, ACTOR)
    assert refused.value.arguments == {"plan": plan.id}
    await asset_plans.carry_out(hub, asset_plans.Timer(kind="asset.plan", key=plan.id, due_at=0.0))
    found = await asset_plans.show(hub, plan.id)
    assert (found.state, found.counts) == ("ready", {"assets": 1, "change": 1})


async def test_a_plan_whose_command_was_killed_stands_in_nobodys_way(desk: World) -> None:
    await desk.asset("PC-1", last_user="ana")
    plan = asset_plans.new_plan(desk.hub, ACTOR, "plan", [])
    await desk.hub.database.write(lambda tx: stored_plans.insert(tx, plan))
    assert (await desk.plan()).state == "ready"
    assert (await asset_plans.show(desk.hub, plan.id)).fault == "asset.plan_abandoned"


async def test_by_itself_on_a_webhook_and_within_the_days_cap(usual_url: str, tmp_path: Path) -> None:
    async with world(
        usual_url, tmp_path, LocalInvGate(), sightings=1, cap_percent=5, on_webhook=True, mode="apply"
    ) as desk:
        await desk.invgate.add_person("Ana Ruiz", email="ana@example.com", username="ana")
        made = [await desk.asset(f"PC-{number}", last_user=r"BIDCOM\ana") for number in range(3)]
        await desk.plan()
        handler = desk.hub.alarms
        for asset in made[:2]:
            timer = asset_plans.Timer(kind="asset.webhook", key="", due_at=1.0, body={"assets": [str(asset)]})
            await desk.hub.database.write(
                lambda tx, timer=timer: timers.set_timer(tx, timer.kind, "", timer.due_at, timer.body)
            )
            handler.look()
            if asset == made[0]:
                await desk.until(lambda: desk.events("asset.owner_changed"), bool)
        [stopped] = await desk.until(lambda: desk.events("asset.plan_stopped"), bool)
        assert stopped.data["reason"] == "asset.plan_capped"
        assert await desk.owner(made[0]) is not None and await desk.owner(made[1]) is None


async def test_on_a_schedule(usual_url: str, tmp_path: Path) -> None:
    async with world(usual_url, tmp_path, LocalInvGate(assets=5, people=3), schedule_s=3600) as desk:
        [told] = await desk.until(lambda: desk.events("asset.plan_finished"), bool)
        assert told.data["plan"]["assets"] == 5
        [plan] = await asset_plans.listing(desk.hub, 10, "")
        assert plan.created_by == "system"


@pytest.mark.long
async def test_ten_thousand_assets_are_planned_by_page(usual_url: str, tmp_path: Path) -> None:
    async with world(usual_url, tmp_path, LocalInvGate(assets=10_000, people=1500), sightings=1) as desk:
        plan = await desk.plan()
        assert plan.counts["assets"] == 10_000
        calls = await desk.invgate.calls()
        assert sum(1 for call in calls if call.endpoint == "public-api/assets-lite") == 100
