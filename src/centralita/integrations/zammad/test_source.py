"""What is Zammad's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from centralita.core.events import Event
from centralita.integrations.zammad.source import ZammadSource
from centralita.ports import RawRequest, Receipt

SOURCE = ZammadSource()
NOW = 1763805991.0
SECRET = b"c0rrect-horse-battery"
TICKET: dict[str, Any] = {
    **{"id": 81, "number": "10081", "title": "Mail", "state": "open", "article_count": 2},
    **{"created_at": "2025-11-22T10:00:00Z", "updated_at": "2025-11-22T10:00:05Z", "owner_id": 5},
}
ARTICLE = {"id": 105, "body": "b", "internal": False, "from": "Ana Gómez <ana@x.example>"}


def event_of(ticket: dict[str, Any], article: object = None, trigger: str = "", **settings: object) -> Event:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="zammad",
        received_at=NOW,
        content_type="application/json",
        headers={"x-zammad-trigger": trigger} if trigger else {},
        body=json.dumps({"ticket": {**TICKET, **ticket}, "article": article}).encode(),
    )
    (event,) = SOURCE.parse(receipt, settings)
    return event


def test_the_delivery_s_id_tells_a_retry() -> None:
    body = b'{"ticket":{}}'
    signature = f"sha1={hmac.new(SECRET, body, hashlib.sha1).hexdigest()}"
    headers = (("x-hub-signature", signature), ("x-zammad-delivery", "8a4b1e0c"))
    request = RawRequest(method="POST", query="", headers=headers, body=body)
    assert SOURCE.verify(request, [SECRET], NOW, {}).dedupe_key == "8a4b1e0c"
    assert SOURCE.verify(request, [b"another"], NOW, {}).dedupe_key == ""


@pytest.mark.parametrize(
    ("ticket", "article", "trigger", "kind"),
    [
        ({"article_count": 1}, ARTICLE, "", "ticket.created"),
        ({"article_count": 1, "updated_at": "2025-11-22T11:00:00Z"}, None, "", "ticket.updated"),
        ({"state": "closed"}, ARTICLE, "", "ticket.closed"),
        ({"state": "merged"}, None, "", "ticket.closed"),
        ({}, ARTICLE, "", "ticket.commented"),
        ({}, None, "", "ticket.updated"),
        ({}, ARTICLE, "Cambio de estado", "ticket.status_changed"),
        ({}, ARTICLE, "ticket.assigned", "ticket.assigned"),
        ({}, ARTICLE, "A name that says nothing", "ticket.commented"),
        ({"id": None}, ARTICLE, "", "zammad.unknown"),
    ],
)
def test_what_happened_is_the_trigger_s_name_or_else_what_the_ticket_looks_like(
    ticket: dict[str, Any], article: object, trigger: str, kind: str
) -> None:
    assert event_of(ticket, article, trigger).type == kind


@pytest.mark.parametrize(("internal", "visible"), [(False, True), (True, False), (None, False), ("false", False)])
def test_an_article_is_internal_unless_zammad_says_that_it_is_not(internal: object, visible: bool) -> None:
    comment = event_of({}, {**ARTICLE, "internal": internal}).data["comment"]
    assert comment == {"text": "b", "author": "Ana Gómez", "visible_to_customer": visible}


def test_the_first_article_is_the_description() -> None:
    event = event_of({"article_count": 1}, ARTICLE)
    assert event.data["ticket"]["description"] == "b"
    assert "comment" not in event.data


def test_nobody_is_no_agent() -> None:
    nobody = {"owner": {"firstname": "-", "lastname": "", "email": ""}, "owner_id": 1}
    assert "agent" not in event_of(nobody).data
    luis = {"owner": {"firstname": "Luis", "lastname": "Paredes", "email": "luis@x.example"}}
    assert event_of(luis).data["agent"] == {"name": "Luis Paredes", "email": "luis@x.example"}


@pytest.mark.parametrize(
    ("priority", "severity"),
    [({"name": "1 low"}, "low"), ({"name": "3 high"}, "high"), ("2 normal", "medium"), (None, "medium")],
)
def test_priorities(priority: object, severity: str) -> None:
    assert event_of({"priority": priority}).severity == severity


def test_the_host_of_an_attachment_makes_the_link_when_none_is_configured() -> None:
    attached = {**ARTICLE, "attachments": [{"url": "https://z.example/api/v1/ticket_attachment/81/104/174"}]}
    assert event_of({}, attached).url == "https://z.example/#ticket/zoom/81"
    assert event_of({}, attached, instance="desk.example").url == "https://desk.example/#ticket/zoom/81"
    assert event_of({}, ARTICLE).url == ""
