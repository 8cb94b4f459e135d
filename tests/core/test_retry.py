"""When a delivery is tried again: the schedule, the receiver's wish, and dates of every age."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core.lanes import LanePolicy
from centralita.core.outcomes import Outcome
from centralita.core.retry import next_attempt, retry_after

NOW = 1_767_607_200.0  # 2026-01-05T10:00:00Z
POLICY = LanePolicy(schedule_s=(5, 300, 1800), retry_after_cap_s=3600)
FAILED = Outcome(state="retry", reason="http.status")


@pytest.mark.parametrize(("attempt", "wait_s"), [(1, 5), (2, 300), (3, 1800), (4, None), (99, None), (0, 5)])
def test_the_schedule(attempt: int, wait_s: float | None) -> None:
    due_at = next_attempt(FAILED, attempt, POLICY, NOW, 0.5)
    assert due_at == (None if wait_s is None else NOW + wait_s)


def test_the_default_schedule_takes_more_than_a_day_and_ends() -> None:
    now, attempts = 0.0, 1
    while (due_at := next_attempt(FAILED, attempts, LanePolicy(), now, 0.5)) is not None:
        now, attempts = due_at, attempts + 1
    assert (attempts, now) == (8, 5 + 300 + 1800 + 7200 + 18000 + 36000 + 36000)


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 3))
def test_jitter_is_a_fifth_either_way(jitter: float, attempt: int) -> None:
    due_at = next_attempt(FAILED, attempt, POLICY, NOW, jitter)
    assert due_at is not None
    wait_s = POLICY.schedule_s[attempt - 1]
    assert 0.8 * wait_s - 1e-3 <= due_at - NOW <= 1.2 * wait_s + 1e-3


@pytest.mark.parametrize(
    ("wished", "wait_s"),
    [(0.0, 0), (0.25, 0.25), (7.0, 7), (1e12, 3600), (float("inf"), 3600), (-5.0, 5), (float("nan"), 5)],
)  # fmt: skip
def test_the_receivers_wish(wished: float, wait_s: float) -> None:
    outcome = Outcome(state="retry", retry_after_s=wished)
    assert next_attempt(outcome, 1, POLICY, NOW, 0.5) == NOW + wait_s


def test_a_wish_gives_no_further_attempt() -> None:
    assert next_attempt(Outcome(state="retry", retry_after_s=1.0), 4, POLICY, NOW, 0.5) is None


@pytest.mark.parametrize(("attempt", "wait_s"), [(0, 5), (3, 1800), (50, 1800)])
def test_a_rate_limit_uses_no_attempt_up(attempt: int, wait_s: float) -> None:
    limited = Outcome(state="retry", spends_attempt=False)
    assert next_attempt(limited, attempt, POLICY, NOW, 0.5) == NOW + wait_s
    assert next_attempt(limited, attempt, LanePolicy(schedule_s=()), NOW, 0.5) == NOW + 1


@pytest.mark.parametrize("state", ["delivered", "dead", "skipped"])
def test_what_has_ended_is_not_tried_again(state: Literal["delivered", "dead", "skipped"]) -> None:
    assert next_attempt(Outcome(state=state), 1, POLICY, NOW, 0.5) is None


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("120", 120),
        (" 30 ", 30),
        ("0", 1),
        ("9" * 5000, 999999999999),
        ("Mon, 05 Jan 2026 10:02:00 GMT", 120),
        ("Monday, 05-Jan-26 10:02:00 GMT", 120),
        ("Mon Jan  5 10:02:00 2026", 120),
        ("Mon, 05 Jan 2026 11:02:00 +0100", 120),
        ("Mon, 05 Jan 2026 09:00:00 GMT", 1),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 1),
        ("-5", None),
        ("1.5", None),
        ("１２", None),
        ("", None),
        ("soon", None),
        ("Mon, 99 Foo 2026 10:02:00 GMT", None),
        ("Mon, 05 Jan 99999999999 10:02:00 GMT", None),
    ],
)
def test_retry_after(value: str, wait_s: float | None) -> None:
    assert retry_after(value, NOW) == wait_s


@given(st.text(max_size=40) | st.from_regex(r"\A\w{3}, \d{1,3} \w{3} \d{1,6} \d{2}:\d{2}:\d{2} [+\w-]{1,6}\Z"))
def test_no_header_raises_or_goes_back(value: str) -> None:
    wait_s = retry_after(value, NOW)
    assert wait_s is None or wait_s >= 1
