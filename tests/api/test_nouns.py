"""Lanes, sources, rules, dead letters and settings by the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from centralita.core import ids
from centralita.core.events import Event
from centralita.ports import RawRequest
from centralita.store import deliveries, history
from centralita.store.database import Transaction
from centralita.store.history import Finished
from tests.api.conftest import Api


async def test_a_paused_lane_waits_and_a_resumed_one_goes_on(api: Api) -> None:
    await api.receive(type="printer.jammed", severity="critical")
    paused = (await api("POST", "/api/v1/lanes/webhook:erp/pause")).json()
    assert (paused["key"], paused["state"], paused["waiting"]) == ("webhook:erp", "paused", 1)
    assert (await api("POST", "/api/v1/lanes/webhook:erp/pause")).status == 200
    await api("POST", "/api/v1/lanes/webhook:erp/resume")
    lane = (await api("GET", "/api/v1/lanes")).json()["items"][0]
    assert lane["state"] != "paused" and lane["oldest_at"] is not None
    entries = (await api("GET", "/api/v1/audit")).json()["items"]
    assert [entry["action"] for entry in entries] == ["lane.resumed", "lane.paused"]
    assert (await api("POST", "/api/v1/lanes/webhook:no/pause")).status == 404


async def test_a_source_tells_what_was_refused_and_why(api: Api) -> None:
    request = RawRequest(
        method="POST", query="", headers=(("authorization", "Bearer wrong"),), body=b"{}", remote="::1"
    )
    assert (await api.hub.ingest.receive("quiet", request)).status == 401
    for n in range(2):  # the batcher works one thing after the other: what follows a second event is on the disk
        await api.receive(title=f"{n}")
    shown = (await api("GET", "/api/v1/sources/quiet")).json()
    assert [(row["status"], row["reason"], row["remote"]) for row in shown["detail"]["rejections"]] == [
        (401, "credential.mismatch", "::1")
    ]
    assert shown["reasons"] == {"credential.mismatch": "The secret is wrong."}
    assert shown["detail"]["source"]["rejected"] == 1
    assert "only-for-tests" not in json.dumps(shown)


async def test_sources_are_listed_with_their_counts(api: Api) -> None:
    await api.receive(type="printer.jammed", title="one")
    items = {item["slug"]: item for item in (await api("GET", "/api/v1/sources")).json()["items"]}
    assert set(items) == {"centralita", "desk", "quiet"}
    assert (items["desk"]["accepted"], items["desk"]["secrets"], items["quiet"]["accepted"]) == (1, 1, 0)
    assert (await api("GET", "/api/v1/sources/desk")).json()["detail"]["seen"] == {"printer.jammed": 1}


async def test_a_fixture_goes_the_whole_way_in(api: Api) -> None:
    sent = await api("POST", "/api/v1/sources/desk/fixtures/plain")
    assert (sent.status, sent.json()["status"]) == (202, 202)
    again = await api("POST", "/api/v1/sources/desk/fixtures/plain")
    assert again.json()["status"] == 200  # the same bytes: a duplicate, as from the wire
    assert (await api("POST", "/api/v1/sources/desk/fixtures/no")).status == 404
    assert (await api("POST", "/api/v1/sources/no/fixtures/plain")).status == 404


async def test_rules_in_force_and_rules_to_be(api: Api) -> None:
    rules = (await api("GET", "/api/v1/rules")).json()
    assert [rule["name"] for rule in rules["rules"]] == ["Grave", "Printers"]
    assert "hook" not in json.dumps(rules["webhooks"])
    checked = await api("POST", "/api/v1/rules/check", {"rules": [{"name": "A", "condition": "data.colour == 'red'"}]})
    assert checked.json()["unknown_paths"] == [{"rule": "A", "path": "data.colour"}]
    wrong = await api(
        "POST", "/api/v1/rules/check", {"rules": [{"name": "A", "condition": "severity = 'x'"}, {"name": "A"}]}
    )
    assert (wrong.status, wrong.json()["code"]) == (422, "rules.invalid")
    assert [problem["code"] for problem in wrong.json()["problems"]] == ["condition.slip", "rule.duplicate_name"]
    assert wrong.json()["problems"][0]["point"].endswith("         ^")
    misspelt = await api("POST", "/api/v1/rules/check", {"rules": [{"nam": "A"}]})
    assert misspelt.status == 422


async def test_a_dry_run_shows_what_would_have_gone_where_and_writes_nothing(api: Api) -> None:
    for n in range(4):
        await api.receive(type="printer.jammed", severity="critical" if n % 2 else "low", title=f"{n}")
    before = (await api("GET", "/api/v1/lanes")).json()
    changed = {"rules": [{"name": "Low", "condition": "severity == 'low'", "webhook": "erp"}], "limit": 3}
    first = (await api("POST", "/api/v1/rules/dry-run", changed)).json()
    assert (first["events"], first["changed"]) == (3, 3)
    assert first["totals"] == [
        {"destination": "webhook", "target": "erp", "before": 1, "after": 2, "gained": 2, "lost": 1}
    ]
    rest = (await api("POST", "/api/v1/rules/dry-run", {**changed, "cursor": first["next"]})).json()
    assert (rest["events"], rest["next"], rest["totals"][0]["lost"]) == (1, None, 1)
    last = (await api("POST", "/api/v1/rules/dry-run", {**changed, "last": 1})).json()
    assert [item["event"]["title"] for item in last["items"]] == ["3"]
    assert (await api("GET", "/api/v1/lanes")).json() == before


async def _kill(api: Api, event_id: str) -> None:
    """Makes the event's delivery a dead letter, as the deliverer would."""

    def kill(tx: Transaction) -> None:
        row = deliveries.of_event(tx, event_id)[0]
        deliveries.remove(tx, [row.id])
        effect = json.dumps(json.loads(row.payload)["effect"]).encode()
        dead: dict[str, Any] = {
            "day": ids.day(event_id), "event_id": event_id, "id": row.id, "lane_id": row.lane_id, "state": "dead",
            "rule": row.rule, "generation": 0, "attempts": 8, "created_at": row.created_at,
            "finished_at": api.hub.clock.now(), "reason": "http.status", "detail": "503", "effect": effect,
        }  # fmt: skip
        history.append(tx, [Finished(**dead)], [])

    await api.hub.database.write(kill)


