"""The troubleshooting assistant as a source: its guided sessions, from their start to their end.

It posts ``{event, timestamp, data, webhook_id, signature}``. The signature is inside the body
(``core.inner_signatures``). The header ``X-Webhook-Signature`` says the same, but the sender never renews it after the
first request: it counts only where the body has none.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from centralita.core import source_settings
from centralita.core.attributes import (
    TITLE_LIMIT,
    filled_url,
    instant,
    one_line,
    reference,
    rfc3339,
    severity_of,
    shaped,
    word,
    word_table,
)
from centralita.core.credentials import present_secrets, single_header, wire_bytes
from centralita.core.event_types import declare
from centralita.core.events import Event, EventType, Phase, Severity, event_id
from centralita.core.inner_signatures import inner_signature
from centralita.core.payload import PayloadError, decode, decode_trusted, find, mapping, tame_text
from centralita.core.proofs import proof_of, sign_proof, verify_proof
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

UNKNOWN = "troubleshooting.unknown"
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "session.started": ("session_started",),
    "session.resolved": ("session_resolved",),
    "session.escalated": ("session_escalated",),
    "session.abandoned": ("session_abandoned",),
    "step.completed": ("step_completed",),
    "step.failed": ("step_failed",),
    "step.retried": ("retry_attempt",),
    "feedback.received": ("feedback_received",),
    "problem.detected": ("problem_detected",),
}
TYPES: Mapping[str, EventType] = declare(
    tuple(_ALIASES),
    EventType(UNKNOWN, "The troubleshooting assistant sent something that the source does not know."),
    aliases=_ALIASES,
)
_EVENTS: Mapping[str, str] = {
    **{alias: declared.name for declared in TYPES.values() for alias in declared.aliases},
    **{"session_completed": "session.resolved", "problem_resolved": "session.resolved"},
    **{"escalation": "session.escalated", "ticket_escalated": "session.escalated"},
}
"""The sender's name of an event to its type."""

_SEVERITIES: Mapping[str, Severity] = {
    "session.started": "info",
    "session.resolved": "info",
    "session.abandoned": "low",
    "session.escalated": "high",
}
"""Of the others none: a step says nothing new of how grave its session is."""

_PHASES: Mapping[str, Phase] = {
    "session.started": "open",
    "session.escalated": "open",
    "session.resolved": "closed",
    "session.abandoned": "closed",
}
_STATES: Mapping[str, Phase] = {
    **{"started": "open", "in_progress": "open", "needs_escalation": "open", "escalated": "open"},
    **{"resolved": "closed", "abandoned": "closed"},
}
_STATES_BY_TYPE: Mapping[str, str] = {
    "session.started": "started",
    "session.resolved": "resolved",
    "session.abandoned": "abandoned",
    "session.escalated": "escalated",
    "step.completed": "in_progress",
    "step.failed": "in_progress",
    "step.retried": "in_progress",
}

HEADER = "x-webhook-signature"
AUTH = ("signature", "key")
FIELDS = (
    ConfigField(
        name="auth",
        help="How the sender proves itself: a signature inside the body, or a secret as the last part of the address.",
        type="choice",
        default="signature",
        choices=AUTH,
    ),
    ConfigField(name="url", help="Address of a session's page, with {session} and {ticket} in it."),
    ConfigField(name="severity", help="The sender's name of an event to a severity.", type="map"),
    ConfigField(name="timezone", help="Time zone of times that come without one; UTC if not set."),
)
PATHS = (
    *("ticket.id", "ticket.title", "ticket.description", "requester.name", "requester.email"),
    *("event", "webhook_id", "session_id", "step_number", "total_steps", "current_step", "success", "notes", "reason"),
    *("rating", "feedback_text", "was_helpful", "detected_problem", "problem_title", "category", "status", "attempt"),
    *("ticket_id", "customer_email", "customer_name", "problem_description", "extra.*", "body"),
)


