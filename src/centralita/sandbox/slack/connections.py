"""Socket Mode (https://docs.slack.dev/apis/events-api/using-socket-mode): an app's WebSocket connections.

An envelope goes to one connection and is answered there by its id. Connections are refreshed: a ``disconnect`` asks the
app for a new one, and the old one lives on for a moment.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from centralita.sandbox.slack.refusal import Refusal

MOST_CONNECTIONS = 10
TICKET_S = 30.0
LIFE_S = 18_060


@dataclass(eq=False)
class Connection:
    """One WebSocket of an app."""

    app: str
    socket: web.WebSocketResponse
    leaving: bool = False
    """It was asked to go: nothing new is sent there while there is another."""
    sent: int = 0


@dataclass
class Connections:
    """Every app's, and the envelopes that wait for their answers."""

    open: list[Connection] = field(default_factory=list)
    _tickets: dict[str, tuple[str, float]] = field(default_factory=dict)
    _waiting: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, and replaced, when a connection is there."""
    _turn: itertools.count[int] = field(default_factory=itertools.count)

    def of(self, app: str) -> list[Connection]:
        """Those of an app that take envelopes."""
        mine = [one for one in self.open if one.app == app and not one.socket.closed]
        staying = [one for one in mine if not one.leaving]
        return staying or mine

    async def wait(self, app: str, least: int, timeout_s: float) -> int:
        """Waits until an app has ``least`` connections that nobody asked to go, or the time is up; how many it has."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._staying(app) < least:
                    await self._news.wait()
        return self._staying(app)

    def _staying(self, app: str) -> int:
        return len([one for one in self.open if one.app == app and not one.leaving and not one.socket.closed])

    def ticket(self, app: str) -> str:
        """What a new connection shows, once. Raises Refusal beyond the most that an app may have."""
        if len([one for one in self.open if one.app == app]) >= MOST_CONNECTIONS:
            raise Refusal("too_many_websockets")
        name = secrets.token_hex(16)
        self._tickets[name] = (app, time.monotonic() + TICKET_S)
        return name

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """``/link/?ticket=...``: the connection, until it ends."""
        app, ends = self._tickets.pop(request.query.get("ticket", ""), ("", 0.0))
        if not app or time.monotonic() > ends:
            raise web.HTTPUnauthorized(text="the ticket was used or is too old")
        socket = web.WebSocketResponse(autoping=True, max_msg_size=1 << 20)
        await socket.prepare(request)
        connection = Connection(app, socket)
        self.open.append(connection)
        self._news.set()
        self._news = asyncio.Event()
        try:
            await socket.send_json(self._hello(app))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._take(message.data)
        finally:
            self.open.remove(connection)
        return socket

    def _hello(self, app: str) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len([one for one in self.open if one.app == app]),
            "debug_info": {"host": "applink-local", "build_number": 1, "approximate_connection_time": LIFE_S},
            "connection_info": {"app_id": app},
        }

    def _take(self, text: str) -> None:
        with suppress(msgspec.DecodeError):
            answer = msgspec.json.decode(text)
            waiting = self._waiting.get(str(answer.get("envelope_id"))) if isinstance(answer, dict) else None
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    async def send(self, app: str, envelope: dict[str, Any], timeout_s: float) -> dict[str, Any] | None:
        """Sends an envelope to one connection; the payload of its answer ({} for a bare one), None without an answer in
        time or without a connection."""
        mine = self.of(app)
        if not mine:
            return None
        chosen = mine[next(self._turn) % len(mine)]
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = waiting
        try:
            chosen.sent += 1
            await chosen.socket.send_str(msgspec.json.encode(envelope).decode())
            answer = await asyncio.wait_for(waiting, timeout_s)
        except (TimeoutError, ConnectionError):
            return None
        finally:
            self._waiting.pop(envelope["envelope_id"], None)
        payload = answer.get("payload")
        return payload if isinstance(payload, dict) else {}

    async def refresh(self, app: str, overlap_s: float) -> int:
        """Asks every connection of an app to be replaced; ends them after ``overlap_s``. How many there were."""
        leaving = [one for one in self.open if one.app == app]
        for one in leaving:
            one.leaving = True
            await self._say_goodbye(one, "warning" if overlap_s else "refresh_requested")
        if overlap_s:
            await asyncio.sleep(overlap_s)
            for one in leaving:
                await self._say_goodbye(one, "refresh_requested")
        for one in leaving:
            await one.socket.close()
        return len(leaving)

    async def _say_goodbye(self, one: Connection, reason: str) -> None:
        with suppress(ConnectionError):
            await one.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}})

    async def close(self) -> None:
        """Ends every connection."""
        for one in tuple(self.open):
            await one.socket.close()
