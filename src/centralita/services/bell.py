"""Wakes whoever waits for news of something: of a source (its slug), of a receipt and its events (their ULID), of
a lane that is fetched from (its key).

It rings after the change is on the disk, and only within the process: what another process did is found by looking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

NOTIFIED = "*"
"""The topic of whatever another process has done; on PostgreSQL only."""
ROUTED = "+"
"""The topic of whatever has been routed here."""


class Bell:
    """``listening`` before looking, so that nothing rings unheard in between."""

    def __init__(self) -> None:
        self._ears: dict[str, set[asyncio.Event]] = {}
        self.closed = False
        """Nobody should wait any longer: the hub is about to end."""

    def ring(self, topics: Iterable[str]) -> None:
        """There is news of these."""
        if self._ears:
            for topic in topics:
                for ear in self._ears.get(topic, ()):
                    ear.set()

    def close(self) -> None:
        """Wakes everybody for good."""
        self.closed = True
        self.ring(list(self._ears))

    @contextmanager
    def listening(self, topics: Sequence[str]) -> Iterator[asyncio.Event]:
        """An event that is set when there is news of any; whoever waits clears it before looking."""
        ear = asyncio.Event()
        for topic in topics:
            self._ears.setdefault(topic, set()).add(ear)
        try:
            yield ear
        finally:
            for topic in topics:
                self._ears[topic].discard(ear)
                if not self._ears[topic]:
                    del self._ears[topic]
