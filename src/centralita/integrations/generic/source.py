"""Anything that can POST as a source: how it proves itself and what its words mean stand in the settings.

Without a mapping the names ``id, type, subject, severity, title, url, time, status, phase, category`` and ``data`` are
read from the body, or from the CloudEvent in it; what is not understood goes to ``data.extra``, never away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from centralita.core.attributes import (
    TITLE_LIMIT,
    WORD_LIMIT,
    instant,
    one_line,
    phase_of,
    reference,
    rfc3339,
    severity_of,
    shaped,
    type_name,
    web_url,
    word,
)
from centralita.core.events import Event, EventType, event_id
from centralita.core.payload import PayloadError, tame_text
from centralita.core.proofs import sign_proof, verify_proof
from centralita.integrations.generic import fields
from centralita.integrations.generic.documents import Document, documents, extensions
from centralita.integrations.generic.mapping import (
    ATTRIBUTES,
    is_blank,
    omitted,
    placed,
    read,
    understood,
    unwrapped,
    with_embedded,
    without_absent,
    without_markup,
)
from centralita.integrations.generic.plan import TYPES, Plan, plan_of
from centralita.ports import RawRequest, Receipt, Verdict

_KEY_LIMIT = 200


class GenericSource:
    """See ``ports.Source``. ``declared`` adds what a configured source declares to ``types``."""

    kind = "generic"
    types: Mapping[str, EventType] = TYPES
    fields = fields.FIELDS
    paths = ("*",)

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        return fields.faults(settings, secrets)

    def declares(self, name: str, settings: Mapping[str, object]) -> bool:
        """Whether a source of these settings may produce the event type ``name``."""
        return plan_of(settings).declares(name)

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        plan = plan_of(settings)
        reason = verify_proof(plan.proof, request, secrets, now)
        return Verdict(ok=not reason, reason=reason, dedupe_key="" if reason else _dedupe_key(plan, request))

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        plan = plan_of(settings)
        found = documents(receipt.body, receipt.content_type, receipt.headers)
        return [_event(receipt, index, document, plan) for index, document in enumerate(found)]


# --- Who sent it -----------------------------------------------------------------------------------------------------


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``; raises as ``proofs.sign_proof``."""
    return sign_proof(plan_of(settings).proof, body, headers, secrets[0], now)


def _dedupe_key(plan: Plan, request: RawRequest) -> str:
    """The sender's id of the request: from a header, from where the mapping says, from a CloudEvent; "" if none."""
    for name in plan.id_headers:
        value = (request.header(name) or "").strip()
        if value:
            # A CloudEvent's id is unique only together with its source.
            return _short(f"{request.header('ce-source') or ''} {value}" if name == "ce-id" else value)
    content_type = request.header("content-type") or ""
    structured = content_type.lower().startswith("application/cloudevents+json")
    if not plan.id_sources and not structured:
        return ""
    try:
        found = documents(request.body, content_type, dict(request.headers))
    except PayloadError:
        return ""  # Whoever takes it in refuses what can't be read.
    if len(found) != 1:
        return ""
    body = _repaired(found[0].fields, plan)
    value = tame_text(read(_scope(body, plan), plan.id_sources or ("id",)))
    origin = tame_text(body.get("source")) if found[0].kind == "cloudevent" else ""
    return _short(f"{origin} {value}" if origin else value) if value else ""


def _short(key: str) -> str:
    if len(key) <= _KEY_LIMIT:
        return key
    return f"sha256:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


# --- What it says ----------------------------------------------------------------------------------------------------


def _event(receipt: Receipt, index: int, document: Document, plan: Plan) -> Event:
    body = _repaired(document.fields, plan)
    scope = _scope(body, plan)
    kind = "generic.unknown" if document.kind == "broken" else _type(scope, plan)
    known = _known(scope, plan)
    time = understood(scope, plan.attributes["time"], lambda value: instant(value, plan.zone))
    data = _data(document, body, plan, {**known, "time": time})
    for path, sources in plan.inside_data.items():
        value = read(scope, sources)
        data = data if is_blank(value) else placed(data, path, value)
    named, said = read(scope, plan.attributes["id"]), read(scope, plan.attributes["type"])
    if named is not None:
        data["id"] = tame_text(named) or named
    if kind == "generic.unknown" and said is not None:
        data["type"] = said
    return Event(
        id=event_id(receipt.id, index),
        source=receipt.source,
        type=kind,
        time=time or rfc3339(receipt.received_at),
        data=shaped(data),
        **known,
    )


def _scope(body: Mapping[str, Any], plan: Plan) -> Mapping[str, Any]:
    """What the entries of a mapping see: the body, and what ``let`` names. Each sees those before it."""
    scope = body
    for name, sources in plan.let.items():
        scope = {**scope, name: read(scope, sources)}
    return scope


def _known(body: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """What can be understood of an event's attributes, besides its type and time."""
    at = plan.attributes
    return {
        "subject": understood(body, at["subject"], lambda value: reference("", value)),
        "severity": understood(body, at["severity"], lambda value: severity_of(value, plan.severity)),
        "title": understood(body, at["title"], lambda value: one_line(value, TITLE_LIMIT)),
        "category": understood(body, at["category"], one_line),
        "status": understood(
            body, at["status"], lambda value: plan.statuses.get(word(value)) or one_line(value, WORD_LIMIT)
        ),
        "phase": understood(body, (*at["phase"], *at["status"]), lambda value: phase_of(value, plan.phases)),
        "url": understood(body, at["url"], web_url),
    }


def _repaired(body: dict[str, Any], plan: Plan) -> dict[str, Any]:
    if plan.is_absent:
        body = without_absent(body, plan.is_absent)
    for path in plan.embedded:
        body = with_embedded(body, path)
    for path in plan.unwrap:
        body = unwrapped(body, path)
    for path in plan.html:
        body = without_markup(body, path)
    return body


def _type(body: Mapping[str, Any], plan: Plan) -> str:
    def declared(said: object) -> str:
        found = plan.events.get(word(said)) or type_name(said)
        return found if found and plan.declares(found) else ""

    sources = plan.attributes["type"]
    return understood(body, sources, declared) or (
        "generic.received" if read(body, sources) is None else "generic.unknown"
    )


def _data(document: Document, body: dict[str, Any], plan: Plan, known: Mapping[str, Any]) -> dict[str, Any]:
    if document.kind == "cloudevent":
        data = _unwrapped({}, body.get("data"))
        if beyond := extensions(body):
            data["cloudevent"] = beyond
    elif plan.is_mapped or document.kind != "plain":
        data = body
    else:
        rest = {name: value for name, value in body.items() if name not in (*ATTRIBUTES, "timestamp", "data")}
        data = _unwrapped(rest, body.get("data"))
        lost = {name: body[name] for name in known if not is_blank(body.get(name)) and not known[name]}
        data = placed(data, "extra", lost) if lost else data
    for path in plan.omit:
        data = omitted(data, path)
    return dict(data)


def _unwrapped(rest: dict[str, Any], data: object) -> dict[str, Any]:
    if is_blank(data):
        return rest
    return {**rest, **data} if isinstance(data, dict) else {**rest, "data": data}
