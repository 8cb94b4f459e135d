"""What a webhook was sent: its deliveries and attempts, newest first, found by filter and by what the events say.

The log is read in slices, no further than ``services.slices`` lets one search; each answer says how far it came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from centralita.core import ids
from centralita.core.conditions import Condition
from centralita.logs import redact_text
from centralita.services.attempt_record import SentRequest
from centralita.services.event_search import Test
from centralita.services.hub import Hub
from centralita.services.replay import NotFound
from centralita.services.slices import Slices
from centralita.services.times import shown
from centralita.services.wording import in_words
from centralita.store import glances, history, lanes, webhook_history
from centralita.store.database import Transaction
from centralita.store.events import StoredEvent
from centralita.store.glances import LaneName
from centralita.store.history import Attempt
from centralita.store.webhook_history import AttemptFilter as AttemptFilter
from centralita.store.webhook_history import DeliveryLine

T = TypeVar("T")

LANE = "webhook:"
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
    tries: list[AttemptView]
    """Every try of the same delivery, this one too, in the order of time."""


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries: every field that is set must hold."""

    state: str = ""
    reason: str = ""
    type: str = ""
    since: float | None = None
    """When they were made."""
    until: float | None = None


class _Place(msgspec.Struct, Generic[T]):
    """A row that fits."""

    number: int
    """As which of its slice it was looked at, from 1."""
    cursor: str
    at: float
    row: T


class _Slice(msgspec.Struct, Generic[T]):
    """What was looked at in one go, the newest first."""

    fitting: list[_Place[T]]
    total: int
    cursor: str
    """Of the last row that was looked at, as its time."""
    at: float | None


class _Seen(msgspec.Struct, Generic[T]):
    """A page of rows, and how far the search came."""

    rows: list[T]
    next: str | None
    looked_at: int
    back_to: str | None


def _search(hub: Hub, read: Callable[[str, int], _Slice[T]], cursor: str, limit: int, tests: bool) -> _Seen[T]:
    """``tests``: whether a row that is looked at may not fit."""
    slices = Slices(hub.clock) if tests else Slices(hub.clock, limit + 1)
    rows: list[T] = []
    looked_at, oldest = 0, None
    while True:
        size = slices.size
        slice_ = read(cursor, size)
        for place in slice_.fitting:
            if len(rows) == limit:
                return _Seen(rows, cursor, looked_at, shown(oldest))
            rows.append(place.row)
            looked_at, cursor, oldest = slices.looked_at + place.number, place.cursor, place.at
        may_go_on = slices.went(slice_.total)
        if slice_.total:
            cursor, oldest = slice_.cursor, slice_.at
        looked_at = slices.looked_at
        if slice_.total < size or not may_go_on:
            return _Seen(rows, None if slice_.total < size else cursor, looked_at, shown(oldest))


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

    test = Test(condition) if condition is not None else None
    tests = test is not None or wanted != DeliveryFilter(since=wanted.since, until=wanted.until)

    def read(tx: Transaction) -> Found[DeliveryView]:
        lane = glances.lane_names(tx, [lane_id])[lane_id]
        start = webhook_history.number_at(tx, lane_id, wanted.until) if wanted.until is not None else None

        def slice_(before: str, size: int) -> _Slice[DeliveryLine]:
            number = int(before) if before else start
            rows = webhook_history.newest_deliveries(tx, lane_id, size, number, wanted.state)
            in_time = [_held_back(row, lane) for row in rows if wanted.since is None or row.created_at >= wanted.since]
            fit = _read_and_test(tx, [row for row in in_time if delivery_fits(row, wanted)], wanted.type, test)
            places = [_Place(n, str(row.id), row.created_at, row) for n, row in enumerate(in_time, 1) if row.id in fit]
            last = in_time[-1] if in_time else None
            return _Slice(places, len(in_time), str(last.id) if last else "", last.created_at if last else None)

        seen = _search(hub, slice_, cursor, limit, tests)
        events = webhook_history.load_events(tx, [(row.day, row.event_id) for row in seen.rows])
        items = [_delivery(row, events.get(row.event_id), locale) for row in seen.rows]
        return Found(items, seen.next, seen.looked_at, seen.back_to)

    return await hub.database.read(read)


def _read_and_test(tx: Transaction, rows: Sequence[DeliveryLine], type_: str, test: Test | None) -> set[int]:
    """Which deliveries have an event of that type for which ``test`` holds; one that is gone has neither."""
    if test is None and not type_:
        return {row.id for row in rows}
    said = webhook_history.read_events(tx, [(row.day, row.event_id) for row in rows])
    fit = {id_ for id_, (type, body) in said.items() if type_ in ("", type) and (test is None or test(body))}
    return {row.id for row in rows if row.event_id in fit}


