"""What is Zendesk's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from centralita.core.events import Event
from centralita.integrations.zendesk.source import ZendeskSource
from centralita.integrations.zendesk.words import EVENTS, PREFIX, TYPES
from centralita.ports import RawRequest, Receipt, Verdict

SOURCE = ZendeskSource()
NOW = 1763805991.0
SECRET = b"dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="
BODY = b'{"id":"1"}'


def event_of(body: dict[str, Any], **settings: object) -> Event:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="zendesk",
        received_at=NOW,
        content_type="application/json",
        headers={},
        body=json.dumps(body).encode(),
    )
    (event,) = SOURCE.parse(receipt, settings)
    return event


def verdict(timestamp: str, signed_as: str = "", **headers: str) -> Verdict:
    content = (signed_as or timestamp).encode() + BODY
    signature = base64.b64encode(hmac.new(SECRET, content, hashlib.sha256).digest()).decode()
    given = {
        "x-zendesk-webhook-signature": signature,
        "x-zendesk-webhook-signature-timestamp": timestamp,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    request = RawRequest(method="POST", query="", headers=tuple(given.items()), body=BODY)
    return SOURCE.verify(request, [SECRET], NOW, {})


def test_time_and_body_are_signed_together_without_anything_between() -> None:
    assert verdict("2025-11-22T10:06:31Z").ok
    assert verdict("2025-11-22T10:06:30Z", signed_as="2025-11-22T10:06:31Z").reason == "signature.mismatch"
    assert verdict("2025-11-22T09:06:31Z").reason == "timestamp.stale"
    assert verdict("yesterday").reason == "timestamp.malformed"


def test_a_retry_is_another_attempt_of_one_invocation() -> None:
    assert verdict("2025-11-22T10:06:31Z", x_zendesk_webhook_invocation_id="01A").dedupe_key == "01A"
    assert verdict("2025-11-22T10:06:31Z").dedupe_key == ""


def changed(before: str, now: str) -> Event:
    event = {"previous": before, "current": now}
    detail = {"id": "7", "subject": "x", "status": now}
    return event_of({"type": "zen:event-type:ticket.status_changed", "event": event, "detail": detail})


@pytest.mark.parametrize(
    ("before", "now", "kind", "phase"),
    [
        ("NEW", "OPEN", "ticket.status_changed", "open"),
        ("OPEN", "HOLD", "ticket.status_changed", "open"),
        ("PENDING", "SOLVED", "ticket.closed", "closed"),
        ("SOLVED", "CLOSED", "ticket.status_changed", "closed"),
        ("SOLVED", "OPEN", "ticket.reopened", "open"),
        ("OPEN", "QUANTUM", "ticket.status_changed", ""),
    ],
)
def test_a_status_says_whether_the_ticket_was_closed_or_opened_again(
    before: str, now: str, kind: str, phase: str
) -> None:
    event = changed(before, now)
    assert (event.type, event.phase, event.status) == (kind, phase, now.lower())
    assert event.data["previous_status"] == before.lower()


@pytest.mark.parametrize(("said", "visible"), [(True, True), (False, False), (None, False), ("x", False)])
def test_a_comment_is_internal_unless_zendesk_says_that_it_is_public(said: object, visible: bool) -> None:
    comment = {"body": "b", "is_public": said, "author": {"name": "Ana"}}
    event = event_of(
        {"type": "zen:event-type:ticket.comment_added", "detail": {"id": "7"}, "event": {"comment": comment}}
    )
    assert event.data["comment"] == {"text": "b", "author": "Ana", "visible_to_customer": visible}


@pytest.mark.parametrize(
    ("priority", "severity"),
    [("URGENT", "critical"), ("Alta", "high"), ("normal", "medium"), ("Low", "low"), (None, "medium"), ("", "medium")],
)
def test_a_ticket_without_a_priority_is_a_normal_one(priority: str | None, severity: str) -> None:
    assert event_of({"ticket_id": 7, "priority": priority}).severity == severity


@pytest.mark.parametrize(
    "body",
    [
        {"ticketId": 7, "ticketTitle": "VPN", "RequesterName": "Ana", "RequesterEmail": "ana@x.example"},
        {"Ticket ID": "7", "Título": "VPN", "Solicitante": "Ana <ana@x.example>"},
        {"ticket": {"id": 7, "subject": "VPN", "requester": {"first_name": "Ana", "email": "ana@x.example"}}},
        {"id": 7, "asunto": "VPN", "solicitante": {"nombre": "Ana", "correo": "ana@x.example"}},
    ],
)
def test_one_name_in_many_ways_of_writing(body: dict[str, Any]) -> None:
    event = event_of(body)
    assert (event.subject, event.title) == ("ticket/7", "VPN")
    assert event.data["requester"] == {"name": "Ana", "email": "ana@x.example"}


@pytest.mark.parametrize(
    ("body", "url"),
    [
        ({"id": 7}, "https://acme.zendesk.com/agent/tickets/7"),
        (
            {"id": 7, "link": "acme.zendesk.com/agent/tickets/7?brand=1"},
            "https://acme.zendesk.com/agent/tickets/7?brand=1",
        ),
        ({"id": 7, "url": "javascript:alert(1)"}, "https://acme.zendesk.com/agent/tickets/7"),
        ({"id": "../7"}, "https://acme.zendesk.com/agent/tickets/..%2F7"),
    ],
)
def test_the_link_is_the_author_s_or_made_of_the_account_s_host(body: dict[str, Any], url: str) -> None:
    assert event_of(body, instance="acme.zendesk.com").url == url


def test_wrong_settings_are_named() -> None:
    wrong: dict[str, object] = {"instance": "https://a/b c", "map": {"titel": "x", "title": 3}, "events": {"x": "y.z"}}
    assert SOURCE.check(wrong, [b"s"]) == [
        "instance: setting.type",
        "map.titel: setting.unknown",
        "map.title: setting.type",
        "events.x: setting.event_type",
    ]
    assert SOURCE.check({"auth": "basic"}, [b"only-a-password"]) == ["secrets: secret.malformed"]


@pytest.mark.parametrize("name", [*EVENTS, "user.role_changed", "article.published", "community_post.created"])
def test_every_event_that_zendesk_documents_has_a_type_a_title_and_a_subject(name: str) -> None:
    detail = {"id": "7", "subject": "s", "name": "n"}
    event = event_of({"type": f"{PREFIX}{name}", "detail": detail, "event": {}, "subject": "zen:x:7"})
    assert event.type in TYPES
    assert event.type != "zendesk.unknown"
    assert event.title in ("s", "n")
    assert event.subject.endswith("/7")


def test_a_deleted_ticket_is_closed_whatever_status_it_had() -> None:
    detail = {"id": "7", "subject": "x", "status": "OPEN", "priority": "LOW"}
    event = event_of({"type": f"{PREFIX}ticket.soft_deleted", "detail": detail, "event": {}})
    assert (event.type, event.status, event.phase) == ("ticket.deleted", "open", "closed")
