"""Zendesk as a source: webhooks of its events, and of triggers and automations, whose JSON their author writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
from centralita.core.events import Event, EventType, Phase, event_id
from centralita.core.fields import map_check, mapped
from centralita.core.payload import decode_trusted, mapping, tame_text, text
from centralita.core.plain_text import plain_text
from centralita.core.proofs import Proof, proof_of, sign_proof, verify_proof
from centralita.core.signing import PRESETS
from centralita.core.ticket_bodies import MAP, TicketBody, host_link, is_host, link_of
from centralita.core.ticket_words import EVENTS as WORDS
from centralita.core.ticket_words import PHASES_BY_TYPE
from centralita.integrations.zendesk.words import EVENT_MAP, EVENTS, FAMILIES, PREFIX, PRIORITIES, STATUSES, TYPES
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

AUTH = ("hmac", "bearer", "basic", "header", "key")
DEFAULT_HEADER = "X-Webhook-Secret"
FIELDS = (
    ConfigField(
        name="auth",
        help="How the sender proves itself: its own signature, bearer, basic (the secret is user:password), header "
        "(the secret in a header) or key (the secret in the address).",
        type="choice",
        default="hmac",
        choices=AUTH,
    ),
    ConfigField(name="header", help="Name of the header that carries the secret.", default=DEFAULT_HEADER),
    ConfigField(name="instance", help="Host of the account, for links to tickets: acme.zendesk.com.", asked=True),
    ConfigField(name="map", help="Our name of a field to its path in the body, or several to try.", type="map"),
    ConfigField(name="events", help="The sender's name of an event to an event type.", type="map"),
    ConfigField(name="severity", help="The sender's priority to a severity.", type="map"),
    ConfigField(name="phases", help="The sender's status to open or closed.", type="map"),
    ConfigField(name="timezone", help="Time zone of times that come without one; UTC if not set."),
)
PATHS = (
    *(f"ticket.{name}" for name in ("id", "title", "description", "status", "priority", "category", "url", "tags")),
    *(f"{role}.{name}" for role in ("requester", "agent") for name in ("id", "name", "email")),
    *("comment.text", "comment.author", "comment.visible_to_customer", "previous_status"),
    *("contact.id", "contact.name", "contact.email", "client.id", "client.name"),
    *("type", "account_id", "event.*", "detail.*", "extra.*"),
)
_PAGES: Mapping[str, str] = {
    "ticket": "/agent/tickets/{number}",
    "contact": "/agent/users/{number}",
    "client": "/agent/organizations/{number}",
}
"""Where a person sees a subject in Zendesk."""


class ZendeskSource:
    """See ``ports.Source``."""

    kind = "zendesk"
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
        # A retry is another attempt of the same invocation.
        key = "" if reason else one_line(request.header("x-zendesk-webhook-invocation-id"), 200)
        return Verdict(ok=not reason, reason=reason, dedupe_key=key)

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        body = decode_trusted(receipt.body, receipt.content_type)
        return [_event(receipt, body if isinstance(body, dict) else {"body": body}, settings)]


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``."""
    return sign_proof(_proof(settings), body, headers, secrets[0], now)


def _proof(settings: Mapping[str, object]) -> Proof:
    return proof_of(settings, "hmac", header=DEFAULT_HEADER, scheme=PRESETS["zendesk"])


# --- From a body to an event -----------------------------------------------------------------------------------------


def _event(receipt: Receipt, body: dict[str, Any], settings: Mapping[str, object]) -> Event:
    said = text(body, "type")
    name = said.removeprefix(PREFIX) if said.startswith(PREFIX) else ""
    fields = TicketBody(body, EVENT_MAP if name else mapped(MAP, settings.get("map")))
    status, number = one_line(fields.text("status")), one_line(fields.text("id"))
    status = status.lower() if status.isupper() else status
    phases = {**STATUSES, **word_table(settings.get("phases"))}
    kind = _of_event(name, body, phases) if name else _of_trigger(fields, number, status, phases, settings)
    noun = _noun(name, kind)
    priority = fields.text("priority") or ("normal" if noun == "ticket" else "info")
    return Event(
        id=event_id(receipt.id, 0),
        source=receipt.source,
        type=kind,
        time=_time(fields, kind, settings) or rfc3339(receipt.received_at),
        subject=reference(noun, number) if noun and number else _own_subject(body),
        severity=severity_of(priority, {**PRIORITIES, **word_table(settings.get("severity"))}),
        title=one_line(plain_text(fields.text("title") or fields.text("comment")) or name, TITLE_LIMIT),
        category=one_line(fields.text("category")),
        status=status,
        phase=_phase(kind, status, phases) if noun == "ticket" else "",
        url=_url(body, fields, noun, number, settings),
        data=_data(body, fields, noun, number, status, settings),
    )


