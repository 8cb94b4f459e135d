"""Token buckets: how many requests a rate allows now, and how long to wait for the next."""

from __future__ import annotations

import msgspec

_EPSILON = 1e-6
"""Forgives what adding doubles loses: who waited as long as told finds the token there."""


class Rate(msgspec.Struct, frozen=True):
    """A token bucket's size: ``per_s`` tokens a second, at most ``burst`` saved up."""

    per_s: float
    burst: int


class BucketState(msgspec.Struct, frozen=True):
    """A bucket between two looks; JSON-able. ``tokens`` None: full, never used."""

    tokens: float | None = None
    updated_at: float = 0.0
    held_until: float = 0.0
    """Nothing before this moment: the receiver said so."""


def tokens_at(state: BucketState, rate: Rate, now: float) -> float:
    """Tokens in the bucket at ``now``, holds left aside; infinite when ``rate.per_s`` is 0. A clock that goes back
    neither gives nor takes any."""
    if rate.per_s <= 0:
        return float("inf")
    if state.tokens is None:
        return float(rate.burst)
    return min(float(rate.burst), state.tokens + max(0.0, now - state.updated_at) * rate.per_s)


def available(state: BucketState, rate: Rate, now: float) -> float:
    """How many whole tokens can be taken at ``now``; infinite without a rate."""
    if state.held_until > now:
        return 0
    found = tokens_at(state, rate, now)
    return found if found == float("inf") else max(0, int(found + _EPSILON))


def take(state: BucketState, rate: Rate, now: float) -> tuple[BucketState, float]:
    """The bucket with a token less and 0.0; or the bucket as it is and the seconds until there is one."""
    if state.held_until > now:
        return state, state.held_until - now
    found = tokens_at(state, rate, now)
    if found == float("inf"):
        return state, 0.0
    if found + _EPSILON >= 1:
        return BucketState(found - 1, max(now, state.updated_at), state.held_until), 0.0
    return state, (1 - found) / rate.per_s


def hold(state: BucketState, until: float) -> BucketState:
    """The bucket, closed at least until ``until``."""
    return msgspec.structs.replace(state, held_until=max(state.held_until, until))
