"""What is Jira's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from centralita.core.events import Event
from centralita.core.payload import TEXT_LIMIT
from centralita.integrations.jira.documents import plain
from centralita.integrations.jira.source import JiraSource
from centralita.integrations.jira.words import EVENTS
from centralita.ports import Receipt

SOURCE = JiraSource()
HOME = "https://acme.atlassian.net"
NEW = {"name": "To Do", "statusCategory": {"key": "new"}}
DONE = {"name": "Ready", "statusCategory": {"key": "done"}}


def event_of(body: dict[str, Any], settings: dict[str, object] | None = None) -> Event:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="jira",
        received_at=1763805991.0,
        content_type="application/json",
        headers={},
        body=json.dumps(body).encode(),
    )
    (event,) = SOURCE.parse(receipt, settings or {})
    return event


def updated(status: object, *items: dict[str, Any], **more: Any) -> Event:
    fields = {"summary": "x", "status": status, **more.pop("fields", {})}
    issue = {"key": "SUP-1", "self": f"{HOME}/rest/api/3/issue/1", "fields": fields}
    return event_of({"webhookEvent": "jira:issue_updated", "issue": issue, "changelog": {"items": list(items)}, **more})


def changed(field: str, before: str | None, after: str | None) -> dict[str, Any]:
    return {"field": field, "fromString": before, "toString": after}


@pytest.mark.parametrize(
    ("status", "items", "expected", "phase"),
    [
        (DONE, [changed("status", "In Progress", "Ready")], "ticket.closed", "closed"),
        (DONE, [changed("status", "Done", "Ready")], "ticket.status_changed", "closed"),
        (NEW, [changed("status", "Done", "To Do")], "ticket.reopened", "open"),
        (NEW, [changed("status", "Backlog", "To Do")], "ticket.status_changed", "open"),
        (NEW, [changed("status", "Shipped", "To Do"), changed("resolution", "Fixed", None)], "ticket.reopened", "open"),
        (NEW, [changed("assignee", None, "Ana")], "ticket.assigned", "open"),
        (NEW, [changed("status", "Backlog", "To Do"), changed("assignee", "", "Ana")], "ticket.status_changed", "open"),
        (NEW, [changed("labels", "", "vpn")], "ticket.updated", "open"),
        ({"name": "Zurückgestellt"}, [changed("status", "To Do", "Zurückgestellt")], "ticket.status_changed", ""),
    ],
)
def test_what_changed_says_what_happened(status: object, items: list[Any], expected: str, phase: str) -> None:
    event = updated(status, *items)
    assert (event.type, event.phase, event.subject) == (expected, phase, "ticket/SUP-1")


def test_an_old_server_s_comment_comes_as_an_update() -> None:
    comment = {"id": "7", "body": "hm", "author": {"name": "ana"}}
    event = updated(NEW, comment=comment)
    assert event.type == "ticket.commented"
    assert event.url == f"{HOME}/browse/SUP-1?focusedCommentId=7"
    assert event.data["comment"]["author"] == "ana"


@pytest.mark.parametrize(
    ("said", "visible"),
    [
        ({"jsdPublic": True}, True),
        ({"jsdPublic": False}, False),
        ({"jsdPublic": "true"}, False),
        ({}, False),
        ({"jsdPublic": True, "visibility": {"type": "role", "value": "Administrators"}}, False),
    ],
)
def test_a_comment_is_for_the_customer_only_when_jira_says_so(said: dict[str, Any], visible: bool) -> None:
    comment = {"id": "7", "body": "hm", **said}
    event = event_of({"webhookEvent": "comment_created", "comment": comment, "issue": {"key": "SUP-1", "fields": {}}})
    assert event.data["comment"]["visible_to_customer"] is visible


@pytest.mark.parametrize(
    ("priority", "severity"),
    [
        *(("Highest", "critical"), ("Blocker", "critical"), ("Critical", "critical"), ("Major", "high")),
        *(("Más alta", "critical"), ("Media", "medium"), ("Minor", "low"), ("Lowest", "info"), ("P2", "high")),
        (None, "medium"),
    ],
)
def test_a_priority_is_a_severity(priority: str | None, severity: str) -> None:
    assert updated(NEW, fields={"priority": {"name": priority} if priority else None}).severity == severity


@pytest.mark.parametrize(
    ("address", "page"),
    [
        (f"{HOME}/rest/api/2/issue/1", f"{HOME}/browse/SUP-1"),
        ("http://jira.example.com:8080/jira/rest/api/2/issue/1", "http://jira.example.com:8080/jira/browse/SUP-1"),
        ("https://api.atlassian.com/ex/jira/0a1b/rest/api/2/issue/1", ""),
        ("javascript:alert(1)/rest/api/2/issue/1", ""),
    ],
)
def test_a_link_is_where_a_person_reads_and_not_where_the_api_is(address: str, page: str) -> None:
    body = {"webhookEvent": "jira:issue_created", "issue": {"key": "SUP-1", "self": address, "fields": {}}}
    assert event_of(body).url == page
    assert event_of(body, {"instance": "https://desk.example.com/"}).url == "https://desk.example.com/browse/SUP-1"


def test_a_rule_s_own_body_says_what_happened() -> None:
    issue = {"key": "SUP-1", "fields": {"summary": "x"}}
    assert event_of({"event": "sla_breached", "issue": issue}).type == "ticket.sla_breached"
    assert event_of({"event": "Issue Commented", "issue": issue, "comment": "hola"}).data["comment"]["text"] == "hola"
    assert event_of(issue).type == "ticket.updated"
    assert event_of({"event": "something else", "issue": issue}).type == "jira.unknown"


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_without_anything_is_still_one(name: str) -> None:
    event = event_of({"webhookEvent": name, "user": {"self": f"{HOME}/rest/api/2/user?accountId=1"}})
    assert event.type in SOURCE.types
    assert event.title
    assert event.url == HOME


def node(kind: str, *content: Any, **attrs: Any) -> dict[str, Any]:
    return {"type": kind, "content": list(content), **({"attrs": attrs} if attrs else {})}


def words(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def test_a_document_is_plain_text() -> None:
    cell = node("tableCell", node("paragraph", words("a")))
    document = node(
        "doc",
        node("heading", words("Head"), level=1),
        node("paragraph", words("one "), {"type": "mention", "attrs": {"text": "@Ana"}}, {"type": "hardBreak"}),
        node("orderedList", node("listItem", node("paragraph", words("item")))),
        node("table", node("tableRow", cell, cell)),
        node("codeBlock", words("x = 1")),
    )
    assert plain(document) == "Head\none @Ana\n• item\na | a\nx = 1"
    assert plain("as it is") == "as it is"
    nothings: tuple[Any, ...] = (None, [], {}, {"type": 3}, {"content": "x"}, {"type": "doc", "content": [1, None]})
    for nothing in nothings:
        assert plain(nothing) == ""


def test_a_long_document_ends_at_the_limit() -> None:
    assert len(plain(node("doc", *[node("paragraph", words("x" * 1000))] * 200))) == TEXT_LIMIT
