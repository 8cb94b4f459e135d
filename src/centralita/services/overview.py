"""Is it working? What flows, what waits, what is held and until when, who has gone silent, and what needs somebody."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from heapq import nlargest
from typing import Any

from centralita.core.overview import Facts, Held, State, judge, usual_silence_s
from centralita.core.rollups import floor
from centralita.services import announcements, health, webhooks
from centralita.services.hub import Hub
from centralita.services.ingest import ConfiguredSource
from centralita.services.lanes import LaneView
from centralita.services.lanes import view as lane_view
from centralita.services.times import shown
from centralita.services.wording import in_words
from centralita.store import arrivals, lanes, receipts, sources
from centralita.store.database import Transaction
from centralita.store.overview import Queue, created_at, depths, open_issues, queues, rejected, tries_by_minute, waiting

MINUTES = 60
HALF_S = 1800
HABIT_DAYS = 7
LATELY_S = 3600.0
MOST_LANES = 50
LOW_BYTES = 1_000_000_000
WEBHOOK = "webhook"


@dataclass(frozen=True)
class Flow:
    """What went through in some time."""

    events: int | None
    """That came in and were routed; None for a time of which that was not counted yet."""
    delivered: int
    """Tries that succeeded."""
    failed: int
    """Tries that failed."""


@dataclass(frozen=True)
class Minute:
    """One minute."""

    start: str | None
    """RFC 3339"""
    flow: Flow


@dataclass(frozen=True)
class SourceStanding:
    """Whether a source is heard of as usual."""

    slug: str
    name: str
    kind: str
    enabled: bool
    last_at: str | None
    silence_s: float | None
    """Since its last accepted request; None before the first."""
    usual_silence_s: float | None
    """What it has been silent for at most in the last week, and half as long again; None while that is not known."""
    late: bool
    """Whether it is silent for longer than that."""
    per_day: float | None
    """Events on a day on which it sends any."""


@dataclass(frozen=True)
class DestinationStanding:
    """Everything of one kind."""

    destination: str
    lanes: int
    waiting: int
    held: int
    """Lanes of it that do not move."""
    last_success_at: str | None
    last_failure_at: str | None


@dataclass(frozen=True)
class Need:
    """Something that needs somebody."""

    kind: str
    """``fault``, ``disk``, ``dead_letters``, ``approvals``, ``conflicts``, ``disabled_webhooks``, ``failing_webhooks``,
    ``webhook_issues``, ``paused_lanes``, ``unparsed``, ``rejections``, ``late_sources``."""
    count: int
    """How many; of free space, megabytes."""
    which: str
    """The one that stands for them, as far as one does: a lane, a source, a webhook, a message id."""


@dataclass(frozen=True)
class Overview:
    """Everything at a glance."""

    state: State
    reason: str
    """A message id."""
    arguments: dict[str, Any]
    """Its arguments; times, in ``..._at``, as RFC 3339."""
    said: str
    """The same in words."""
    at: str | None
    waiting: int
    """Deliveries that are not finished, without those that are fetched or switched off."""
    oldest_at: str | None
    """Since when the oldest of them waits."""
    inbox: int
    """Receipts that nobody has routed yet."""
    last_half_hour: Flow
    half_hour_before: Flow
    minutes: list[Minute]
    """The last hour, the oldest first; the last one has not ended."""
    sources: list[SourceStanding]
    destinations: list[DestinationStanding]
    lanes: list[LaneView]
    """At most 50: those that do not move first, then where most waits, then those that last succeeded."""
    needs: list[Need]
    """Without what the reader may not see."""


async def overview(hub: Hub, permissions: Collection[str], locale: str) -> Overview:
    """How everything is now, as far as somebody with ``permissions`` may know. Raises StoreUnavailable."""
    known = sorted(hub.sources.items())  # before the reader's thread has it: the map changes on the loop
    glance = await hub.database.read(lambda tx: _Glance(tx, hub))
    heard = [_source(glance, slug, configured) for slug, configured in known if slug != announcements.SLUG]
    sentence = judge(glance.facts())
    arguments = {name: shown(value) if name.endswith("_at") else value for name, value in sentence.arguments.items()}
    return Overview(
        state=sentence.state,
        reason=sentence.id,
        arguments=arguments,
        said=in_words(sentence.id, _worded(arguments, locale), locale),
        at=shown(glance.now),
        waiting=sum(count for count, _oldest in glance.depths.values()),
        oldest_at=shown(glance.oldest_at),
        inbox=glance.inbox,
        last_half_hour=glance.flow(glance.minute - HALF_S + 60, glance.minute + 60),
        half_hour_before=glance.flow(glance.minute - 2 * HALF_S + 60, glance.minute - HALF_S + 60),
        minutes=list(glance.minutes()),
        sources=heard,
        destinations=list(glance.destinations()),
        lanes=glance.shown_lanes,
        needs=[need for permission, need in _needs(hub, glance, heard) if permission in permissions],
    )


def _worded(arguments: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """The arguments as a person reads them: times in UTC by the second, a fault's sentence."""
    words = dict(arguments)
    for name, value in arguments.items():
        if name.endswith("_at"):
            words[name] = f"{str(value)[:19].replace('T', ' ')} UTC"
        elif name == "fault":
            words[name] = in_words(value, {}, locale)
    return words


