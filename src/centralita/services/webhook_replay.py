"""Sending to one webhook again: named deliveries, what failed, what it missed, what a condition or a filter fits.

What may be a million rows goes by slices: each call does one, in one transaction with its audit entry, and says where
the next begins. What is sent again joins the tail of the webhook's lane, as a delivery of the next generation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from centralita.core import ids
from centralita.core.conditions import Condition
from centralita.core.effects import Effect, Subject
from centralita.core.events import MAX_CAUSATION_DEPTH
from centralita.core.rule_specs import WEBHOOK_RULE
from centralita.core.subjects import project
from centralita.core.subscriptions import Subscription, webhook_effect
from centralita.services.audit import record
from centralita.services.fanout import Births, Handed, Planned, Room, plan, write_deliveries
from centralita.services.hub import Hub
from centralita.services.replay import NotFound
from centralita.services.source_changes import InTheWay
from centralita.services.times import shown
from centralita.services.webhook_catalogue import spec_of, spec_of_row
from centralita.services.webhook_history import (
    AttemptFilter,
    DeliveryFilter,
    delivery_fits,
    lane_of,
    read_place,
)
from centralita.services.webhook_originals import ARGUMENT
from centralita.store import deliveries, glances, history, lanes, stored_webhooks, subjects, webhook_history
from centralita.store.database import Transaction
from centralita.store.events import Filter, StoredEvent
from centralita.store.history import Finished

SLICE = 100
"""Deliveries that one call sends again."""
EVENTS = 500
"""Events that one call looks at."""
MOST_NAMED = 500
Configuration = Literal["current", "original"]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent again: exactly one of these."""

    deliveries: tuple[int, ...] = ()
    failed_since: float | None = None
    """Dead letters that died since."""
    missed_since: float | None = None
    """Events since then that it subscribes to by now and that never went to it: it was switched off, removed, or is
    newer than they are."""
    sent_since: float | None = None
    """What was sent of the events since then, as far as ``condition`` holds for them."""
    attempts: AttemptFilter | None = None
    """Deliveries that were tried like this."""
    listed: DeliveryFilter | None = None
    """Finished deliveries that are like this."""
    condition: Condition | None = None
    """Narrows all but ``deliveries`` and ``failed_since``."""
    until: float | None = None
    """Narrows ``missed_since`` and ``sent_since``."""
    configuration: Configuration = "current"

    @property
    def details(self) -> dict[str, object]:
        """For the audit log."""
        said = {
            "deliveries": [f"dlv_{number}" for number in self.deliveries],
            "failed_since": shown(self.failed_since),
            "missed_since": shown(self.missed_since),
            "sent_since": shown(self.sent_since),
            "where": self.condition.text if self.condition else "",
            "until": shown(self.until),
            "attempts": _told(self.attempts),
            "listed": _told(self.listed),
        }
        return {**{name: value for name, value in said.items() if value}, "configuration": self.configuration}


def _told(filter_: AttemptFilter | DeliveryFilter | None) -> dict[str, object] | None:
    if filter_ is None:
        return None
    times = {"since": shown(filter_.since), "until": shown(filter_.until)}
    return {name: value for name, value in {**msgspec.structs.asdict(filter_), **times}.items() if value}


@dataclass(frozen=True)
class Replayed:
    """One step of a replay."""

    looked_at: int
    """Deliveries or events."""
    deliveries: int
    """New ones."""
    left: int
    """Those that were meant and are on their way already."""
    next: str | None
    """Give it back to go on; None when nothing is left."""


class _Again(msgspec.Struct, frozen=True):
    """One event to be sent again, and the finished delivery that it was; None for what was missed."""

    day: int
    event_id: str
    was: Finished | None


class _Chosen(msgspec.Struct, kw_only=True):
    again: list[_Again] = []
    looked_at: int
    left: int = 0
    next: str | None = None
    known: dict[str, StoredEvent] = {}
    """Events that were read already."""


