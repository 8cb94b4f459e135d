"""The queue of one destination: how it wants to be treated, and what follows from its state.

A lane's rows are performed by one worker at a time (``owner``); ``wake_at`` says when somebody should look at the lane
next. Both follow from the functions here; the store only keeps them.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """A token bucket's size: ``per_s`` tokens a second, at most ``burst`` saved up."""

    per_s: float
    burst: int


class LanePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How one destination wants to be treated."""

    rate_per_s: float = 0.0
    """Sustained requests a second; 0 for no limit."""
    burst: int = 1
    in_flight: int = 16
    schedule_s: tuple[float, ...] = (5, 300, 1800, 7200, 18000, 36000, 36000)
    """Waits between attempts; attempts = len + 1. Jitter of 20 % either way is added."""
    retry_after_cap_s: float = 3600.0
    breaker: bool = True
    on_dead: Literal["continue", "hold"] = "continue"
    order: Literal["subject", "strict", "none"] = "subject"


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
    breaker: str = ""
    last_success_at: float | None = None
    last_failure_at: float | None = None
    last_error: str = ""
    dead: int = 0
    announced_at: float = 0.0
    unannounced: int = 0
