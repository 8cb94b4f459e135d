"""Zammad as a source: the ticket and article that its triggers and schedulers post, and bodies that an author wrote.

Zammad does not say what happened; the trigger's name may, else what the ticket looks like does.
Source: https://admin-docs.zammad.org/en/latest/manage/webhook/payload.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

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
from centralita.core.event_types import declare
from centralita.core.events import Event, EventType, Phase, Severity, event_id
from centralita.core.fields import Paths, map_check, mapped
from centralita.core.payload import decode_trusted, find, first_text, flag, integer, mapping
from centralita.core.plain_text import plain_text
from centralita.core.proofs import Proof, proof_of, sign_proof, verify_proof
from centralita.core.signing import PRESETS
from centralita.core.ticket_bodies import MAP as USUAL
from centralita.core.ticket_bodies import TicketBody, host_link, is_host, link_of
from centralita.core.ticket_words import EVENTS, PHASES_BY_TYPE
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

TYPES: Mapping[str, EventType] = declare(
    (
        *("ticket.created", "ticket.updated", "ticket.status_changed", "ticket.assigned", "ticket.commented"),
        *("ticket.sla_breached", "ticket.closed", "ticket.reopened", "approval.requested", "approval.answered"),
    ),
    EventType("zammad.unknown", "Zammad sent something that the source does not know."),
)
AUTH = ("hmac", "basic", "bearer", "key")
FIELDS = (
    ConfigField(
        name="auth",
        help="How the sender proves itself: its own signature, basic (the secret is user:password), bearer, or key "
        "(the secret in the address).",
        type="choice",
        default="hmac",
        choices=AUTH,
    ),
    ConfigField(name="instance", help="Host of the Zammad instance, for links to tickets.", asked=True),
    ConfigField(name="map", help="Our name of a field to its path in the body, or several to try.", type="map"),
    ConfigField(name="events", help="The name of a trigger or an event to an event type.", type="map"),
    ConfigField(name="severity", help="The sender's priority to a severity.", type="map"),
    ConfigField(name="phases", help="The sender's status to open or closed.", type="map"),
    ConfigField(name="timezone", help="Time zone of times that come without one; UTC if not set."),
)
PATHS = (
    *(f"ticket.{name}" for name in ("id", "pretty_id", "title", "description", "status", "priority", "category")),
    *("ticket.url", "ticket.number", "ticket.tags", "ticket.organization.*", "ticket.group.*", "trigger", "article.*"),
    *(f"{role}.{name}" for role in ("requester", "agent") for name in ("name", "email")),
    *("comment.text", "comment.author", "comment.visible_to_customer", "extra.*"),
)
MAP: Paths = {
    **USUAL,
    # Zammad's own bodies first: its article has a subject and a body too.
    "id": ("ticket.id", *USUAL["id"]),
    "title": ("ticket.title", *USUAL["title"]),
    "description": ("ticket.description", *USUAL["description"]),
    "status": ("ticket.state.name", "ticket.state", *USUAL["status"]),
    "agent_email": ("ticket.owner.email", *USUAL["agent_email"]),
    "comment": ("article.body", *USUAL["comment"]),
    "comment_author": ("article.from", "article.created_by.email", "article.created_by", *USUAL["comment_author"]),
    "time": ("article.created_at", "ticket.updated_at", *USUAL["time"]),
}
_STATUSES: Mapping[str, Phase] = {
    **{"pending_reminder": "open", "pending_close": "open", "merged": "closed", "removed": "closed"},
    **{"pendiente_de_recordatorio": "open", "pendiente_de_cierre": "open", "fusionado": "closed"},
}
_PRIORITIES: Mapping[str, Severity] = {"1_low": "low", "2_normal": "medium", "3_high": "high", "4_urgent": "critical"}


class ZammadSource:
    """See ``ports.Source``."""

    kind = "zammad"
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
        key = "" if reason else one_line(request.header("x-zammad-delivery"), 200)
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
    return proof_of(settings, "hmac", scheme=PRESETS["zammad"])


# --- From a body to an event -----------------------------------------------------------------------------------------


def _event(receipt: Receipt, body: dict[str, Any], settings: Mapping[str, object]) -> Event:
    fields = TicketBody(body, mapped(MAP, settings.get("map")))
    number, status = one_line(fields.text("id")), one_line(fields.text("status"))
    phases = {**_STATUSES, **word_table(settings.get("phases"))}
    trigger = one_line(receipt.headers.get("x-zammad-trigger"))
    kind = _type(body, fields, trigger, phase_of(status, phases), word_table(settings.get("events")))
    data = _data(body, fields, kind, trigger, number, settings)
    zone = source_settings.zone_of(settings.get("timezone"))
    return Event(
        id=event_id(receipt.id, 0),
        source=receipt.source,
        type=kind,
        time=(instant(fields.value("time"), zone) if zone else "") or rfc3339(receipt.received_at),
        subject=reference("ticket", number),
        severity=severity_of(
            fields.text("priority") or "normal", {**_PRIORITIES, **word_table(settings.get("severity"))}
        ),
        title=one_line(plain_text(fields.text("title") or fields.text("comment")), TITLE_LIMIT),
        category=one_line(fields.text("category")),
        status=status,
        phase=phase_of(status, phases) or phase_of(PHASES_BY_TYPE.get(kind, "")),
        url=data.get("ticket", {}).get("url", ""),
        data=data,
    )


def _type(body: dict[str, Any], fields: TicketBody, trigger: str, phase: Phase, own: Mapping[str, str]) -> str:
    if not fields.text("id"):
        return "zammad.unknown"
    said = fields.text("event")
    for name in (said, trigger):
        found = own.get(word(name)) or EVENTS.get(word(name)) or name
        if found in TYPES:
            return found
    if said:
        return "zammad.unknown"
    if phase == "closed":
        return "ticket.closed"
    if _is_new(body, fields):
        return "ticket.created"
    return "ticket.commented" if fields.text("comment") else "ticket.updated"


def _is_new(body: dict[str, Any], fields: TicketBody) -> bool:
    """Whether nothing happened to the ticket since its creation, as far as the body says."""
    if (articles := integer(body, "ticket.article_count")) is None:
        return word(fields.text("status")) in ("new", "nuevo")
    created, updated = (instant(find(body, f"ticket.{which}_at")) for which in ("created", "updated"))
    if not created or not updated:
        return articles == 1
    apart = datetime.fromisoformat(updated) - datetime.fromisoformat(created)
    return articles == 1 and apart.total_seconds() < _NEW_S


_NEW_S = 60.0
"""Zammad writes a ticket a few times while it makes it, and posts some seconds later."""


def _data(
    body: dict[str, Any], fields: TicketBody, kind: str, trigger: str, number: str, settings: Mapping[str, object]
) -> dict[str, Any]:
    comment = fields.comment()
    if isinstance(find(body, "article.internal"), bool):
        comment = {**comment, "visible_to_customer": not flag(body, "article.internal")} if comment else {}
    # The first article is what the ticket is about, no answer to it.
    is_new = kind == "ticket.created"
    ticket = {
        "id": number,
        "pretty_id": fields.text("pretty_id"),
        "title": plain_text(fields.text("title")),
        "description": plain_text(fields.text("description")) or (comment.get("text", "") if is_new else ""),
        **{name: fields.text(name) for name in ("status", "priority", "category")},
        "url": link_of(fields.text("url")) or host_link(_host(body, settings), "/#ticket/zoom/{number}", number),
    }
    before = {name: value for name, value in mapping(body, "ticket").items() if value not in (None, "", [], {})}
    said = {
        "trigger": trigger,
        "ticket": {**before, **{name: value for name, value in ticket.items() if value}},
        "requester": fields.person("requester"),
        # Nobody owns a ticket whose owner is number 1, a user without a name.
        "agent": {} if integer(body, "ticket.owner_id") == 1 else fields.person("agent"),
        "comment": {} if is_new else comment,
    }
    rest = {name: value for name, value in body.items() if value not in (None, "", [], {})}
    return shaped({**rest, **{name: value for name, value in said.items() if value}})


def _host(body: dict[str, Any], settings: Mapping[str, object]) -> object:
    """The configured host, else that of an attachment: a ticket's own address is in no field."""
    if settings.get("instance"):
        return settings["instance"]
    parts = urlsplit(web_url(first_text(body, "article.attachments.0.url")))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(AUTH),
    "instance": source_settings.checked(is_host, "setting.type"),
    "map": map_check(MAP),
    "events": source_settings.event_types(lambda name: name in TYPES),
    "severity": source_settings.severities,
    "phases": source_settings.phases,
    "timezone": source_settings.timezone,
}
