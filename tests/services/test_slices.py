"""How far one search looks: short slices on a slow disk, long ones on a quick one, and never further than it may."""

from __future__ import annotations

import pytest

from centralita.services import slices
from centralita.services.slices import BOX_S, FIRST, LONGEST, MOST, Slices


class Watch:
    """A clock that goes on by ``took_s`` with every slice."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def now(self) -> float:
        return self.at


def looked(per_row_s: float, first: int | None = None) -> tuple[list[int], int]:
    """The sizes of a search's slices where a row takes so long, and how many rows that are."""
    watch = Watch()
    search, sizes = Slices(watch, first), list[int]()
    while True:
        sizes.append(search.size)
        watch.at += search.size * per_row_s
        if not search.went(sizes[-1]):
            return sizes, search.looked_at


def test_where_nothing_takes_time_slices_grow_until_enough_was_looked_at() -> None:
    sizes, rows = looked(0.0)
    assert sizes[:4] == [FIRST, 2 * FIRST, 4 * FIRST, 4 * FIRST]
    assert max(sizes) == LONGEST
    assert MOST <= rows < MOST + LONGEST


def test_where_a_row_takes_long_one_slice_is_looked_at_and_no_more() -> None:
    assert looked(BOX_S) == ([FIRST], FIRST)
    assert looked(BOX_S, first=3) == ([3], 3)


def test_slices_grow_only_while_they_are_quick_so_that_the_last_one_is_short() -> None:
    sizes, rows = looked(BOX_S / 950)
    assert sizes == [FIRST, *[2 * FIRST] * 5]
    assert 950 <= rows <= 950 + 2 * FIRST


def test_what_a_search_may_take_is_one_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "BOX_S", 0.0)
    assert looked(0.0) == ([FIRST], FIRST)