def _of_event(name: str, body: dict[str, Any], phases: Mapping[str, str]) -> str:
    kind = EVENTS.get(name) or FAMILIES.get(name.partition(".")[0], "zendesk.unknown")
    if name != "ticket.status_changed":
        return kind
    before, now = (phase_of(text(body, f"event.{which}"), phases) for which in ("previous", "current"))
    return {("open", "closed"): "ticket.closed", ("closed", "open"): "ticket.reopened"}.get((before, now), kind)


def _of_trigger(
    fields: TicketBody, number: str, status: str, phases: Mapping[str, str], settings: Mapping[str, object]
) -> str:
    said = fields.text("event")
    if not number:
        return "zendesk.unknown"
    if said:
        found = word_table(settings.get("events")).get(word(said)) or WORDS.get(word(said)) or said
        return found if found in TYPES else "zendesk.unknown"
    if phase_of(status, phases) == "closed":
        return "ticket.closed"
    if word(status) in ("new", "nuevo", "nueva"):
        return "ticket.created"
    return "ticket.commented" if fields.text("comment") else "ticket.updated"


def _phase(kind: str, status: str, phases: Mapping[str, str]) -> Phase:
    if kind == "ticket.deleted":
        return "closed"  # It may keep the status that it had.
    return phase_of(status, phases) or phase_of(PHASES_BY_TYPE.get(kind, ""))


def _noun(name: str, kind: str) -> str:
    family = kind.partition(".")[0]
    if family in ("contact", "client", "article", "post", "agent"):
        return family
    return "ticket" if not name or name.startswith(("ticket.", "messaging_ticket.")) else ""


def _own_subject(body: dict[str, Any]) -> str:
    """Zendesk's own ``zen:agent:10011``."""
    scheme, _, rest = text(body, "subject").partition(":")
    noun, _, number = rest.partition(":")
    return reference(one_line(noun), number) if scheme == "zen" and noun else ""


def _url(body: dict[str, Any], fields: TicketBody, noun: str, number: str, settings: Mapping[str, object]) -> str:
    own = link_of(fields.text("url")) or web_url(text(body, "detail.url")) or web_url(text(body, "detail.html_url"))
    return own or (host_link(settings.get("instance"), _PAGES[noun], number) if noun in _PAGES else "")


def _time(fields: TicketBody, kind: str, settings: Mapping[str, object]) -> str:
    zone = source_settings.zone_of(settings.get("timezone"))
    # The ticket's creation is the time of no other event than its creation.
    names = ("time", "created_at") if kind == "ticket.created" else ("time",)
    return next((time for name in names if zone and (time := instant(fields.value(name), zone))), "")


def _data(
    body: dict[str, Any], fields: TicketBody, noun: str, number: str, status: str, settings: Mapping[str, object]
) -> dict[str, Any]:
    rest = {name: value for name, value in body.items() if value not in (None, "", [], {})}
    if noun in ("contact", "client"):
        who = {"id": number, "name": fields.text("title"), "email": text(body, "detail.email")}
        return shaped({**rest, noun: {name: value for name, value in who.items() if value}})
    if noun != "ticket":
        return shaped(rest)
    comment = fields.comment()
    ticket = {
        "id": number,
        "title": plain_text(fields.text("title")),
        "description": plain_text(fields.text("description")),
        "status": status,
        **{name: fields.text(name) for name in ("priority", "category")},
        "url": _url(body, fields, noun, number, settings),
    }
    before = mapping(body, "ticket")
    said = {
        "ticket": {**before, **_tags(body), **{name: value for name, value in ticket.items() if value}},
        "requester": fields.person("requester") or _by_id(body, "requester_id"),
        "agent": fields.person("agent") or _by_id(body, "assignee_id"),
        "comment": comment,
        "previous_status": fields.text("previous_status") or _previous_status(body),
    }
    return shaped({**rest, **{name: value for name, value in said.items() if value}})


def _by_id(body: dict[str, Any], name: str) -> dict[str, str]:
    number = text(body, f"detail.{name}")
    return {"id": number} if number else {}


def _tags(body: dict[str, Any]) -> dict[str, Any]:
    tags = mapping(body, "detail").get("tags")
    return {"tags": tags} if isinstance(tags, list) and tags else {}


def _previous_status(body: dict[str, Any]) -> str:
    is_of_status = text(body, "type") == f"{PREFIX}ticket.status_changed"
    return tame_text(mapping(body, "event").get("previous")).lower() if is_of_status else ""


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
