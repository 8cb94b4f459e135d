"""What a receiver gets: one function a format, from an event to the body and the headers that go with it.

All of them are pure and give the same bytes on every attempt: a receiver knows a repetition by its id and its body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from centralita.core.effects import Subject
from centralita.core.events import Event
from centralita.integrations.webhook.receiver import Receiver


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


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent."""

    body: bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)


class Unrenderable(ValueError):
    """There is nothing to send: ``reason`` is a message id."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


Render = Callable[[Material], Message]


def render(material: Material) -> Message:
    """The message in the receiver's format. Raises Unrenderable."""
    return FORMATS[material.receiver.format](material)


def type_name(event: Event, receiver: Receiver) -> str:
    """The event's type under the name by which the receiver subscribed to it: the sender's own name for it, else
    another name of the type."""
    if event.alias and event.alias in receiver.names:
        return event.alias
    return receiver.aliases.get(event.type, event.type)


def _standard(material: Material) -> Message:
    """``{"type", "timestamp", "data"}`` as Standard Webhooks has it; ``data`` is the event with CloudEvents' attribute
    names, without what it does not say. An alias replaces the outer type only, so that the event can be recognised."""
    event = material.event
    said = {name: value for name, value in msgspec.to_builtins(event).items() if value}
    body = {"type": type_name(event, material.receiver), "timestamp": event.time, "data": said}
    return Message(body=msgspec.json.encode(body))


FORMATS: Mapping[str, Render] = {
    "standard": _standard,
}
