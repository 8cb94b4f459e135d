"""The sentence says the gravest thing, and a source is late only by what is usual for it."""

from __future__ import annotations

from typing import Any

import pytest

from centralita.core.overview import Facts, Held, judge, usual_silence_s

NOW = 1_800_000_000.0
BROKEN = Held(key="webhook:erp", waiting=12, until=NOW + 60, reason="breaker.open")
STOPPED = Held(key="webhook:old", waiting=3, until=None, reason="http.gone")
PAUSED = Held(key="slack:#alerts", waiting=5, until=None, reason="")


@pytest.mark.parametrize(
    ("facts", "state", "id_", "arguments"),
    [
        ({}, "flowing", "overview.quiet", {}),
        ({"last_event_at": NOW - 3}, "flowing", "overview.flowing", {"last_at": NOW - 3}),
        (
            {"last_event_at": NOW - 3, "waiting": 2, "oldest_at": NOW - 1},
            *("flowing", "overview.on_its_way", {"waiting": 2, "last_at": NOW - 3}),
        ),
        (
            {"last_event_at": NOW - 3, "waiting": 2, "oldest_at": NOW - 31},
            *("waiting", "overview.waiting", {"waiting": 2, "oldest_at": NOW - 31}),
        ),
        (
            {"held": (BROKEN,), "waiting": 12, "oldest_at": NOW - 31},
            *("held", "overview.held", {"lane": "webhook:erp", "waiting": 12, "until_at": NOW + 60}),
        ),
        ({"held": (PAUSED,), "waiting": 5}, "held", "overview.paused", {"lane": "slack:#alerts", "waiting": 5}),
        (
            {"held": (Held(key="a", waiting=0, until=None, reason=""),), "last_event_at": NOW},
            *("flowing", "overview.flowing", {"last_at": NOW}),
        ),
        ({"held": (PAUSED,), "dead_lately": 4}, "failed", "overview.dead", {"count": 4}),
        (
            {"held": (STOPPED, BROKEN), "dead_lately": 4},
            *("failed", "overview.stopped", {"lane": "webhook:old", "waiting": 3}),
        ),
        (
            {"held": (STOPPED,), "faults": ("hub.draining", "x")},
            *("failed", "overview.fault", {"fault": "hub.draining"}),
        ),
    ],
)
def test_the_gravest_thing_is_said(facts: dict[str, Any], state: str, id_: str, arguments: dict[str, Any]) -> None:
    found = judge(Facts(now=NOW, **facts))
    assert (found.state, found.id, found.arguments) == (state, id_, arguments)


@pytest.mark.parametrize(
    ("days", "events", "gap_s", "usual_s"),
    [(2, 500, 60.0, None), (7, 19, 60.0, None), (3, 20, 60.0, 300.0), (7, 90, 50_000.0, 75_000.0)],
)
def test_what_is_usual_is_known_after_some_days(days: int, events: int, gap_s: float, usual_s: float | None) -> None:
    assert usual_silence_s(days, events, gap_s) == usual_s
