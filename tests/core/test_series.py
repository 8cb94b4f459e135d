"""A course of values as one line of text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core.series import BARS, WIDTH, draw, read_series


@pytest.mark.parametrize(
    ("series", "values"),
    [
        ([1, 2.5, 3], (1.0, 2.5, 3.0)),
        ([[1700000000, 5], [1700000060, 7]], (5.0, 7.0)),
        ([{"time": 1, "value": 4}, {"value": None}, {"value": 6}], (4.0, 6.0)),
        ([1, "2", None, True, [], {}, float("inf"), 10**400, 3], (1.0, 3.0)),
        ("123", ()),
        (None, ()),
    ],
)
def test_numbers_are_found_in_the_shapes_that_senders_use(series: Any, values: tuple[float, ...]) -> None:
    assert read_series({"series": series}) == values


def test_a_course_shows_its_shape_its_ends_and_where_it_is() -> None:
    course = draw([0, 10, 20, 40, 70, 35])
    assert course is not None
    assert (course.bars, course.least, course.most, course.last) == ("▁▂▃▅█▅", 0, 70, 35)


def test_what_never_changes_is_a_line_and_two_points_are_no_course() -> None:
    course = draw([5.0] * 100)
    assert course is not None and set(course.bars) == {"▅"} and len(course.bars) == WIDTH
    assert draw([1.0, 2.0]) is None


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=1000))
def test_whatever_the_numbers_it_fits(values: list[float]) -> None:
    course = draw(values)
    if len(values) < 3:
        assert course is None
    else:
        assert course is not None and 3 <= len(course.bars) <= WIDTH and set(course.bars) <= set(BARS)
