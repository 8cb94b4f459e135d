"""The breaker: what opens it, how long, and that it always lets a probe through in the end."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from centralita.core import breaker
from centralita.core.breaker import (
    LONG_MINUTES,
    OPEN_MOST_S,
    RAMP_MOST_S,
    BreakerState,
    dump,
    load,
    look,
    width,
)

NOW = 1_767_607_200.0
MOST = 16


def observe(state: BreakerState, succeeded: bool, now: float, most: int = MOST) -> BreakerState:
    """A try that took no time."""
    return breaker.observe(state, succeeded, now, now, most)


def after(results: str, now: float = NOW, gap_s: float = 0.0) -> BreakerState:
    """The state after results written as ``+`` and ``-``, ``gap_s`` apart."""
    state = BreakerState()
    for number, result in enumerate(results):
        state = observe(state, result == "+", now + number * gap_s)
    return state


@pytest.mark.parametrize(
    ("results", "gap_s", "position"),
    [
        ("-" * 9, 0, "closed"),
        ("-" * 10, 0, "open"),
        ("+++" + "-" * 7, 0, "open"),
        ("++++" + "-" * 6, 0, "closed"),
        ("-" * 10, 40, "closed"),  # spread over more than five minutes
        ("-" * 10, 25, "open"),
        # 101 in ten minutes open it, however many succeed.
        (("+++-" * 100), 1, "closed"),
        (("+++-" * 101), 1, "open"),
        (("+++-" * 110), 2, "closed"),
        (("+" * 19 + "-") * 200, 0.1, "open"),
        ("+" * 1000 + "-" * 100, 0, "closed"),
    ],
)
def test_what_opens_it(results: str, gap_s: float, position: str) -> None:
    assert after(results, gap_s=gap_s).position == position


def test_the_time_doubles_up_to_its_cap_and_a_success_closes() -> None:
    state, now, waits = after("-" * 10), NOW, []
    for _ in range(7):
        waits.append(state.open_until - now)
        assert look(state, state.open_until - 0.001) is state
        now = state.open_until
        state = look(state, now)
        assert state.position == "half_open"
        state = observe(state, False, now)
        assert state.position == "open"
    assert waits == [30, 60, 120, 240, 480, 600, 600]
    assert observe(state, True, state.open_until, most=1) == BreakerState()


def ramping(successes: int, most: int = MOST) -> BreakerState:
    """After a probe that succeeded, and ``successes`` more."""
    opened = after("-" * 10)
    state = opened
    for _ in range(1 + successes):
        state = observe(state, True, opened.open_until, most)
    return state


def test_after_the_probe_twice_as_many_are_let_through_with_each_round() -> None:
    assert width(after("-" * 9), MOST) == MOST
    assert width(after("-" * 10), MOST) == 1
    widths = [width(ramping(successes), MOST) for successes in range(15)]
    assert widths == [2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8, 8, 16]
    assert ramping(13).position == "ramping"
    assert ramping(14) == BreakerState(), "forgets the failures that opened it"
    assert width(ramping(0, most=3), 3) == 2
    assert ramping(2, most=3) == ramping(0, most=2) == BreakerState()


def test_a_failure_on_the_ramp_opens_it_again_for_longer() -> None:
    state = ramping(5)
    again = observe(state, False, state.open_until + 1)
    assert (again.position, again.openings, again.open_until) == ("open", 2, state.open_until + 1 + 60)
    assert width(again, MOST) == 1
    assert width(observe(again, True, again.open_until), MOST) == 2, "the ramp begins anew"


def test_a_ramp_without_traffic_ends_by_itself() -> None:
    state = ramping(3)
    assert look(state, state.open_until + RAMP_MOST_S - 1) is state
    assert look(state, state.open_until + RAMP_MOST_S) == BreakerState()
    assert observe(state, False, state.open_until + RAMP_MOST_S).position == "closed"


def test_what_was_under_way_when_it_opened_changes_nothing() -> None:
    state = after("-" * 10)
    probed = observe(state, True, state.open_until)
    for succeeded in (True, False):
        for now in (NOW + 1, state.open_until, state.open_until + 100):
            assert breaker.observe(state, succeeded, NOW - 1, now, MOST) is state
        assert breaker.observe(probed, succeeded, NOW - 1, state.open_until + 1, MOST) is probed


def test_it_survives_being_stored() -> None:
    state = after("-" * 10)
    assert load(dump(state)) == state
    assert dump(BreakerState()) == ""
    assert load("") == load("nonsense") == load('{"position": "ajar"}') == BreakerState()
    assert len(dump(after("+-" * 600, gap_s=7))) < 500


def test_a_clock_that_goes_back_does_no_harm() -> None:
    state = after("-" * 5)
    for _ in range(5):
        state = observe(state, False, NOW - 86_400)
    assert len(state.minutes) <= LONG_MINUTES
    assert observe(state, False, NOW).position == "open"


def test_a_clock_that_goes_back_a_day_does_not_hold_it_open_for_a_day() -> None:
    opened = after("-" * 10)
    assert look(opened, NOW - 86_400).position == "half_open"
    probed = observe(opened, True, NOW - 86_400)
    assert probed.position == "ramping"
    late = observe(ramping(1), True, NOW - 86_400)
    assert look(late, NOW - 86_400 + RAMP_MOST_S) == BreakerState()


def test_every_transition_leads_somewhere_known() -> None:
    positions = get_args(breaker.Position)
    assert {position for position, _ in breaker.TRANSITIONS} == set(positions)
    assert set(breaker.TRANSITIONS.values()) == set(positions)


class Breakers(RuleBasedStateMachine):
    """Any results at any times."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.now = BreakerState(), NOW

    @rule(seconds=st.floats(-100, 2_000))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.state = look(self.state, self.now)

    @rule(succeeded=st.booleans(), times=st.integers(1, 30))
    def happens(self, succeeded: bool, times: int) -> None:
        for _ in range(times):
            before = look(self.state, self.now)
            self.state = observe(self.state, succeeded, self.now)
            if self.now < before.open_until:  # it was under way when it opened
                continue
            happening: breaker.Happening = "succeed" if succeeded else "fail"
            end = "open" if happening == "fail" else "closed"
            assert self.state.position in {breaker.TRANSITIONS[before.position, happening], end}
            assert 1 <= width(self.state, MOST) <= MOST

    @invariant()
    def is_bounded(self) -> None:
        minutes = [each.minute for each in self.state.minutes]
        assert len(minutes) <= LONG_MINUTES
        assert minutes == sorted(set(minutes))
        assert load(dump(self.state)) == self.state
        if self.state.position == "open":
            assert look(self.state, self.now + OPEN_MOST_S + 2_000 * 50).position == "half_open"
        assert msgspec.json.encode(self.state)


TestBreakers = Breakers.TestCase
