"""The breaker: what opens it, how long, and that it always lets a probe through in the end."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from centralita.core import breaker
from centralita.core.breaker import LONG_MINUTES, OPEN_MOST_S, BreakerState, dump, load, look, observe

NOW = 1_767_607_200.0


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
    closed = observe(look(state, state.open_until), True, state.open_until)
    assert closed == BreakerState()
    assert observe(closed, False, state.open_until).position == "closed"


def test_what_was_under_way_when_it_opened_changes_nothing() -> None:
    state = after("-" * 10)
    for succeeded in (True, False):
        late = observe(state, succeeded, NOW + 1)
        assert (late.position, late.open_until, late.openings) == ("open", state.open_until, 1)


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
            before = self.state
            self.state = observe(before, succeeded, self.now)
            happening = "succeed" if succeeded else "fail"
            assert self.state.position in {breaker.TRANSITIONS[before.position, happening], "open"}
            assert not (succeeded and before.position == "closed" and self.state.position == "open")

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
