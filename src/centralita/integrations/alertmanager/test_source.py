"""What is Alertmanager's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from centralita.core.alert_groups import MAX_ALERTS
from centralita.core.events import Event
from centralita.core.payload import PayloadError
from centralita.integrations.alertmanager.source import PATHS, AlertmanagerSource
from centralita.ports import Receipt

SOURCE = AlertmanagerSource()
ALERT = {
    **{"status": "firing", "startsAt": "2025-11-22T10:00:00Z", "endsAt": "0001-01-01T00:00:00Z"},
    **{"labels": {"alertname": "X", "a": "1", "b": "2"}, "annotations": {}, "generatorURL": "http://p.example/graph"},
}


def events_of(*alerts: dict[str, Any], **around: object) -> list[Event]:
    settings = around.pop("settings", {})
    assert isinstance(settings, dict)
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="prometheus",
        received_at=1763805991.0,
        content_type="application/json",
        headers={},
        body=json.dumps({"version": "4", "alerts": alerts, **around}).encode(),
    )
    return SOURCE.parse(receipt, settings)


def test_a_fired_and_a_resolved_alert_are_one_subject() -> None:
    fired, resolved = events_of(
        ALERT,
        {
            **ALERT,
            "status": "resolved",
            "labels": {"b": "2", "a": "1", "alertname": "X"},
            "endsAt": "2025-11-22T10:05:00Z",
        },
    )
    assert fired.subject == resolved.subject != ""
    assert (fired.phase, resolved.phase) == ("open", "closed")
    assert resolved.time == "2025-11-22T10:05:00.000Z"
    (other,) = events_of({**ALERT, "labels": {"alertname": "X", "a": "1", "b": "3"}})
    assert other.subject != fired.subject


def test_a_resolved_alert_without_an_end_happened_when_it_came() -> None:
    (event,) = events_of({**ALERT, "status": "resolved"})
    assert event.time == "2025-11-22T10:06:31.000Z"


@pytest.mark.parametrize(
    ("label", "severity"),
    [
        ("critical", "critical"),
        ("page", "critical"),
        ("error", "high"),
        ("warning", "medium"),
        ("none", "info"),
        ("P2", "high"),
        ("SEV-1", "critical"),
        ("?", "medium"),
    ],
)
def test_severities(label: str, severity: str) -> None:
    (event,) = events_of({**ALERT, "labels": {"severity": label}})
    assert event.severity == severity


def test_another_label_and_other_words_for_the_severity() -> None:
    settings = {"severity_label": "prioridad", "severity": {"P1": "critical"}}
    (event,) = events_of({**ALERT, "labels": {"prioridad": "p1", "severity": "info"}}, settings=settings)
    assert event.severity == "critical"
    wrong: dict[str, object] = {"auth": "hmac", "severity": {"P1": "worst"}, "severity_label": ""}
    assert SOURCE.check(wrong, [b"s"]) == [
        "auth: setting.choice",
        "severity.P1: setting.severity",
        "severity_label: setting.type",
    ]


def test_basic_needs_a_user_and_a_password() -> None:
    assert SOURCE.check({"auth": "basic"}, [b"only-a-password"]) == ["secrets: secret.malformed"]
    assert SOURCE.check({"auth": "basic"}, [b"user:password"]) == []


@pytest.mark.parametrize(
    ("instance", "name"),
    [
        ("db1:9100", "db1"),
        ("db1", "db1"),
        ("10.0.0.1:80", "10.0.0.1"),
        ("[2001:db8::1]:9100", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("https://x.example/a:b", "https://x.example/a:b"),
    ],
)
def test_the_affected_ci_is_the_instance_by_its_host(instance: str, name: str) -> None:
    (event,) = events_of({**ALERT, "labels": {"instance": instance}})
    assert event.data["affected_cis"] == [{"id": instance, "name": name}]


def test_alerts_of_a_group_belong_together() -> None:
    first, second = events_of(ALERT, {**ALERT, "fingerprint": "other"}, groupKey="{}:{}")
    assert first.correlation == second.correlation != ""
    (other,) = events_of(ALERT, groupKey='{}:{a="1"}')
    assert other.correlation != first.correlation
    (alone,) = events_of(ALERT)
    assert alone.correlation == ""


def test_too_many_alerts_are_refused_as_a_whole() -> None:
    assert len(events_of(*[{}] * MAX_ALERTS)) == MAX_ALERTS
    with pytest.raises(PayloadError) as caught:
        events_of(*[{}] * (MAX_ALERTS + 1))
    assert caught.value.reason == "body.too_many"


def test_every_name_in_data_is_declared() -> None:
    heads = {path.partition(".")[0] for path in PATHS}
    alert = {
        **{**ALERT, "silenceURL": "https://g.example/s", "values": {"A": 1}, "annotations": {"description": "d"}},
        **{"status": "resolved", "labels": {"instance": "x", "ci_type": "server"}},
    }
    known, unknown = events_of(alert, "no alert", receiver="r", externalURL="https://a.example", truncatedAlerts=2)  # type: ignore[arg-type]  # a sender's fault
    assert {*known.data, *unknown.data} == heads
