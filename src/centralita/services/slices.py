"""How far one search looks: slice by slice, until it has looked at enough, or for long enough."""

from __future__ import annotations

from centralita.ports import Clock

BOX_S = 0.05
"""After so long no further slice is begun: who looks is told how far it came, and goes on from there."""
ROWS = 100
"""Of a slice. One is always looked at, so that a search gets on, however slow the disk is; and a disk takes some 100
times as long for what has not been read lately, so that none may go far into it."""
MOST = 5_000
"""Rows that one search looks at."""


class Slices:
    """What one search has looked at, and what it may still look at. Times are the ``clock``'s."""

    def __init__(self, clock: Clock, size: int | None = None) -> None:
        self._clock = clock
        self._ends_at = clock.now() + BOX_S
        self.size = size or ROWS
        """Rows of each slice."""
        self.looked_at = 0

    def went(self, rows: int) -> bool:
        """``rows`` of a slice were looked at; whether another one may be."""
        self.looked_at += rows
        return self.looked_at < MOST and self._clock.now() < self._ends_at
