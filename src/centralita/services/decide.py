"""One routing transaction: what was parsed becomes events, records, effects and deliveries, or waits to be completed.

An event that needs what its sender did not say is parked, and a delivery asks the sender for it; the events of the same
subject that come after it are parked behind it, so that a subject keeps its order. Whoever is released is routed by its
receipt, once more, and skips what that receipt led to before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from centralita.core.effects import Effect, Subject
from centralita.core.events import Event
from centralita.core.records import Record, records_of
from centralita.core.rules import Skipped, decide_effects
from centralita.core.subjects import project, still_needed
from centralita.core.subscriptions import Subscriptions
from centralita.ports import Filling, Receipt
from centralita.services import announcements
from centralita.services.announcements import About
from centralita.services.destinations import Address
from centralita.services.fanout import Handed, Planned, Room, plan, write_deliveries
from centralita.services.reactions import Reactions
from centralita.services.rule_catalogue import InForce
from centralita.store import arrivals, events, parked, receipts, records, rulesets, subjects, timers, upkeep
from centralita.store.database import Conflict, Transaction
from centralita.store.events import StoredEvent
from centralita.store.parked import Parked

ANNOUNCE_GAP_S = 300.0
PATIENCE_S = 30.0
"""How long an event waits to be completed before it goes on as it is."""
FILL_RULE = "fill"
RELEASE_TIMER = "event.release"


class RulesetChanged(Exception):
    """Somebody has changed the rules: the newest version has to be read before anything is decided."""


class WebhooksChanged(Exception):
    """Somebody has changed a webhook: its newest version has to be read before anything is decided."""


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one receipt."""

    receipt: Receipt
    events: tuple[Event, ...] = ()
    fault: str = ""
    detail: str = ""
    effects: tuple[Effect, ...] = ()
    """Of an event of our own: decided with it."""
    about: About | None = None


class Asking(msgspec.Struct, frozen=True):
    """Whom to ask for what a source's events need."""

    source: Filling
    settings: Mapping[str, object]
    answers: bool
    """Whether there is anybody to ask; without, what waited before goes on, and nothing new waits."""


class Webhooks(Protocol):
    """Those that people made."""

    @property
    def subscriptions(self) -> Subscriptions: ...
    @property
    def version(self) -> int: ...  # how many changes of webhooks ``subscriptions`` knows of


class Rules(Protocol):
    """Those of the file, and those that people made."""

    @property
    def in_force(self) -> InForce: ...


class Routing(Protocol):
    """What a batch asks of its router."""

    reactions: Reactions

    @property
    def rules(self) -> Rules: ...
    @property
    def webhooks(self) -> Webhooks: ...

    def new_id(self) -> str: ...
    def address(self, effect: Effect) -> Address: ...
    def asking(self, source: str) -> Asking | None: ...


