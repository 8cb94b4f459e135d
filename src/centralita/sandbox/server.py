"""Listening: how a part of the sandbox gets a socket, inside a running event loop or as a process of its own."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Address:
    """Where a part of the sandbox listens; as text it is its URL."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """``http://127.0.0.1:4711``, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def __str__(self) -> str:
        return self.url


class Servable(Protocol):
    """What can be served: ``slack.LocalSlack``, ``invgate.LocalInvGate`` and ``sink.WebhookSink``."""

    async def start(self, host: str, port: int) -> int:
        """Listens in the running loop; returns the port, which is the operating system's choice when ``port`` is 0.
        Raises OSError when the port is taken."""
        ...

    async def stop(self) -> None:
        """Closes the socket and every connection."""
        ...


@asynccontextmanager
async def serve(app: Servable, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Address]:
    """Serves ``app`` while the block runs. Raises OSError when the address can't be had."""
    chosen = await app.start(host, port)
    try:
        yield Address(host, chosen)
    finally:
        await app.stop()


async def serve_until_signalled(app: Servable, host: str, port: int, announce: Callable[[Address], None]) -> None:
    """Serves ``app`` until SIGTERM or SIGINT; ``announce`` is called once it listens. Raises OSError when the address
    can't be had."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows' loop has none; there Ctrl C raises KeyboardInterrupt
            loop.add_signal_handler(one, ended.set)
    async with serve(app, host, port) as address:
        announce(address)
        await ended.wait()
