"""PagerDuty as a source: webhooks of version 3, and the ``messages`` of versions 1 and 2, which sign nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

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
from centralita.core.event_types import alias_of
from centralita.core.events import Event, EventType, Severity, event_id
from centralita.core.payload import PayloadError, decode, decode_trusted, find, first_text, items, mapping, text
from centralita.core.proofs import Proof, proof_of, sign_proof, verify_proof
from centralita.core.signing import PRESETS
from centralita.integrations.pagerduty.words import BY_TYPE, EVENTS, OF_INCIDENTS, STATUSES, TYPES
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

AUTH = ("hmac", "header", "key")
DEFAULT_HEADER = "X-Webhook-Secret"
FIELDS = (
    ConfigField(
        name="auth",
        help="How the sender proves itself: its own signature, a secret in a header, or as the last part of the "
        "address.",
        type="choice",
        default="hmac",
        choices=AUTH,
    ),
    ConfigField(name="header", help="Name of the header that carries the secret.", default=DEFAULT_HEADER),
    ConfigField(name="severity", help="The sender's priority to a severity.", type="map"),
)
PATHS = (
    *("event_type", "id", "number", "incident_number", "title", "status", "urgency", "priority.*", "service.*"),
    *("agent.name", "agent.email", "actor.name", "comment.text", "comment.author", "comment.visible_to_customer"),
    *("affected_cis", "description", "assignees", "teams", "escalation_policy.*", "incident.*", "incident_type.*"),
    *("message", "state", "user.*", "custom_fields", "changed_custom_fields", "conference_url", "extra.*"),
)
MAX_MESSAGES = 1_000
_NUMBERED = re.compile(r"\[#\d{1,20}\] ")


class PagerDutySource:
    """See ``ports.Source``."""

    kind = "pagerduty"
    types: Mapping[str, EventType] = TYPES
    fields = FIELDS
    paths = PATHS

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        return [*source_settings.secret_faults(secrets), *source_settings.faults(settings, _CHECKS)]

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        reason = verify_proof(_proof(settings), request, secrets, now)
        return Verdict(ok=not reason, reason=reason, dedupe_key="" if reason else _dedupe_key(request))

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        body = decode_trusted(receipt.body, receipt.content_type)
        messages = items(body, "messages") or [body]
        if len(messages) > MAX_MESSAGES:
            raise PayloadError("body.too_many", f"more than {MAX_MESSAGES} messages")
        table = word_table(settings.get("severity"))
        return [_event(receipt, index, message, table) for index, message in enumerate(messages)]


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``."""
    return sign_proof(_proof(settings), body, headers, secrets[0], now)


def _proof(settings: Mapping[str, object]) -> Proof:
    return proof_of(settings, "hmac", header=DEFAULT_HEADER, scheme=PRESETS["pagerduty"])


def _dedupe_key(request: RawRequest) -> str:
    """The ids of what was sent: a retry has the same."""
    try:
        body = decode(request.body, request.header("content-type") or "")
    except PayloadError:
        return ""  # Whoever takes it in refuses what can't be read.
    found = [text(body, "event.id")] if isinstance(find(body, "event"), dict) else []
    found = found or [text(message, "id") for message in items(body, "messages")]
    if not found or not all(found):
        return ""
    return hashlib.sha256(" ".join(found).encode("utf-8", "surrogatepass")).hexdigest()


# --- From a message to an event --------------------------------------------------------------------------------------


