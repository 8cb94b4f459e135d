"""What one rule decides for one event: pure data, not yet durable."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from centralita.core.events import Event, Severity


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do at one destination because of one event."""

    rule: str
    """Name of the rule; an outgoing webhook's subscription is the rule ``webhook:<name>``."""
    destination: Literal["slack", "webhook", "invgate"]
    target: str
    """Slack: a channel as written (``#alerts``, ``C024BE91L``) or an e-mail address for a DM. Webhook: its name.
    InvGate: ``service_desk``, ``assets``, or ``reads`` for what changes nothing and overtakes the writes."""
    audience: Literal["channel", "requester", "agent", "approver", "system"] = "channel"
    """Who reads it: decides which comments may be shown and which locale speaks."""
    mentions: tuple[str, ...] = ()
    formatting: dict[str, Any] = msgspec.field(default_factory=dict)
    """``use_blocks, include_charts, thread_replies, emoji_reactions`` as the seed names them."""
    fallback: str = ""
    """Channel to post to when the person of a DM is not in Slack; "" for none."""
    action: str = ""
    """What to do there, a noun and a verb (``ticket.comment``); "" where the destination does one thing only."""
    arguments: dict[str, Any] = msgspec.field(default_factory=dict)
    """Of the action, by name."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What the events of one subject add up to; projected in the routing transaction, in receipt order."""

    source: str
    subject: str
    episode: int = 1
    """Counts up when the subject is to be told anew: re-fired or reopened after it closed, or a raised severity."""
    phase: str = ""
    severity: Severity | None = None
    status: str = ""
    title: str = ""
    events: int = 0
    data: dict[str, Any] = msgspec.field(default_factory=dict)
    """The newest known ``ticket``, ``client``, ``contact``, ``asset``, ``requester``, ``agent`` and ``approver``, and
    the customer's first ``message``, so that an event that carries only a change can be shown whole."""


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery's row carries, so that it needs no other table to be performed."""

    event: Event
    effect: Effect
    subject: Subject
