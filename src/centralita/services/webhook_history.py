"""What a webhook was sent: its deliveries and attempts, newest first, found by filter and by what the events say.

The log is read in slices, and no further than ``MOST_LOOKED_AT`` rows at once, ``MOST_READ`` by what the events say;
each answer says how far it came.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from centralita.core.conditions import Condition
from centralita.logs import redact_text
from centralita.services.attempt_record import SentRequest
from centralita.services.hub import Hub
from centralita.services.replay import NotFound
from centralita.services.times import shown
from centralita.services.wording import in_words
from centralita.store import glances, lanes, webhook_history
from centralita.store.database import Transaction
from centralita.store.events import StoredEvent
from centralita.store.glances import LaneName
from centralita.store.history import Attempt
from centralita.store.webhook_history import DeliveryLine

T = TypeVar("T")

LANE = "webhook:"
SLICE = 500
MOST_LOOKED_AT = 2_000
MOST_READ = 500
"""Where each row's event has to be read: they lie far apart."""
STATUS = re.compile(r"[1-5](xx|\d\d)|0")
"""A status (``503``), a class of them (``5xx``), or 0 for no response."""


@dataclass(frozen=True)
class Found(Generic[T]):
    """A page, newest first, and how far the search came."""

    items: list[T]
    next: str | None
    """Cursor of the next page; None at the end."""
    looked_at: int
    """Rows that were tested."""
    back_to: str | None
    """The time of the oldest of them: nothing older was looked at."""


@dataclass(frozen=True)
class DeliveryView:
    """A delivery in a list."""

    id: str
    event: str
    type: str
    """Of the event; "" when its retention is over."""
    title: str
    state: str
    rule: str
    generation: int
    """0 the first time; each replay counts one up."""
    attempts: int
    created_at: str | None
    finished_at: str | None
    due_at: str | None
    """When it is tried next; None for one that is finished or waits behind another."""
    reason: str
    said: str
    """The reason in words."""
    detail: str


@dataclass(frozen=True)
class AttemptView:
    """An attempt in a list."""

    id: str
    delivery: str
    event: str
    type: str
    number: int
    started_at: str | None
    elapsed_ms: float
    outcome: str
    """``delivered``, ``retry``, ``dead``, ``skipped``."""
    status: int
    """0 when there was no response."""
    error: str
    """"" or why there was none: ``dns``, ``refused``, ``tls``, ``timeout``, ``blocked``..."""
    reason: str
    said: str
    """The reason in words."""
    detail: str
    revision: int
    """Of the webhook as it was sent by; 0 for one of the configuration file."""


@dataclass(frozen=True)
class AttemptDetail:
    """An attempt whole."""

    attempt: AttemptView
    webhook: str
    request: dict[str, Any] | None
    """``{method, url, headers: [[name, value]], bytes}``, what is secret masked; None when nothing was sent."""
    response_headers: list[tuple[str, str]]
    response: str
    """What the receiver said, at most 64 KiB; bytes that are no UTF-8 as U+FFFD."""
    timings: dict[str, float]
    """ms until each phase was over, as far as it came: ``dns, connect, tls, first_byte, total``."""


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries: every field that is set must hold."""

    state: str = ""
    reason: str = ""
    type: str = ""
    since: float | None = None
    """When they were made."""
    until: float | None = None


class AttemptFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which attempts: every field that is set must hold."""

    outcome: str = ""
    status: str = ""
    """``STATUS``"""
    error: str = ""
    """An error's class, or a reason."""
    since: float | None = None
    until: float | None = None


class _Row(msgspec.Struct, Generic[T]):
    """What a slice has of one row that was looked at."""

    cursor: str
    at: float
    item: T | None
    """None when it does not fit."""


Read = Callable[[str, int], Awaitable[list[_Row[T]]]]


async def _search(read: Read[T], cursor: str, limit: int, since: float | None, filtered: bool, most: int) -> Found[T]:
    items: list[T] = []
    looked_at, oldest = 0, None
    while True:
        size = SLICE if filtered else limit + 1
        rows = await read(cursor, size)
        for row in rows:
            if since is not None and row.at < since:
                return Found(items, None, looked_at, shown(oldest))
            if len(items) == limit:
                return Found(items, cursor, looked_at, shown(oldest))
            looked_at, cursor, oldest = looked_at + 1, row.cursor, row.at
            if row.item is not None:
                items.append(row.item)
        if len(rows) < size:
            return Found(items, None, looked_at, shown(oldest))
        if looked_at >= most:
            return Found(items, cursor, looked_at, shown(oldest))


