"""What is PagerDuty's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from centralita.core.events import Event
from centralita.core.payload import PayloadError
from centralita.integrations.pagerduty.source import MAX_MESSAGES, PATHS, PagerDutySource
from centralita.integrations.pagerduty.words import EVENTS, TYPES
from centralita.ports import RawRequest, Receipt, Verdict

SOURCE = PagerDutySource()
NOW = 1763805991.0
SECRET = b"c0rrect-horse-battery"
INCIDENT: dict[str, Any] = {
    **{"id": "Q1", "type": "incident", "title": "Disk", "status": "triggered", "urgency": "high"},
    **{"html_url": "https://acme.pagerduty.com/incidents/Q1", "priority": None},
}


def events_of(body: object, **settings: object) -> list[Event]:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="pagerduty",
        received_at=NOW,
        content_type="application/json",
        headers={},
        body=json.dumps(body).encode(),
    )
    return SOURCE.parse(receipt, settings)


def event_of(name: str, data: object) -> Event:
    (event,) = events_of({"event": {"id": "1", "event_type": name, "data": data}})
    return event


def verdict(body: object, signatures: str = "") -> Verdict:
    raw = json.dumps(body).encode()
    signed = hmac.new(SECRET, raw, hashlib.sha256).hexdigest()
    headers = (("x-pagerduty-signature", signatures.format(right=signed) or f"v1={signed}"),)
    return SOURCE.verify(
        RawRequest(method="POST", query="", headers=(*headers, ("content-type", "application/json")), body=raw),
        [SECRET],
        NOW,
        {},
    )


def test_one_of_several_signatures_is_enough_while_a_secret_is_changed() -> None:
    assert verdict({}, "v1=" + "0" * 64 + ",v1={right}").ok
    assert verdict({}, "v2=abc, v1={right}").ok
    assert verdict({}, "v2={right}").reason == "signature.mismatch"


def test_a_retry_is_known_by_the_ids_of_what_it_holds() -> None:
    event = {"event": {"id": "01A", "event_type": "incident.triggered", "data": INCIDENT}}
    assert verdict(event).dedupe_key == verdict({**event, "more": 1}).dedupe_key != ""
    assert verdict({"event": {"id": "01B"}}).dedupe_key != verdict(event).dedupe_key
    two = {"messages": [{"id": "a"}, {"id": "b"}]}
    assert verdict(two).dedupe_key not in ("", verdict({"messages": [{"id": "a"}]}).dedupe_key)
    without: tuple[object, ...] = (
        {"event": {}},
        {"messages": [{"id": "a"}, {}]},
        {"messages": [1]},
        [],
        {"event": "x"},
    )
    for body in without:
        assert verdict(body).dedupe_key == ""


@pytest.mark.parametrize(
    ("priority", "urgency", "severity"),
    [
        ({"summary": "P1"}, "low", "critical"),
        ({"summary": "SEV-3"}, "high", "medium"),
        ({"summary": "Zwetschge"}, "high", "high"),
        (None, "low", "low"),
        (None, None, "high"),
    ],
)
def test_the_priority_says_how_grave_it_is_and_else_the_urgency(
    priority: object, urgency: object, severity: str
) -> None:
    assert event_of("incident.triggered", {**INCIDENT, "priority": priority, "urgency": urgency}).severity == severity


@pytest.mark.parametrize("name", sorted(set(EVENTS) - set(TYPES)))
def test_every_name_of_the_sender_becomes_a_declared_type_of_the_incident(name: str) -> None:
    event = event_of(name, INCIDENT)
    assert event.type in TYPES
    assert event.title == "Disk"
    assert event.data["event_type"] == name


def test_what_happens_to_an_incident_shares_its_subject() -> None:
    reference = {"id": "Q1", "summary": "[#12] Disk", "html_url": INCIDENT["html_url"]}
    opened, note, closed = (
        event_of("incident.triggered", INCIDENT),
        event_of("incident.annotated", {"id": "N1", "content": "cleaned", "incident": reference}),
        event_of("incident.resolved", {**INCIDENT, "status": "resolved"}),
    )
    assert {(event.subject, event.title, event.url) for event in (opened, note, closed)} == {
        ("incident/Q1", "Disk", INCIDENT["html_url"])
    }
    assert [event.phase for event in (opened, note, closed)] == ["open", "", "closed"]
    assert note.data["comment"] == {"text": "cleaned", "visible_to_customer": False}


def test_too_many_messages_are_refused_as_a_whole() -> None:
    assert len(events_of({"messages": [{}] * MAX_MESSAGES})) == MAX_MESSAGES
    with pytest.raises(PayloadError):
        events_of({"messages": [{}] * (MAX_MESSAGES + 1)})


def test_what_rules_look_at_first_is_declared() -> None:
    assert {"agent.name", "comment.text", "affected_cis", "event_type"} <= set(PATHS)
