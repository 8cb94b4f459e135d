"""Learning of what other processes change in the database: when they notify, and within a second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from centralita.store.database import StoreUnavailable

log = structlog.get_logger(__name__)

POLL_S = 1.0
GAP_S = 0.1
"""Between two looks: notifications come with every batch of receipts."""


class Follower:
    """Brings what one process knows up to date. ``name`` stands in the log (``webhook.store_unavailable``)."""

    def __init__(self, name: str, refresh: Callable[[], Awaitable[None]]) -> None:
        self._name, self._refresh = name, refresh
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Another process may have changed something."""
        self._woken.set()

    async def follow(self) -> None:
        """For ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self._refresh()
            except StoreUnavailable as fault:
                log.warning(f"{self._name}.store_unavailable", reason=fault.reason)
            await asyncio.sleep(GAP_S)
