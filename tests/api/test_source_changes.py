"""Sources that people make, by the API: added, used at once, changed, given another secret, removed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from centralita.ports import RawRequest
from centralita.services import source_changes
from centralita.store import stored_sources, timers
from centralita.store.timers import Timer
from tests.api.conftest import Api

PATH = "/api/v1/sources"


async def _post(api: Api, slug: str, secret: str, **event: Any) -> int:
    """The answer's status to an event of a bearer source."""
    headers = (("authorization", f"Bearer {secret}"), ("content-type", "application/json"))
    request = RawRequest(method="POST", query="", headers=headers, body=json.dumps(event).encode())
    return (await api.hub.ingest.receive(slug, request)).status


async def _add(api: Api, slug: str = "gate", **more: Any) -> dict[str, Any]:
    body = {"kind": "generic", "slug": slug, "settings": {"auth": "bearer", "types": ["door.*"]}, **more}
    made = await api("POST", PATH, body)
    assert made.status == 201, made.body
    assert made.headers["cache-control"] == "no-store"
    return dict(made.json())


async def test_a_new_source_takes_events_at_once_and_its_secret_is_shown_once(api: Api) -> None:
    made = await _add(api, name="The gate")
    secret = made["handover"]["secret"]
    assert len(secret) == 43 and made["handover"]["proof"] == "bearer"
    assert made["handover"]["address"].endswith("/in/gate") and made["handover"]["headers"] == ["authorization"]
    assert (made["source"]["origin"], made["source"]["secrets"]) == ("database", 1)
    assert await _post(api, "gate", "wrong", title="no") == 401
    assert await _post(api, "gate", secret, type="door.opened", title="The door is open") == 202
    assert not await api.hub.router.route_batch("gate")
    shown = await api("GET", f"{PATH}/gate")
    assert shown.json()["detail"]["seen"] == {"door.opened": 1}
    everything = [shown.body, (await api("GET", "/api/v1/audit")).body, (await api("GET", PATH)).body]
    assert all(secret.encode() not in body for body in everything)
    rows = await api.hub.database.read(stored_sources.listing)
    assert secret.encode() not in msgspec.json.encode(rows)
    entry = (await api("GET", "/api/v1/audit")).json()["items"][0]
    assert (entry["action"], entry["subject"]) == ("source.added", "source/gate")


@pytest.mark.parametrize(
    ("settings", "begins", "proof"),
    [
        ({"auth": "standard"}, "whsec_", "standard"),
        ({"auth": "basic"}, "centralita:", "basic"),
        ({"auth": "key"}, "", "key"),
        ({"auth": "hmac", "scheme": "github"}, "", "hmac"),
    ],
)
async def test_the_secret_has_the_form_that_the_proof_needs(api: Api, settings: Any, begins: str, proof: str) -> None:
    given = (await _add(api, settings=settings))["handover"]
    assert given["secret"].startswith(begins) and given["proof"] == proof
    assert (given["secret"] in given["address"]) == (proof == "key")
    assert (await api("GET", f"{PATH}/gate")).json()["detail"]["faults"] == []
    sent = (await api("POST", f"{PATH}/gate/fixtures/any-json")).json()
    assert sent["status"] == 202 and sent["receipt"].startswith("rcp_")


async def test_what_is_wrong_is_said_and_nothing_is_kept(api: Api) -> None:
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"kind": "smoke"}, 422, "source.kind_unknown"),
        ({"kind": "generic", "slug": "Bad Slug"}, 422, "source.slug_invalid"),
        ({"kind": "generic", "slug": "gate"}, 422, "source.faulty"),
        ({"kind": "generic", "slug": "gate", "settings": {"auth": "basic"}, "secret": "x"}, 422, "source.faulty"),
        ({"kind": "generic", "slug": "desk", "settings": {"auth": "key"}}, 409, "source.provided"),
        ({"kind": "generic", "slug": "centralita", "settings": {"auth": "key"}}, 409, "source.own"),
    ]
    for body, status, code in cases:
        refused = await api("POST", PATH, body)
        assert (refused.status, refused.json()["code"]) == (status, code), body
    faulty = (await api("POST", PATH, cases[2][0])).json()
    assert faulty["errors"] == [{"at": "auth", "code": "setting.missing", "detail": "This setting is needed."}]
    assert "centralita.yaml:4:" in (await api("POST", PATH, cases[4][0])).json()["detail"]
    assert {item["slug"] for item in (await api("GET", PATH)).json()["items"]} == {"centralita", "desk", "quiet"}
    assert await api.hub.database.read(stored_sources.listing) == []
    await _add(api)
    assert (await api("POST", PATH, {**cases[2][0], "settings": {"auth": "key"}})).json()["code"] == "source.taken"