class _Glance:
    """What one read transaction has seen."""

    def __init__(self, tx: Transaction, hub: Hub) -> None:
        self.now = hub.clock.now()
        self.minute = floor(self.now, "minute")
        since = self.minute - (MINUTES - 1) * 60
        self.faults = tuple(health.known_faults(hub))
        self._queues = {queue.id: queue for queue in queues(tx)}
        self.depths = {lane_id: depth for lane_id, depth in depths(tx).items() if not self._off(hub, lane_id)}
        self.inbox = receipts.count_waiting(tx)
        self._arrived = arrivals.by_minute(tx, since, (announcements.SLUG,))
        self._counted_from = arrivals.counted_from(tx, self.now)
        self._tries = tries_by_minute(tx, since)
        self.counts, self.habits = sources.counts(tx), arrivals.habits(tx, int(self.now // 86_400) - HABIT_DAYS)
        self.unparsed, self.rejected = sources.unparsed_by_source(tx), rejected(tx, self.now - LATELY_S)
        self.people, self.issues = waiting(tx, self.now - LATELY_S), open_issues(tx)
        self._stuck = sorted((each for each in self._queues.values() if self._is_stuck(each)), key=self._gravity)
        self._made_at: dict[int, float] = {}
        self.oldest_at: float | None = None
        self.shown_lanes: list[LaneView] = []
        self._show(tx, hub)

    def _off(self, hub: Hub, lane_id: int) -> bool:
        queue = self._queues.get(lane_id)
        return queue is not None and hub.destinations.policy(queue.destination, queue.target).off

    def _show(self, tx: Transaction, hub: Hub) -> None:
        deepest = nlargest(MOST_LANES, self.depths, key=lambda lane_id: self.depths[lane_id][0])
        lately = nlargest(MOST_LANES, self._queues.values(), key=lambda queue: queue.last_success_at or 0.0)
        wanted = [each.id for each in self._stuck] + deepest + [each.id for each in lately]
        wanted = [lane_id for lane_id in dict.fromkeys(wanted) if lane_id in self._queues][:MOST_LANES]
        oldest = min((number for _count, number in self.depths.values()), default=None)
        numbers = {self.depths[lane_id][1] for lane_id in wanted if lane_id in self.depths}
        self._made_at = created_at(tx, numbers | ({oldest} if oldest is not None else set()))
        self.oldest_at = None if oldest is None else self._made_at.get(oldest)
        states = lanes.by_keys(tx, [self._queues[lane_id].key for lane_id in wanted])
        for lane_id in wanted:
            queue = self._queues[lane_id]
            count, number = self.depths.get(lane_id, (0, 0))
            depth = (count, self._made_at.get(number, self.now)) if count else None
            policy = hub.destinations.policy(queue.destination, queue.target)
            self.shown_lanes.append(lane_view(states[queue.key], policy, depth, self.now))

    def _is_stuck(self, queue: Queue) -> bool:
        return queue.paused or queue.held_until > self.now

    def _gravity(self, queue: Queue) -> tuple[bool, int, str]:
        stopped = queue.paused and bool(queue.paused_reason)
        return not stopped, -self._waiting_in(queue), queue.key

    def _waiting_in(self, queue: Queue) -> int:
        return self.depths.get(queue.id, (0, 0))[0]

    def _of_webhooks(self) -> list[Queue]:
        return [queue for queue in self._queues.values() if queue.destination == WEBHOOK]

    @property
    def disabled(self) -> list[Queue]:
        """Lanes that the hub has stopped."""
        return [queue for queue in self._stuck if queue.paused and queue.paused_reason]

    @property
    def paused(self) -> list[Queue]:
        """Lanes that a person has paused."""
        return [queue for queue in self._stuck if queue.paused and not queue.paused_reason]

    @property
    def failing(self) -> list[Queue]:
        """Webhooks that the hub is going to stop unless they succeed."""
        return [queue for queue in self._of_webhooks() if queue.warned and not queue.paused]

    def facts(self) -> Facts:
        """For the sentence."""
        held = tuple(
            Held(
                key=queue.key,
                waiting=self._waiting_in(queue),
                until=None if queue.paused else queue.held_until,
                reason=queue.paused_reason if queue.paused else queue.hold_reason,
            )
            for queue in self._stuck
        )
        accepted = [count.last_accepted_at for slug, count in self.counts.items() if slug != announcements.SLUG]
        return Facts(
            now=self.now,
            faults=self.faults,
            dead_lately=self.people.dead_lately,
            held=held,
            waiting=sum(count for count, _oldest in self.depths.values()),
            oldest_at=self.oldest_at,
            last_event_at=max((at for at in accepted if at is not None), default=None),
        )

    def flow(self, since: int, until: int) -> Flow:
        """What went through from one whole minute to another."""
        counted = self._counted_from is not None and self._counted_from <= since
        tries = [tried for start, tried in self._tries.items() if since <= start < until]
        return Flow(
            events=sum(n for start, n in self._arrived.items() if since <= start < until) if counted else None,
            delivered=sum(succeeded for succeeded, _failed in tries),
            failed=sum(failed for _succeeded, failed in tries),
        )

    def minutes(self) -> Iterator[Minute]:
        """The last hour."""
        for number in range(MINUTES - 1, -1, -1):
            start = self.minute - number * 60
            yield Minute(shown(float(start)), self.flow(start, start + 60))

    def destinations(self) -> Iterator[DestinationStanding]:
        """By their names."""
        for name in sorted({queue.destination for queue in self._queues.values()}):
            mine = [queue for queue in self._queues.values() if queue.destination == name]
            yield DestinationStanding(
                destination=name,
                lanes=len(mine),
                waiting=sum(map(self._waiting_in, mine)),
                held=sum(map(self._is_stuck, mine)),
                last_success_at=shown(max((each.last_success_at or 0.0 for each in mine), default=0.0) or None),
                last_failure_at=shown(max((each.last_failure_at or 0.0 for each in mine), default=0.0) or None),
            )


def _source(glance: _Glance, slug: str, configured: ConfiguredSource) -> SourceStanding:
    counts, habit = glance.counts.get(slug), glance.habits.get(slug)
    last_at = counts.last_accepted_at if counts is not None else None
    usual_s = usual_silence_s(habit.days, habit.events, habit.longest_gap_s) if habit is not None else None
    silence_s = None if last_at is None else max(0.0, glance.now - last_at)
    return SourceStanding(
        slug=slug,
        name=configured.name or slug,
        kind=configured.kind,
        enabled=configured.enabled,
        last_at=shown(last_at),
        silence_s=silence_s,
        usual_silence_s=usual_s,
        late=configured.enabled and usual_s is not None and silence_s is not None and silence_s > usual_s,
        per_day=habit.events / habit.days if habit is not None else None,
    )


def _needs(hub: Hub, glance: _Glance, heard: list[SourceStanding]) -> Iterator[tuple[str, Need]]:
    """The gravest first, each with the permission to see it."""
    free = shutil.disk_usage(hub.settings.data_dir).free
    late = [each.slug for each in heard if each.late]
    people, refused, unread = glance.people, glance.rejected, glance.unparsed
    known = {slug: count for slug, count in unread.items() if slug in hub.sources}
    there = set(webhooks.names(hub)) if glance.issues else set()  # of one that is gone nobody can see to anything
    issues = {name: each for name, each in glance.issues.items() if name in there}
    yield from (("event.read", Need("fault", 1, fault)) for fault in glance.faults)
    found = (
        ("event.read", "disk", free // 1_000_000 if free < LOW_BYTES else 0, ""),
        ("delivery.read", "dead_letters", people.dead, ""),
        ("webhook.read", "disabled_webhooks", len(glance.disabled), _first(glance.disabled)),
        ("webhook.read", "failing_webhooks", len(glance.failing), _first(glance.failing)),
        ("delivery.read", "paused_lanes", len(glance.paused), _first(glance.paused)),
        ("source.read", "unparsed", sum(unread.values()), _most(known)),
        ("source.read", "late_sources", len(late), late[0] if late else ""),
        ("source.read", "rejections", sum(refused.values()), _most(refused)),
        ("approval.read", "approvals", people.approvals, ""),
        ("asset.read", "conflicts", people.conflicts, ""),
        ("webhook.read", "webhook_issues", sum(count for count, _at in issues.values()), _newest(issues)),
    )
    for permission, kind, count, which in found:
        if count:
            yield permission, Need(kind, count, which)


def _newest(issues: Mapping[str, tuple[int, float]]) -> str:
    return max(issues, key=lambda name: issues[name][1], default="")


def _most(counts: Mapping[str, int]) -> str:
    return max(counts, key=counts.__getitem__, default="")


def _first(queues: list[Queue]) -> str:
    return queues[0].key if queues else ""
