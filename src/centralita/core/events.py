"""What an event is, how its id comes from its receipt, and which shapes its data has.

The attribute names are those of CloudEvents 1.0 (https://github.com/cloudevents/spec); ``severity``, ``title``,
``category``, ``status``, ``phase``, ``url`` and ``correlation`` are ours.

Shapes inside ``data`` that rules, templates and destinations rely on, whoever the sender is:

``ticket``
    ``{id, title, description, status, priority, category, url}``, every value text; ``description`` is plain text.
``client``, ``contact``, ``asset``
    What a ticket is about, or the subject itself: ``{id, name, code...}``, ids text. A client is a company that is
    served (``legal_name, email, phone, address, city, country``), a contact somebody there (``email, username``), an
    asset a thing (``serial, type, location, url``; ``last_user`` as its tool writes it, ``DOMAIN\\user``).
``message``
    What was written in a chat: ``{id, text, author, from, channel, platform, url, attachments}``; ``from`` is ``user``,
    ``bot`` or ``operator``, an attachment ``{kind, url, text}``.
``approval``
    ``{id, status, note, amount...}``.
``requester``, ``agent``, ``approver``
    a person: ``{name, email}``. A rule's ``dm: [requester]`` finds the person here.
``comment``
    ``{text, author, visible_to_customer}``; ``visible_to_customer`` is true only when the sender said so.
``description``, ``affected_cis``, ``ai_analysis``, ``ci_type``
    of a monitoring event: text, ``[{id, name}]``, ``{summary, recommended_action}``, text.

Everything else that the sender said stays in ``data`` under the sender's names.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")  # gravest first

Phase = Literal["open", "closed", ""]
"""Whether the subject is open or closed after this event; "" when the event does not say."""

PEOPLE = ("requester", "agent", "approver")
RECORDS = ("client", "contact", "asset")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A normalised fact."""

    id: str
    source: str
    """Slug of the configured source."""
    type: str
    """Past tense with dots: ``ticket.created``."""
    alias: str = ""
    """The sender's own name for the type (``ot.created``), where one of ours stands for several of its names; an
    outgoing webhook may subscribe by it and gets it under that name."""
    time: str
    """When it happened, RFC 3339 in UTC; the receipt's time when the sender did not say."""
    subject: str = ""
    """What it is about, unique within the source: ``ticket/4521``, ``alert/1a2b3c``; "" for nothing in particular."""
    severity: Severity | None = None
    title: str = ""
    category: str = ""
    status: str = ""
    """The sender's own word for the subject's state, for people to read."""
    phase: Phase = ""
    url: str = ""
    """Where a person sees the subject at its own tool (http or https only)."""
    correlation: str = ""
    """Joins events of different subjects that belong together."""
    cause: str = ""
    """Id of the event that led to this one."""
    depth: int = 0
    """Length of the chain of causes; events deeper than ``MAX_CAUSATION_DEPTH`` are not routed."""
    needs: tuple[str, ...] = ()
    """What the sender did not say and has to be asked for before the event is routed: ``ticket``, ``approval``."""
    incomplete: bool = False
    """True when what the event needed could not be filled in."""
    data: dict[str, Any] = msgspec.field(default_factory=dict)


MAX_CAUSATION_DEPTH = 8


class EventType(msgspec.Struct, frozen=True):
    """One declared type: its name, what it means (an English msgid), and other names an outgoing webhook may use."""

    name: str
    meaning: str
    aliases: tuple[str, ...] = ()


def event_id(receipt_id: str, index: int) -> str:
    """The id of the ``index``-th event (from 0) of a receipt: the same however often the receipt is parsed."""
    ulid = receipt_id.removeprefix("rcp_")
    return f"evt_{ulid}" if index == 0 else f"evt_{ulid}_{index}"


def receipt_id(event_id: str) -> str:
    """The id of the receipt that an event came of; the hub's own events have such an id too, and no receipt."""
    return "rcp_" + event_id.removeprefix("evt_").partition("_")[0]


def worse(left: Severity | None, right: Severity | None) -> bool:
    """True when ``left`` is strictly graver than ``right``; no severity is less grave than any."""
    rank = {severity: position for position, severity in enumerate(SEVERITIES)}
    return rank.get(left, len(SEVERITIES)) < rank.get(right, len(SEVERITIES))  # type: ignore[arg-type]