async def replay(hub: Hub, actor: str, name: str, wanted: Wanted, cursor: str) -> Replayed:
    """Does one slice. Raises NotFound, InTheWay."""
    await hub.webhooks.refresh()
    lane_id = await lane_of(hub, name)
    _refuse_removed(hub, name, wanted)
    subscription = _subscription(hub, name) if wanted.missed_since is not None else None
    now = hub.clock.now()

    def write(tx: Transaction) -> Replayed:
        if lane_id is not None:
            lanes.lock(tx, [lane_id])  # nobody else decides meanwhile what was sent and what was not
        chosen = _choose(tx, lane_id, wanted, cursor, subscription, now)
        count = _send(tx, hub, name, chosen, wanted.configuration, now)
        done = Replayed(chosen.looked_at, count, chosen.left, chosen.next)
        if count or not cursor:
            details = {**wanted.details, "queued": count}
            record(tx, now, actor, "webhook.replayed", f"webhook/{name}", details)
        return done

    done = await hub.database.write(write)
    hub.deliverer.look()
    hub.database.notify()
    return done


def _refuse_removed(hub: Hub, name: str, wanted: Wanted) -> None:
    row = hub.webhooks.rows.get(name)
    if name in hub.webhooks.provided:
        if wanted.configuration == "original":
            raise InTheWay("webhook.no_revisions", webhook=name)
    elif row is None or row.removed_at is not None:
        raise NotFound(name)


def _subscription(hub: Hub, name: str) -> Subscription:
    provided = hub.webhooks.provided.get(name)
    spec = spec_of(provided) if provided is not None else spec_of_row(hub.webhooks.rows[name])
    return Subscription(spec, hub.webhooks.defaults.aliases)


# ---- what is meant


def _choose(
    tx: Transaction, lane_id: int | None, wanted: Wanted, cursor: str, subscription: Subscription | None, now: float
) -> _Chosen:
    if subscription is not None:
        return _missed(tx, lane_id, wanted, cursor, subscription)
    if lane_id is None:
        if wanted.deliveries:
            raise NotFound(f"dlv_{wanted.deliveries[0]}")
        return _Chosen(looked_at=0)
    if wanted.deliveries:
        return _named(tx, lane_id, wanted.deliveries)
    if wanted.failed_since is not None:
        return _failed(tx, lane_id, wanted.failed_since, int(cursor or 0))
    if wanted.attempts is not None:
        return _tried(tx, lane_id, wanted.attempts, wanted.condition, cursor, now)
    if wanted.listed is not None:
        return _listed(tx, lane_id, wanted.listed, wanted.condition, cursor, now)
    return _sent(tx, lane_id, wanted, cursor)


def _named(tx: Transaction, lane_id: int, numbers: Sequence[int]) -> _Chosen:
    rows = webhook_history.finished(tx, lane_id, numbers)
    on_their_way = webhook_history.pending(tx, lane_id, numbers)
    unknown = set(numbers) - {row.id for row in rows} - on_their_way
    if unknown:
        raise NotFound(f"dlv_{min(unknown)}")
    again = _newest_each(rows)
    return _Chosen(again=again, looked_at=len(set(numbers)), left=len(on_their_way))


def _newest_each(rows: Sequence[Finished]) -> list[_Again]:
    """Of several deliveries of one event by one rule only the newest; in the order of their numbers."""
    newest = {(row.event_id, row.rule): row for row in sorted(rows, key=lambda row: row.id)}
    return [_Again(row.day, row.event_id, row) for row in sorted(newest.values(), key=lambda row: row.id)]


def _failed(tx: Transaction, lane_id: int, since: float, after: int) -> _Chosen:
    letters = history.dead(tx, EVENTS, after, lane_id)
    fit = [letter.id for letter in letters if letter.finished_at >= since][:SLICE]
    looked_at = len(letters) if len(fit) < SLICE else sum(letter.id <= fit[-1] for letter in letters)
    more = looked_at < len(letters) or len(letters) == EVENTS
    rows = webhook_history.finished(tx, lane_id, fit) if fit else []
    again = _newest_each(rows)
    return _Chosen(again=again, looked_at=looked_at, next=str(letters[looked_at - 1].id) if more else None)


def _page(tx: Transaction, since: float, until: float | None, after: str) -> tuple[list[StoredEvent], str | None]:
    """The next events of the log, oldest first, and where those behind them begin."""
    page = glances.events_after(tx, Filter(since=since, until=until), after, EVENTS)
    return page, page[-1].event.id if len(page) == EVENTS else None


