"""NopeSight as a source: events of the items of its CMDB, and changes (those of category ``change``).

How it sends is not documented; what an event holds is, by the templates that show one: ``id, title, severity, source,
timestamp, status, description, affected_cis[{id, name}], ai_analysis{summary, recommended_action}``, and ``category``
and ``ci_type`` in rules. So an event is taken alone, in a list, or in an envelope, proved in any of the usual ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from centralita.core import source_settings
from centralita.core.attributes import (
    TITLE_LIMIT,
    filled_url,
    instant,
    one_line,
    phase_of,
    reference,
    rfc3339,
    severity_of,
    shaped,
    web_url,
    word,
    word_table,
)
from centralita.core.event_types import declare
from centralita.core.events import Event, EventType, Phase, event_id
from centralita.core.payload import decode_trusted, find, items, mapping, tame_text
from centralita.core.proofs import Proof, proof_of, sign_proof, verify_proof
from centralita.core.signing import HmacScheme
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

UNKNOWN = "nopesight.unknown"
TYPES: Mapping[str, EventType] = declare(
    (
        *("alert.fired", "alert.updated", "alert.acknowledged", "alert.resolved"),
        *("change.created", "change.updated", "change.completed"),
    ),
    EventType(UNKNOWN, "NopeSight sent something that the source does not know."),
)
_ALERTS: Mapping[str, str] = {
    **dict.fromkeys("open opened new active firing triggered reopened detected created".split(), "alert.fired"),
    **dict.fromkeys("acknowledged ack confirmed".split(), "alert.acknowledged"),
    **dict.fromkeys("investigating in_progress monitoring pending on_hold assigned updated".split(), "alert.updated"),
    **dict.fromkeys("resolved closed cleared recovered ok fixed".split(), "alert.resolved"),
}
_CHANGES: Mapping[str, str] = {
    **dict.fromkeys("new open draft requested planned scheduled created proposed detected".split(), "change.created"),
    **dict.fromkeys(
        "approved authorized in_progress implementing started pending review updated".split(), "change.updated"
    ),
    **dict.fromkeys(
        "completed implemented done closed resolved cancelled canceled rejected failed rolled_back successful".split(),
        "change.completed",
    ),
}
_STATUSES: Mapping[str, Mapping[str, str]] = {"alert": _ALERTS, "change": _CHANGES}
"""What it is, to its status as ``attributes.word`` writes it, to the type. Another status is unknown, not firing."""

_CHANGE_WORDS = ("change", "changes", "change_request", "cambio", "cambios")
_ENDS = {"alert": ("alert.fired", "alert.resolved"), "change": ("change.created", "change.completed")}

_PHASES: Mapping[str, Phase] = {
    **dict.fromkeys(TYPES, "open"),  # what is not over goes on
    **{"alert.resolved": "closed", "change.completed": "closed", UNKNOWN: ""},
}

MAX_EVENTS = 10_000
"""In one payload; more are one unknown event that holds them all."""

DEFAULT_HEADER = "X-NopeSight-Signature"
DEFAULT_URL = "https://nopesight.com/events/{id}"
AUTH = ("bearer", "hmac", "header", "key")
FIELDS = (
    ConfigField(
        name="auth",
        help="How the sender proves itself: a token, a signature of the body, a secret in a header or in the address.",
        type="choice",
        default="bearer",
        choices=AUTH,
    ),
    ConfigField(
        name="header",
        help="Name of the header that carries the secret, or the signature: sha256= and the HMAC-SHA256 in hex.",
        default=DEFAULT_HEADER,
    ),
    ConfigField(name="url", help="Address of an event's page, with {id} in it.", default=DEFAULT_URL),
    ConfigField(name="ci_url", help="Address of a CI's page, with {id} in it."),
    ConfigField(name="severity", help="The sender's severity to one of ours.", type="map"),
    ConfigField(name="statuses", help="The sender's status to an event type.", type="map"),
    ConfigField(name="timezone", help="Time zone of times that come without one; UTC if not set."),
)
PATHS = (
    *("id", "source", "event", "description", "affected_cis", "ci_type", "extra.*", "body"),
    *("ai_analysis.summary", "ai_analysis.recommended_action", "event_type", "type", "action"),
)


class NopesightSource:
    """See ``ports.Source``."""

    kind = "nopesight"
    types: Mapping[str, EventType] = TYPES
    fields = FIELDS
    paths = PATHS

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        return [*source_settings.secret_faults(secrets), *source_settings.faults(settings, _CHECKS)]

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        reason = verify_proof(_proof(settings), request, secrets, now)
        return Verdict(ok=not reason, reason=reason)

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        body = decode_trusted(receipt.body, receipt.content_type)
        found = _unwrapped(body)
        if len(found) > MAX_EVENTS:
            found = [{"body": body}]
        return [_event(receipt, index, said, settings) for index, said in enumerate(found)]


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``."""
    return sign_proof(_proof(settings), body, headers, secrets[0], now)