async def test_dead_letters_are_listed_and_sent_again(api: Api) -> None:
    events = [await api.receive(type="printer.jammed", severity="critical", title=f"{n}") for n in range(3)]
    for event_id in events:
        await _kill(api, event_id)
    page = (await api("GET", "/api/v1/dead-letters?limit=2")).json()
    rest = (await api("GET", f"/api/v1/dead-letters?cursor={page['next']}")).json()
    assert [item["event"] for item in [*page["items"], *rest["items"]]] == events
    assert page["items"][0]["reason"] == "http.status"
    assert (await api("GET", "/api/v1/dead-letters?lane=webhook:erp&since=1h")).json()["items"]
    one = await api("POST", f"/api/v1/deliveries/{page['items'][0]['id']}/resend")
    assert one.status == 202 and one.json()["delivery"].startswith("dlv_")
    assert (await api("POST", "/api/v1/dead-letters/replay", {})).status == 422
    done = (await api("POST", "/api/v1/dead-letters/replay", {"all": True})).json()
    assert done == {"events": 2, "deliveries": 2, "next": None}
    assert (await api("GET", "/api/v1/dead-letters")).json()["items"] == []
    shown = (await api("GET", f"/api/v1/events/{events[0]}")).json()["deliveries"]
    assert shown[0]["state"] == "superseded"
    actions = [entry["action"] for entry in (await api("GET", "/api/v1/audit")).json()["items"]]
    assert actions == ["dead_letters.resent", "delivery.resent"]


async def test_settings_are_shown_masked(api: Api) -> None:
    text = (await api("GET", "/api/v1/settings")).body.decode()
    assert "only-for-tests" not in text and "whsec_" not in text
    assert any(item["origin"] == "default" for item in json.loads(text)["items"])


async def test_the_audit_log_is_verified_against_a_head(api: Api) -> None:
    await api("POST", "/api/v1/users", {"name": "ana", "role": "viewer"})
    head = (await api("GET", "/api/v1/audit/head")).json()
    assert (await api("POST", "/api/v1/audit/verify", head)).json()["ok"]
    cut = (await api("POST", "/api/v1/audit/verify", {**head, "number": head["number"] + 1})).json()
    assert (cut["ok"], cut["fault"]) == (False, "audit.cut")


async def test_a_receipt_that_cannot_be_read_is_laid_to_rest_and_can_still_be_read_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> list[Event]:
        raise ZeroDivisionError

    with monkeypatch.context() as for_now:
        for_now.setattr(type(api.hub.sources["desk"].integration), "parse", broken)
        await api.receive(type="printer.jammed")
    [unread] = (await api("GET", "/api/v1/sources/desk")).json()["detail"]["unparsed"]
    place = f"/api/v1/sources/desk/unparsed/{unread['receipt']}"
    assert (await (await api.holding("source.manage"))("DELETE", place)).status == 403
    assert (await api("DELETE", place.replace("desk", "quiet"))).status == 404
    assert (await api("DELETE", place)).status == 204
    assert (await api("DELETE", place)).status == 404
    assert (await api("GET", "/api/v1/sources/desk")).json()["detail"]["unparsed"] == []
    again = await api("POST", f"/api/v1/events/{unread['receipt']}/replay", {"mode": "reparse"})
    assert (again.status, again.json()["events"]) == (202, 1)
