"""What was asked of a part of the sandbox, in the order in which it was done, and a way to wait for more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

KEEP = 50_000
"""Entries kept; older ones are forgotten, their numbers are not reused."""


class Numbered(Protocol):
    """An entry."""

    @property
    def seq(self) -> int:
        """From 1."""
        ...


Entry = TypeVar("Entry", bound=Numbered)


class Journal(Generic[Entry]):
    """The entries, and a way to wait for the next."""

    def __init__(self, keep: int = KEEP) -> None:
        self._keep = keep
        self._entries: list[Entry] = []
        self._next_seq = 1
        self._news = asyncio.Event()

    @property
    def last_seq(self) -> int:
        """Number of the newest entry; 0 before the first."""
        return self._next_seq - 1

    def add(self, make: Callable[[int], Entry]) -> Entry:
        """Records what ``make`` makes of its number, and wakes whoever waits."""
        entry = make(self._next_seq)
        self._next_seq += 1
        self._entries.append(entry)
        if len(self._entries) >= 2 * self._keep:
            del self._entries[: self._keep]
        self._news.set()
        self._news = asyncio.Event()
        return entry

    def select(self, after: int, wanted: Callable[[Entry], bool]) -> list[Entry]:
        """The entries with a number above ``after`` that are wanted."""
        if not self._entries:
            return []
        start = max(0, after + 1 - self._entries[0].seq)
        return [entry for entry in self._entries[start:] if wanted(entry)]

    async def wait(self, after: int, wanted: Callable[[Entry], bool], timeout_s: float) -> list[Entry]:
        """As ``select``, but waits until there is at least one; [] when ``timeout_s`` is over."""
        try:
            async with asyncio.timeout(timeout_s):
                seen = after
                while True:
                    news = self._news
                    found = self.select(seen, wanted)
                    if found:
                        return found
                    seen = max(seen, self.last_seq)
                    await news.wait()
        except TimeoutError:
            return []

    def clear(self) -> None:
        """Forgets the entries; numbers go on."""
        self._entries.clear()