def _missed(tx: Transaction, lane_id: int | None, wanted: Wanted, after: str, subscription: Subscription) -> _Chosen:
    page, following = _page(tx, wanted.missed_since or 0.0, wanted.until, after)
    taken = {
        stored.event.id: stored
        for stored in page
        if stored.event.depth <= MAX_CAUSATION_DEPTH
        and not any(skipped.reason == "event.echo" for skipped in stored.skipped)
        and subscription.takes(stored.event)
        and subscription.condition.test(stored.event)
        and (wanted.condition is None or wanted.condition.test(stored.event))
    }
    places = [(ids.day(event_id), event_id) for event_id in taken]
    had: set[str] = set()
    if places and lane_id is not None:
        had = webhook_history.waiting_events(tx, lane_id, taken)
        # What was skipped because the webhook had been removed did not go to it either.
        had |= {row.event_id for row in webhook_history.ended(tx, lane_id, places) if row.reason != "webhook.removed"}
    again = [_Again(day, event_id, None) for day, event_id in places if event_id not in had]
    return _Chosen(again=again, looked_at=len(page), next=following, known=taken)


def _sent(tx: Transaction, lane_id: int, wanted: Wanted, after: str) -> _Chosen:
    page, following = _page(tx, wanted.sent_since or 0.0, wanted.until, after)
    fit = {
        stored.event.id: stored for stored in page if wanted.condition is None or wanted.condition.test(stored.event)
    }
    if not fit:
        return _Chosen(looked_at=len(page), next=following)
    on_their_way = webhook_history.waiting_events(tx, lane_id, fit)
    rows = webhook_history.ended(tx, lane_id, [(ids.day(event_id), event_id) for event_id in fit])
    again = _newest_each([row for row in rows if row.event_id not in on_their_way])
    return _Chosen(again=again, looked_at=len(page), left=len(on_their_way), next=following, known=fit)


# A search by filter ends at the time when it began, which its cursor keeps: else it would find what it sent itself.


def check_cursor(text: str, *, attempts: bool) -> None:
    """Raises ValueError for one that no search by filter gave."""
    if text:
        _began, place = _read_cursor(text)
        read_place(place) if attempts else int(place)


def _read_cursor(text: str) -> tuple[float, str]:
    began, place = text.split("/")
    return float(began), place


def _tried(
    tx: Transaction, lane_id: int, wanted: AttemptFilter, condition: Condition | None, cursor: str, now: float
) -> _Chosen:
    began, place = _read_cursor(cursor) if cursor else (now, "")
    until = began if wanted.until is None else min(began, wanted.until)
    between = msgspec.structs.replace(wanted, until=until)
    tried = webhook_history.oldest_attempts(tx, lane_id, EVENTS, read_place(place), between)
    fit = [row for _number, row in tried.fitting]
    of = webhook_history.event_ids(tx, lane_id, [(row.day, row.delivery_id) for row in fit])
    meant = {row.delivery_id: (row.day, of[row.delivery_id]) for row in fit if row.delivery_id in of}
    last = f"{began!r}/{tried.last[0]!r}_{tried.last[1]}" if tried.last and tried.total == EVENTS else None
    return _of_filter(tx, lane_id, meant, "", condition, tried.total, last)


def _listed(
    tx: Transaction, lane_id: int, wanted: DeliveryFilter, condition: Condition | None, cursor: str, now: float
) -> _Chosen:
    began, place = _read_cursor(cursor) if cursor else (now, "")
    after = int(place) if place else 0
    if not place and wanted.since is not None:
        after = webhook_history.number_at(tx, lane_id, wanted.since) - 1
    until = began if wanted.until is None else min(began, wanted.until)
    found = webhook_history.oldest_ended(tx, lane_id, EVENTS, after)
    rows = [row for row in found if row.created_at < until]
    fit = [row for row in rows if delivery_fits(row, wanted) and row.created_at >= (wanted.since or 0.0)]
    meant = {row.id: (row.day, row.event_id) for row in fit}
    last = f"{began!r}/{rows[-1].id}" if len(rows) == EVENTS else None
    return _of_filter(tx, lane_id, meant, wanted.type, condition, len(rows), last)


