"""Seeing what a receiver would get, before anything is saved or sent."""

from __future__ import annotations

import json
from typing import Any

from centralita.integrations.webhook.formats import FORMATS
from tests.api.conftest import Api

PATH = "/api/v1/webhooks/preview"


async def seen(api: Api, path: str = PATH, **body: Any) -> dict[str, Any]:
    reply = await api("POST", path, body)
    assert reply.status == 200, reply.body
    return dict(reply.json())


async def test_a_template_is_filled_in_from_an_event_that_has_happened(api: Api) -> None:
    event = await api.receive(type="printer.jammed", title='Lima, "2"', id="1")
    draft = {"name": "x", "format": "template", "template": '{"said": "{{ title }}"}', "types": ["printer.*"]}
    said = await seen(api, webhook=draft, event=event)
    assert said["faults"] == []
    assert said["preview"] == {
        "event": event,
        "type": "printer.jammed",
        "taken": True,
        "headers": [["content-type", "application/json"]],
        "body": '{"said": "Lima, \\"2\\""}',
        "encoding": "text",
        "faults": [],
    }
    assert (await api("GET", "/api/v1/lanes")).json()["items"] == []


async def test_the_senders_own_bytes_are_seen_as_they_came(api: Api) -> None:
    event = await api.receive(type="printer.jammed", title="Lima", id="1")
    said = (await seen(api, webhook={"name": "x", "format": "raw"}, event=event))["preview"]
    assert json.loads(said["body"]) == {"type": "printer.jammed", "title": "Lima", "id": "1"}


async def test_every_format_is_seen_on_an_example(api: Api) -> None:
    for format in set(FORMATS) - {"raw", "template"}:
        said = await seen(api, webhook={"name": "x", "format": format, "types": ["ot.created"]})
        assert (said["faults"], said["preview"]["type"], said["preview"]["taken"]) == ([], "ticket.created", True)
        assert said["preview"]["body"]


async def test_a_saved_webhook_is_seen_and_its_secret_signs_nothing(api: Api) -> None:
    before = await seen(api, "/api/v1/webhooks/erp/preview", type="session.escalated")
    assert (before["preview"]["taken"], json.loads(before["preview"]["body"])["type"]) == (False, "session.escalated")
    settings = {"name": "desk", "url": "https://desk.example.com/in", "format": "troubleshooting"}
    signed = []
    for secret in ("whsec_b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OQ==", "whsec_YW5vdGhlci1zZWNyZXQtYW5vdGhlci1zZWM="):
        added = await api("POST", "/api/v1/webhooks", {**settings, "name": secret[6:10], "secret": secret})
        assert added.status == 201, added.body
        said = await seen(api, f"/api/v1/webhooks/{secret[6:10]}/preview", type="session_escalated")
        signed.append(json.loads(said["preview"]["body"])["signature"])
    assert len(set(signed)) == 1


async def test_why_there_is_nothing_to_see_is_told(api: Api) -> None:
    for template, code in (
        ("{{ title", "template.syntax"),
        ("", "webhook.template_missing"),
        ("{{ title }}", "webhook.template_json"),
    ):
        said = await seen(api, webhook={"name": "x", "format": "template", "template": template})
        assert [fault["reason"] for fault in said["preview"]["faults"]] == [code]
        assert said["preview"]["body"] == ""
        assert said["faults"][0].endswith(".") and said["faults"] != [code]


async def test_what_is_asked_wrongly(api: Api) -> None:
    for body in ({"webhook": {"name": "x"}, "event": "evt_no"}, {"webhook": {"name": "x"}, "type": "no.such"}):
        assert (await api("POST", PATH, body)).status == 404
    assert (await api("POST", "/api/v1/webhooks/nobody/preview", {})).status == 404
    reply = await api("POST", PATH, {"webhook": {"name": "x", "condition": "severity =="}})
    assert (reply.status, reply.json()["errors"][0]["at"]) == (422, "condition")


async def test_whoever_may_not_read_events_sees_none(api: Api) -> None:
    body = {"webhook": {"name": "x"}}
    assert (await (await api.holding("webhook.read"))("POST", PATH, body)).status == 403
    assert (await (await api.holding("event.read"))("POST", PATH, body)).status == 403
    assert (await (await api.holding("webhook.read", "event.read"))("POST", PATH, body)).status == 200
