"""Time that never jumps and ids that never go back."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from centralita.core import ids
from centralita.services.clock import ReceiptIds, SystemClock


def test_the_wall_clock_may_be_set_while_we_run(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    clock = SystemClock()
    before = clock.now()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert 0 <= clock.now() - before < 60


def test_the_database_clock_is_followed_and_transit_time_is_not(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    clock = SystemClock()
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    start = clock.now()
    clock.anchor(start - 0.5)
    assert clock.now() == start
    clock.anchor(start + 30)
    assert clock.now() == start + 30
    clock.anchor(start - 30)
    assert clock.now() == start - 30


def test_ids_ascend_also_when_the_clock_goes_back(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    clock = SystemClock()
    made = ReceiptIds(clock)
    found = [made.new() for _ in range(1000)]
    clock.anchor(clock.now() - 3600)
    found += [made.new() for _ in range(1000)]
    assert found == sorted(found)
    assert len(set(found)) == 2000


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**80 - 1), st.sampled_from(["", "rcp_", "evt_"]))
def test_the_time_can_be_read_off_an_id(time_ms: int, bits: int, prefix: str) -> None:
    assert ids.time_ms(prefix + ids.ulid(time_ms, bits)) == time_ms
