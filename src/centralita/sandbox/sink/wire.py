"""HTTP/1.1 on a bare asyncio protocol: light enough for a benchmark's receiver, and free to break the rules."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Protocol, cast

import httptools

HIGH_WATER = 256 * 1024
"""Requests that wait behind a slow answer stop being read beyond this many bytes."""


class Incoming:
    """One request as it is being read."""

    __slots__ = ("body", "headers", "keep_alive", "method", "target")

    def __init__(self) -> None:
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.method = b""
        self.keep_alive = True


class Receiver(Protocol):
    """What a connection hands its requests to."""

    connections: set[Connection]

    def receive(self, incoming: Incoming, connection: Connection) -> bool:
        """Takes a request; True when it has been answered at once, False when ``connection.finish`` will be called."""
        ...


class Connection(asyncio.Protocol):
    """One client. Requests are answered one after the other, in their order."""

    transport: asyncio.Transport

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        # httptools' stub wants a protocol with every callback; those that are absent are simply not called.
        self._parser = httptools.HttpRequestParser(self)
        self._incoming = Incoming()
        self._queue: deque[Incoming] = deque()
        self._waiting_bytes = 0
        self._busy = False
        self._writable = asyncio.Event()
        self._writable.set()
        self.task: asyncio.Task[Any] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # a server's connections are full transports
        self._receiver.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._receiver.connections.discard(self)
        self._writable.set()
        if self.task is not None:
            self.task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def drain(self) -> None:
        """Returns when more may be written. Raises ConnectionResetError when the client has gone."""
        await self._writable.wait()
        if self.transport.is_closing():
            raise ConnectionResetError

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.transport.close()
        except httptools.HttpParserError:
            self.transport.write(b"HTTP/1.1 400 Sink\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.transport.close()

    def on_url(self, url: bytes) -> None:
        self._incoming.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._incoming.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self._incoming.body += body

    def on_message_complete(self) -> None:
        incoming, self._incoming = self._incoming, Incoming()
        incoming.method = self._parser.get_method()
        incoming.keep_alive = self._parser.should_keep_alive()
        if self._busy:
            self._queue.append(incoming)
            self._waiting_bytes += len(incoming.body) + 1
            if self._waiting_bytes > HIGH_WATER:
                self.transport.pause_reading()
            return
        self._take(incoming)

    def finish(self, reusable: bool) -> None:
        """A deferred answer is out: goes on with the next request, or closes."""
        self.task = None
        self._busy = False
        if not reusable:
            self.transport.close()
        while self._queue and not self._busy and not self.transport.is_closing():
            self._take(self._queue.popleft())
        if not self._queue and self._waiting_bytes > HIGH_WATER and not self.transport.is_closing():
            self.transport.resume_reading()
        if not self._queue:
            self._waiting_bytes = 0

    def _take(self, incoming: Incoming) -> None:
        if not self._receiver.receive(incoming, self):
            self._busy = True
        elif not incoming.keep_alive:
            self.transport.close()