def _event(receipt: Receipt, index: int, message: object, table: Mapping[str, str]) -> Event:
    name, said = _read(message)
    kind = EVENTS.get(name, "pagerduty.unknown")
    is_incident = not kind.startswith(("service.", "pagerduty.pinged"))
    places = ("incident", "incident_role_assignments.0.incident") if is_incident else ("service",)
    incident = next((found for path in places if (found := mapping(said, path))), said)
    status = one_line(incident.get("status")) or BY_TYPE.get(kind, "")
    return Event(
        id=event_id(receipt.id, index),
        source=receipt.source,
        type=kind,
        alias=alias_of(TYPES, kind, name),
        time=_time(message) or rfc3339(receipt.received_at),
        subject=reference("incident" if is_incident else "service", incident.get("id")),
        severity=_severity(incident, table) or ("high" if incident is said and kind in OF_INCIDENTS else "info"),
        title=_title(said, incident),
        category=one_line(first_text(incident, "service.summary", "service.name")),
        status=status,
        phase=STATUSES.get(status, ""),
        url=web_url(incident.get("html_url")) or web_url(said.get("html_url")),
        data=_data(message, name, kind, said, incident),
    )


def _read(message: object) -> tuple[str, dict[str, Any]]:
    """The name of an event and what it is about, in any version."""
    name = first_text(message, "event.event_type", "event", "type")
    for path in ("event.data", "incident", "data.incident", "event"):
        if found := mapping(message, path):
            return name, found
    return name, message if isinstance(message, dict) else {"body": message}


def _time(message: object) -> str:
    paths = ("event.occurred_at", "created_on", "incident.last_status_change_at", "data.incident.last_status_change_on")
    return next((time for path in paths if (time := instant(find(message, path)))), "")


def _severity(incident: Mapping[str, Any], table: Mapping[str, str]) -> Severity | None:
    """By the priority, else by the urgency. Incidents of version 1 had neither, and were urgent; notes and replies say
    neither, and are for information."""
    said = (text(incident, path) for path in ("priority.summary", "priority.name", "priority", "urgency"))
    return next((severity for word in said if (severity := severity_of(word, table))), None)


def _title(said: Mapping[str, Any], incident: Mapping[str, Any]) -> str:
    title = first_text(
        incident,
        *("title", "summary", "description", "name", "trigger_summary_data.subject"),
        *("trigger_summary_data.description", "message", "incident_key"),
    )
    return one_line(_NUMBERED.sub("", title, count=1) or first_text(said, "summary", "name", "message"), TITLE_LIMIT)


def _data(message: object, name: str, kind: str, said: dict[str, Any], incident: Mapping[str, Any]) -> dict[str, Any]:
    actor = first_text(
        message,
        *("event.agent.summary", "log_entries.0.agent.summary", "data.incident.last_status_change_by.name"),
    )
    note = _note(message, kind, said)
    service = {"id": text(incident, "service.id"), "name": first_text(incident, "service.summary", "service.name")}
    data = {
        **{key: value for key, value in said.items() if key not in ("message", "content")},
        "event_type": name,
        "actor": {"name": actor} if actor else {},
        "agent": _assignee(incident),
        "comment": {"text": note, "author": actor, "visible_to_customer": False} if note else {},
        "affected_cis": [service] if service["name"] else [],
        "description": _description(message, said),
    }
    return shaped({key: value for key, value in data.items() if value not in (None, "", [], {})})


def _note(message: object, kind: str, said: Mapping[str, Any]) -> str:
    """What somebody wrote: a note, a status update, a call for help."""
    if kind == "incident.commented":
        paths = ("log_entries.0.channel.summary", "log_entries.0.note", "log_entries.0.summary")
        return text(said, "content") or first_text(message, *paths)
    return "" if kind == "pagerduty.pinged" else text(said, "message")


def _assignee(incident: Mapping[str, Any]) -> dict[str, str]:
    person = {
        "name": one_line(
            first_text(
                incident,
                *("assignees.0.summary", "assignees.0.name", "assignments.0.assignee.summary"),
                *("assigned_to_user.name", "assigned_to.0.object.name"),
            )
        ),
        "email": one_line(first_text(incident, "assignees.0.email", "assigned_to_user.email")),
    }
    return {name: value for name, value in person.items() if value}


def _description(message: object, said: Mapping[str, Any]) -> str:
    there = first_text(said, "body.details", "first_trigger_log_entry.channel.details", "description")
    return there or text(message, "log_entries.0.channel.details")


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(AUTH),
    "header": source_settings.header_name,
    "severity": source_settings.severities,
}
