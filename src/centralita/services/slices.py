"""How far one search looks: slice by slice, until it has looked at enough, or for long enough."""

from __future__ import annotations

from centralita.ports import Clock

BOX_S = 0.05
"""After so long no further slice is begun: who looks is told how far it came, and goes on from there."""
FIRST = 100
"""Rows of the first slice, which is always looked at: a search gets on, however slow the disk is."""
LONGEST = 400
"""What has not been read lately takes a disk some 100 times as long as what has: no slice may go far into it."""
MOST = 5_000
"""Rows that one search looks at."""
_QUICK = 0.2
"""A slice that took less of the time than this is followed by one twice as long."""


class Slices:
    """What one search has looked at, and what it may still look at. Times are the ``clock``'s."""

    def __init__(self, clock: Clock, first: int | None = None, longest: int | None = None) -> None:
        self._clock = clock
        self._at = clock.now()
        self._ends_at = self._at + BOX_S
        self.size = first or FIRST
        """Rows of the next slice."""
        self._longest = max(self.size, longest or LONGEST)
        self.looked_at = 0

    def went(self, rows: int) -> bool:
        """``rows`` of a slice were looked at; whether another one may be."""
        began, self._at = self._at, self._clock.now()
        self.looked_at += rows
        if self._at - began < BOX_S * _QUICK:
            self.size = min(2 * self.size, self._longest)
        return self.looked_at < MOST and self._at < self._ends_at
