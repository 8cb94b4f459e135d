"""What a webhook was sent and what came back: kept without secrets, found, grouped, sent again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from standardwebhooks import Webhook as Verifier

from centralita.sandbox.sink.answers import AnswerPlan
from centralita.services import slices, webhook_replay
from centralita.services.times import shown
from tests.api.conftest import Api
from tests.api.webhook_world import SECRET, WebhookWorld, webhook_world

BROKEN = AnswerPlan(status=500, headers={"X-Trace": "t-17", "Set-Cookie": "s3cret-cookie"}, body="disk full")
DEAF = AnswerPlan(status=404, path="/made", body="nobody here")


@pytest.fixture
async def world(tmp_path: Path, usual_url: str) -> AsyncIterator[WebhookWorld]:
    async with webhook_world(tmp_path, usual_url) as made:
        yield made


# ---- what is kept


async def test_an_attempt_tells_what_was_sent_and_what_came_back_and_no_secret(world: WebhookWorld) -> None:
    await world.sink.answer(BROKEN)
    event = await world.receive(title="Jam")
    [dead] = await world.settled(event, "dead")
    shown = await world.get(f"/webhook-attempts/{dead['tries'][0]['id']}")
    attempt = shown["attempt"]
    assert (attempt["event"], attempt["delivery"], attempt["type"]) == (event, dead["id"], "printer.jammed")
    assert (attempt["status"], attempt["reason"], attempt["outcome"]) == (500, "http.status", "retry")
    assert attempt["said"] == "The receiver answered with an error."
    sent = dict(map(tuple, shown["request"]["headers"]))
    [arrival, _] = await world.sink.received()
    arrived = dict(arrival.headers)
    assert sent["webhook-id"] == arrived["webhook-id"] == event
    assert sent["webhook-signature"] == arrived["webhook-signature"]
    assert sent["X-Team"] == sent["authorization"] == "********"
    assert arrived["authorization"] == "Bearer s3cret-token"
    assert shown["request"]["url"] == f"{world.sink.url}/erp/...?..."
    assert (shown["request"]["method"], shown["request"]["bytes"]) == ("POST", len(arrival.body))
    came = dict(map(tuple, shown["response_headers"]))
    assert (came["x-trace"], came["set-cookie"]) == ("t-17", "********")
    assert shown["response"] == "disk full"
    assert {"connect", "first_byte", "total"} <= shown["timings"].keys()
    kept = await world.hub.database.read(lambda tx: str(tx.exec_driver_sql("select * from attempts").all()))
    assert "s3cret" not in kept
    spoken = await world.api("GET", f"/api/v1/webhook-attempts/{attempt['id']}", headers={"accept-language": "es"})
    assert spoken.json()["attempt"]["said"] != attempt["said"]


async def test_an_unknown_attempt_is_a_problem(api: Api) -> None:
    for unknown in ["att_1_2_3", "att_99999999999_2_3", "att_x", "dlv_1", "att_1_2"]:
        assert (await api("GET", f"/api/v1/webhook-attempts/{unknown}")).status == 404


async def test_a_long_body_is_kept_as_far_as_64_kib(world: WebhookWorld) -> None:
    await world.sink.answer(AnswerPlan(status=500, body="x" * 100_000))
    [dead] = await world.settled(await world.receive(), "dead")
    shown = await world.get(f"/webhook-attempts/{dead['tries'][0]['id']}")
    assert shown["response"] == "x" * 65_536


# ---- finding it


async def test_attempts_are_found_newest_first_page_by_page_and_by_filter(world: WebhookWorld) -> None:
    await world.sink.answer(BROKEN)
    failed = [await world.receive(subject=f"printer/{n}", data={"place": f"p{n}"}) for n in range(3)]
    for event in failed:
        await world.settled(event, "dead")
    await world.sink.heal()
    fine = await world.receive(subject="printer/9")
    await world.settled(fine, "delivered")
    everything = (await world.get("/webhooks/erp/attempts"))["items"]
    assert len(everything) == 7
    assert [each["started_at"] for each in everything] == sorted((e["started_at"] for e in everything), reverse=True)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await world.get(f"/webhooks/erp/attempts?limit=3&cursor={cursor}")
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
    assert seen == [each["id"] for each in everything]
    for query, count in (
        ("status=5xx", 6),
        ("status=500&outcome=dead", 3),
        ("status=200", 1),
        ("outcome=retry", 3),
        ("error=http.status", 6),
        ("since=1h", 7),
        ("until=1h", 0),
        ("where=" + quote("data.place == 'p1'"), 2),
    ):
        found = await world.get(f"/webhooks/erp/attempts?{query}")
        assert (len(found["items"]), found["next"]) == (count, None), query
    assert (await world.api("GET", "/api/v1/webhooks/erp/attempts?status=6xx")).status == 422
    assert (await world.api("GET", "/api/v1/webhooks/erp/attempts?cursor=x")).status == 422
    assert (await world.api("GET", "/api/v1/webhooks/nobody/attempts")).status == 404


async def test_deliveries_are_found_finished_and_unfinished(world: WebhookWorld) -> None:
    await world.sink.answer(BROKEN)
    first = await world.receive(data={"ticket": {"id": "4521"}})
    await world.settled(first, "dead")
    await world.post("/lanes/webhook:erp/pause", status=200)
    second = await world.receive(type="printer.empty", data={"ticket": {"id": "4522"}})
    await world.settled(second, "held")
    items = (await world.get("/webhooks/erp/deliveries"))["items"]
    assert [(each["event"], each["state"], each["type"]) for each in items] == [
        (second, "held", "printer.empty"),
        (first, "dead", "printer.jammed"),
    ]
    assert [each["reason"] for each in items] == ["lane.paused", "http.status"]
    for query, expected in (
        ("state=held", [second]),
        ("state=due", []),
        ("reason=http.status", [first]),
        ("type=printer.empty", [second]),
        ("where=" + quote("data.ticket.id == '4521'"), [first]),
        ("limit=1", [second]),
        ("until=1h", []),
    ):
        found = await world.get(f"/webhooks/erp/deliveries?{query}")
        assert [each["event"] for each in found["items"]] == expected, query
    cursor = (await world.get("/webhooks/erp/deliveries?limit=1"))["next"]
    behind = await world.get(f"/webhooks/erp/deliveries?limit=1&cursor={cursor}")
    assert ([each["event"] for each in behind["items"]], behind["next"]) == ([first], None)


async def test_a_search_goes_by_slices_and_says_how_far_it_looked(
    world: WebhookWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "BOX_S", 3600.0)
    monkeypatch.setattr(slices, "ROWS", 2)
    monkeypatch.setattr(slices, "MOST", 4)
    sent = [await world.receive(title=f"{n}", subject=f"printer/{n}") for n in range(6)]
    for event in sent:
        await world.settled(event, "delivered")
    where = quote("title == '0'")
    for noun in ("deliveries", "attempts"):
        begin = await world.get(f"/webhooks/erp/{noun}?where={where}")
        assert (begin["items"], begin["looked_at"]) == ([], 4)
        assert begin["back_to"].endswith("Z")
        rest = await world.get(f"/webhooks/erp/{noun}?where={where}&cursor={begin['next']}")
        assert ([each["event"] for each in rest["items"]], rest["looked_at"], rest["next"]) == ([sent[0]], 2, None)


async def test_a_webhook_that_was_sent_nothing_has_an_empty_history(world: WebhookWorld) -> None:
    await world.make("made")
    for noun in ("deliveries", "attempts"):
        assert (await world.get(f"/webhooks/made/{noun}"))["items"] == []


# ---- issues


async def _issues(world: WebhookWorld, query: str = "") -> list[tuple[Any, ...]]:
    items = (await world.get(f"/webhook-issues{query}"))["items"]
    return [(each["webhook"], each["reason"], each["status"], each["count"], each["state"]) for each in items]


async def test_failures_of_one_kind_are_one_issue_and_the_most_common_comes_first(world: WebhookWorld) -> None:
    await world.make("made")
    await world.sink.answer(BROKEN)
    await world.sink.answer(DEAF)
    for n in range(2):
        event = await world.receive(subject=f"printer/{n}")
        await world.settled(event, "dead", 2)
    await world.sink.answer(AnswerPlan(mode="drop", path="/made"))
    event = await world.receive(subject="printer/3")
    await world.settled(event, "dead", 2)
    assert await _issues(world) == [
        ("erp", "http.status", 500, 6, "open"),
        ("made", "http.status", 404, 4, "open"),
        ("made", "net.reset", 0, 2, "open"),
    ]
    assert len(await _issues(world, "?webhook=made")) == 2
    first = await world.get("/webhook-issues?limit=1")
    assert len(await _issues(world, f"?limit=2&cursor={first['next']}")) == 2
    newest = first["items"][0]
    assert (newest["event"], newest["detail"]) == (event, "500")
    assert (await world.get(f"/webhook-attempts/{newest['attempt']}"))["response"] == "disk full"


async def test_people_see_to_an_issue_and_it_opens_again_when_it_was_not_mended(world: WebhookWorld) -> None:
    await world.sink.answer(BROKEN)
    await world.settled(await world.receive(), "dead")
    [issue] = (await world.get("/webhook-issues?state=open"))["items"]
    path = f"/webhook-issues/{issue['id']}"
    assert (await world.post(f"{path}/acknowledge", status=200))["state"] == "acknowledged"
    await world.settled(await world.receive(), "dead")
    assert (await world.get(path))["state"] == "acknowledged"
    done = await world.post(f"{path}/resolve", status=200)
    assert (done["state"], done["changed_by"].split(":")[0]) == ("resolved", "local")
    refused = await world.api("POST", f"/api/v1{path}/acknowledge")
    assert (refused.status, refused.json()["code"]) == (409, "issue.state")
    await world.settled(await world.receive(), "dead")
    again = await world.get(path)
    assert (again["state"], again["count"], again["changed_by"]) == ("open", 6, "")
    await world.post(f"{path}/ignore", status=200)
    await world.settled(await world.receive(), "dead")
    assert (await world.get(path))["state"] == "ignored"
    entries = (await world.get("/audit"))["items"]
    assert [entry["action"] for entry in entries] == [
        "webhook_issue.ignored",
        "webhook_issue.resolved",
        "webhook_issue.acknowledged",
    ]
    assert (await world.api("POST", "/api/v1/webhook-issues/999/resolve")).status == 404
    reader = await world.api.holding("webhook.read")
    assert (await reader("POST", f"/api/v1{path}/reopen")).status == 403


# ---- again


async def test_what_failed_is_sent_again_with_the_same_id_and_not_twice(world: WebhookWorld) -> None:
    await world.sink.answer(BROKEN)
    sent = [await world.receive(subject=f"printer/{n}") for n in range(3)]
    for event in sent:
        await world.settled(event, "dead")
    await world.sink.heal()
    before = await world.sink.count()
    done = await world.post("/webhooks/erp/replay", {"failed_since": "1h"})
    assert done == {"looked_at": 3, "deliveries": 3, "left": 0, "next": None}
    for event in sent:
        [again] = await world.settled(event, "delivered")
        assert again["generation"] == 1
    arrivals = (await world.sink.received())[before:]
    assert [dict(arrival.headers)["webhook-id"] for arrival in arrivals] == sent
    assert (await world.post("/webhooks/erp/replay", {"failed_since": "1h"}))["deliveries"] == 0
    assert (await world.get("/dead-letters"))["items"] == []
    entries = (await world.get("/audit"))["items"]
    assert [(entry["action"], entry["subject"], entry["details"]["queued"]) for entry in entries] == [
        ("webhook.replayed", "webhook/erp", 0),
        ("webhook.replayed", "webhook/erp", 3),
    ]
    assert entries[1]["details"]["configuration"] == "current"


async def test_many_go_slice_by_slice(world: WebhookWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_replay, "SLICE", 2)
    monkeypatch.setattr(webhook_replay, "EVENTS", 3)
    await world.sink.answer(BROKEN)
    sent = [await world.receive(subject=f"printer/{n}", title=f"{n % 2}") for n in range(4)]
    for event in sent:
        await world.settled(event, "dead")
    await world.sink.heal()

    async def whole(**body: Any) -> int:
        count = 0
        cursor: str | None = ""
        while cursor is not None:
            done = await world.post("/webhooks/erp/replay", {**body, "cursor": cursor})
            count, cursor = count + done["deliveries"], done["next"]
        return count

    assert await whole(failed_since="1h") == 4
    for event in sent:
        await world.settled(event, "delivered")
    assert await whole(since="1h", where="title == '1'") == 2
    assert await whole(missed_since="1h") == 0
    assert await whole(since="1h", until="30m") == 0


async def test_what_a_filter_finds_is_sent_again_once(world: WebhookWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_replay, "EVENTS", 2)
    good = [await world.receive(subject=f"printer/{n}", title=f"{n}") for n in range(2)]
    for event in good:
        await world.settled(event, "delivered")
    middle = quote(shown(world.hub.clock.now()) or "")
    await world.sink.answer(BROKEN)
    bad = [await world.receive(subject=f"printer/{n}", title=f"{n}") for n in range(3)]
    for event in bad:
        await world.settled(event, "dead")
    await world.sink.heal()

    async def found(of: str, query: str) -> list[str]:
        return sorted({each["event"] for each in (await world.get(f"/webhooks/erp/{of}?{query}"))["items"]})

    for of in ("attempts", "deliveries"):
        assert await found(of, f"until={middle}") == good and await found(of, f"since={middle}") == bad
        assert await found(of, f"since=1h&until={middle}&where=title%20%3D%3D%20%271%27") == good[1:]
        assert await found(of, "until=1h") == []

    async def whole(**body: Any) -> tuple[int, int, int]:
        looked_at, count, left = 0, 0, 0
        cursor: str | None = ""
        while cursor is not None:
            done = await world.post("/webhooks/erp/replay", {**body, "cursor": cursor})
            looked_at, count, left = looked_at + done["looked_at"], count + done["deliveries"], left + done["left"]
            cursor = done["next"]
        return looked_at, count, left

    tried = {"status": "5xx", "since": "1h"}
    looked_at, count, _left = await whole(attempts=tried)
    assert (looked_at, count) == (8, 3)  # each delivery was tried twice; what this sends is not looked at
    for event in bad:
        await world.settled(event, "delivered")
    assert (await whole(attempts=tried))[1] == 0
    assert (await whole(finished={"state": "delivered", "until": unquote(middle)}, where="title == '1'"))[1] == 1
    await world.settled(good[1], "delivered", 2)
    assert (await whole(finished={"state": "delivered", "since": unquote(middle)}))[1] == 4
    first = (await world.get("/audit"))["items"][-1]
    assert first["details"]["attempts"]["status"] == "5xx" and first["details"]["queued"] <= 2
    for wrong, code in (
        ({"attempts": tried, "since": "1h"}, "replay.one_of"),
        ({"attempts": tried, "until": "1h"}, "replay.narrows"),
        ({"attempts": tried, "cursor": "17"}, "cursor.unreadable"),
        ({"finished": {"since": "soon"}}, "time.unreadable"),
    ):
        reply = await world.api("POST", "/api/v1/webhooks/erp/replay", wrong)
        assert (reply.status, reply.json()["code"]) == (422, code), wrong


async def test_named_deliveries_are_sent_again_unless_they_are_on_their_way(world: WebhookWorld) -> None:
    event = await world.receive()
    [first] = await world.settled(event, "delivered")
    body = {"deliveries": [first["id"]]}
    assert (await world.post("/webhooks/erp/replay", body))["deliveries"] == 1
    await world.settled(event, "delivered", 2)
    await world.post("/lanes/webhook:erp/pause", status=200)
    assert (await world.post("/webhooks/erp/replay", body))["deliveries"] == 1
    [waiting] = await world.settled(event, "held")
    done = await world.post("/webhooks/erp/replay", {"deliveries": [waiting["id"]]})
    assert (done["deliveries"], done["left"]) == (0, 1)
    await world.make("made")
    for name, status in (("made", 404), ("nobody", 404)):
        await world.post(f"/webhooks/{name}/replay", body, status)
    await world.post("/webhooks/erp/replay", {"deliveries": ["dlv_999"]}, 404)


async def test_what_a_webhook_missed_is_decided_by_what_it_subscribes_to_today(world: WebhookWorld) -> None:
    old = await world.receive(subject="printer/1", data={"place": "Lima"})
    other = await world.receive(subject="printer/2", data={"place": "Quito"})
    for event in (old, other):
        await world.settled(event, "delivered")
    await world.make("late", condition="data.place == 'Lima'")
    seen = await world.receive(subject="printer/3", data={"place": "Lima"})
    await world.settled(seen, "delivered", 2)
    done = await world.post("/webhooks/late/replay", {"missed_since": "1h"})
    assert (done["looked_at"], done["deliveries"]) == (3, 1)
    await world.settled(old, "delivered", 2)
    await world.make("late", 2, condition="data.place == 'Lima'", enabled=False)
    unsent = await world.receive(subject="printer/4", data={"place": "Lima"})
    await world.settled(unsent, "delivered")
    await world.make("late", 3)
    await world.post("/webhooks/late/replay", {"missed_since": "1h"})
    for event, count in ((unsent, 2), (other, 2)):
        await world.settled(event, "delivered", count)
    arrived = [dict(arrival.headers)["webhook-id"] for arrival in await world.sink.received(path="/late")]
    assert sorted(arrived) == sorted([old, other, seen, unsent])
    assert (await world.post("/webhooks/late/replay", {"missed_since": "1h"}))["deliveries"] == 0


async def test_the_original_configuration_is_that_of_the_last_attempt_with_todays_keys(world: WebhookWorld) -> None:
    await world.make("made", path="before", headers={"X-Team": "mesa"})
    event = await world.receive()
    [first] = [each for each in await world.settled(event, "delivered", 2) if each["target"] == "made"]
    await world.make("made", 2, path="after")
    for configuration, path in (("current", "/after"), ("original", "/before")):
        before = len(await world.sink.received(path=path))
        body = {"deliveries": [first["id"]], "configuration": configuration}
        assert (await world.post("/webhooks/made/replay", body))["deliveries"] == 1
        [*_, arrival] = await world.sink.wait_for(path=path, count=before + 1)
        headers = dict(arrival.headers)
        assert headers.get("x-team") == ("mesa" if configuration == "original" else None)
        assert Verifier(SECRET).verify(arrival.body, headers)
    await world.settled(event, "delivered", 4)
    revisions = [each["revision"] for each in (await world.get("/webhooks/made/attempts"))["items"]]
    assert revisions == [1, 2, 1]
    [filed] = [each for each in await world.settled(event, "delivered", 4) if each["target"] == "erp"]
    body = {"deliveries": [filed["id"]], "configuration": "original"}
    refused = await world.post("/webhooks/erp/replay", body, 409)
    assert (refused["code"], "configuration file" in refused["detail"]) == ("webhook.no_revisions", True)


async def test_a_replay_that_says_too_much_or_too_little_is_refused(api: Api) -> None:
    refusals: list[tuple[dict[str, str], str]] = [
        ({}, "replay.one_of"),
        ({"failed_since": "1h", "missed_since": "1h"}, "replay.one_of"),
        ({"failed_since": "1h", "where": "title == 'x'"}, "replay.narrows"),
        ({"missed_since": "1h", "configuration": "original"}, "replay.missed_original"),
        ({"since": "1h", "where": "title = 'x'"}, "condition.slip"),
        ({"since": "yesterday"}, "time.unreadable"),
        ({"failed_since": "1h", "cursor": "evt_x"}, "cursor.unreadable"),
    ]
    for body, code in refusals:
        reply = await api("POST", "/api/v1/webhooks/erp/replay", body)
        assert (reply.status, reply.json()["code"]) == (422, code), body


async def test_a_receiver_that_echoes_what_it_was_sent_gives_no_secret_away(world: WebhookWorld) -> None:
    plan = AnswerPlan(status=500, headers={"X-Echo": "Bearer s3cret-token"}, body="you said s3cret-header")
    await world.sink.answer(plan)
    [dead] = await world.settled(await world.receive(), "dead")
    shown = await world.get(f"/webhook-attempts/{dead['tries'][0]['id']}")
    assert shown["response"] == "you said ********"
    assert ["x-echo", "Bearer ********"] in shown["response_headers"]