async def lane_of(hub: Hub, name: str) -> int | None:
    """The lane of a webhook; None while it was never sent anything. Raises NotFound for a webhook that never was."""
    found = await hub.database.read(lambda tx: lanes.by_key(tx, LANE + name))
    if found is None and hub.webhooks.config(name) is None:
        raise NotFound(name)
    return None if found is None else found.id


async def deliveries(
    hub: Hub, name: str, wanted: DeliveryFilter, condition: Condition | None, limit: int, cursor: str, locale: str
) -> Found[DeliveryView]:
    """Deliveries to a webhook, the newest first, from the one below the number ``cursor``. Raises NotFound."""
    lane_id = await lane_of(hub, name)
    if lane_id is None:
        return Found([], None, 0, None)

    def slice_(tx: Transaction, before: str, size: int) -> list[_Row[DeliveryView]]:
        lane = glances.lane_names(tx, [lane_id])[lane_id]
        found = webhook_history.newest_deliveries(tx, lane_id, size, int(before) if before else None)
        rows = [_held_back(row, lane) for row in found]
        fit = [row for row in rows if _delivery_fits(row, wanted)]
        events = webhook_history.load_events(tx, [(row.day, row.event_id) for row in fit])
        kept = {row.id: row for row in fit if _event_fits(events.get(row.event_id), wanted.type, condition)}
        return [
            _Row(
                cursor=str(row.id),
                at=row.created_at,
                item=_delivery(row, events.get(row.event_id), locale) if row.id in kept else None,
            )
            for row in rows
        ]

    async def read(before: str, size: int) -> list[_Row[DeliveryView]]:
        return await hub.database.read(lambda tx: slice_(tx, before, size))

    filtered = condition is not None or wanted != DeliveryFilter(since=wanted.since)
    most = MOST_LOOKED_AT if condition is None and not wanted.type else MOST_READ
    return await _search(read, cursor, limit, wanted.since, filtered, most)


def _held_back(row: DeliveryLine, lane: LaneName) -> DeliveryLine:
    """The row as its lane lets it be: what is due in one that is held is held."""
    if row.state != "due":
        return msgspec.structs.replace(row, due_at=None)
    if lane.paused:
        return msgspec.structs.replace(row, state="held", reason="lane.paused", due_at=None)
    if row.due_at is not None and lane.held_until > row.due_at:
        return msgspec.structs.replace(row, state="held", reason=lane.hold_reason, due_at=lane.held_until)
    return row


def _delivery_fits(row: DeliveryLine, wanted: DeliveryFilter) -> bool:
    return (
        (not wanted.state or row.state == wanted.state)
        and (not wanted.reason or row.reason == wanted.reason)
        and (wanted.until is None or row.created_at < wanted.until)
    )


def _event_fits(stored: StoredEvent | None, type_: str, condition: Condition | None) -> bool:
    if stored is None:
        return not type_ and condition is None
    return (not type_ or stored.event.type == type_) and (condition is None or condition.test(stored.event))


def _delivery(row: DeliveryLine, stored: StoredEvent | None, locale: str) -> DeliveryView:
    return DeliveryView(
        id=f"dlv_{row.id}",
        event=row.event_id,
        type=stored.event.type if stored else "",
        title=stored.event.title if stored else "",
        state=row.state,
        rule=row.rule,
        generation=row.generation,
        attempts=row.attempts,
        created_at=shown(row.created_at),
        finished_at=shown(row.finished_at),
        due_at=shown(row.due_at),
        reason=row.reason,
        said=in_words(row.reason, {}, locale) if row.reason else "",
        detail=row.detail,
    )


# ---- attempts


