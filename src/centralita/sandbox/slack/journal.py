"""Everything that was asked of the workspace, in the order in which it was done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

KEEP = 50_000
"""Calls kept; older ones are forgotten, their numbers are not reused."""


@dataclass(frozen=True)
class Call:
    """One call of the Web API or of an incoming webhook."""

    seq: int
    """From 1."""
    method: str
    """``chat.postMessage``; ``hook`` for an incoming webhook."""
    channel: str
    """Id of the channel that it names, "" for none."""
    args: dict[str, Any]
    """Without the token."""
    result: dict[str, Any] | None
    """What the method answered, or would have answered had the connection not been dropped; None when it never ran."""
    status: int
    """HTTP status; 0 when no answer was sent."""
    outcome: Literal["answered", "limited", "failed", "dropped", "applied_and_dropped"]
    """``limited``: 429. ``failed`` and the two drops: a fault that a test asked for."""
    arrived_mono_ms: float
    arrived_wall_ms: float

    @property
    def ok(self) -> bool:
        """Whether it took effect."""
        return self.result is not None and self.result.get("ok") is True

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Journal:
    """The calls, and a way to wait for the next."""

    def __init__(self, keep: int = KEEP) -> None:
        self._keep = keep
        self._calls: list[Call] = []
        self._next_seq = 1
        self._news = asyncio.Event()

    @property
    def last_seq(self) -> int:
        """Number of the newest call; 0 before the first."""
        return self._next_seq - 1

    def add(self, **facts: Any) -> Call:
        """Records a call (the fields of ``Call`` without ``seq``) and wakes whoever waits."""
        call = Call(seq=self._next_seq, **facts)
        self._next_seq += 1
        self._calls.append(call)
        if len(self._calls) >= 2 * self._keep:
            del self._calls[: self._keep]
        self._news.set()
        self._news = asyncio.Event()
        return call

    def select(self, after: int, wanted: Callable[[Call], bool]) -> list[Call]:
        """The calls with a number above ``after`` that are wanted."""
        if not self._calls:
            return []
        start = max(0, after + 1 - self._calls[0].seq)
        return [call for call in self._calls[start:] if wanted(call)]

    async def wait(self, after: int, wanted: Callable[[Call], bool], timeout_s: float) -> list[Call]:
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
        """Forgets the calls; numbers go on."""
        self._calls.clear()
