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
        EventType("centralita.unknown", N_("An event of the hub that this version does not know")),
    )
}
_SEVERITIES: Mapping[str, Any] = {
    "centralita.delivery.dead": "high",
    "centralita.breaker.opened": "high",
    "centralita.breaker.closed": "info",
    "centralita.source.rejecting": "medium",
}


def announce(
    tx: Transaction,
    receipt_id: str,
    type_: str,
    *,
    lane: str,
    cause: Event,
    now: float,
    detail: str = "",
    more: int = 0,
    delivery: str = "",
    retry_at: float | None = None,
) -> bool:
    """Appends an event of our own about a lane; False when the chain of causes is too long to go on.

    ``more`` is how many like it were not announced since the last one.
    """
    if cause.depth >= MAX_CAUSATION_DEPTH or (cause.type == type_ and cause.data.get("lane") == lane):
        return False  # the announcement itself could not be delivered there: saying so there helps nobody
    data: dict[str, Any] = {"lane": lane, "reason": detail, "more": more, "delivery": delivery}
    data["about"] = {"type": cause.type, "title": cause.title}
    if retry_at is not None:
        data["retry_at"] = _rfc3339(retry_at)
    event = Event(
        id=event_id(receipt_id, 0),
        source=SLUG,
        type=type_,
        time=_rfc3339(now),
        subject=f"lane/{lane}",
        severity=_SEVERITIES.get(type_),
        title=lane,
        phase="closed" if type_.endswith(".closed") else "open",
        cause=cause.id,
        depth=cause.depth + 1,
        data=data,
    )
    append_own(tx, receipt_id, event, now)
    return True


def _rfc3339(at: float) -> str:
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
    paths: tuple[str, ...] = ("lane", "reason", "more", "delivery", "retry_at", "about.type", "about.title")

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