async def test_the_same_key_adds_one_source_and_gives_its_secret_again(api: Api) -> None:
    body = {"kind": "generic", "slug": "gate", "settings": {"auth": "bearer"}}
    first = await api("POST", PATH, body, {"idempotency-key": "k1"})
    again = await api("POST", PATH, body, {"idempotency-key": "k1"})
    assert (first.status, again.status) == (201, 201) and first.body == again.body


async def test_settings_change_one_by_one(api: Api) -> None:
    secret = (await _add(api))["handover"]["secret"]
    changed = await api("PATCH", f"{PATH}/gate", {"name": "Gate", "settings": {"types": None, "timezone": "Etc/UTC"}})
    assert (changed.status, changed.json()["name"]) == (200, "Gate")
    detail = (await api("GET", f"{PATH}/gate")).json()["detail"]
    assert detail["settings"] == {"auth": "bearer", "timezone": "Etc/UTC"}
    assert (await api("PATCH", f"{PATH}/gate", {"settings": {"timezone": "Mars/Olympus"}})).status == 422
    assert (await api("PATCH", f"{PATH}/gate", {"enabled": False})).json()["enabled"] is False
    assert await _post(api, "gate", secret, title="off") == 404
    await api("PATCH", f"{PATH}/gate", {"enabled": True})
    assert await _post(api, "gate", secret, title="on") == 202
    assert (await api("PATCH", f"{PATH}/desk", {"enabled": False})).json()["code"] == "source.provided"
    assert (await api("PATCH", f"{PATH}/nobody", {"enabled": False})).status == 404


async def test_a_replaced_secret_is_good_until_its_time_is_up(api: Api) -> None:
    old = (await _add(api))["handover"]["secret"]
    rotated = await api("POST", f"{PATH}/gate/secrets", {"keep_s": 3600})
    new = rotated.json()["secret"]
    assert rotated.status == 201 and new != old and rotated.json()["old_until"]
    assert await _post(api, "gate", old, title="1") == await _post(api, "gate", new, title="2") == 202
    source = api.hub.sources["gate"]
    now = api.hub.clock.now()
    assert source.secrets_at(now + 3599) == (new.encode(), old.encode())
    assert source.secrets_at(now + 3601) == (new.encode(),)
    third = (await api("POST", f"{PATH}/gate/secrets", {"keep_s": 0, "secret": "the-senders-own-0123456789"})).json()
    assert (third["secret"], third["old_until"]) == ("the-senders-own-0123456789", None)
    assert [await _post(api, "gate", each, title=each) for each in (old, new, third["secret"])] == [401, 401, 202]


async def test_what_a_removed_source_had_sent_is_still_routed(api: Api) -> None:
    secret = (await _add(api))["handover"]["secret"]
    assert await _post(api, "gate", secret, type="door.opened", title="last") == 202
    assert (await api("DELETE", f"{PATH}/gate")).status == 204
    assert await _post(api, "gate", secret, title="too late") == 404
    assert (await api("GET", f"{PATH}/gate")).status == 404
    again = await api("POST", PATH, {"kind": "generic", "slug": "gate", "settings": {"auth": "key"}})
    assert again.json()["code"] == "source.receipts_waiting"
    await api.hub.router.route_batch("gate")
    found = (await api("GET", "/api/v1/events?source=gate")).json()["items"]
    assert [(event["type"], event["title"]) for event in found] == [("door.opened", "last")]
    await _add(api)
    assert await _post(api, "gate", secret, title="the old secret") == 401
    assert (await api("DELETE", f"{PATH}/desk")).json()["code"] == "source.provided"
    actions = [entry["action"] for entry in (await api("GET", "/api/v1/audit")).json()["items"]]
    assert actions == ["source.added", "source.removed", "source.added"]


async def test_what_was_removed_by_mistake_comes_back_as_it_was(api: Api) -> None:
    secret = (await _add(api, name="The gate"))["handover"]["secret"]
    assert (await api("POST", f"{PATH}/gate/restore")).status == 404  # there is nothing to bring back
    before = (await api("GET", f"{PATH}/gate")).json()
    assert (await api("DELETE", f"{PATH}/gate")).status == 204
    assert await _post(api, "gate", secret, title="meanwhile") == 404
    [(slug, until)] = source_changes.restorable(api.hub)
    assert slug == "gate" and until.endswith("Z")
    back = await api("POST", f"{PATH}/gate/restore")
    assert back.status == 200 and back.json()["name"] == "The gate"
    assert (await api("GET", f"{PATH}/gate")).json() == before
    assert await _post(api, "gate", secret, title="after") == 202
    assert source_changes.restorable(api.hub) == []
    assert await api.hub.database.read(lambda tx: timers.find(tx, source_changes.LEAVE_TIMER, "gate")) is None
    assert (await (await api.holding("source.read"))("POST", f"{PATH}/gate/restore")).status == 403
    assert (await api("POST", f"{PATH}/desk/restore")).json()["code"] == "source.provided"


