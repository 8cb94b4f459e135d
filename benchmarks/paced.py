"""An open-loop generator: requests leave at their moment, whether or not the earlier ones have been answered.

The time of a request is taken from the moment at which it was due, so that a server that stalls is charged for every
request that had to wait for it (no "coordinated omission").
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import cast

import uvloop

from benchmarks.children import Failed

CONNECTIONS = 64
LATE_S = 0.0005


class _Client(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self, pool: _Pool) -> None:
        self._pool, self._buffer = pool, b""
        self._number = -1
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def send(self, number: int, request: bytes) -> None:
        assert self._transport is not None
        self._number = number
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        if len(self._buffer) < end + 4 + length:
            return
        status, self._buffer = int(head[9:12]), b""
        self._pool.answered(self, self._number, status)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.lost(self._number)


class _Pool:
    def __init__(self, requests: Sequence[bytes], per_s: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.requests, self._gap_s = requests, 1 / per_s
        self.free: deque[_Client] = deque()
        self._queue: deque[int] = deque()
        self._next = 0
        self.began_s = self.loop.time() + 0.05
        self.took_ms = [-1.0] * len(requests)
        self._left = len(requests)
        self.done: asyncio.Future[None] = self.loop.create_future()

    def due_s(self, number: int) -> float:
        return self.began_s + number * self._gap_s

    def tick(self) -> None:
        now = self.loop.time()
        while self._next < len(self.requests) and self.due_s(self._next) <= now + LATE_S:
            self._queue.append(self._next)
            self._next += 1
        self._send()
        if self._next < len(self.requests):
            self.loop.call_at(self.due_s(self._next), self.tick)

    def _send(self) -> None:
        while self._queue and self.free:
            number = self._queue.popleft()
            self.free.popleft().send(number, self.requests[number])

    def answered(self, client: _Client, number: int, status: int) -> None:
        if not 200 <= status < 300 and not self.done.done():
            self.done.set_exception(Failed(f"request {number} was answered {status}"))
            return
        self.took_ms[number] = max(0.0, (self.loop.time() - self.due_s(number)) * 1000)
        self.free.append(client)
        self._left -= 1
        if self._left == 0 and not self.done.done():
            self.done.set_result(None)
        self._send()

    def lost(self, number: int) -> None:
        if not self.done.done():
            self.done.set_exception(Failed(f"the connection of request {number} was closed"))


async def _run(host: str, port: int, requests: Sequence[bytes], per_s: float) -> tuple[list[float], float]:
    pool = _Pool(requests, per_s)
    for _ in range(min(CONNECTIONS, len(requests))):
        _, client = await pool.loop.create_connection(lambda: _Client(pool), host, port)
        pool.free.append(client)
    pool.began_s = pool.loop.time() + 0.01
    pool.tick()
    await pool.done
    return pool.took_ms, pool.began_s


def send_paced(url: str, requests: Sequence[bytes], per_s: float) -> tuple[list[float], float]:
    """Sends whole requests at ``per_s``: (ms until each was answered, when the first was due on the monotonic clock).

    Raises Failed when one is not answered 2xx.
    """
    host, _, port = url.removeprefix("http://").partition(":")
    return uvloop.run(_run(host, int(port), requests, per_s))


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which ``part`` (0..1) of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
