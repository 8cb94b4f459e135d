"""What the hub itself has to say, as events of the source ``centralita``: written with the change that they tell of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from centralita.core import ids
from centralita.core.events import MAX_CAUSATION_DEPTH, Event, EventType, event_id
from centralita.core.payload import PayloadError
from centralita.i18n import N_
from centralita.ports import ConfigField, RawRequest, Receipt, Verdict
from centralita.store import bulk, schema
from centralita.store.database import Transaction

SLUG = "centralita"

TYPES: dict[str, EventType] = {
    declared.name: declared
    for declared in (
        EventType("centralita.delivery.dead", N_("A delivery was given up")),
        EventType("centralita.breaker.opened", N_("A destination keeps failing; its queue is held")),
        EventType("centralita.breaker.closed", N_("A destination answers again; its queue goes on")),
        EventType("centralita.source.rejecting", N_("A source's requests are being refused")),
        EventType("centralita.receipt.unparsed", N_("A request that was accepted cannot be understood")),
        EventType("centralita.unknown", N_("An event of the hub that this version does not know")),
    )
}
_SEVERITIES: Mapping[str, Any] = {
    "centralita.delivery.dead": "high",
    "centralita.breaker.opened": "high",
    "centralita.breaker.closed": "info",
    "centralita.source.rejecting": "medium",
    "centralita.receipt.unparsed": "high",
}


def announce(
    tx: Transaction,
    receipt_id: str,
    type_: str,
    *,
    subject: str,
    title: str,
    now: float,
    facts: Mapping[str, Any],
    cause: Event | None = None,
) -> bool:
    """Appends an event of our own; False when saying it would lead in a circle.

    ``subject`` is what it is about (``lane/webhook:erp``, ``source/invgate``), ``facts`` its data, ``cause`` the event
    whose handling led to it.
    """
    if cause is not None and (cause.depth >= MAX_CAUSATION_DEPTH or (cause.type, cause.subject) == (type_, subject)):
        return False  # the announcement itself could not be delivered there: saying so there helps nobody
    about = {"about": {"type": cause.type, "title": cause.title}} if cause is not None else {}
    event = Event(
        id=event_id(receipt_id, 0),
        source=SLUG,
        type=type_,
        time=rfc3339(now),
        subject=subject,
        severity=_SEVERITIES.get(type_),
        title=title,
        phase="closed" if type_.endswith(".closed") else "open",
        cause=cause.id if cause is not None else "",
        depth=cause.depth + 1 if cause is not None else 0,
        data={**facts, **about},
    )
    append_own(tx, receipt_id, event, now)
    return True


def rfc3339(at: float) -> str:
    """A time as events write it."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def append_own(tx: Transaction, receipt_id: str, event: Event, now: float) -> None:
    """Puts an event of our own into the log and the inbox; it is routed like any other."""
    row = {
        "day": ids.day(receipt_id),
        "id": receipt_id,
        "source": SLUG,
        "received_at": now,
        "content_type": "application/json",
        "body": msgspec.json.encode(event),
    }
    bulk.insert(tx, schema.receipts, [row])
    bulk.insert(tx, schema.inbox, [{"source": SLUG, "receipt_id": receipt_id}])


class OwnEvents:
    """The source ``centralita``. Takes nothing from outside."""

    kind = SLUG
    types: Mapping[str, EventType] = TYPES
    fields: tuple[ConfigField, ...] = ()
    paths: tuple[str, ...] = (
        "lane",
        "reason",
        "more",
        "delivery",
        "retry_at",
        "source",
        "receipt",
        "count",
        "about.type",
        "about.title",
    )

    def check(self, settings: Mapping[str, object], secrets: Sequence[bytes]) -> list[str]:
        return []

    def verify(
        self, request: RawRequest, secrets: Sequence[bytes], now: float, settings: Mapping[str, object]
    ) -> Verdict:
        return Verdict(ok=False, reason="source.internal")

    def parse(self, receipt: Receipt, settings: Mapping[str, object]) -> list[Event]:
        try:
            return [msgspec.json.decode(receipt.body, type=Event)]
        except msgspec.DecodeError as fault:
            raise PayloadError("json.syntax", str(fault)) from fault
