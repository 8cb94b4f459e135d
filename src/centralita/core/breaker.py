"""The circuit breaker of a lane: when to leave a destination alone, and when to look whether it is back.

It opens when most of what was tried lately failed, and lets one probe through when its time is up; a probe that fails
doubles that time. While it is open, its lane's rows wait: they neither age nor spend attempts. After a probe that
succeeded twice as many may be in flight with every round, until it is what the lane's policy allows.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Position = Literal["closed", "open", "half_open", "ramping"]
Happening = Literal["trip", "elapse", "succeed", "fail", "recover"]

TRANSITIONS: dict[tuple[Position, Happening], Position] = {
    ("closed", "succeed"): "closed",
    ("closed", "fail"): "closed",
    ("closed", "trip"): "open",
    ("open", "elapse"): "half_open",
    ("half_open", "succeed"): "ramping",
    ("half_open", "fail"): "open",
    ("ramping", "succeed"): "ramping",
    ("ramping", "fail"): "open",
    # As many are in flight as the policy allows; or nothing failed for as long as the short window looks back.
    ("ramping", "recover"): "closed",
    ("ramping", "elapse"): "closed",
}

SHORT_MINUTES, SHORT_LEAST, SHORT_SHARE = 5, 10, 0.7
"""Opens when of at least 10 tries in 5 minutes 70 % failed ..."""
LONG_MINUTES, LONG_FAILURES = 10, 100
"""... or more than 100 in 10 minutes."""
OPEN_S, OPEN_MOST_S = 30.0, 600.0
RAMP_MOST_S = 60.0 * SHORT_MINUTES


class Minute(msgspec.Struct, frozen=True, array_like=True):
    """What happened in one minute (counted since 1970)."""

    minute: int
    succeeded: int = 0
    failed: int = 0


class BreakerState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A breaker between two observations; at most ``LONG_MINUTES`` minutes are kept."""

    position: Position = "closed"
    open_until: float = 0.0
    """Also while it ramps: a try that began before was under way when it opened, and says nothing about now."""
    ramp_until: float = 0.0
    allowed: int = 0
    """How many may be in flight while it ramps."""
    passed: int = 0
    """How many have succeeded since ``allowed`` was doubled."""
    openings: int = 0
    """How often it opened since it was last closed."""
    minutes: tuple[Minute, ...] = ()


_decoder = msgspec.json.Decoder(BreakerState)


def load(stored: str) -> BreakerState:
    """The state that ``dump`` wrote; what cannot be read is a new, closed breaker."""
    try:
        return _decoder.decode(stored) if stored else BreakerState()
    except msgspec.DecodeError:
        return BreakerState()


def dump(state: BreakerState) -> str:
    """``state`` as JSON; "" for one that has nothing to tell."""
    return "" if state == BreakerState() else msgspec.json.encode(state).decode()


def look(state: BreakerState, now: float) -> BreakerState:
    """``state`` at ``now``: when its time is up, an open breaker is half open, a ramping one closed. Otherwise the same
    object."""
    if state.open_until > now + OPEN_MOST_S:  # the clock was set back
        state = msgspec.structs.replace(state, open_until=0.0, ramp_until=min(state.ramp_until, now + RAMP_MOST_S))
    if state.position == "open" and now >= state.open_until:
        return _moved(state, "elapse", now)
    if state.position == "ramping" and now >= state.ramp_until:
        return _moved(state, "elapse", now)
    return state


def width(state: BreakerState, most: int) -> int:
    """How many may be in flight, of the ``most`` that the policy allows; whether it is time is ``open_until``'s."""
    if state.position == "closed":
        return most
    return min(state.allowed, most) if state.position == "ramping" else 1


def observe(state: BreakerState, succeeded: bool, started_at: float, now: float, most: int) -> BreakerState:
    """``state`` after a try that began at ``started_at`` ended at ``now``; ``most`` as for ``width``. The same object
    if the try says nothing about the receiver as it is now."""
    looked = look(state, now)
    if looked.position != "closed" and started_at < looked.open_until:
        return state
    counted = msgspec.structs.replace(looked, minutes=_counted(looked.minutes, succeeded, now))
    moved = _moved(counted, "succeed" if succeeded else "fail", now)
    if moved.position == "ramping":
        moved = _widened(moved)
        return _moved(moved, "recover", now) if moved.allowed >= most else moved
    if moved.position == "closed" and not succeeded and _tripped(moved.minutes, now):
        return _moved(moved, "trip", now)
    return moved


def _moved(state: BreakerState, happening: Happening, now: float) -> BreakerState:
    position = TRANSITIONS[state.position, happening]
    if position == state.position:
        return state
    if position == "open":
        wait_s = min(OPEN_S * 2 ** min(state.openings, 16), OPEN_MOST_S)
        return BreakerState(
            position=position, open_until=now + wait_s, openings=state.openings + 1, minutes=state.minutes
        )
    if position == "closed":
        # Forgets the failures that opened it, or the next one would open it again.
        return BreakerState()
    if position == "ramping":
        # The probe was the first round, of one.
        return msgspec.structs.replace(state, position=position, ramp_until=now + RAMP_MOST_S, allowed=1)
    return msgspec.structs.replace(state, position=position)


def _widened(state: BreakerState) -> BreakerState:
    """After one more has succeeded: when as many have as were allowed, twice as many are."""
    passed = state.passed + 1
    if passed < state.allowed:
        return msgspec.structs.replace(state, passed=passed)
    return msgspec.structs.replace(state, passed=0, allowed=2 * state.allowed)


def _counted(minutes: tuple[Minute, ...], succeeded: bool, now: float) -> tuple[Minute, ...]:
    minute = int(now // 60)
    kept = [each for each in minutes if minute - LONG_MINUTES < each.minute < minute]
    # A clock that went back counts on in the newest minute: the tuple stays sorted and bounded.
    latest = minutes[-1] if minutes and minutes[-1].minute >= minute else Minute(minute)
    newest = Minute(latest.minute, latest.succeeded + succeeded, latest.failed + (not succeeded))
    return (*kept, newest)


def _tripped(minutes: tuple[Minute, ...], now: float) -> bool:
    minute = int(now // 60)
    short = [each for each in minutes if each.minute > minute - SHORT_MINUTES]
    failed, tried = _sums(short)
    if tried >= SHORT_LEAST and failed >= SHORT_SHARE * tried:
        return True
    return _sums(list(minutes))[0] > LONG_FAILURES


def _sums(minutes: list[Minute]) -> tuple[int, int]:
    failed = sum(each.failed for each in minutes)
    return failed, failed + sum(each.succeeded for each in minutes)