class TroubleshootingSource:
    """See ``ports.Source``."""

    kind = "troubleshooting"
    types: Mapping[str, EventType] = TYPES
    fields = FIELDS
    paths = PATHS

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        return [*source_settings.secret_faults(secrets), *source_settings.faults(settings, _CHECKS)]

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        proof = proof_of(settings, "signature")
        if proof.auth != "signature":
            reason = verify_proof(proof, request, secrets, now) if proof.auth in AUTH else "scheme.invalid"
            return Verdict(ok=not reason, reason=reason)
        reason, signature = _judge(request, secrets)
        # What is signed holds the time to the microsecond, so the signature is the id of this request; and whoever
        # has seen it can't have it taken for another.
        return Verdict(ok=not reason, reason=reason, dedupe_key="" if reason else f"signature:{signature}")

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        body = decode_trusted(receipt.body, receipt.content_type)
        return [_event(receipt, body if isinstance(body, dict) else {"body": body}, settings)]


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``: what it signs is in the body."""
    proof = proof_of(settings, "signature")
    return dict(headers) if proof.auth == "signature" else sign_proof(proof, body, headers, secrets[0], now)


def sign_body(body: bytes, secrets: Sequence[bytes], settings: Mapping[str, object]) -> bytes:
    """``body`` with its signature inside, as the sender writes it; as it is with ``auth: key`` and for no object."""
    payload = decode(body, "application/json")
    if proof_of(settings, "signature").auth != "signature" or not isinstance(payload, dict):
        return body
    return json.dumps({**payload, "signature": inner_signature(payload, secrets[0])}).encode()


def _judge(request: RawRequest, secrets: Sequence[bytes]) -> tuple[str, str]:
    """A reason ("" when the request is authentic) and the signature that was right."""
    present = present_secrets(secrets)
    if not present:
        return "secret.unconfigured", ""
    try:
        payload = decode(request.body, "application/json")
    except PayloadError:
        return "signature.missing", ""  # It would be inside what can't be read.
    if not isinstance(payload, dict):
        return "signature.missing", ""
    given = payload.pop("signature", None)
    if not isinstance(given, str) or not given:
        given, reason = single_header(request.headers, HEADER)
        if reason or not given:
            return reason or "signature.missing", ""
    text = given.removeprefix("sha256=")
    matches = [hmac.compare_digest(inner_signature(payload, secret).encode(), wire_bytes(text)) for secret in present]
    return ("", text) if sum(matches) else ("signature.mismatch", "")


# --- What it says ----------------------------------------------------------------------------------------------------


def _event(receipt: Receipt, body: dict[str, Any], settings: Mapping[str, object]) -> Event:
    name = one_line(body.get("event"))
    kind = _EVENTS.get(word(name), UNKNOWN)
    said = mapping(body, "data")
    session, ticket = one_line(said.get("session_id")), one_line(said.get("ticket_id"))
    status = one_line(said.get("status")) or _STATES_BY_TYPE.get(kind, "")
    return Event(
        id=event_id(receipt.id, 0),
        source=receipt.source,
        type=kind,
        time=_time(body, said, settings) or rfc3339(receipt.received_at),
        subject=reference("session", session) or reference("ticket", ticket),
        severity=severity_of(name, word_table(settings.get("severity")))
        or severity_of(said.get("severity"))
        or _SEVERITIES.get(kind),
        title=_title(said) or _number(name, said),
        category=one_line(said.get("category")) or one_line(find(said, "detected_problem.category")),
        status=status,
        phase=_PHASES.get(kind) or _STATES.get(word(said.get("status")), ""),
        url=filled_url(settings.get("url"), {"session": session, "ticket": ticket}),
        correlation=reference("ticket", ticket),
        data=_data(body, said),
    )


def _time(body: Mapping[str, Any], said: Mapping[str, Any], settings: Mapping[str, object]) -> str:
    zone = source_settings.zone_of(settings.get("timezone"))
    times = (instant(value, zone) if zone else "" for value in (body.get("timestamp"), said.get("timestamp")))
    return next((time for time in times if time), "")


def _problem(said: Mapping[str, Any]) -> str:
    """The problem that the session is about, in one line."""
    names = ("problem_title", "detected_problem.problem_title", "detected_problem.title", "problem_description")
    lines = (tame_text(find(dict(said), name)).partition("\n")[0] for name in names)
    return next((line for text in lines if (line := one_line(text, TITLE_LIMIT))), "")


def _title(said: Mapping[str, Any]) -> str:
    names = ("reason", "notes", "feedback_text", "message", "error", "step_title", "title", "detected_problem")
    return _problem(said) or next((line for name in names if (line := one_line(said.get(name), TITLE_LIMIT))), "")


def _number(name: str, said: Mapping[str, Any]) -> str:
    """For a step or a rating without words: the sender's name of the event and the number."""
    rating = one_line(said.get("rating"))
    number = f"{rating}/5" if rating else one_line(said.get("step_number")) or one_line(said.get("attempt"))
    return " ".join(part for part in (name, number) if part)


def _data(body: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    around = {name: value for name, value in body.items() if name not in ("timestamp", "data", "signature")}
    if not isinstance(body.get("data"), dict):
        around["extra"] = {"data": body.get("data")} if body.get("data") is not None else None
    ticket = {
        "id": one_line(said.get("ticket_id")),
        "title": _problem(said),
        "description": tame_text(said.get("problem_description")),
    }
    person = {"name": one_line(said.get("customer_name")), "email": one_line(said.get("customer_email"))}
    ours = {
        name: {key: text for key, text in record.items() if text}
        for name, record in (("ticket", ticket), ("requester", person))
    }
    found = {**around, **said, **{name: record for name, record in ours.items() if record}}
    return shaped({name: value for name, value in found.items() if value not in (None, "", [], {})})


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(AUTH),
    "url": source_settings.url_with("session", "ticket"),
    "severity": source_settings.severities,
    "timezone": source_settings.timezone,
}
