"""What a message can say about a delivery: the event's own words first, then what is known of its subject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from centralita.core import payload
from centralita.core.events import PEOPLE, Event, Severity
from centralita.core.mrkdwn import clean
from centralita.ports import Delivery

LONG_TEXT = 1_000_000


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery, read for rendering. Texts are cleaned, not escaped."""

    event: Event
    locale: str
    audience: str
    target: str
    """The channel or the address that it goes to."""
    type: str
    title: str
    status: str
    phase: str
    severity: Severity | None
    ticket: Mapping[str, str]
    """``{id, pretty_id, title, description, status, priority, category, type, url}``, "" where nobody said it."""
    people: Mapping[str, str]
    """Role to name (or address), "" where there is none."""
    comment: Mapping[str, str]
    """``{text, author}``; {} when there is none that this audience may read."""
    page: str
    """The event's page in the hub; "" for a reader who has no access to it or without a public address."""
    records: Mapping[str, Mapping[str, str]]
    """``client``, ``contact`` and ``asset``, each with those of its fields that somebody said."""
    charts: bool
    """Whether a course of values is drawn."""
    acknowledged: str
    """Who took charge of the alert; "" for nobody."""
    opening: Mapping[str, Any]
    """The message that a conversation is known by, as ``data.message``; {} when there is none."""

    def named(self, record: str) -> str:
        """The client or asset by name and code, "" when nothing is known of it."""
        known = self.records[record]
        name, code = known.get("name") or known.get("legal_name", ""), known.get("code", "")
        return f"{name} ({code})" if name and code and code != name else name or code


def read_facts(delivery: Delivery, locale: str, public_url: str) -> Facts:
    """The facts of a delivery, for its audience, in the language of ``locale``."""
    event, subject = delivery.event, delivery.subject
    known = {**subject.data, "ticket": {**_mapping(subject.data, "ticket"), **_said(_mapping(event.data, "ticket"))}}
    ticket = {name: clean(payload.text(known, f"ticket.{name}", LONG_TEXT)) for name in _TICKET}
    phase = event.phase or subject.phase
    status = event.status or ticket["status"] or subject.status
    return Facts(
        event=event,
        locale=locale,
        audience=delivery.effect.audience,
        target=delivery.effect.target,
        type=event.type,
        title=clean(event.title or ticket["title"] or subject.title),
        status=clean(status),
        phase=phase,
        severity=event.severity or subject.severity,
        ticket=ticket,
        people={role: _person(event, known, role) for role in PEOPLE},
        comment={} if hides_comment(delivery) else _comment(event),
        page=page_of(public_url, event.id) if delivery.effect.audience != "requester" else "",
        records={name: _record(event, subject.data, name) for name in _RECORDS},
        charts=delivery.effect.formatting.get("include_charts") is not False,
        acknowledged=clean(payload.text(event.data, "acknowledged.by", 200)) if phase != "closed" else "",
        opening=_mapping(subject.data, "message"),
    )


_TICKET = ("id", "pretty_id", "title", "description", "status", "priority", "category", "type", "url")
_RECORDS: Mapping[str, tuple[str, ...]] = {
    "client": ("id", "name", "legal_name", "code", "email", "phone", "address", "city", "country", "url"),
    "contact": ("id", "name", "email", "username", "phone", "url"),
    "asset": ("id", "name", "code", "serial", "type", "location", "url"),
}


def page_of(public_url: str, event_id: str) -> str:
    """The address of an event's page in the hub; "" without a public address."""
    return f"{public_url.rstrip('/')}/events/{event_id}" if public_url and event_id else ""


def hides_comment(delivery: Delivery) -> bool:
    """Whether the event carries a comment that this delivery's reader must not see.

    Routing already keeps such a comment from the requester; this holds even if a rule names them by their address.
    """
    event, effect = delivery.event, delivery.effect
    if "comment" not in event.data or payload.find(event.data, "comment.visible_to_customer") is True:
        return False
    if effect.audience in ("agent", "approver"):
        return False
    addresses = {
        payload.text(data, "requester.email").casefold() for data in (event.data, delivery.subject.data) if data
    } - {""}
    return effect.audience == "requester" or effect.target.casefold() in addresses


def _mapping(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    return payload.mapping(dict(data), name)


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _record(event: Event, known: Mapping[str, Any], name: str) -> dict[str, str]:
    """What the event says of it, else what is known of the subject's."""
    for data in (event.data, known):
        record = _mapping(data, name)
        if found := {field: text for field in _RECORDS[name] if (text := clean(payload.text(record, field, 300)))}:
            return found
    return {}


def _person(event: Event, known: Mapping[str, Any], role: str) -> str:
    for data in (event.data, known):
        for name in ("name", "email"):
            if found := clean(payload.text(data, f"{role}.{name}", 200)):
                return found
    return ""


def _comment(event: Event) -> dict[str, str]:
    text = clean(payload.text(event.data, "comment.text", LONG_TEXT))
    author = payload.text(event.data, "comment.author", 200) or payload.text(event.data, "comment.author.name", 200)
    return {"text": text, "author": clean(author)} if text or author else {}
