"""Outgoing webhooks by the troubleshooting assistant's interface."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from centralita.integrations.webhook.receiver import receiver_of
from centralita.services import webhooks
from centralita.store import deliveries
from tests.api.conftest import Api

PATH = "/api/support/troubleshooting/webhooks"
BODY = {
    "url": "https://example.com/webhook",
    "events": ["session_started", "session_resolved"],
    "secret": "optional-secret-key",
    "timeout": 10,
    "retry_attempts": 3,
}


async def _register(api: Api, **changes: Any) -> dict[str, Any]:
    made = await api("POST", PATH, {**BODY, **changes})
    assert made.status == 201, made.body
    assert made.headers["cache-control"] == "no-store"
    return dict(made.json())


async def test_the_body_of_the_guide_makes_a_webhook_that_signs_inside_the_body(api: Api) -> None:
    made = await _register(api)
    name = made["webhook_id"]
    assert name.startswith("wh_") and len(name) == 19 and made["secret"] == ""
    assert {**made["webhook"], "created_at": ""} == {
        "webhook_id": name,
        "url": "https://example.com/webhook",
        "events": ["session_started", "session_resolved"],
        "enabled": True,
        "format": "troubleshooting",
        "timeout": 10.0,
        "retry_attempts": 3,
        "created_at": "",
    }
    config = api.hub.webhooks.config(name)
    assert config is not None
    receiver = receiver_of(config)
    assert receiver.secrets(0.0) == ["whsec_" + base64.b64encode(b"optional-secret-key").decode()]
    assert (receiver.timeout_s, receiver.policy.schedule_s) == (10.0, (5, 300, 1800))
    listed = (await api("GET", PATH)).json()["webhooks"]
    assert [each["webhook_id"] for each in listed] == ["erp", name]
    assert b"optional-secret-key" not in (await api("GET", "/api/v1/audit")).body + (await api("GET", PATH)).body


async def test_an_address_of_a_chat_gets_what_the_chat_understands(api: Api) -> None:
    for url, format in (
        ("https://hooks.slack.com/services/YOUR/WEBHOOK/URL", "slack"),
        ("https://contoso.webhook.office.com/webhookb2/x", "teams"),
        ("https://prod-01.westeurope.logic.azure.com:443/workflows/x", "teams"),
        ("https://discord.com/api/webhooks/1/x", "discord"),
        ("https://hooks.slack.com.example.com/x", "troubleshooting"),
        ("https://evilwebhook.office.com/x", "troubleshooting"),
    ):
        made = await _register(api, url=url, headers={"Content-Type": "application/json"})
        assert made["webhook"]["format"] == format
        assert "YOUR" not in made["webhook"]["url"]


async def test_without_a_secret_one_is_made_and_shown_once(api: Api) -> None:
    made = await _register(api, secret=None, webhook_id="mi-webhook")
    assert made["webhook_id"] == "mi-webhook" and made["secret"].startswith("whsec_")
    assert made["secret"].encode() not in (await api("GET", PATH)).body


async def test_without_a_secret_the_hubs_own_signs_where_it_has_one(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    import msgspec

    shared = "whsec_" + base64.b64encode(b"tu-secret-key-aqui").decode()
    monkeypatch.setattr(api.hub.webhooks, "defaults", msgspec.structs.replace(api.hub.webhooks.defaults, secret=shared))
    made = await _register(api, secret=None)
    config = api.hub.webhooks.config(made["webhook_id"])
    assert config is not None and receiver_of(config).secrets(0.0) == [shared]
    assert made["secret"] == ""


async def test_one_that_is_put_again_says_what_is_given_and_changes_its_secret_with_an_overlap(api: Api) -> None:
    await _register(api, webhook_id="mi-webhook", headers={"X-Old": "1", "X-Team": "mesa"})
    path, body = f"{PATH}/mi-webhook", {**BODY, "events": ["step_failed"], "headers": {"X-Team": "otra"}}
    for secret in ("optional-secret-key", "another", "another"):
        again = await api("PUT", path, {**body, "secret": secret})
        assert (again.status, again.json()["events"]) == (200, ["step_failed"])
    hook, keys = webhooks.opened(api.hub, "mi-webhook")
    assert hook is not None and list(hook.headers) == ["X-Team"]
    assert [base64.b64decode(key.secret.removeprefix("whsec_")) for key in keys] == [b"another", b"optional-secret-key"]
    assert (await api("PUT", f"{PATH}/nobody", BODY)).status == 404


async def test_what_is_wrong_is_said_and_nothing_is_kept(api: Api) -> None:
    await _register(api, webhook_id="taken")
    for changes, status in (
        ({"webhook_id": "taken"}, 409),
        ({"webhook_id": "erp"}, 409),
        ({"url": "ftp://example.com"}, 422),
        ({"url": "http://169.254.169.254/latest"}, 422),
        ({"events": []}, 422),
        ({"headers": {"Content-Type": "text/plain"}}, 422),
        ({"secret": "whsec_%"}, 422),
        ({"retry_attempts": -1}, 422),
        ({"color": "red"}, 422),
    ):
        answer = await api("POST", PATH, {**BODY, **changes})
        assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json"), changes
    assert len((await api("GET", PATH)).json()["webhooks"]) == 2


async def test_an_event_that_is_triggered_waits_for_whoever_subscribed(api: Api) -> None:
    name = (await _register(api))["webhook_id"]
    event = {"event": "session_started", "data": {"session_id": "s-1", "problem_description": "No imprime"}}
    refused = await api("POST", "/api/support/troubleshooting/events", event)
    assert (refused.status, refused.json()["code"]) == (409, "support.no_source")
    await api("POST", "/api/v1/sources", {"kind": "troubleshooting", "slug": "guia"})
    receipts = [(await api("POST", "/api/support/troubleshooting/events", event)).json()["receipt"] for _ in range(2)]
    assert len(set(receipts)) == 2
    while await api.hub.router.route_batch("guia"):
        pass
    waiting = await api.hub.database.read(lambda tx: deliveries.of_event(tx, receipts[0].replace("rcp_", "evt_")))
    assert len(waiting) == 1

    stats = (await api("GET", f"{PATH}/{name}/stats")).json()
    assert (stats["total_events"], stats["pending_events"], stats["success_rate"]) == (2, 2, None)
    assert (stats["last_event"]["event"], stats["last_event"]["status"]) == ("session.started", "pending")
    events = (await api("GET", f"{PATH}/{name}/events?limit=1")).json()["events"]
    assert events == [stats["last_event"]]
    for path in (f"{PATH}/nobody/stats", f"{PATH}/nobody/events"):
        assert (await api("GET", path)).status == 404
