"""Is everything flowing? One sentence of what is known, and when a source's silence is more than its usual one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

State = Literal["flowing", "waiting", "held", "failed"]

LONG_WAIT_S = 30.0
"""What waits for less is on its way."""
LATE_FACTOR, LATE_LEAST_S = 1.5, 300.0
KNOWN_DAYS, KNOWN_EVENTS = 3, 20
"""Before a source has sent on so many days, and so much, nobody knows what is usual for it."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A lane that does not move."""

    key: str
    waiting: int
    """Deliveries in it that are not finished."""
    until: float | None
    """When it goes on by itself, in seconds since 1970; None: when somebody lets it."""
    reason: str
    """Message id; "" when a person paused it."""

    @property
    def stopped(self) -> bool:
        """Whether the hub has stopped it for good."""
        return self.until is None and bool(self.reason)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the sentence is made of."""

    now: float
    faults: tuple[str, ...] = ()
    """Message ids of why the hub is not ready."""
    dead_lately: int = 0
    """Dead letters of the last hour that nobody has seen to."""
    held: tuple[Held, ...] = ()
    """Lanes that do not move, the gravest first."""
    waiting: int = 0
    """Everything that is to be delivered and is not."""
    oldest_at: float | None = None
    """Since when the oldest of it waits."""
    last_event_at: float | None = None


class Sentence(msgspec.Struct, frozen=True):
    """How it is, as a message id and its arguments: times are seconds since 1970 in ``..._at``."""

    state: State
    id: str
    arguments: Mapping[str, Any]


def judge(facts: Facts) -> Sentence:
    """The gravest thing that can be said."""
    if facts.faults:
        return Sentence("failed", "overview.fault", {"fault": facts.faults[0]})
    worst = facts.held[0] if facts.held else None
    if worst is not None and worst.stopped:
        return Sentence("failed", "overview.stopped", {"lane": worst.key, "waiting": worst.waiting})
    if facts.dead_lately:
        return Sentence("failed", "overview.dead", {"count": facts.dead_lately})
    if worst is not None and worst.waiting:
        at = {"lane": worst.key, "waiting": worst.waiting}
        if worst.until is None:
            return Sentence("held", "overview.paused", at)
        return Sentence("held", "overview.held", {**at, "until_at": worst.until})
    if facts.waiting and facts.oldest_at is not None and facts.now - facts.oldest_at > LONG_WAIT_S:
        return Sentence("waiting", "overview.waiting", {"waiting": facts.waiting, "oldest_at": facts.oldest_at})
    if facts.last_event_at is None:
        return Sentence("flowing", "overview.quiet", {})
    if facts.waiting:
        going = {"waiting": facts.waiting, "last_at": facts.last_event_at}
        return Sentence("flowing", "overview.on_its_way", going)
    return Sentence("flowing", "overview.flowing", {"last_at": facts.last_event_at})


def usual_silence_s(days: int, events: int, longest_gap_s: float) -> float | None:
    """The longest silence that is nothing unusual for a source that sent so much on so many days; None: not known."""
    if days < KNOWN_DAYS or events < KNOWN_EVENTS:
        return None
    return max(LATE_LEAST_S, LATE_FACTOR * longest_gap_s)
