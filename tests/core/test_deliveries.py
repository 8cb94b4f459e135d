"""The table of a delivery's states."""

from __future__ import annotations

from typing import get_args

import pytest

from centralita.core.deliveries import FINAL, TRANSITIONS, Happening, IllegalTransition, State, next_state


def test_the_way_of_a_delivery() -> None:
    state: str = "waiting"
    for happening, expected in [
        ("promote", "due"),
        ("claim", "in_flight"),
        ("retry", "due"),
        ("claim", "in_flight"),
        ("lose", "due"),
        ("hold", "held"),
        ("release", "due"),
        ("claim", "in_flight"),
        ("succeed", "delivered"),
    ]:
        state = next_state(state, happening)
        assert state == expected


@pytest.mark.parametrize("final", sorted(FINAL))
@pytest.mark.parametrize("happening", get_args(Happening))
def test_what_has_ended_stays(final: str, happening: str) -> None:
    with pytest.raises(IllegalTransition):
        next_state(final, happening)


@pytest.mark.parametrize(
    ("state", "happening"),
    [("waiting", "claim"), ("waiting", "succeed"), ("due", "succeed"), ("held", "claim"), ("x", "y")],
)
def test_what_cannot_happen(state: str, happening: str) -> None:
    with pytest.raises(IllegalTransition):
        next_state(state, happening)


def test_every_state_is_reached_and_every_unfinished_one_can_end() -> None:
    assert set(TRANSITIONS.values()) | {"waiting"} == set(get_args(State))
    assert {happening for _, happening in TRANSITIONS} == set(get_args(Happening))
    for start in set(get_args(State)) - FINAL - {"dead"}:
        reached, todo = {start}, [start]
        while todo:
            state = todo.pop()
            for (source, _), target in TRANSITIONS.items():
                if source == state and target not in reached:
                    reached.add(target)
                    todo.append(target)
        assert "delivered" in reached
        assert "dead" in reached