async def _leave(api: Api, slug: str) -> None:
    """Its ten minutes are over."""
    timer = Timer(kind=source_changes.LEAVE_TIMER, key=slug, due_at=api.hub.clock.now())
    await api.hub.database.write(lambda tx: timers.set_timer(tx, timer.kind, slug, timer.due_at))
    api.hub.alarms.begin(api.hub, timer)
    await api.hub.alarms._ringing[timer.kind, slug]


async def test_what_nobody_brings_back_keeps_no_secret(api: Api) -> None:
    await _add(api)
    await _add(api, "door")
    for slug in ("gate", "door"):
        assert (await api("DELETE", f"{PATH}/{slug}")).status == 204
    secret = (await _add(api, "door"))["handover"]["secret"]  # another one took its place
    assert [slug for slug, _until in source_changes.restorable(api.hub)] == ["gate"]
    await _leave(api, "gate")
    await _leave(api, "door")  # as if it had been claimed just before
    rows = {row.slug: row for row in await api.hub.database.read(stored_sources.listing)}
    assert rows["gate"].secrets == b"" and rows["gate"].removed_at is not None
    assert rows["door"].secrets and rows["door"].removed_at is None
    assert await _post(api, "door", secret, title="as before") == 202
    assert (await api("POST", f"{PATH}/gate/restore")).status == 404
    entry = (await api("GET", "/api/v1/audit")).json()["items"][0]
    assert (entry["actor"], entry["action"], entry["subject"]) == ("system", "source.erased", "source/gate")


async def test_whoever_watches_is_told_what_comes_and_why_it_was_refused(api: Api) -> None:
    secret = (await _add(api))["handover"]["secret"]
    now = (await api("GET", f"{PATH}/gate/watch")).json()["news"]
    assert (now["events"], now["rejections"]) == ([], [])
    watching = asyncio.ensure_future(api("GET", f"{PATH}/gate/watch?wait_s=25&after={now['cursor']}"))
    await asyncio.sleep(0)
    assert await _post(api, "gate", "wrong", title="x") == 401
    told = (await watching).json()
    assert [row["reason"] for row in told["news"]["rejections"]] == ["credential.mismatch"]
    assert told["reasons"] == {"credential.mismatch": "The secret is wrong."}
    watching = asyncio.ensure_future(api("GET", f"{PATH}/gate/watch?wait_s=25&after={told['news']['cursor']}"))
    await asyncio.sleep(0)
    assert await _post(api, "gate", secret, type="door.opened", title="x") == 202
    await api.hub.router.route_batch("gate")
    news = (await watching).json()["news"]
    assert [event.startswith("evt_") for event in news["events"]] == [True] and news["rejections"] == []
    assert (await api("GET", f"{PATH}/gate/watch?after={news['cursor']}")).json()["news"]["events"] == []
    for wrong in ("x", "1.x", "-1.01KAN7A5YR0000000000000000"):
        assert (await api("GET", f"{PATH}/gate/watch?after={wrong}")).status == 422
    assert (await api("GET", f"{PATH}/nobody/watch")).status == 404


async def test_a_hub_that_ends_keeps_nobody_waiting(api: Api) -> None:
    cursor = (await api("GET", f"{PATH}/desk/watch")).json()["news"]["cursor"]
    watching = asyncio.ensure_future(api("GET", f"{PATH}/desk/watch?wait_s=25&after={cursor}"))
    await asyncio.sleep(0)
    api.hub.bell.close()
    assert (await watching).json()["news"]["cursor"] == cursor


async def test_a_secret_that_cannot_be_opened_believes_nobody(api: Api) -> None:
    secret = (await _add(api))["handover"]["secret"]
    (api.hub.settings.data_dir / "secret.key").write_text("0" * 64 + "\n")
    api.hub.vault._loaded = ()
    api.hub.catalogue._version = None
    await api.hub.catalogue.refresh()
    assert await _post(api, "gate", secret, title="x") == 401
    refused = await api("PATCH", f"{PATH}/gate", {"settings": {"timezone": "Etc/UTC"}})
    assert (refused.status, refused.json()["code"]) == (409, "secret.key_unknown")