def _of_filter(
    tx: Transaction,
    lane_id: int,
    meant: Mapping[int, tuple[int, str]],
    type_: str,
    condition: Condition | None,
    looked_at: int,
    following: str | None,
) -> _Chosen:
    """Of the deliveries that are meant (number -> day and event) those that nothing newer was made of."""
    known = webhook_history.load_events(tx, meant.values())
    kept = {number: place for number, place in meant.items() if _event_fits(known.get(place[1]), type_, condition)}
    if not kept:
        return _Chosen(looked_at=looked_at, next=following)
    on_their_way = webhook_history.waiting_events(tx, lane_id, {event_id for _, event_id in kept.values()})
    newest = _newest_each(webhook_history.ended(tx, lane_id, sorted(set(kept.values()))))
    again = [each for each in newest if each.was and each.was.id in kept and each.event_id not in on_their_way]
    return _Chosen(again=again, looked_at=looked_at, left=len(kept) - len(again), next=following, known=known)


def _event_fits(stored: StoredEvent | None, type_: str, condition: Condition | None) -> bool:
    if stored is None:
        return not type_ and condition is None
    return type_ in ("", stored.event.type) and (condition is None or condition.test(stored.event))


# ---- and sending it


def _send(tx: Transaction, hub: Hub, name: str, chosen: _Chosen, configuration: Configuration, now: float) -> int:
    places = [(again.day, again.event_id) for again in chosen.again]
    if not places:
        return 0
    stored = chosen.known or webhook_history.load_events(tx, places)
    again = [each for each in chosen.again if each.event_id in stored]  # what is left has passed its retention
    chosen.left += len(chosen.again) - len(again)
    generations = webhook_history.generations(tx, places)
    known_subjects = _subjects(tx, [stored[each.event_id] for each in again])
    effects = _effects(tx, name, again, configuration)
    planned: list[Planned] = []
    for each, effect in zip(again, effects, strict=True):
        event = stored[each.event_id].event
        subject = known_subjects.get((event.source, event.subject)) or project(None, event)
        generation = generations.get(event.id, -1) + 1
        planned += plan(hub.destinations.address, event, [effect], subject, generation)[0]
    births: Births = _Queued()
    numbers = write_deliveries(tx, planned, Room(worker=0, left=0, taken=0), now, births)
    for each, number in zip(again, numbers, strict=True):
        if each.was is not None and each.was.state == "dead":
            key = history.chain_of_dead(tx, each.was.id)
            history.supersede(tx, each.was, number)
            if key:  # what the dead one held back goes on
                deliveries.release(tx, each.was.lane_id, key, now)
                lanes.look(tx, each.was.lane_id, now)
    return len(numbers)


class _Queued:
    """Nothing of a replay is born in flight: it goes behind what already waits."""

    def __init__(self) -> None:
        self.handed: list[Handed] = []
        self.queued = False
        self.rejected: Mapping[str, int] = {}


def _subjects(tx: Transaction, events: Sequence[StoredEvent]) -> dict[tuple[str, str], Subject]:
    named: dict[str, set[str]] = {}
    for stored in events:
        named.setdefault(stored.event.source, set()).add(stored.event.subject)
    found: dict[tuple[str, str], Subject] = {}
    for source, names in sorted(named.items()):
        found |= {(source, name): subject for name, subject in subjects.load(tx, source, names).items()}
    return found


def _effects(tx: Transaction, name: str, again: Sequence[_Again], configuration: Configuration) -> list[Effect]:
    """What is to be done again, by today's configuration or by that of the last attempt. Raises InTheWay."""
    rows = [each.was for each in again if each.was is not None]
    revisions: dict[int, int] = {}
    if configuration == "original" and rows:
        revisions = webhook_history.last_revisions(tx, rows)
        for number in sorted(set(revisions.values())):
            if stored_webhooks.revision(tx, name, number) is None:
                raise InTheWay("webhook.revision_unknown", webhook=name, revision=str(number))
    effects = []
    for each in again:
        if each.was is None:
            effects.append(webhook_effect(WEBHOOK_RULE + name, name))
            continue
        effect = msgspec.json.decode(each.was.effect, type=Effect)
        arguments = {ARGUMENT: revisions[each.was.id]} if each.was.id in revisions else {}
        effects.append(msgspec.structs.replace(effect, arguments=arguments))
    return effects
