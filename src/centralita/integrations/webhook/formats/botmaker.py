"""Botmaker's notifications, version 1.1: of messages and of what became of one, whoever sent the event.

What Botmaker itself said keeps its names. An event that is no chat is a message from a bot, with its attributes as
``variables``. The id of a message stands under both names that Botmaker's articles have given it, ``_id`` and
``_id_``. Source: https://help.botmaker.com/es/help/5976723636536441591
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from centralita.core.payload import first_text, items, mapping, tame_text, text
from centralita.integrations.webhook.formats.material import Material, Message

VERSION = "1.1"
_STATUSES: Mapping[str, str] = {
    "message.delivered": "delivered",
    "message.read": "read",
    "message.failed": "failed",
}
_ENVELOPE = (
    *("chatPlatform", "contactId", "whatsappNumber", "chatIdInChatPlatform", "chatChannelId", "customerId"),
    *("firstName", "lastName", "whatsappNickName", "customerCreationTime", "sessionCreationTime", "sessionId"),
)
_STATUS = (
    *("businessId", "contactId", "chatChannelId", "chatPlatform", "whatsappNumber", "customerId", "clientPayload"),
    *("sessionId", "webhookNotificationId"),
)
_ATTACHED = ("image", "audio", "video", "file")
_VARIABLES = ("type", "source", "subject", "severity", "title", "category", "status", "phase", "url")


def render_botmaker(material: Material) -> Message:
    """A notification of type ``status`` for the three types about a message's fate, else of type ``message``."""
    body = _status(material) if material.event.type in _STATUSES else _message(material)
    return Message(body=msgspec.json.encode({name: value for name, value in body.items() if value not in ("", None)}))


def _status(material: Material) -> dict[str, Any]:
    event = material.event
    around = _around(material)
    return {
        "v": VERSION,
        "type": "status",
        **{name: around.get(name) for name in _STATUS},
        "status": event.status or _STATUSES[event.type],
        "statusChangeTime": event.time,
        "messageId": text(event.data, "message.id"),
    }


def _message(material: Material) -> dict[str, Any]:
    event = material.event
    around = _around(material)
    variables: dict[str, Any] = mapping(event.data, "variables")
    messages = [] if event.type == "variables.changed" else [_written(material)]
    if messages and not mapping(event.data, "message"):
        variables = {name: value for name in _VARIABLES if (value := getattr(event, name))} | variables
    body = {"v": VERSION, "type": "message", **{name: around.get(name) for name in _ENVELOPE}, "messages": messages}
    return {**body, "variables": variables} if variables else body


def _around(material: Material) -> dict[str, str]:
    """The fields of platform, channel and person: as Botmaker said them, else what we know."""
    event = material.event
    known = {**material.subject.data, **event.data}
    first, _, last = first_text(known, "contact.name", "requester.name", "message.author").partition(" ")
    # A conversation that Botmaker knows by the contact alone must not be another one here.
    is_botmakers = bool(text(event.data, "contactId"))
    ours = {
        "chatPlatform": first_text(known, "message.platform") or event.source,
        "contactId": first_text(known, "contact.phone", "contact.id", "requester.email", "requester.name"),
        "chatChannelId": first_text(known, "message.channel", "channel") or event.source,
        "customerId": "" if is_botmakers else first_text(known, "contact.id", "requester.email") or event.subject,
        "firstName": first,
        "lastName": last,
    }
    names = {*_ENVELOPE, *_STATUS}
    return {name: found for name in names if (found := text(event.data, name) or ours.get(name, ""))}


def _written(material: Material) -> dict[str, Any]:
    """One of ``messages``."""
    event = material.event
    record = mapping(event.data, "message")
    if not record:
        said = event.title or material.subject.title or event.type
        ours: dict[str, Any] = {"message": said, "fromName": event.source, "from": "bot"}
        return {"_id": event.id, "_id_": event.id, "date": event.time, **ours}
    # A writer's category that is not one of the three says nothing to a receiver.
    is_user = record.get("from") == "user"
    identity = text(record, "id") or event.id
    details = mapping(event.data, "details")
    found = {
        "_id": identity,
        "_id_": identity,
        "date": event.time,
        "message": text(record, "text"),
        "fromName": text(record, "author"),
        "from": text(record, "from"),
        "fromCustomer": is_user or None,
        **_attachments(record),
        "queue": text(record, "queue"),
        "intentName": text(record, "intent_name"),
        "templateName": text(record, "template_name"),
        "location": text(record, "location").replace(", ", " & "),
        "button": "" if details.get("isButton") else text(record, "button"),
        **details,
    }
    return {name: value for name, value in found.items() if value not in ("", None)}


def _attachments(record: Mapping[str, Any]) -> dict[str, Any]:
    """The first of each kind; a kind that Botmaker has no field for is a file."""
    found: dict[str, Any] = {}
    for item in items(record, "attachments"):
        kind = text(item, "kind")
        found.setdefault(kind if kind in _ATTACHED else "file", tame_text(text(item, "url")))
        if caption := text(item, "text"):
            found.setdefault("caption", caption)
    return {"hasAttachment": True, **found} if found else {}
