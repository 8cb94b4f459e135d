"""The queue of one destination: how it wants to be treated, and what follows from its state.

A lane's rows are performed by one worker at a time (``owner``); ``wake_at`` says when somebody should look at the lane
next. Both follow from the functions here; the store only keeps them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from centralita.core import breaker, buckets
from centralita.core.buckets import BucketState, Rate

__all__ = [
    "LanePolicy",
    "LaneState",
    "OnDead",
    "Order",
    "Rate",
    "allowance",
    "put_in_flight",
    "set_wake",
    "tokens",
    "width",
]

OnDead = Literal["continue", "hold"]
Order = Literal["subject", "strict", "none"]


class LanePolicy(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How one destination wants to be treated."""

    rate_per_s: float = 0.0
    """Sustained requests a second; 0 for no limit."""
    burst: int = 1
    in_flight: int = 16
    schedule_s: tuple[float, ...] = (5, 300, 1800, 7200, 18000, 36000, 36000)
    """Waits between attempts; attempts = len + 1. Jitter of 20 % either way is added."""
    retry_after_cap_s: float = 3600.0
    breaker: bool = True
    off: bool = False
    """Switched off by a person: nothing of it is sent, what waits is kept."""
    disable_after_s: float = 0.0
    """After how long without a success the hub stops sending by itself; 0 for never."""
    slow_s: float = 2.0
    """A success that takes longer counts as slow in the statistics."""
    on_dead: OnDead = "continue"
    order: Order = "subject"


class LaneState(msgspec.Struct, kw_only=True):
    """A lane as it is stored; changed in place inside a transaction that has locked it, then saved."""

    id: int
    key: str
    destination: str
    target: str
    wake_at: float | None = None
    in_flight: int = 0
    owner: int | None = None
    tokens: float | None = None
    """None before the first use: the bucket is full."""
    tokens_at: float = 0.0
    held_until: float = 0.0
    """Nothing is sent before: the receiver said so (429), or the breaker is open."""
    hold_reason: str = ""
    paused: bool = False
    paused_reason: str = ""
    """"" when a person paused it; else why the hub did: ``http.gone``, ``webhook.failing``."""
    breaker: str = ""
    failing_since: float | None = None
    """Since when there has been no success, if anything has failed since."""
    warned: int = 0
    """The last warning that was given of ``disable_after_s``, in per cent of it."""
    last_success_at: float | None = None
    last_failure_at: float | None = None
    last_error: str = ""
    dead: int = 0
    announced_at: float = 0.0
    unannounced: int = 0
    stored: tuple[Any, ...] = ()
    """The fields above as they were read, in their order; the store's own."""


def tokens(lane: LaneState, policy: LanePolicy, now: float) -> float:
    """How many requests the lane's rate allows at ``now``; infinite without a rate."""
    return buckets.tokens_at(BucketState(lane.tokens, lane.tokens_at), Rate(policy.rate_per_s, policy.burst), now)


def width(lane: LaneState, policy: LanePolicy) -> int:
    """How many may be in flight at once: fewer than the policy says while the breaker finds out whether the receiver is
    back."""
    return breaker.width(breaker.load(lane.breaker), policy.in_flight)


def allowance(lane: LaneState, policy: LanePolicy, now: float) -> int:
    """How many deliveries may be put in flight at ``now``."""
    if lane.paused or policy.off or lane.held_until > now:
        return 0
    # The epsilon forgives what adding doubles loses: a token that is due "now" is there.
    return max(0, int(min(width(lane, policy) - lane.in_flight, tokens(lane, policy, now) + 1e-6)))


def put_in_flight(lane: LaneState, policy: LanePolicy, count: int, owner: int, now: float) -> None:
    """Takes ``count`` tokens and places; the lane is ``owner``'s as long as anything of it is in flight."""
    if count == 0:
        return
    if policy.rate_per_s > 0:
        lane.tokens, lane.tokens_at = tokens(lane, policy, now) - count, now
    lane.in_flight += count
    lane.owner = owner


def set_wake(lane: LaneState, policy: LanePolicy, next_due: float | None, now: float) -> None:
    """Says when to look at the lane next, given when its first due row falls due.

    Never earlier than now: a lane that was just served goes behind those that have waited longer, so that no backlog,
    however old, keeps the others from their turn.
    """
    if next_due is None or lane.paused or policy.off or lane.in_flight >= width(lane, policy):
        lane.wake_at = None  # what ends its flight looks again
        return
    wait_s = 0.0
    if policy.rate_per_s > 0:
        wait_s = max(0.0, (1 - tokens(lane, policy, now)) / policy.rate_per_s)
    lane.wake_at = max(next_due, lane.held_until, now + wait_s)
