"""Prometheus Alertmanager as a source: webhook payloads of version 4, and those that follow them (Mimir, Grafana...).

What is in a group of alerts stands in ``core.alert_groups``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from centralita.core import source_settings
from centralita.core.alert_groups import Dialect, group_events, unknown_event
from centralita.core.attributes import word_table
from centralita.core.event_types import declare
from centralita.core.events import Event, EventType
from centralita.core.payload import decode_trusted, tame_text
from centralita.core.proofs import proof_of, sign_proof, verify_proof
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

TYPES: Mapping[str, EventType] = declare(
    ("alert.fired", "alert.resolved"),
    EventType("alertmanager.unknown", "Alertmanager sent something that the source does not know."),
)
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
        label = tame_text(settings.get("severity_label")) or "severity"
        dialect = Dialect(
            unknown="alertmanager.unknown",
            severity_labels=(label,),
            severities=word_table(settings.get("severity")),
            # A rule need not say how grave it is: one that does not is an ordinary one.
            severity="medium",
        )
        return group_events(receipt, body, dialect) or [unknown_event(receipt, 0, body, dialect.unknown)]


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``."""
    return sign_proof(proof_of(settings, "bearer"), body, headers, secrets[0], now)


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(AUTH),
    "severity": source_settings.severities,
    "severity_label": source_settings.text,
}
