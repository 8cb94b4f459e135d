"""Names to addresses, so that a slow name server delays only those who wait for its names.

``loop.getaddrinfo`` shares its few threads with whatever else runs in the default executor; here each look-up has a
thread of its own, one per name however many wait for it, and nobody who gives up takes the answer away from the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence

Lookup = Callable[[str], Sequence[str]]
"""Blocking: a host name to all its addresses. Raises OSError (``socket.gaierror``)."""

MAX_THREADS = 64
_MAX_CACHED_HOSTS = 20_000


def system_lookup(host: str) -> list[str]:
    """The addresses that the operating system knows for ``host``. Blocking; raises ``socket.gaierror``."""
    found = []
    for _family, _type, _proto, _name, place in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
        scope = f"%{place[3]}" if len(place) == 4 and place[3] else ""
        found.append(f"{place[0]}{scope}")
    return list(dict.fromkeys(found))


class Lookups:
    """Look-ups of one event loop. What was found is kept for ``ttl_s``; what failed is not kept at all."""

    def __init__(self, lookup: Lookup, ttl_s: float) -> None:
        self._lookup = lookup
        self._ttl_s = ttl_s
        self._cache: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._pending: dict[str, asyncio.Future[tuple[str, ...]]] = {}
        self._queue: deque[str] = deque()
        self._running = 0

    def cached(self, host: str) -> tuple[str, ...] | None:
        """What is known of ``host`` without asking."""
        entry = self._cache.get(host)
        return entry[1] if entry is not None and entry[0] > asyncio.get_running_loop().time() else None

    async def addresses(self, host: str) -> tuple[str, ...]:
        """All addresses of ``host``, at least one. Raises OSError."""
        known = self.cached(host)
        if known is not None:
            return known
        pending = self._pending.get(host)
        if pending is None:
            loop = asyncio.get_running_loop()
            pending = self._pending[host] = loop.create_future()
            # Whoever waited may have given up; an error that nobody heard is no fault of the program.
            pending.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._queue.append(host)
            self._start_next(loop)
        return await asyncio.shield(pending)

    def forget(self, host: str) -> None:
        """Asks anew next time: ``host`` could not be reached where it was."""
        self._cache.pop(host, None)

    def close(self) -> None:
        """Leaves running look-ups to end by themselves: their threads are daemons and keep nothing alive."""
        self._queue.clear()
        for pending in self._pending.values():
            # Not a cancellation: that would look like one of the task that waits.
            pending.set_exception(socket.gaierror(socket.EAI_AGAIN, "closed"))
        self._pending.clear()

    def _start_next(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._queue and self._running < MAX_THREADS:
            self._running += 1
            host = self._queue.popleft()
            threading.Thread(target=self._run, args=(loop, host), name="lookup", daemon=True).start()

    def _run(self, loop: asyncio.AbstractEventLoop, host: str) -> None:
        result: tuple[str, ...] | OSError
        try:
            result = tuple(self._lookup(host))
        except OSError as error:
            result = error
        except Exception:  # a thread that dies without a word would leave its waiters waiting
            result = ()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is interested any more
            loop.call_soon_threadsafe(self._finish, loop, host, result)

    def _finish(self, loop: asyncio.AbstractEventLoop, host: str, result: tuple[str, ...] | OSError) -> None:
        self._running -= 1
        pending = self._pending.pop(host, None)
        if pending is not None and not pending.done():
            if isinstance(result, OSError):
                pending.set_exception(result)
            elif result:
                self._keep(host, loop.time() + self._ttl_s, result)
                pending.set_result(result)
            else:
                pending.set_exception(socket.gaierror(socket.EAI_NONAME, "no address"))
        self._start_next(loop)

    def _keep(self, host: str, until: float, addresses: tuple[str, ...]) -> None:
        self._cache.pop(host, None)
        while len(self._cache) >= _MAX_CACHED_HOSTS:
            del self._cache[next(iter(self._cache))]  # the oldest
        self._cache[host] = (until, addresses)
