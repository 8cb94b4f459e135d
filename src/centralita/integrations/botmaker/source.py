"""Botmaker as a source: messages of conversations, changes of their variables, and what became of a message.

One request brings several messages, each an event, in their order. All of a session are about one subject, so that
Slack shows a conversation as one message with a thread. Format 1.1:
https://help.botmaker.com/es/help/5976723636536441591
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from centralita.core import source_settings
from centralita.core.attributes import TITLE_LIMIT, filled_url, instant, one_line, reference, rfc3339, shaped, word
from centralita.core.event_types import declare
from centralita.core.events import Event, EventType, Severity, event_id
from centralita.core.payload import PayloadError, decode_trusted, find, items, mapping, tame_text
from centralita.core.proofs import Proof, proof_of, sign_proof, verify_proof
from centralita.integrations.botmaker.messages import (
    PATHS,
    contact_of,
    message_id,
    message_record,
    operator_of,
    rest_of,
    title_of,
    writer_of,
)
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict

UNKNOWN = "botmaker.unknown"
TYPES: Mapping[str, EventType] = declare(
    (
        *("message.received", "message.sent", "message.delivered", "message.read", "message.failed"),
        "variables.changed",
    ),
    EventType(UNKNOWN, "Botmaker sent something that the source does not know."),
)
_WRITTEN: Mapping[str, str] = {"user": "message.received", "bot": "message.sent", "operator": "message.sent"}
_STATUSES: Mapping[str, str] = {
    "delivered": "message.delivered",
    "read": "message.read",
    **dict.fromkeys("failed error undelivered rejected".split(), "message.failed"),
}
_SEVERITIES: Mapping[str, Severity] = {"message.failed": "medium"}
_ENVELOPE = ("messages", "variables")
_DOCUMENTED = frozenset(path for path in PATHS if "." not in path)
_SHORT = 500
"""Characters of an envelope's value that stands in each of its events."""

MAX_MESSAGES = 1_000
"""In one payload, where Botmaker sends a handful; more are one unknown event that holds them all."""

DEFAULT_HEADER = "auth-bm-token"
DEFAULT_URL = "https://go.botmaker.com/#/chats/{customer}"
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
    ConfigField(
        name="url",
        help="Address of a conversation, with {customer}, {contact}, {channel} and {session} in it.",
        default=DEFAULT_URL,
    ),
)


class BotmakerSource:
    """See ``ports.Source``."""

    kind = "botmaker"
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
        if not isinstance(body, dict):
            body = {"body": body}
        messages, variables = items(body, "messages"), mapping(body, "variables")
        around = _Around(receipt, body, settings)
        if not _is_known(body) or len(messages) > MAX_MESSAGES:
            return [around.unknown(0)]
        if word(body.get("type")) == "status":
            return [around.status(0)]
        events = [around.message(index, message) for index, message in enumerate(messages)]
        if variables:
            events.append(around.variables(len(events), variables))
        return events or [around.unknown(0)]


def sign(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], settings: Mapping[str, object], now: float
) -> dict[str, str]:
    """The headers with which a sender of these settings would post ``body``."""
    return sign_proof(_proof(settings), body, headers, secrets[0], now)


def _proof(settings: Mapping[str, object]) -> Proof:
    return proof_of(settings, "header", header=DEFAULT_HEADER)


def _dedupe_key(request: RawRequest) -> str:
    """What is the same in every repetition: the ids of the messages, or the message and the status that it has now.

    ``txId`` alone would not do: a template's message and each of its statuses carry the same.
    """
    try:
        body = decode_trusted(request.body, request.header("content-type") or "")
    except PayloadError:
        return ""  # Whoever takes it in refuses what can't be read.
    ids = [message_id(message) for message in items(body, "messages") if isinstance(message, dict)]
    names = ("txId", "webhookNotificationId", "messageId")
    ids += [one_line(find(body, name)) for name in names]
    if not any(ids):
        return ""
    around = [one_line(find(body, name)) for name in ("type", "status", "sessionId")]
    parts = [*ids, *around, mapping(body, "variables")]
    return f"sha256:{hashlib.sha256(msgspec.json.encode(parts, order='sorted')).hexdigest()}"


def _is_known(body: Mapping[str, Any]) -> bool:
    """Whether it is of a version and a type that we know. Some installations send variables without either."""
    version, kind = one_line(body.get("v")), word(body.get("type"))
    return (version == "1" or version.startswith("1.") or body.get("v") is None) and (
        kind in ("message", "status") or body.get("type") is None
    )


