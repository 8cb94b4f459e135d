"""Listening: uvicorn with header deadlines of our own, and one ASGI application for everything."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from centralita.services.hub import Hub
from centralita.web.inbound import MAX_HEADER_BYTES, Inbound, Receive, Scope, Send
from centralita.web.operate import Operate

App = Callable[[Scope, Receive, Send], Any]
API_PATHS = ("/api/", "/v1/", "/slack/", "/metrics")
"""Where the API and the pages of Slack's installation answer; everything else is the dashboard's."""


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with deadlines for a request's headers and body, and a limit for the headers' size; it has
    none of them. Here a deadline costs a timer for what is slow, and nothing for a request that comes in one piece."""

    header_timeout_s = 10.0
    body_timeout_s = 30.0
    _deadline: asyncio.TimerHandle | None = None
    _in_headers = False
    _header_bytes = 0
    _body_begun = False
    _body_done = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._came()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_headers = True
        if self._deadline is None:
            self._expect_headers()

    def on_headers_complete(self) -> None:
        self._came()
        self._in_headers = self._body_begun = self._body_done = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._body_done = True
        self._came()
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._header_bytes = self._header_bytes + len(data) if self._in_headers else 0
        if self._header_bytes > 2 * MAX_HEADER_BYTES:  # the application answers 431 below that
            self.transport.abort()
        if not self._body_done and not self._body_begun:
            self._body_begun = True
            self._came()
            self._deadline = self.loop.call_later(self.body_timeout_s, self._late)

    def _expect_headers(self) -> None:
        self._body_done = True
        self._deadline = self.loop.call_later(self.header_timeout_s, self._late)

    def _came(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        self.transport.write(b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()


def guarded_protocol(header_timeout_s: float, body_timeout_s: float) -> type[GuardedProtocol]:
    """The protocol with these deadlines; uvicorn makes its instances itself, from a class."""
    return type("Guarded", (GuardedProtocol,), {"header_timeout_s": header_timeout_s, "body_timeout_s": body_timeout_s})


class Application:
    """Sends a request where it belongs: the hot path first. The API and the dashboard are built when first asked."""

    def __init__(
        self, hub: Hub, make_api: Callable[[Hub], App], make_dashboard: Callable[[Hub], App], slack: App | None = None
    ) -> None:
        """``slack`` takes what Slack posts to ``/slack/events``."""
        self._slack = slack
        self._inbound = Inbound(hub.ingest, hub.settings.receive)
        self._operate = Operate(hub)
        self._hub, self._make_api, self._make_dashboard = hub, make_api, make_dashboard
        self._api: App | None = None
        self._dashboard: App | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        path = scope["path"]
        if path.startswith("/in/") and self._hub.role != "worker":
            await self._inbound(scope, receive, send)
        elif path in self._operate.paths:
            await self._operate(scope, receive, send)
        elif path == "/slack/events" and self._slack is not None:
            await self._slack(scope, receive, send)
        elif path.startswith(API_PATHS):
            if self._api is None:
                self._api = self._make_api(self._hub)
            await self._api(scope, receive, send)
        else:
            if self._dashboard is None:
                self._dashboard = self._make_dashboard(self._hub)
            await self._dashboard(scope, receive, send)


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals alone: whoever serves decides in which order things end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(2048)
    except OSError:
        sock.close()
        raise
    return sock


def make_server(app: App, header_timeout_s: float, body_timeout_s: float) -> Server:
    """A server for ``app``."""
    config = uvicorn.Config(
        app,
        http=guarded_protocol(header_timeout_s, body_timeout_s),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",  # the hub says itself where it listens
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        proxy_headers=False,
    )
    return Server(config)
