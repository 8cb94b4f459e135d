"""What the routes' parameters have in common: filters, times, pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Query, Request

from centralita.core import ids
from centralita.core.conditions import Condition, compile_condition
from centralita.services.times import moment
from centralita.store.events import Filter
from centralita.web.api.problems import Problem
from centralita.web.auth import hub_of

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=500, description="Most items on a page.")]
Cursor = Annotated[str, Query(max_length=200, description="The `next` of the page before.")]
Moment = Annotated[str, Query(max_length=64, description="RFC 3339, or a span before now: 30m, 2h, 7d.")]
Word = Annotated[str, Query(max_length=500)]


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page of a list."""

    items: list[T]
    next: str | None = None
    """Cursor of the next page; None at the end."""


def at(text: str, name: str, now: float) -> float | None:
    """Seconds since 1970 of a time parameter, None for "". Raises Problem 422."""
    if not text:
        return None
    try:
        return moment(text, now)
    except (ValueError, OverflowError):
        raise Problem(422, "time.unreadable", name) from None


def event_filter(
    request: Request,
    source: Word = "",
    type: Word = "",
    subject: Word = "",
    severity: Word = "",
    since: Moment = "",
    until: Moment = "",
) -> Filter:
    """The events that the query's parameters describe. Raises Problem 422."""
    now = hub_of(request).clock.now()
    return Filter(
        source=source,
        type=type,
        subject=subject,
        severity=severity,
        since=at(since, "since", now),
        until=at(until, "until", now),
    )


def condition_of(text: str) -> Condition | None:
    """The compiled condition, None for "". Raises ConditionError."""
    return compile_condition(text) if text.strip() else None


def event_cursor(text: str) -> str:
    """A cursor that is an event's id. Raises Problem 422."""
    try:
        if text:
            ids.day(text)
    except ValueError:
        raise Problem(422, "cursor.unreadable") from None
    return text


def number_cursor(text: str) -> int:
    """A cursor that is a number; 0 for "". Raises Problem 422."""
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Problem(422, "cursor.unreadable")
    return int(text or 0)


def delivery_number(text: str) -> int:
    """The number of ``dlv_17``. Raises Problem 404."""
    digits = text.removeprefix("dlv_")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise Problem(404, "not_found", text[:100])
    return int(digits)