class _Around:
    """What the events of one request have in common."""

    def __init__(self, receipt: Receipt, body: dict[str, Any], settings: Mapping[str, object]) -> None:
        self._receipt, self._body = receipt, body
        self._contact = contact_of(body)
        around = {name: value for name, value in body.items() if name not in _ENVELOPE}
        # Many messages in a big envelope must not multiply: what is not documented, or long, is told once.
        self._envelope = {name: value for name, value in around.items() if name in _DOCUMENTED and _is_short(value)}
        self._rest = {name: value for name, value in around.items() if name not in self._envelope}
        session = one_line(body.get("sessionId")) or instant(body.get("sessionCreationTime"))
        customer, channel = one_line(body.get("customerId")), one_line(body.get("chatChannelId"))
        number = one_line(body.get("contactId"))
        who = customer or "-".join(part for part in (channel, number) if part)
        self._subject = reference("conversation", "/".join(part for part in (who, session) if part))
        link = {"customer": customer, "contact": number, "channel": channel, "session": session}
        self._url = filled_url(settings.get("url") or DEFAULT_URL, link)

    def message(self, index: int, message: object) -> Event:
        """The event of one of the messages."""
        if not isinstance(message, dict):
            return self._event(index, UNKNOWN, {"body": message})
        record = message_record(message, self._body, self._url)
        data = {"message": record, "agent": operator_of(message), "details": rest_of(message)}
        kind = _WRITTEN.get(writer_of(message), UNKNOWN)
        return self._event(index, kind, data, title_of(record), instant(message.get("date")))

    def variables(self, index: int, variables: dict[str, Any]) -> Event:
        """The event of the variables that changed while these messages came to be."""
        dates = [date for message in items(self._body, "messages") if (date := instant(find(message, "date")))]
        said = (f"{name}: {tame_text(value)}" for name, value in list(variables.items())[:10])
        title = one_line(", ".join(one_line(pair) for pair in said), TITLE_LIMIT)
        return self._event(index, "variables.changed", {"variables": variables}, title, max(dates, default=""))

    def status(self, index: int) -> Event:
        """The event of what became of a message."""
        status = one_line(self._body.get("status"))
        kind = _STATUSES.get(word(status), UNKNOWN)
        record = {
            "id": one_line(self._body.get("messageId")),
            "channel": one_line(self._body.get("chatChannelId")) or one_line(self._body.get("whatsappNumber")),
            "platform": one_line(self._body.get("chatPlatform")),
            "url": self._url,
        }
        who = self._contact.get("name") or self._contact.get("phone") or self._contact.get("id", "")
        title = ": ".join(part for part in (who, status) if part)
        data = {"message": {name: value for name, value in record.items() if value}}
        return self._event(index, kind, data, title, instant(self._body.get("statusChangeTime")), status)

    def unknown(self, index: int) -> Event:
        """The event of a request that is not understood, as well as it can be told."""
        first = next((message for message in items(self._body, "messages") if isinstance(message, dict)), {})
        title = title_of(message_record(first or self._body, self._body, "")) or one_line(self._body.get("type"))
        kept = {name: self._body[name] for name in _ENVELOPE if name in self._body}
        return self._event(index, UNKNOWN, kept, title, instant(first.get("date")))

    def _event(
        self, index: int, kind: str, data: Mapping[str, Any], title: str = "", time: str = "", status: str = ""
    ) -> Event:
        said = {**(self._rest if index == 0 else {}), **self._envelope, "contact": self._contact, **data}
        return Event(
            id=event_id(self._receipt.id, index),
            source=self._receipt.source,
            type=kind,
            time=time or rfc3339(self._receipt.received_at),
            subject=self._subject,
            severity=_SEVERITIES.get(kind),
            title=title,
            status=status,
            url=self._url,
            data=shaped({name: value for name, value in said.items() if value not in (None, "", [], {})}),
        )


def _is_short(value: object) -> bool:
    return bool(tame_text(value)) and len(str(value)) <= _SHORT


_CHECKS: Mapping[str, source_settings.Check] = {
    "auth": source_settings.one_of(AUTH),
    "header": source_settings.header_name,
    "url": source_settings.url_with("customer", "contact", "channel", "session"),
}
