"""What is Grafana's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from centralita.core.events import Event
from centralita.integrations.grafana.source import GrafanaSource
from centralita.ports import RawRequest, Receipt

SOURCE = GrafanaSource()
NOW = 1763805991.0
SECRET = b"c0rrect-horse-battery"
BODY = b'{"alerts":[]}'
BASE = "https://g.example/grafana/"


def events_of(**body: object) -> list[Event]:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="grafana",
        received_at=NOW,
        content_type="application/json",
        headers={},
        body=json.dumps(body).encode(),
    )
    return SOURCE.parse(receipt, {})


def hexed(content: bytes) -> str:
    return hmac.new(SECRET, content, hashlib.sha256).hexdigest()


def verdict(settings: dict[str, object], **headers: str) -> str:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    request = RawRequest(method="POST", query="", headers=named, body=BODY)
    return SOURCE.verify(request, [SECRET], NOW, settings).reason


def test_the_body_alone_is_signed_without_a_header_for_the_time() -> None:
    assert verdict({}, x_grafana_alerting_signature=hexed(BODY)) == ""
    assert verdict({}, x_grafana_alerting_signature=hexed(b"1763805991:" + BODY)) == "signature.mismatch"


def test_with_such_a_header_time_and_body_are_signed_and_the_time_is_judged() -> None:
    settings: dict[str, object] = {"timestamp_header": "X-Grafana-Alerting-Timestamp"}
    both = hexed(b"1763805991:" + BODY)
    stale = hexed(b"1763800000:" + BODY)
    given = {"x_grafana_alerting_signature": both, "x_grafana_alerting_timestamp": "1763805991"}
    assert verdict(settings, **given) == ""
    assert verdict(settings, **{**given, "x_grafana_alerting_timestamp": "1763805990"}) == "signature.mismatch"
    assert verdict(settings, x_grafana_alerting_signature=both) == "timestamp.missing"
    assert verdict(settings, **{**given, "x_grafana_alerting_signature": hexed(BODY)}) == "signature.mismatch"
    late = {"x_grafana_alerting_signature": stale, "x_grafana_alerting_timestamp": "1763800000"}
    assert verdict(settings, **late) == "timestamp.stale"


@pytest.mark.parametrize(
    ("alert", "url"),
    [
        ({"generatorURL": "https://g.example/a", "panelURL": "https://g.example/p"}, "https://g.example/a"),
        ({"generatorURL": "?orgId=1", "panelURL": "https://g.example/p"}, "https://g.example/p"),
        ({"generatorURL": "?orgId=1", "panelURL": ""}, "https://g.example/grafana/?orgId=1"),
        ({"generatorURL": "/alerting/x/view"}, "https://g.example/grafana/alerting/x/view"),
        ({"generatorURL": "javascript:alert(1)"}, BASE),
        ({}, BASE),
        ({"silenceURL": "https://g.example/silence"}, BASE),
    ],
)
def test_the_link_is_the_alert_s_page_or_else_the_nearest_to_it(alert: dict[str, str], url: str) -> None:
    (event,) = events_of(alerts=[{"status": "firing", **alert}], externalURL=BASE)
    assert event.url == url


@pytest.mark.parametrize(
    ("state", "kind", "phase"),
    [
        ("alerting", "alert.fired", "open"),
        ("no_data", "alert.fired", "open"),
        ("ok", "alert.resolved", "closed"),
        ("pending", "alert.updated", "open"),
        ("paused", "alert.updated", ""),
        ("something new", "grafana.unknown", ""),
    ],
)
def test_a_state_of_the_old_alerting_is_never_silently_an_alert(state: str, kind: str, phase: str) -> None:
    (event,) = events_of(ruleId=9, ruleName="CPU", state=state, ruleUrl="https://g.example/d/1")
    assert (event.type, event.phase, event.subject, event.title) == (kind, phase, "alert/9", "CPU")


def test_a_rule_without_a_severity_is_an_ordinary_one_and_keeps_it_when_it_ends() -> None:
    fired, resolved = events_of(
        alerts=[
            {"status": "firing", "labels": {"alertname": "X"}},
            {"status": "resolved", "labels": {"alertname": "X"}},
        ]
    )
    assert (fired.severity, resolved.severity) == ("medium", "medium")
    assert fired.subject == resolved.subject


def test_an_alert_whose_state_a_template_left_out_has_that_of_its_group() -> None:
    (event,) = events_of(status="firing", alerts=[{"labels": {"alertname": "X"}, "silenceURL": "https://g.example/s"}])
    assert (event.type, event.phase, event.url) == ("alert.fired", "open", "https://g.example/s")
    (wrong,) = events_of(status="firing", alerts=[{"status": None, "labels": {"alertname": "X"}}])
    assert wrong.type == "grafana.unknown"


def test_what_an_author_put_beside_the_alerts_is_in_each_unless_that_would_be_much() -> None:
    alerts = [{"status": "firing", "labels": {"alertname": str(number)}} for number in range(1_000)]
    few = events_of(alerts=alerts[:2], team="web", nothing=None)
    assert [event.data["team"] for event in few] == ["web", "web"]
    assert "nothing" not in few[0].data
    assert "team" not in events_of(alerts=alerts, team="x" * 2_000)[0].data