def _held_back(row: DeliveryLine, lane: LaneName) -> DeliveryLine:
    """The row as its lane lets it be: what is due in one that is held is held."""
    if row.state != "due":
        return msgspec.structs.replace(row, due_at=None)
    if lane.paused:
        return msgspec.structs.replace(row, state="held", reason="lane.paused", due_at=None)
    if row.due_at is not None and lane.held_until > row.due_at:
        return msgspec.structs.replace(row, state="held", reason=lane.hold_reason, due_at=lane.held_until)
    return row


def delivery_fits(row: DeliveryLine, wanted: DeliveryFilter) -> bool:
    """Whether a delivery is meant, but for its event."""
    return (
        (not wanted.state or row.state == wanted.state)
        and (not wanted.reason or row.reason == wanted.reason)
        and (wanted.until is None or row.created_at < wanted.until)
    )


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

    test = Test(condition) if condition is not None else None

    def read(tx: Transaction) -> Found[AttemptView]:
        def slice_(before: str, size: int) -> _Slice[Attempt]:
            tried = webhook_history.newest_attempts(tx, lane_id, size, read_place(before), wanted)
            fit = tried.fitting
            if test is not None:
                held = _whose_events_hold(tx, lane_id, [row for _, row in fit], test)
                fit = [(number, row) for number, row in fit if row.id in held]
            return _Slice(
                fitting=[_Place(n, _cursor(row.started_at, row.delivery_id), row.started_at, row) for n, row in fit],
                total=tried.total,
                cursor=_cursor(*tried.last) if tried.last else "",
                at=tried.last[0] if tried.last else None,
            )

        seen = _search(hub, slice_, cursor, limit, tests=test is not None or wanted.tests)
        of = _events_of(tx, lane_id, seen.rows)
        places = [(row.day, of[row.delivery_id]) for row in seen.rows if row.delivery_id in of]
        events = webhook_history.load_events(tx, places)
        items = [_attempt(row, of.get(row.delivery_id, ""), events, locale) for row in seen.rows]
        return Found(items, seen.next, seen.looked_at, seen.back_to)

    return await hub.database.read(read)


def _events_of(tx: Transaction, lane_id: int, rows: Sequence[Attempt]) -> dict[int, str]:
    return webhook_history.event_ids(tx, lane_id, [(row.day, row.delivery_id) for row in rows])


def _whose_events_hold(tx: Transaction, lane_id: int, rows: Sequence[Attempt], test: Test) -> set[str]:
    """Ids of the attempts with an event for which ``test`` holds."""
    of = _events_of(tx, lane_id, rows)
    said = webhook_history.read_events(tx, [(row.day, of[row.delivery_id]) for row in rows if row.delivery_id in of])
    fit = {id_ for id_, (_type, body) in said.items() if test(body)}
    return {row.id for row in rows if of.get(row.delivery_id) in fit}


def _cursor(started_at: float, delivery_id: int) -> str:
    return f"{started_at!r}_{delivery_id}"


def read_place(cursor: str) -> tuple[float, int] | None:
    """The place of an attempt that a cursor says; None for "". Raises ValueError."""
    if not cursor:
        return None
    at, _separator, delivery = cursor.partition("_")
    return float(at), int(delivery)


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
        tries = [
            _attempt(each, event_id, events, locale) for each in history.attempts_of(tx, row.day, [row.delivery_id])
        ]
        return _whole(row, lane.target, tries)

    return await hub.database.read(read)


async def attempts_of(hub: Hub, event_id: str, attempt_ids: Collection[str], locale: str) -> dict[str, AttemptDetail]:
    """Attempts at webhooks whole, by id; all of one event's deliveries."""
    numbers = sorted({int(each.split("_")[2]) for each in attempt_ids})
    day = ids.day(event_id)

    def read(tx: Transaction) -> dict[str, AttemptDetail]:
        rows = history.attempts_of(tx, day, numbers)
        names = glances.lane_names(tx, [row.lane_id for row in rows])
        events = webhook_history.load_events(tx, [(day, event_id)])
        tries: dict[int, list[AttemptView]] = {}
        for row in rows:
            tries.setdefault(row.delivery_id, []).append(_attempt(row, event_id, events, locale))
        at_webhooks = (row for row in rows if row.lane_id in names and names[row.lane_id].destination == "webhook")
        wanted = (row for row in at_webhooks if row.id in attempt_ids)
        return {row.id: _whole(row, names[row.lane_id].target, tries[row.delivery_id]) for row in wanted}

    return await hub.database.read(read)


_Headers = Sequence[tuple[str, str]]


def _whole(row: Attempt, webhook: str, tries: list[AttemptView]) -> AttemptDetail:
    request = msgspec.json.decode(row.request, type=SentRequest) if row.request else None
    headers = msgspec.json.decode(row.response_headers, type=_Headers) if row.response_headers else []
    return AttemptDetail(
        attempt=next(each for each in tries if each.id == row.id),
        webhook=webhook,
        tries=tries,
        request=msgspec.to_builtins(request) if request is not None else None,
        response_headers=list(headers),
        response=redact_text(bytes(row.response or b"").decode("utf-8", "replace")),
        timings=msgspec.json.decode(row.timings, type=dict[str, float]),
    )
