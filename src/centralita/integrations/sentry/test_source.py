"""What is Sentry's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from centralita.core.events import Event
from centralita.integrations.sentry.source import READERS, SentrySource
from centralita.ports import Receipt

SOURCE = SentrySource()
ISSUE = {"id": "42", "title": "KeyError: x", "level": "error", "project": {"slug": "shop"}}


def event_of(resource: str, action: str = "", settings: dict[str, object] | None = None, **data: Any) -> Event:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="sentry",
        received_at=1763805991.0,
        content_type="application/json",
        headers={"sentry-hook-resource": resource} if resource else {},
        body=json.dumps({"action": action, "data": data, "actor": {"name": "Ana"}}).encode(),
    )
    (event,) = SOURCE.parse(receipt, settings or {})
    return event


def test_an_issue_its_events_and_its_comments_are_one_subject() -> None:
    occurrence = {"event_id": "ab", "issue_id": "42", "title": "KeyError: x", "level": "error"}
    told = [
        event_of("issue", "created", issue=ISSUE),
        event_of("event_alert", "triggered", event=occurrence, triggered_rule="r"),
        event_of(
            "error", "created", error={**occurrence, "issue_id": None, "issue_url": "https://s.io/api/0/issues/42/"}
        ),
        event_of("comment", "created", comment="hm", issue_id=42),
        event_of("issue", "resolved", issue=ISSUE),
    ]
    assert {event.subject for event in told} == {"issue/42"}
    assert [event.phase for event in told] == ["open", "open", "", "", "closed"]


def test_a_metric_alert_is_one_subject_from_its_warning_to_its_end() -> None:
    told = [
        event_of("metric_alert", action, metric_alert={"id": "4", "title": "Errors"})
        for action in ("warning", "critical", "resolved")
    ]
    assert {event.subject for event in told} == {"metric_alert/4"}
    assert [event.severity for event in told] == ["medium", "critical", "info"]
    assert told[-1].phase == "closed"


@pytest.mark.parametrize("action", ["", "escalated", "deleted"])
def test_an_action_that_is_unknown_neither_opens_nor_closes(action: str) -> None:
    for resource in ("issue", "metric_alert"):
        event = event_of(resource, action, issue=ISSUE, metric_alert={"id": "4"})
        assert (event.type, event.phase) == ("alert.updated", "")


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("fatal", "critical"),
        ("error", "high"),
        ("warning", "medium"),
        ("debug", "info"),
        ("sample", "info"),
        (None, "high"),
    ],
)
def test_a_level_is_a_severity(level: str | None, severity: str) -> None:
    assert event_of("issue", "created", issue={**ISSUE, "level": level}).severity == severity
    tags = [["server_name", "web1"], ["level", level]]
    assert event_of("event_alert", "triggered", event={"issue_id": "1", "tags": tags}).severity == severity


def test_a_link_that_is_lacking_is_made_of_the_organization_s_address() -> None:
    settings: dict[str, object] = {"instance": "https://acme.sentry.io/"}
    assert event_of("issue", "created", settings, issue=ISSUE).url == "https://acme.sentry.io/issues/42/"
    assert event_of("issue", "created", issue=ISSUE).url == "https://sentry.io/issues/42/"
    said = {**ISSUE, "permalink": "https://acme.sentry.io/issues/42/?x=1"}
    assert event_of("issue", "created", issue=said).url == "https://acme.sentry.io/issues/42/?x=1"


def test_the_code_of_an_installation_is_not_kept() -> None:
    event = event_of("installation", "created", installation={"uuid": "u", "code": "s3cret", "status": "pending"})
    assert "s3cret" not in json.dumps(event.data)
    assert event.subject == "installation/u"


@pytest.mark.parametrize("resource", READERS)
def test_an_event_without_anything_is_still_one(resource: str) -> None:
    event = event_of(resource)
    assert event.type in SOURCE.types
    assert event.url.startswith("https://sentry.io")


@pytest.mark.parametrize("resource", [name for name in READERS if name not in ("plugin", "seer")])
def test_without_its_header_a_resource_is_known_by_its_body(resource: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "issue": {"issue": ISSUE},
        "event_alert": {"event": ISSUE},
        "metric_alert": {"metric_alert": {"id": "4"}},
        "activity_alert": {"issue": ISSUE, "activity": {"type": "note"}},
        "error": {"error": ISSUE},
        "comment": {"comment": "x", "comment_id": 1, "issue_id": 42},
        "installation": {"installation": {"uuid": "u"}},
    }
    data = bodies[resource]
    told, guessed = event_of(resource, "created", **data), event_of("", "created", **data)
    assert (told.type, told.subject) == (guessed.type, guessed.subject)
