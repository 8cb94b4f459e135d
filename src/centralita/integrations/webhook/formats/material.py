"""What there is to render and what comes of it: the terms in which every format is written."""

from __future__ import annotations

import msgspec

from centralita.core.effects import Subject
from centralita.core.events import Event
from centralita.integrations.webhook.receiver import Receiver
from centralita.ports import ORIGINAL, Known, Receipt


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to render."""

    event: Event
    subject: Subject
    receiver: Receiver
    original: bytes | None = None
    """The sender's own bytes, for ``raw``; None when their retention is over."""
    original_type: str = ""
    """Their content type."""
    now: float = 0.0
    """Seconds since 1970; nothing but what a signature inside the body needs may depend on it."""


def material_of(event: Event, subject: Subject, receiver: Receiver, known: Known, now: float) -> Material:
    """The material of a delivery; ``known`` has the sender's request under ``ORIGINAL`` when it is wanted and kept."""
    original: Receipt | None = known.get(ORIGINAL)
    if original is None:
        return Material(event=event, subject=subject, receiver=receiver, now=now)
    return Material(
        event=event,
        subject=subject,
        receiver=receiver,
        original=original.body,
        original_type=original.content_type,
        now=now,
    )


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent."""

    body: bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)


class Unrenderable(ValueError):
    """There is nothing to send: ``reason`` is a message id."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def type_name(event: Event, receiver: Receiver) -> str:
    """The event's type under the name by which the receiver subscribed to it: the sender's own name for it, else
    another name of the type for an event that bears none."""
    if event.alias:
        return event.alias if event.alias in receiver.names else event.type
    return receiver.aliases.get(event.type, event.type)