class Batch:
    """One routing transaction. Runs on the writer's thread: touches nothing but its own fields and the transaction."""

    def __init__(self, router: Routing, source: str, parsed: Sequence[Parsed], room: Room, now: float) -> None:
        self._router, self._source, self._parsed, self._room, self._now = router, source, parsed, room, now
        self._asking = router.asking(source)
        self._rules = router.rules.in_force  # a batch is decided by one version, whatever comes meanwhile
        self._subscriptions, self._changes = router.webhooks.subscriptions, router.webhooks.version
        self._stored: list[StoredEvent] = []
        self._planned: list[Planned] = []
        self.handed: list[Handed] = []
        self.queued = False
        self.rejected: Mapping[str, int] = {}
        self.announced = False
        self.requeued = False

    @property
    def routed(self) -> int:
        """How many events it routed."""
        return len(self._stored)

    @property
    def polled(self) -> list[str]:
        """The lanes that it added to of which nothing is sent: who fetches from them may be waiting."""
        return [each.address.lane.key for each in self._planned if each.address.lane.policy.off]

    def write(self, tx: Transaction, seqs: Sequence[int]) -> None:
        """Raises Conflict when somebody else has routed these, RulesetChanged, WebhooksChanged."""
        self._room.left = self._room.taken  # a deadlock runs the closure again
        self._stored.clear()
        self._planned.clear()
        self.handed.clear()
        if receipts.take_from_inbox(tx, self._source, seqs) != len(seqs):
            raise Conflict(self._source)
        version, _digest, changes = rulesets.in_force(tx)
        if version != self._rules.version:
            raise RulesetChanged(str(version))
        if changes != self._changes:
            raise WebhooksChanged(str(changes))
        self._record_unparsed(tx)
        self._decide(tx)
        events.append(tx, self._stored)
        if self._stored:
            arrivals.add(tx, self._source, len(self._stored), self._now)
        write_deliveries(tx, self._planned, self._room, self._now, self)

    def _record_unparsed(self, tx: Transaction) -> None:
        lost = [parsed for parsed in self._parsed if parsed.fault]
        for parsed in lost:
            receipts.record_unparsed(tx, parsed.receipt, self._now, parsed.fault, parsed.detail)
        told_at = float(upkeep.fact(tx, f"unparsed.{self._source}") or 0) if lost else 0.0
        if not lost or self._now - told_at < ANNOUNCE_GAP_S or self._source == announcements.SLUG:
            return
        upkeep.set_fact(tx, f"unparsed.{self._source}", str(self._now))
        first = lost[0]
        facts = {
            "source": self._source,
            "receipt": first.receipt.id,
            "reason": f"{first.fault} {first.detail}".strip(),
            "more": len(lost) - 1,
        }
        announcements.announce(
            tx,
            self._router.new_id(),
            "centralita.receipt.unparsed",
            subject=f"source/{self._source}",
            title=self._source,
            now=self._now,
            facts=facts,
        )
        self.announced = True

    def _decide(self, tx: Transaction) -> None:
        every = [(parsed, event) for parsed in self._parsed for event in parsed.events]
        again = events.existing(tx, [event.id for _, event in every])
        new = [(parsed, event) for parsed, event in every if event.id not in again]
        prepared = self._router.reactions.prepare(tx, [event for _, event in new], self._now)
        fresh = [(parsed, event) for (parsed, _), event in zip(new, prepared, strict=True)]
        line = _Line(tx, self._source, [event for _, event in fresh], self._asking, self._now)
        known = subjects.load(tx, self._source, [event.subject for _, event in fresh if event.subject])
        changed: dict[str, Subject] = {}
        noted: dict[tuple[str, str], Record] = {}
        told: list[tuple[Event, Subject]] = []
        for parsed, said in fresh:
            event = line.pass_or_park(parsed.receipt, said, changed.get(said.subject) or known.get(said.subject))
            if event is None:
                continue
            subject = project(changed.get(event.subject) or known.get(event.subject), event)
            if event.subject:
                changed[event.subject] = subject
            if self._source != announcements.SLUG:  # what we tell of others' things is no news of theirs
                noted.update({(record.kind, record.id): record for record in records_of(event, subject)})
                told.append((event, subject))
            self._route_one(tx, parsed, event, subject)
        for event in line.asking:
            if self._asking is not None:
                self._plan(event, [self._asking.source.fetch(event)], Subject(source="", subject=""))
        self.requeued = line.write(tx)
        subjects.save(tx, changed, self._now)
        records.save(tx, noted.values(), self._now)
        if told:
            self.announced = self._router.reactions.routed(tx, told, self._now) or self.announced

    def _about(self, tx: Transaction, about: About, own: Subject) -> Subject:
        return subjects.load(tx, about.source, [about.subject]).get(about.subject, own)

    def _route_one(self, tx: Transaction, parsed: Parsed, event: Event, subject: Subject) -> None:
        """Rules tell an event of ours in the thread of what it is about; what was decided with it has its own."""
        shown = subject if parsed.about is None else self._about(tx, parsed.about, subject)
        decision = decide_effects(event, self._rules.ruleset, shown, self._subscriptions)
        reaction = self._router.reactions.react(tx, event, shown, self._now)
        self.announced = self.announced or reaction.announced
        skipped = list(decision.skipped)
        effects = decision.effects
        if reaction.echo:
            skipped += [Skipped(effect.rule, effect.target, "event.echo") for effect in effects]
            effects = ()
        once = _each_once((*parsed.effects, *reaction.effects, *effects))
        own = once[: len(_each_once(parsed.effects))]
        lost = [*self._plan(event, own, subject), *self._plan(event, once[len(own) :], shown)]
        self._stored.append(
            StoredEvent(
                event=event,
                receipt_id=parsed.receipt.id,
                routed_at=self._now,
                ruleset=self._rules.version,
                matched=decision.matched,
                skipped=(*skipped, *lost),
            )
        )

    def _plan(self, event: Event, effects: Sequence[Effect], subject: Subject) -> list[Skipped]:
        planned, lost = plan(self._router.address, event, effects, subject)
        self._planned.extend(planned)
        return lost


