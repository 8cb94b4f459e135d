"""InvGate Service Desk as a source: the bodies, JSON or form, that its automations post ("Call Web Service").

Nothing about the body is fixed; the least that it needs is the ticket's id. A field of another type, or null, is an
absent field: the event comes all the same, and what could not be read is in ``data.extra``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from centralita.core import source_settings
from centralita.core.attributes import (
    TITLE_LIMIT,
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
from centralita.core.effects import Effect
from centralita.core.events import PEOPLE, Event, EventType, Phase, event_id
from centralita.core.fields import Fields, map_check, mapped
from centralita.core.payload import PayloadError, decode_trusted, text
from centralita.core.plain_text import plain_text
from centralita.core.proofs import Proof, proof_of, sign_proof, verify_proof
from centralita.core.ticket_bodies import host_link, is_host
from centralita.core.ticket_words import EVENTS, PHASES_BY_TYPE
from centralita.integrations.invgate import filling
from centralita.integrations.invgate.found import CONTENT_TYPE, Found
from centralita.integrations.invgate.words import MAP, PRIORITIES, TYPES
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

DEFAULT_HEADER = "X-Webhook-Secret"
AUTH = ("header", "key")

FIELDS = (
    ConfigField(
        name="auth",
        help="How the sender proves itself: a secret in a header, or as the last part of the address.",
        type="choice",
        default="header",
        choices=AUTH,
    ),
    ConfigField(name="header", help="Name of the header that carries the secret.", default=DEFAULT_HEADER),
    ConfigField(name="instance", help="Host of the InvGate instance, for links to tickets.", asked=True),
    ConfigField(name="map", help="Our name of a field to its path in the body, or several to try.", type="map"),
    ConfigField(name="events", help="The sender's name of an event to an event type.", type="map"),
    ConfigField(name="severity", help="The sender's priority to a severity.", type="map"),
    ConfigField(name="phases", help="The sender's status to open or closed.", type="map"),
    ConfigField(name="timezone", help="Time zone of times that come without one; UTC if not set."),
)

PATHS = (
    *(
        f"ticket.{name}"
        for name in ("id", "pretty_id", "title", "description", "status", "priority", "category", "url")
    ),
    *(f"{role}.{name}" for role in PEOPLE for name in ("name", "email")),
    *("comment.text", "comment.author", "comment.visible_to_customer"),
    *(f"approval.{name}" for name in ("id", "status", "note", "description", "amount")),
    *("event", "created_at", "extra.*"),
)


class InvgateSource:
    """See ``ports.Source``."""

    kind = "invgate"
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
        if receipt.content_type == CONTENT_TYPE:
            return [_found(receipt, settings)]
        body = decode_trusted(receipt.body, receipt.content_type)
        return [_event(receipt, body if isinstance(body, dict) else {"body": body}, settings)]

    def fetch(self, event: Event) -> Effect:
        """A question to Service Desk about the event's ticket."""
        arguments = {
            "ticket": event.subject.removeprefix("ticket/"),
            "needs": list(event.needs),
            "approval": text(event.data, "approval.id"),
        }
        return Effect(
            rule="fill",
            destination="invgate",
            target="reads",
            audience="system",
            action="ticket.fetch",
            arguments=arguments,
        )

    def fill(self, event: Event, answer: Mapping[str, Any], settings: Mapping[str, object]) -> Event:
        """See ``filling.fill``."""
        return filling.fill(event, answer, settings)


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``; with ``auth: key`` they stay as they are,
    because the first secret is the last part of the address."""
    return sign_proof(_proof(settings), body, headers, secrets[0], now)


def _proof(settings: Mapping[str, object]) -> Proof:
    return proof_of(settings, "header", header=DEFAULT_HEADER)


# --- From fields to an event ----------------------------------------------------------------------------------------


def _found(receipt: Receipt, settings: Mapping[str, object]) -> Event:
    try:
        found = msgspec.json.decode(receipt.body, type=Found)
    except msgspec.DecodeError as fault:
        raise PayloadError("json.syntax", str(fault)) from fault
    bare = Event(
        id=event_id(receipt.id, 0),
        source=receipt.source,
        type=found.type if found.type in TYPES else "invgate.unknown",
        time=instant(found.time) or rfc3339(receipt.received_at),
        subject=reference("ticket", text(found.data, "ticket.id")),
        cause=found.cause,
        depth=1 if found.cause else 0,
        data=shaped(found.data),
    )
    if found.needs:
        return msgspec.structs.replace(bare, needs=found.needs)
    return filling.fill(bare, found.answer, settings)


def _event(receipt: Receipt, body: dict[str, Any], settings: Mapping[str, object]) -> Event:
    fields = Fields(body, mapped(MAP, settings.get("map")))
    number = fields.text("request_id")
    said_event = bool(fields.text("event"))
    kind = _type(fields, number, word_table(settings.get("events")))
    ticket = _ticket(fields, number, settings.get("instance"))
    status = one_line(ticket.get("status"))
    return Event(
        id=event_id(receipt.id, 0),
        source=receipt.source,
        type=kind,
        time=_time(fields, kind, settings) or rfc3339(receipt.received_at),
        subject=reference("ticket", number),
        severity=severity_of(ticket.get("priority"), {**PRIORITIES, **word_table(settings.get("severity"))}),
        title=one_line(ticket.get("title"), TITLE_LIMIT),
        category=one_line(ticket.get("category")),
        status=status,
        phase=_phase(status, kind, word_table(settings.get("phases"))),
        url=ticket.get("url", ""),
        needs=_needs(number, kind, ticket, fields, said_event),
        data=_data(fields, ticket),
    )


def _needs(number: str, kind: str, ticket: Mapping[str, str], fields: Fields, said_event: bool) -> tuple[str, ...]:
    """What has to be read at InvGate before anybody can be told."""
    if not number.isdigit() or kind == "invgate.unknown":
        return ()
    needs = [] if said_event else [filling.TYPE]
    if kind in ("approval.requested", "approval.answered"):
        needs.append(filling.APPROVAL)
    if needs or "title" not in ticket or not fields.text("requester_email"):
        needs.append(filling.TICKET)
    return tuple(needs)


def _data(fields: Fields, ticket: Mapping[str, str]) -> dict[str, Any]:
    people = {role: _person(fields, role) for role in PEOPLE}
    said = {"ticket": ticket, **people, "comment": _comment(fields), "approval": _approval(fields)}
    rest = fields.rest()
    for name, value in said.items():
        if value:
            beside = rest.get(name)
            rest[name] = {**beside, **value} if isinstance(beside, dict) else value
    return shaped(rest)


def _type(fields: Fields, number: str, own: Mapping[str, str]) -> str:
    name = fields.text("event")
    found = own.get(word(name)) or EVENTS.get(word(name)) or name if name else "ticket.updated"
    if number and found in TYPES and not fields.is_unreadable("event"):
        return found
    fields.give_back("event")
    return "invgate.unknown"


def _ticket(fields: Fields, number: str, instance: object) -> dict[str, str]:
    ticket = {
        "id": number,
        "pretty_id": fields.text("pretty_id"),
        "title": plain_text(fields.text("title")),
        "description": plain_text(fields.text("description")),
        **{name: fields.text(name) for name in ("status", "priority", "category")},
    }
    url = web_url(fields.text("url"))
    if not url:
        fields.refuse("url")
    ticket["url"] = url or host_link(instance, "/requests/show/index/id/{number}", number)
    return {name: value for name, value in ticket.items() if value}


def _person(fields: Fields, role: str) -> dict[str, str]:
    person = {"name": one_line(fields.text(f"{role}_name")), "email": one_line(fields.text(f"{role}_email"))}
    return {name: value for name, value in person.items() if value}


def _comment(fields: Fields) -> dict[str, Any]:
    text = plain_text(fields.text("comment"))
    author, visible = one_line(fields.text("comment_author")), fields.flag("customer_visible")
    return {"text": text, "author": author, "visible_to_customer": visible} if text else {}


def _approval(fields: Fields) -> dict[str, str]:
    approval = {name: fields.text(f"approval_{name}") for name in ("id", "status", "note", "description", "amount")}
    return {name: value for name, value in approval.items() if value}


def _phase(status: str, kind: str, own: Mapping[str, str]) -> Phase:
    return phase_of(status, own) or phase_of(PHASES_BY_TYPE.get(kind, ""))


def _time(fields: Fields, kind: str, settings: Mapping[str, object]) -> str:
    # The ticket's creation is the time of no other event than its creation.
    names = ("created_at", "time") if kind == "ticket.created" else ("time",)
    zone = source_settings.zone_of(settings.get("timezone"))
    times = (instant(fields.value(name), zone) if zone else "" for name in names)
    return next((time for time in times if time), "")


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(AUTH),
    "header": source_settings.header_name,
    "instance": source_settings.checked(is_host, "setting.type"),
    "map": map_check(MAP),
    "events": source_settings.event_types(lambda name: name in TYPES),
    "severity": source_settings.severities,
    "phases": source_settings.phases,
    "timezone": source_settings.timezone,
}