async def attempts(
    hub: Hub, name: str, wanted: AttemptFilter, condition: Condition | None, limit: int, cursor: str, locale: str
) -> Found[AttemptView]:
    """Attempts at a webhook, the newest first, from the one behind ``cursor``. Raises NotFound."""
    lane_id = await lane_of(hub, name)
    if lane_id is None:
        return Found([], None, 0, None)

    def slice_(tx: Transaction, before: str, size: int) -> list[_Row[AttemptView]]:
        rows = webhook_history.newest_attempts(tx, lane_id, size, read_place(before), wanted.since)
        fit = [row for row in rows if _attempt_fits(row, wanted)]
        of = webhook_history.event_ids(tx, lane_id, [(row.day, row.delivery_id) for row in fit])
        events = webhook_history.load_events(
            tx, [(row.day, of[row.delivery_id]) for row in fit if row.delivery_id in of]
        )
        kept = {row.id for row in fit if _event_fits(events.get(of.get(row.delivery_id, "")), "", condition)}
        return [
            _Row(
                cursor=f"{row.started_at!r}_{row.delivery_id}",
                at=row.started_at,
                item=_attempt(row, of.get(row.delivery_id, ""), events, locale) if row.id in kept else None,
            )
            for row in rows
        ]

    async def read(before: str, size: int) -> list[_Row[AttemptView]]:
        return await hub.database.read(lambda tx: slice_(tx, before, size))

    filtered = condition is not None or wanted != AttemptFilter(since=wanted.since)
    most = MOST_LOOKED_AT if condition is None else MOST_READ
    return await _search(read, cursor, limit, wanted.since, filtered, most)


def read_place(cursor: str) -> tuple[float, int] | None:
    """The place of an attempt that a cursor says; None for "". Raises ValueError."""
    if not cursor:
        return None
    at, _separator, delivery = cursor.partition("_")
    return float(at), int(delivery)


def _attempt_fits(row: Attempt, wanted: AttemptFilter) -> bool:
    return (
        (not wanted.outcome or row.outcome == wanted.outcome)
        and (not wanted.status or _status_fits(row.status, wanted.status))
        and (not wanted.error or wanted.error in (row.error, row.reason))
        and (wanted.until is None or row.started_at < wanted.until)
    )


def _status_fits(status: int, wanted: str) -> bool:
    return status // 100 == int(wanted[0]) if wanted.endswith("xx") else status == int(wanted)


def _attempt(row: Attempt, event_id: str, events: dict[str, StoredEvent], locale: str) -> AttemptView:
    stored = events.get(event_id)
    return AttemptView(
        id=row.id,
        delivery=f"dlv_{row.delivery_id}",
        event=event_id,
        type=stored.event.type if stored else "",
        number=row.number,
        started_at=shown(row.started_at),
        elapsed_ms=round(row.elapsed_ms, 3),
        outcome=row.outcome,
        status=row.status,
        error=row.error,
        reason=row.reason,
        said=in_words(row.reason, {}, locale) if row.reason else "",
        detail=row.detail,
        revision=row.revision,
    )


async def attempt(hub: Hub, attempt_id: str, locale: str) -> AttemptDetail | None:
    """An attempt at a webhook whole; None when there is none of that id."""

    def read(tx: Transaction) -> AttemptDetail | None:
        row = webhook_history.find_attempt(tx, attempt_id)
        lane = glances.lane_names(tx, [row.lane_id]).get(row.lane_id) if row is not None else None
        if row is None or lane is None or lane.destination != "webhook":
            return None
        place = (row.day, row.delivery_id)
        event_id = webhook_history.event_ids(tx, lane.id, [place]).get(row.delivery_id, "")
        events = webhook_history.load_events(tx, [(row.day, event_id)] if event_id else [])
        return _whole(row, lane.target, _attempt(row, event_id, events, locale))

    return await hub.database.read(read)


_Headers = Sequence[tuple[str, str]]


def _whole(row: Attempt, webhook: str, view: AttemptView) -> AttemptDetail:
    request = msgspec.json.decode(row.request, type=SentRequest) if row.request else None
    headers = msgspec.json.decode(row.response_headers, type=_Headers) if row.response_headers else []
    return AttemptDetail(
        attempt=view,
        webhook=webhook,
        request=msgspec.to_builtins(request) if request is not None else None,
        response_headers=list(headers),
        response=redact_text(bytes(row.response or b"").decode("utf-8", "replace")),
        timings=msgspec.json.decode(row.timings, type=dict[str, float]),
    )