def _each_once(effects: Sequence[Effect]) -> list[Effect]:
    """One message for each target, however many rules and nouns want it; every action that changes something."""
    found: dict[tuple[str, str, str, int], Effect] = {}
    for number, effect in enumerate(effects):
        action = effect.action if effect.destination != "slack" else ""
        found.setdefault((effect.destination, effect.target, action, number if action else 0), effect)
    return list(found.values())


class _Line:
    """Who goes on, who waits to be completed, and who waits behind."""

    def __init__(self, tx: Transaction, source: str, fresh: Sequence[Event], asking: Asking | None, now: float) -> None:
        self._source, self._asking, self._now = source, asking, now
        names = {event.subject for event in fresh if event.subject}
        rows = parked.of_subjects(tx, source, names) if asking is not None else []
        self._rows = {row.event_id: row for row in rows}
        self._standing: dict[str, list[str]] = {}
        for row in rows:
            self._standing.setdefault(row.subject, []).append(row.event_id)
        self._new: list[Parked] = []
        self._gone: list[str] = []
        self.asking: list[Event] = []
        """Those for which a delivery is to ask."""

    def pass_or_park(self, receipt: Receipt, event: Event, known: Subject | None) -> Event | None:
        """The event as it goes on; None when it waits. ``known`` is what its subject is so far."""
        if self._asking is None or not event.subject:
            return _as_it_is(event)
        row, standing = self._rows.get(event.id), self._standing.setdefault(event.subject, [])
        if row is None and not standing and not self._asking.answers:
            return _as_it_is(event)
        if row is None:
            event = msgspec.structs.replace(event, needs=still_needed(event, known))
            if not event.needs and not standing:
                return event
            waits = bool(event.needs) and self._asking.answers
            state = parked.WAITING if waits else parked.BEHIND
            self._new.append(_parked(event, receipt, self._source, state, self._now))
            standing.append(event.id)
            if waits:
                self.asking.append(event)
            return None
        if row.state == parked.WAITING or standing[:1] != [event.id]:
            return None
        standing.remove(event.id)
        self._gone.append(event.id)
        if row.answer is None:
            return _as_it_is(event)
        return self._asking.source.fill(event, row.answer, self._asking.settings)

    def write(self, tx: Transaction) -> bool:
        """Keeps who waits; True when some may go on now, whose receipts were queued again."""
        parked.park(tx, self._new)
        for event in self.asking:
            timers.set_timer(tx, RELEASE_TIMER, event.id, self._now + PATIENCE_S)
        parked.remove(tx, self._gone)
        if not self._gone:
            return False
        rows = self._rows | {row.event_id: row for row in self._new}
        first = [rows[event_ids[0]] for event_ids in self._standing.values() if event_ids]
        freed = [row for row in first if row.state != parked.WAITING]
        parked.requeue(tx, freed)
        return bool(freed)


def _as_it_is(event: Event) -> Event:
    return msgspec.structs.replace(event, needs=(), incomplete=True) if event.needs else event


def _parked(event: Event, receipt: Receipt, source: str, state: str, now: float) -> Parked:
    return Parked(source=source, subject=event.subject, event_id=event.id, receipt_id=receipt.id, state=state, at=now)
