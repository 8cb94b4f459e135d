"""Finding events, and one event whole: its receipt, its rules with why and why not, its deliveries with attempts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import msgspec

from centralita.core import ids
from centralita.core.conditions import Condition
from centralita.core.effects import Effect
from centralita.core.rules import Ruleset, explain
from centralita.core.subjects import project
from centralita.logs import redact_text
from centralita.ports import Receipt
from centralita.services import event_search
from centralita.services.event_search import Asked
from centralita.services.hub import Hub
from centralita.services.times import shown
from centralita.store import deliveries, events, glances, history, receipts, subjects
from centralita.store import event_search as store_search
from centralita.store.database import Transaction
from centralita.store.deliveries import DeliveryRow
from centralita.store.events import Filter, StoredEvent
from centralita.store.glances import LaneName
from centralita.store.history import Attempt, Finished

EXCERPT_BYTES = 2_000
"""Of a receiver's response, for whoever reads an event's page; all that was kept is in the database."""


@dataclass(frozen=True)
class EventSummary:
    """An event in a list."""

    id: str
    source: str
    type: str
    time: str
    subject: str
    severity: str | None
    title: str
    status: str
    matched: list[str]
    outcome: str = ""
    """``waiting`` (something of it is not finished), ``dead`` (something is a dead letter), ``delivered`` (neither),
    ``unmatched`` (nobody wanted it); "" where that was not looked up."""


@dataclass(frozen=True)
class Found:
    """A page of events, newest first, and how far the search came."""

    items: list[EventSummary]
    next: str | None
    """Cursor of the next page; None at the end."""
    looked_at: int
    """Events that were tested."""
    back_to: str | None
    """The time of the oldest of them: nothing older was looked at."""


def summary(stored: StoredEvent, outcome: str = "") -> EventSummary:
    """What a list shows of an event."""
    event = stored.event
    return EventSummary(
        id=event.id,
        source=event.source,
        type=event.type,
        time=event.time,
        subject=event.subject,
        severity=event.severity,
        title=event.title,
        status=event.status,
        matched=list(stored.matched),
        outcome=outcome,
    )


async def find(
    hub: Hub, wanted: Filter, condition: Condition | None, limit: int, before: str, outcome: str = ""
) -> Found:
    """The newest events that fit, from behind ``before`` (an event's id, "" for the newest).

    The log is read in slices, and no further than ``event_search`` looks at once.
    ``outcome``: one of ``store.event_search.OUTCOMES``, or "" for any.
    """
    if condition is None and not outcome and event_search.is_walked(wanted):
        return await hub.database.read(lambda tx: _newest(tx, wanted, limit, before))
    asked = Asked(wanted, condition, outcome)

    def read(tx: Transaction) -> Found:
        seen = event_search.search(tx, hub.clock, asked, limit, before)
        stored = events.load(tx, seen.fitting)
        return _found(tx, [stored[each] for each in seen.fitting], seen.next, seen.looked_at, seen.oldest)

    return await hub.database.read(read)


def _newest(tx: Transaction, wanted: Filter, limit: int, before: str) -> Found:
    """Those that an index alone finds."""
    rows = events.newest(tx, wanted, limit + 1, before)
    shown_ = rows[:limit]
    last = shown_[-1].event.id if shown_ else before
    return _found(tx, shown_, last if len(rows) > limit else None, len(shown_), last)


def _found(tx: Transaction, items: list[StoredEvent], cursor: str | None, looked_at: int, oldest: str) -> Found:
    waiting, dead = store_search.unfinished(tx, [each.event.id for each in items])
    return Found(
        items=[summary(each, _outcome(each, waiting, dead)) for each in items],
        next=cursor,
        looked_at=looked_at,
        back_to=shown(ids.time_ms(oldest) / 1000) if looked_at else None,
    )


def _outcome(stored: StoredEvent, waiting: Collection[str], dead: Collection[str]) -> str:
    if stored.event.id in dead:
        return "dead"
    if stored.event.id in waiting:
        return "waiting"
    return "delivered" if stored.matched else "unmatched"


# ---- one event


@dataclass(frozen=True)
class ReceiptMeta:
    """What is known of the request that the event came in."""

    id: str
    received_at: str | None
    content_type: str
    headers: dict[str, str]
    """Those that carry no secret."""
    bytes: int
    dedupe_key: str


@dataclass(frozen=True)
class WhyReason:
    """One thing that decided: a message id with its arguments."""

    id: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class RuleWhy:
    """Why a rule did or did not match."""

    name: str
    matched: bool
    why: list[WhyReason]


@dataclass(frozen=True)
class AttemptView:
    """One try."""

    id: str
    """Under which it is shown whole; "" for one at something else than a webhook."""
    number: int
    started_at: str | None
    elapsed_ms: float
    outcome: str
    status: int
    reason: str
    detail: str
    error: str
    timings: dict[str, float]
    """Milliseconds of each phase."""
    response: str
    """The beginning of what the receiver said; bytes that are no UTF-8 as U+FFFD."""


@dataclass(frozen=True)
class DeliveryView:
    """A delivery, finished or not."""

    id: str
    lane: str
    destination: str
    target: str
    audience: str
    rule: str
    generation: int
    state: str
    attempts: int
    created_at: str | None
    finished_at: str | None
    due_at: str | None
    """When it is tried next; None for one that is finished or waits behind another."""
    reason: str
    detail: str
    reference: str
    tries: list[AttemptView] = field(default_factory=list)


@dataclass(frozen=True)
class EventDetail:
    """One event whole."""

    event: dict[str, Any]
    receipt: ReceiptMeta | None
    """None when its retention is over."""
    routed_at: str | None
    ruleset: int
    """Version of the rules that it was routed by."""
    matched: list[str]
    skipped: list[dict[str, str]]
    """What a matching rule asked for and could not have."""
    rules: list[RuleWhy]
    """Recomputed with the rules that it was routed by."""
    deliveries: list[DeliveryView]


async def detail(hub: Hub, event_id: str) -> EventDetail | None:
    """One event; None when there is none of that id."""

    stored = await hub.database.read(lambda tx: events.get(tx, event_id))
    if stored is None:
        return None
    ruleset = await hub.rules.at(stored.ruleset)
    return await hub.database.read(lambda tx: _detail(tx, hub, stored, ruleset))


def _detail(tx: Transaction, hub: Hub, stored: StoredEvent, ruleset: Ruleset) -> EventDetail:
    event = stored.event
    receipt = receipts.load(tx, [stored.receipt_id]).get(stored.receipt_id)
    subject = subjects.load(tx, event.source, [event.subject]).get(event.subject) or project(None, event)
    traces = explain(event, ruleset, subject, hub.webhooks.subscriptions)
    return EventDetail(
        event=msgspec.to_builtins(event),
        receipt=_receipt(receipt) if receipt is not None else None,
        routed_at=shown(stored.routed_at),
        ruleset=stored.ruleset,
        matched=list(stored.matched),
        skipped=[{"rule": s.rule, "target": s.target, "reason": s.reason} for s in stored.skipped],
        rules=[
            RuleWhy(trace.name, trace.matched, [WhyReason(why.id, dict(why.arguments)) for why in trace.why])
            for trace in traces
        ],
        deliveries=_deliveries(tx, event.id),
    )


def _receipt(receipt: Receipt) -> ReceiptMeta:
    return ReceiptMeta(
        id=receipt.id,
        received_at=shown(receipt.received_at),
        content_type=receipt.content_type,
        headers=dict(receipt.headers),
        bytes=len(receipt.body),
        dedupe_key=receipt.dedupe_key,
    )


def _deliveries(tx: Transaction, event_id: str) -> list[DeliveryView]:
    pending, finished = deliveries.of_event(tx, event_id), history.of_event(tx, event_id)
    lanes = glances.lane_names(tx, [row.lane_id for row in pending] + [row.lane_id for row in finished])
    tries: dict[int, list[AttemptView]] = {}
    numbers = [row.id for row in pending] + [row.id for row in finished]
    for attempt in history.attempts_of(tx, ids.day(event_id), numbers):
        lane = lanes.get(attempt.lane_id)
        shown_whole = lane is not None and lane.destination == "webhook"
        tries.setdefault(attempt.delivery_id, []).append(_attempt(attempt, attempt.id if shown_whole else ""))
    views = [_pending(row, lanes.get(row.lane_id), tries.get(row.id, [])) for row in pending]
    views += [_finished(row, lanes.get(row.lane_id), tries.get(row.id, [])) for row in finished]
    return sorted(views, key=lambda view: int(view.id.removeprefix("dlv_")))


def _pending(row: DeliveryRow, lane: LaneName | None, tries: list[AttemptView]) -> DeliveryView:
    effect = msgspec.json.decode(row.payload, type=_PayloadEffect).effect
    state, reason, due_at = row.state, row.reason, row.due_at
    if lane is not None and state == "due":
        if lane.paused:
            state, reason = "held", lane.paused_reason or "lane.paused"
        elif lane.held_until > row.due_at:
            state, reason, due_at = "held", lane.hold_reason, lane.held_until
    return DeliveryView(
        id=f"dlv_{row.id}",
        lane=lane.key if lane is not None else "",
        destination=effect.destination,
        target=effect.target,
        audience=effect.audience,
        rule=row.rule,
        generation=row.generation,
        state=state,
        attempts=row.attempts,
        created_at=shown(row.created_at),
        finished_at=None,
        due_at=shown(due_at) if row.state == "due" and not (lane is not None and lane.paused) else None,
        reason=reason,
        detail="",
        reference="",
        tries=tries,
    )


class _PayloadEffect(msgspec.Struct):
    effect: Effect


def _finished(row: Finished, lane: LaneName | None, tries: list[AttemptView]) -> DeliveryView:
    effect = msgspec.json.decode(row.effect, type=Effect)
    return DeliveryView(
        id=f"dlv_{row.id}",
        lane=lane.key if lane is not None else "",
        destination=effect.destination,
        target=effect.target,
        audience=effect.audience,
        rule=row.rule,
        generation=row.generation,
        state=row.state,
        attempts=row.attempts,
        created_at=shown(row.created_at),
        finished_at=shown(row.finished_at),
        due_at=None,
        reason=row.reason,
        detail=row.detail,
        reference=row.reference,
        tries=tries,
    )


def _attempt(attempt: Attempt, attempt_id: str) -> AttemptView:
    response = bytes(attempt.response or b"")[:EXCERPT_BYTES].decode("utf-8", "replace")
    return AttemptView(
        id=attempt_id,
        number=attempt.number,
        started_at=shown(attempt.started_at),
        elapsed_ms=round(attempt.elapsed_ms, 3),
        outcome=attempt.outcome,
        status=attempt.status,
        reason=attempt.reason,
        detail=attempt.detail,
        error=attempt.error,
        timings=msgspec.json.decode(attempt.timings, type=dict[str, float]),
        response=redact_text(response),
    )
