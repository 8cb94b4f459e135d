"""How far one search looks: by short slices, and never further or for longer than it may."""

from __future__ import annotations

import pytest

from centralita.services import slices
from centralita.services.slices import BOX_S, MOST, ROWS, Slices


class Watch:
    """A clock that goes on by ``took_s`` with every slice."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def now(self) -> float:
        return self.at


def looked(per_row_s: float, size: int | None = None) -> tuple[int, int]:
    """How many slices a search has where a row takes so long, and how many rows that are."""
    watch = Watch()
    search, count = Slices(watch, size), 0
    while True:
        count += 1
        watch.at += search.size * per_row_s
        if not search.went(search.size):
            return count, search.looked_at


def test_where_nothing_takes_time_enough_is_looked_at_and_no_more() -> None:
    assert looked(0.0) == (MOST // ROWS, MOST)


def test_where_a_row_takes_long_one_slice_is_looked_at_and_no_more() -> None:
    assert looked(BOX_S) == (1, ROWS)
    assert looked(BOX_S, size=3) == (1, 3)


def test_no_slice_is_begun_after_the_time_is_over() -> None:
    assert looked(BOX_S / 950) == (10, 1_000)


def test_what_a_search_may_take_is_one_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "BOX_S", 0.0)
    assert looked(0.0) == (1, ROWS)