def _proof(settings: Mapping[str, object]) -> Proof:
    header = tame_text(settings.get("header")) or DEFAULT_HEADER
    scheme = HmacScheme(header=header.lower(), prefix="sha256=")
    return proof_of(settings, "bearer", header=header, scheme=scheme)


# --- What it says ----------------------------------------------------------------------------------------------------

_ENVELOPES = ("event", "alert", "change", "incident", "payload", "data")


def _unwrapped(body: object) -> list[dict[str, Any]]:
    """The events in a body: a list of them, or one, bare or in an envelope whose other entries stay with it."""
    if isinstance(body, list) or items(body, "events"):
        listed = body if isinstance(body, list) else items(body, "events")
        return [item if isinstance(item, dict) else {"body": item} for item in listed]
    if not isinstance(body, dict):
        return [{"body": body}]
    for name in _ENVELOPES:
        inside = mapping(body, name)
        if inside and not tame_text(body.get("title")):
            around = {key: value for key, value in body.items() if key != name}
            return [{**around, **({"category": "change"} if name == "change" else {}), **inside}]
    return [body]


def _event(receipt: Receipt, index: int, said: dict[str, Any], settings: Mapping[str, object]) -> Event:
    category, status = one_line(said.get("category")), one_line(said.get("status"))
    category = "change" if word(category) in _CHANGE_WORDS else category
    kind = _type(said, category, status, word_table(settings.get("statuses")))
    number = one_line(said.get("id")) or one_line(said.get("event_id"))
    title = one_line(said.get("title"), TITLE_LIMIT) or one_line(said.get("name"), TITLE_LIMIT)
    zone = source_settings.zone_of(settings.get("timezone"))
    times = (said.get(name) for name in ("timestamp", "time", "created_at"))
    time = next((at for value in times if zone and (at := instant(value, zone))), "")
    return Event(
        id=event_id(receipt.id, index),
        source=receipt.source,
        type=kind,
        time=time or rfc3339(receipt.received_at),
        subject=reference("event", number),
        severity=severity_of(said.get("severity"), word_table(settings.get("severity"))),
        title=title or one_line(tame_text(said.get("description")).partition("\n")[0], TITLE_LIMIT),
        category=category,
        status=status,
        phase=_PHASES.get(kind) or phase_of(status),
        url=web_url(said.get("url")) or filled_url(settings.get("url") or DEFAULT_URL, {"id": number}),
        data=_data(said, settings.get("ci_url")),
    )


def _type(said: Mapping[str, Any], category: str, status: str, own: Mapping[str, str]) -> str:
    about = "change" if category == "change" else "alert"
    begun, over = _ENDS[about]
    if said.get("status") in (None, ""):
        # A status that is not told, not one that is not understood: whoever sends a title tells of something new.
        return begun if tame_text(said.get("title")) else UNKNOWN
    named = own.get(word(status)) or _STATUSES[about].get(word(status))
    named = named or {"open": begun, "closed": over}.get(phase_of(status), UNKNOWN)
    return named if named in TYPES else UNKNOWN


def _data(said: Mapping[str, Any], ci_url: object) -> dict[str, Any]:
    rest = {name: value for name, value in said.items() if value not in (None, "", [], {})}
    data = shaped({name: value for name, value in rest.items() if not (name in _READ and tame_text(value))})
    affected = [_ci(item, ci_url) for item in items(data, "affected_cis")]
    types = (one_line(find(item, name)) for item in affected for name in ("ci_type", "type"))
    first = one_line(data.get("ci_type")) or next((found for found in types if found), "")
    return {**data, **({"affected_cis": affected} if affected else {}), **({"ci_type": first} if first else {})}


_READ = ("title", "severity", "status", "timestamp", "category", "url")
"""What becomes an attribute of the event, when it can be read."""


def _ci(item: dict[str, Any], ci_url: object) -> dict[str, Any]:
    url = web_url(item.get("url")) or filled_url(ci_url, {"id": item.get("id")})
    return {**{name: value for name, value in item.items() if name != "url"}, **({"url": url} if url else {})}


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(AUTH),
    "header": source_settings.header_name,
    "url": source_settings.url_with("id"),
    "ci_url": source_settings.url_with("id"),
    "severity": source_settings.severities,
    "statuses": source_settings.event_types(lambda name: name in TYPES),
    "timezone": source_settings.timezone,
}
