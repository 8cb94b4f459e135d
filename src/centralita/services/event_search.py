"""Finding events that no index knows: newest first, in slices, no further than ``services.slices`` lets one search."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from centralita.core.conditions import Condition
from centralita.core.event_search import said
from centralita.core.events import Event
from centralita.ports import Clock
from centralita.services.slices import Slices
from centralita.store import event_search, events, glances
from centralita.store.database import Transaction
from centralita.store.event_search import Fitting, Looked
from centralita.store.events import Filter, StoredEvent

_event = msgspec.json.Decoder(Event)


@dataclass(frozen=True)
class Asked:
    """What is looked for: every part that is set must hold."""

    wanted: Filter
    condition: Condition | None = None
    outcome: str = ""
    """One of ``store.event_search.OUTCOMES``, or "" for any."""

    @property
    def is_read(self) -> bool:
        """Whether each event has to be read to know."""
        return self.condition is not None or self.outcome == "incomplete"


@dataclass(frozen=True)
class Seen:
    """What a search has seen."""

    fitting: list[str]
    """Ids, the newest first."""
    next: str | None
    """From behind which to go on; None at the end."""
    looked_at: int
    oldest: str
    """The last one that was looked at."""


def is_walked(wanted: Filter) -> bool:
    """Whether one index has all that fit, and nothing else."""
    return sum(map(bool, (wanted.source, wanted.type, wanted.severity, wanted.subject))) < 2


def search(tx: Transaction, clock: Clock, asked: Asked, limit: int, before: str) -> Seen:
    """At most ``limit`` events that fit, from behind ``before``."""
    driver = event_search.rarest(tx, asked.wanted, before)
    slices = Slices(clock) if _tests(asked) else Slices(clock, limit + 1)
    found: list[Fitting] = []
    last = before
    while True:
        size = slices.size
        looked = _look(tx, asked, driver, size, limit + 1, last)
        found += [Fitting(each.id, slices.looked_at + each.number) for each in looked.fitting]
        if len(found) > limit:
            place = found[limit - 1]
            return Seen([each.id for each in found[:limit]], place.id, place.number, place.id)
        last = looked.last or last
        may_go_on = slices.went(looked.total)
        if looked.total < size or not may_go_on:
            cursor = None if looked.total < size else last
            return Seen([each.id for each in found], cursor, slices.looked_at, last)


def _tests(asked: Asked) -> bool:
    """Whether some of what is looked at may not fit."""
    if asked.is_read or asked.outcome == "delivered" or not is_walked(asked.wanted):
        return True
    return bool(asked.outcome) and asked.wanted != Filter(since=asked.wanted.since, until=asked.wanted.until)


def _look(tx: Transaction, asked: Asked, driver: str, size: int, most: int, before: str) -> Looked:
    if not asked.is_read:
        return event_search.look(tx, asked.wanted, asked.outcome, size, most, before, driver)
    outcome = "" if asked.outcome == "incomplete" else asked.outcome
    rows = event_search.read(tx, asked.wanted, outcome, size, before, driver)
    test = Test(asked.condition, incomplete=asked.outcome == "incomplete")
    fitting = [Fitting(row.id, number) for number, row in enumerate(rows, 1) if row.fits and test(row.body)]
    return Looked(fitting, len(rows), rows[-1].id if rows else "")


@dataclass(frozen=True)
class Behind:
    """A step through the log, the oldest first."""

    fitting: list[str]
    """Ids."""
    next: str | None
    """Behind which the next step begins; None at the end."""


def behind(tx: Transaction, asked: Asked, after: str, size: int) -> Behind:
    """Those that fit now of the next ``size`` events behind ``after`` ("" for the beginning)."""
    if asked.outcome in ("waiting", "dead"):  # few are, and they are known
        candidates = event_search.unfinished_after(tx, asked.outcome, asked.wanted, after, size)
        stored = events.load(tx, candidates)
        rows = [stored[each] for each in candidates if each in stored]
    else:
        rows = glances.events_after(tx, asked.wanted, after, size)
        candidates = [each.event.id for each in rows]
    unfinished = set[str]().union(*event_search.unfinished(tx, candidates)) if asked.outcome == "delivered" else set()
    fitting = [each.event.id for each in rows if _fits(asked, each, unfinished)]
    return Behind(fitting, candidates[-1] if len(candidates) == size else None)


def _fits(asked: Asked, stored: StoredEvent, unfinished: Collection[str]) -> bool:
    wanted, event = asked.wanted, stored.event
    for sought, is_ in (
        (wanted.source, event.source),
        (wanted.type, event.type),
        (wanted.subject, event.subject),
        (wanted.severity, event.severity),
    ):
        if sought and sought != is_:
            return False
    if asked.outcome == "delivered" and (not stored.matched or event.id in unfinished):
        return False
    if (asked.outcome == "unmatched" and stored.matched) or (asked.outcome == "incomplete" and not event.incomplete):
        return False
    return asked.condition is None or asked.condition.test(event)


class Test:
    """Whether an event fits, by its JSON as it is kept."""

    def __init__(self, condition: Condition | None, *, incomplete: bool = False) -> None:
        self._condition, self._incomplete = condition, incomplete
        self._said = said(condition) if condition is not None else ()

    def __call__(self, body: bytes) -> bool:
        # The bytes first: to read them as an event costs many times as much.
        if not all(any(each in body for each in choices) for choices in self._said):
            return False
        event = _event.decode(body)
        if self._incomplete and not event.incomplete:
            return False
        return self._condition is None or self._condition.test(event)
