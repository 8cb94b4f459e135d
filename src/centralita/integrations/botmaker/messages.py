"""Botmaker's messages as records of ours: who wrote, through which channel, the text, what was attached.

Source: https://help.botmaker.com/es/help/5976723636536441591 (format 1.1; an older article writes ``_id`` as ``_id_``)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from centralita.core.attributes import TITLE_LIMIT, one_line, web_url, word
from centralita.core.payload import find, tame_number, tame_text

WRITERS: Mapping[str, str] = {
    **dict.fromkeys("user customer contact client usuario cliente".split(), "user"),
    **dict.fromkeys("operator agent operador agente".split(), "operator"),
    **dict.fromkeys("bot chatbot".split(), "bot"),
}
"""The sender's category of a writer, as ``attributes.word`` writes it, to ours."""

_ATTACHED = ("image", "video", "audio", "file", "document", "sticker")
_TITLE_TEXT = 120

_MESSAGE = "id text author from channel platform url queue button location intent_name template_name".split()
PATHS = (
    *(f"message.{name}" for name in _MESSAGE),
    "message.attachments",
    *(f"contact.{name}" for name in ("id", "name", "email", "username", "phone")),
    *("agent.name", "agent.email", "variables.*", "extra.*", "body"),
    *("v", "type", "status", "businessId", "chatPlatform", "contactId", "whatsappNumber", "chatIdInChatPlatform"),
    *("chatChannelId", "customerId", "firstName", "lastName", "customerCreationTime", "sessionCreationTime"),
    *("sessionId", "whatsappNickName", "txId", "webhookNotificationId", "messageId", "clientPayload"),
    *("statusChangeTime", "details.*"),
)


def message_id(message: Mapping[str, Any]) -> str:
    """The id by which a notification of its status names a message."""
    return next((found for name in ("_id", "_id_", "id") if (found := one_line(message.get(name)))), "")


def writer_of(message: Mapping[str, Any]) -> str:
    """``user``, ``bot`` or ``operator``; "" when nobody says so."""
    known = WRITERS.get(word(message.get("from")))
    if known:
        return known
    if message.get("fromCustomer") is True:
        return "user"
    return "operator" if one_line(message.get("operatorId")) else ""


def contact_of(body: Mapping[str, Any]) -> dict[str, str]:
    """The customer of a conversation: ``{id, name, email, username, phone}``."""
    nick = next((found for name in ("whatsappNickName", "whatsAppNickName") if (found := one_line(body.get(name)))), "")
    parts = (one_line(body.get("firstName")), one_line(body.get("lastName")))
    number = one_line(body.get("contactId"))
    contact = {
        "id": one_line(body.get("customerId")) or number,
        "name": " ".join(part for part in parts if part) or nick,
        "email": one_line(body.get("email")),
        "username": nick,
        "phone": number if word(body.get("chatPlatform")) == "whatsapp" else "",
    }
    return {name: value for name, value in contact.items() if value}


def message_record(message: Mapping[str, Any], body: Mapping[str, Any], url: str) -> dict[str, Any]:
    """``data.message``; ``url`` is the conversation's page. What is absent is left out."""
    writer = writer_of(message)
    record = {
        "id": message_id(message),
        "text": tame_text(message.get("message"))
        or tame_text(message.get("text"))
        or tame_text(message.get("caption")),
        "author": _author(message, writer, contact_of(body)),
        "from": writer,
        "channel": one_line(body.get("chatChannelId")) or one_line(body.get("whatsappNumber")),
        "platform": one_line(body.get("chatPlatform")),
        "url": url,
        "attachments": _attachments(message),
        "location": _location(message.get("location")),
        "button": one_line(message.get("button")) or _pressed(message),
        "queue": one_line(message.get("queue")),
        "intent_name": one_line(message.get("intentName")),
        "template_name": one_line(message.get("templateName")),
    }
    return {name: value for name, value in record.items() if value}


def rest_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """What the sender says of a message beyond its record, under the sender's names; also what could not be read."""
    return {
        name: value for name, value in message.items() if value not in (None, "", [], {}) and not _is_read(name, value)
    }


def _is_read(name: str, value: object) -> bool:
    return bool(web_url(value)) if name in _ATTACHED else name in _READ and bool(tame_text(value))


_READ = frozenset("_id _id_ id message from fromName location queue button intentName templateName".split())


def operator_of(message: Mapping[str, Any]) -> dict[str, str]:
    """The operator who wrote, as ``data.agent``."""
    names = ("operatorName", "fromName") if writer_of(message) == "operator" else ("operatorName",)
    person = {
        "name": next((found for name in names if (found := one_line(message.get(name)))), ""),
        "email": one_line(message.get("operatorEmail")),
    }
    return {name: value for name, value in person.items() if value}


def title_of(record: Mapping[str, Any]) -> str:
    """Who wrote and the first words; for a message without words, what it brings."""
    attached = [f"[{item['kind']}]" for item in record.get("attachments", ())]
    what = (record.get("text"), record.get("button"), " ".join(attached), record.get("location"))
    said = next((one_line(words, TITLE_LIMIT) for words in what if words), "")
    if len(said) > _TITLE_TEXT:
        said = said[: _TITLE_TEXT - 1].rsplit(" ", 1)[0] + "…"
    return one_line(": ".join(part for part in (record.get("author", ""), said) if part), TITLE_LIMIT)


def _author(message: Mapping[str, Any], writer: str, contact: Mapping[str, str]) -> str:
    said = one_line(message.get("fromName"))
    if writer == "operator":
        return one_line(message.get("operatorName")) or said
    if writer == "bot":
        return said or "Bot"
    return said or contact.get("name") or contact.get("phone") or contact.get("id", "")


def _pressed(message: Mapping[str, Any]) -> str:
    """The button that was pressed has its label in the text."""
    return one_line(message.get("message")) if message.get("isButton") is True else ""


def _attachments(message: Mapping[str, Any]) -> list[dict[str, str]]:
    caption = tame_text(message.get("caption"))
    found = []
    for kind in _ATTACHED:
        value = message.get(kind)
        for item in value if isinstance(value, list) else [value]:
            if url := web_url(find(item, "url") if isinstance(item, dict) else item):
                found.append({"kind": kind, "url": url} | ({"text": caption} if caption else {}))
    return found


def _location(value: object) -> str:
    """``latitude, longitude`` of a text such as ``-34.6 & -58.4`` or of an object; else the text itself."""
    if isinstance(value, dict):
        pairs = (("latitude", "longitude"), ("lat", "long"), ("lat", "lng"), ("lat", "lon"))
        parts: list[object] = next(([value[a], value[b]] for a, b in pairs if a in value and b in value), [])
    else:
        parts = list(one_line(value).replace("&", ",").replace(";", ",").split(","))
    numbers = [tame_number(part) for part in parts]
    if len(numbers) == 2 and None not in numbers:
        return ", ".join(map(str, numbers))
    return one_line(value)
