"""Prometheus Alertmanager as a source: webhook payloads of version 4, and those that follow them (Grafana, Mimir...).

One event per alert. The payload has no id of its own, and Alertmanager repeats an alert as long as it fires, so the
hub's hash of the content tells a retry from a repetition.
Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from centralita.core import source_settings
from centralita.core.attributes import (
    TITLE_LIMIT,
    instant,
    one_line,
    reference,
    rfc3339,
    severity_of,
    shaped,
    web_url,
    word_table,
)
from centralita.core.event_types import declare
from centralita.core.events import Event, EventType, Phase, event_id
from centralita.core.payload import PayloadError, decode_trusted, find, integer, items, mapping, tame_text, text
from centralita.core.proofs import proof_of, sign_proof, verify_proof
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

TYPES: Mapping[str, EventType] = declare(
    ("alert.fired", "alert.resolved"),
    EventType("alertmanager.unknown", "Alertmanager sent something that the source does not know."),
)
_STATES: Mapping[str, tuple[str, Phase, str]] = {
    "firing": ("alert.fired", "open", "startsAt"),
    "resolved": ("alert.resolved", "closed", "endsAt"),
}
"""Status of an alert to the event's type, its phase, and where its time is."""

AUTH = ("bearer", "basic")
FIELDS = (
    ConfigField(
        name="auth",
        help="How the sender proves itself: a bearer token, or a user and password (the secret is user:password).",
        type="choice",
        default="bearer",
        choices=AUTH,
    ),
    ConfigField(name="severity", help="The label's value to a severity.", type="map"),
    ConfigField(name="severity_label", help="Name of the label that says how grave it is.", default="severity"),
)
PATHS = (
    *("labels.*", "annotations.*", "description", "affected_cis", "ci_type", "receiver", "external_url", "silence_url"),
    *("starts_at", "truncated_alerts", "values.*", "body"),
)
MAX_ALERTS = 10_000
"""In one payload, so that a sender's fault can't make a million rows of one request."""


class AlertmanagerSource:
    """See ``ports.Source``."""

    kind = "alertmanager"
    types: Mapping[str, EventType] = TYPES
    fields = FIELDS
    paths = PATHS

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        found = source_settings.secret_faults(secrets, settings.get("auth"))
        return [*found, *source_settings.faults(settings, _CHECKS)]

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        reason = verify_proof(proof_of(settings, "bearer"), request, secrets, now)
        return Verdict(ok=not reason, reason=reason)

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        body = decode_trusted(receipt.body, receipt.content_type)
        alerts = items(body, "alerts")
        if len(alerts) > MAX_ALERTS:
            raise PayloadError("body.too_many", f"more than {MAX_ALERTS} alerts")
        if not alerts:
            return [_unknown(receipt, 0, body)]
        around, table = _around(body), word_table(settings.get("severity"))
        label = tame_text(settings.get("severity_label")) or "severity"
        return [
            _event(receipt, index, alert, around, label, table)
            if isinstance(alert, dict)
            else _unknown(receipt, index, alert)
            for index, alert in enumerate(alerts)
        ]


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``."""
    return sign_proof(proof_of(settings, "bearer"), body, headers, secrets[0], now)


def _unknown(receipt: Receipt, index: int, body: object) -> Event:
    return Event(
        id=event_id(receipt.id, index),
        source=receipt.source,
        type="alertmanager.unknown",
        time=rfc3339(receipt.received_at),
        data={"body": body},
    )


def _event(
    receipt: Receipt,
    index: int,
    alert: dict[str, Any],
    around: Mapping[str, Any],
    label: str,
    table: Mapping[str, str],
) -> Event:
    labels, annotations = _texts(alert, "labels"), _texts(alert, "annotations")
    status = one_line(alert.get("status"))
    kind, phase, time_at = _STATES.get(status, ("alertmanager.unknown", "", ""))
    return Event(
        id=event_id(receipt.id, index),
        source=receipt.source,
        type=kind,
        time=instant(alert.get(time_at)) or rfc3339(receipt.received_at),
        subject=reference("alert", alert.get("fingerprint")) or reference("alert", _fingerprint(labels)),
        severity=severity_of(labels.get(label), table),
        title=one_line(annotations.get("summary") or labels.get("alertname"), TITLE_LIMIT),
        category=one_line(labels.get("category")),
        status=status,
        phase=phase,
        url=_url(alert) or web_url(around.get("external_url")),
        correlation=around.get("correlation", ""),
        data=_data(alert, kind, labels, annotations, around),
    )


def _data(
    alert: dict[str, Any],
    kind: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    around: Mapping[str, Any],
) -> dict[str, Any]:
    data = {
        "labels": labels,
        "annotations": annotations,
        "description": annotations.get("description") or annotations.get("message"),
        "affected_cis": _affected(labels.get("instance", "")),
        "ci_type": labels.get("ci_type"),
        "starts_at": instant(alert.get("startsAt")) if kind == "alert.resolved" else "",
        "silence_url": web_url(alert.get("silenceURL")),
        "values": alert.get("values"),
        **{name: value for name, value in around.items() if name != "correlation"},
    }
    return shaped({name: value for name, value in data.items() if value not in (None, "", [], {}, 0)})


def _around(body: object) -> dict[str, Any]:
    """What the payload says of all its alerts."""
    group = text(body, "groupKey")
    return {
        "receiver": one_line(find(body, "receiver")),
        "external_url": web_url(find(body, "externalURL")),
        # How many alerts of the group the sender left out of this payload.
        "truncated_alerts": integer(body, "truncatedAlerts"),
        "correlation": f"group/{_hash(group.encode('utf-8', 'surrogatepass'))}" if group else "",
    }


def _texts(alert: dict[str, Any], name: str) -> dict[str, str]:
    return {key: found for key, value in mapping(alert, name).items() if (found := tame_text(value))}


def _url(alert: dict[str, Any]) -> str:
    # Grafana's generator may be relative.
    urls = (web_url(alert.get(name)) for name in ("generatorURL", "panelURL", "dashboardURL"))
    return next((url for url in urls if url), "")


def _affected(instance: str) -> list[dict[str, str]]:
    if not instance:
        return []
    host, colon, port = instance.rpartition(":")
    name = host if colon and port.isdigit() and (":" not in host or host.endswith("]")) else instance
    return [{"id": instance, "name": name.removeprefix("[").removesuffix("]")}]


def _fingerprint(labels: Mapping[str, str]) -> str:
    return _hash(msgspec.json.encode(labels, order="sorted")) if labels else ""


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(AUTH),
    "severity": source_settings.severities,
    "severity_label": source_settings.text,
}
