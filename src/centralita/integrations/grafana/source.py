"""Grafana as a source: alerting's webhook contact points, those of Grafana 8 and older, and OnCall's outgoing webhooks.

Source: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/
webhook-notifier/ and https://grafana.com/docs/oncall/latest/configure/outgoing-webhooks/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from centralita.core import source_settings
from centralita.core.alert_groups import Dialect, group_events
from centralita.core.attributes import word_table
from centralita.core.event_types import declare
from centralita.core.events import Event, EventType
from centralita.core.payload import decode_trusted, tame_text
from centralita.core.proofs import Proof, proof_of, sign_proof, verify_proof
from centralita.core.signing import PRESETS
from centralita.integrations.grafana.bodies import single_event
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

TYPES: Mapping[str, EventType] = declare(
    ("alert.fired", "alert.resolved", "alert.updated", "alert.acknowledged"),
    EventType("grafana.unknown", "Grafana sent something that the source does not know."),
)
AUTH = ("hmac", "bearer", "basic")
FIELDS = (
    ConfigField(
        name="auth",
        help="How the sender proves itself: an HMAC signature, a bearer token, or a user and password "
        "(the secret is user:password).",
        type="choice",
        default="hmac",
        choices=AUTH,
    ),
    ConfigField(
        name="timestamp_header",
        help="Name of the header with the time, if the contact point signs one; else the body alone is signed.",
    ),
    ConfigField(name="severity", help="The label's value to a severity.", type="map"),
    ConfigField(name="severity_label", help="Name of the label that says how grave it is.", default="severity"),
)
PATHS = (
    *("labels.*", "annotations.*", "description", "affected_cis", "ci_type", "receiver", "external_url", "starts_at"),
    *("truncated_alerts", "values.*", "value_string", "body.*"),
    *("silence_url", "panel_url", "dashboard_url", "generator_url", "image_url"),
)


class GrafanaSource:
    """See ``ports.Source``."""

    kind = "grafana"
    types: Mapping[str, EventType] = TYPES
    fields = FIELDS
    paths = PATHS

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        found = source_settings.secret_faults(secrets, settings.get("auth"))
        return [*found, *source_settings.faults(settings, _CHECKS)]

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        reason = verify_proof(_proof(settings), request, secrets, now)
        return Verdict(ok=not reason, reason=reason)

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        body, dialect = decode_trusted(receipt.body, receipt.content_type), _dialect(settings)
        return group_events(receipt, body, dialect) or [single_event(receipt, body, dialect)]


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``."""
    return sign_proof(_proof(settings), body, headers, secrets[0], now)


def _proof(settings: Mapping[str, object]) -> Proof:
    scheme = PRESETS["grafana"]
    if timestamp_header := tame_text(settings.get("timestamp_header")).lower():
        scheme = msgspec.structs.replace(scheme, timestamp_header=timestamp_header, content="{timestamp}:{body}")
    return proof_of(settings, "hmac", scheme=scheme)


def _dialect(settings: Mapping[str, object]) -> Dialect:
    own = tame_text(settings.get("severity_label"))
    return Dialect(
        unknown="grafana.unknown",
        severity_labels=(own,) if own else ("severity", "priority", "level"),
        severities=word_table(settings.get("severity")),
        # Nothing in Grafana makes people say how grave a rule is: a rule without the label is an ordinary one.
        severity="medium",
        links=(
            *(("silence_url", "silenceURL"), ("panel_url", "panelURL"), ("dashboard_url", "dashboardURL")),
            *(("generator_url", "generatorURL"), ("image_url", "imageURL")),
        ),
        is_generator=True,
        texts=(("value_string", "valueString"),),
    )


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(AUTH),
    "timestamp_header": source_settings.header_name,
    "severity": source_settings.severities,
    "severity_label": source_settings.text,
}
