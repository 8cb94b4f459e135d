"""The sink itself: what arrived, how it is answered, and its control API under ``/_control/``."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from centralita.sandbox.sink.answers import AnswerPlan, head, play, read_plan
from centralita.sandbox.sink.wire import Connection, Incoming

KEEP = 100_000
"""Arrivals kept; older ones are forgotten, their numbers are not reused."""
LONGEST_WAIT_S = 600.0

_STATIC = Path(__file__).with_name("static")
_PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/_page/sink.js": ("sink.js", "text/javascript; charset=utf-8"),
    "/_page/sink.css": ("sink.css", "text/css; charset=utf-8"),
}
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'"
_OK = head(200, {"Content-Type": "text/plain"}, 2) + b"ok"

Reply = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request that came."""

    seq: int
    """From 1."""
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in wire order; empty when nothing is recorded."""
    body: bytes
    """Empty when nothing is recorded."""
    size: int
    """Bytes of the body."""
    arrived_mono_ms: float
    arrived_wall_ms: float

    def as_json(self) -> dict[str, Any]:
        """Plain data; the body in base64."""
        return {
            "seq": self.seq,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "body_base64": base64.b64encode(self.body).decode(),
            "size": self.size,
            "arrived_mono_ms": self.arrived_mono_ms,
            "arrived_wall_ms": self.arrived_wall_ms,
        }


class WebhookSink:
    """Receives anything at any path and answers 200 ``ok`` until told otherwise. ``/_control/`` is the control API,
    ``GET /`` a page of what arrived. Use with ``server.serve``. With ``keep_bodies`` false neither bodies nor headers
    are kept."""

    def __init__(self, keep_bodies: bool = True, keep: int = KEEP) -> None:
        self.keep_bodies = keep_bodies
        self.connections: set[Connection] = set()
        self.plans: list[AnswerPlan] = []
        self.count = 0
        """Requests since the start."""
        self._keep = keep
        self._arrivals: list[Arrival] = []
        self._news = asyncio.Event()
        self._news_wanted = 0
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listens; returns the port. Raises OSError when the address can't be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), host, port, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Closes the socket and every connection."""
        if self._server is not None:
            self._server.close()
            for connection in tuple(self.connections):
                connection.transport.abort()
            await self._server.wait_closed()
            self._server = None

    def receive(self, incoming: Incoming, connection: Connection) -> bool:
        """Records and answers one request; False when the answer is still to come."""
        target = incoming.target.decode("latin-1")
        path, _, query = target.partition("?")
        own = path.startswith("/_control/") or (path in _PAGE and incoming.method == b"GET")
        if own:
            return self._defer(connection, self._serve_own(incoming, path, query, connection))
        self._record(incoming, path, query)
        plan = self._plan_for(path)
        if plan is None:
            connection.transport.write(_OK)
            return True
        return self._defer(connection, play(plan, connection))

    def _record(self, incoming: Incoming, path: str, query: str) -> None:
        self.count += 1
        keep = self.keep_bodies
        self._arrivals.append(
            Arrival(
                self.count,
                incoming.method.decode("latin-1"),
                path,
                query,
                tuple((n.decode("latin-1").lower(), v.decode("latin-1")) for n, v in incoming.headers) if keep else (),
                incoming.body if keep else b"",
                len(incoming.body),
                time.monotonic() * 1000,
                time.time() * 1000,
            )
        )
        if len(self._arrivals) >= 2 * self._keep:
            del self._arrivals[: self._keep]
        if self._news_wanted:
            self._news.set()

    def _plan_for(self, path: str) -> AnswerPlan | None:
        # The newest plan of the exact path wins, then the newest of every path.
        for wanted in (path, "*"):
            for plan in reversed(self.plans):
                if plan.path == wanted:
                    self._count_down(plan)
                    return plan
        return None

    def _count_down(self, plan: AnswerPlan) -> None:
        if plan.count is not None:
            plan.count -= 1
            if plan.count == 0:
                self.plans.remove(plan)

    def _defer(self, connection: Connection, answer: Coroutine[Any, Any, bool]) -> bool:
        async def run() -> None:
            try:
                reusable = await answer
            except ConnectionError:
                reusable = False
            connection.finish(reusable)

        connection.task = asyncio.get_running_loop().create_task(run())
        return False

    def select(self, after: int, path: str = "") -> list[Arrival]:
        """The arrivals with a number above ``after``, at ``path`` if given."""
        if not self._arrivals:
            return []
        start = max(0, after + 1 - self._arrivals[0].seq)
        return [one for one in self._arrivals[start:] if not path or one.path == path]

    async def wait(self, after: int, path: str, least: int, timeout_s: float) -> list[Arrival]:
        """As ``select``, but waits until there are ``least``; what there is when ``timeout_s`` is over."""
        self._news_wanted += 1
        seen, have = after, 0
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    have += len(self.select(seen, path))
                    seen = max(seen, self.count)
                    if have >= least:
                        break
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass
        finally:
            self._news_wanted -= 1
        return self.select(after, path)

    async def _serve_own(self, incoming: Incoming, path: str, query: str, connection: Connection) -> bool:
        if path in _PAGE:
            name, kind = _PAGE[path]
            headers = {"Content-Type": kind, "Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
            _send(connection, 200, headers, (_STATIC / name).read_bytes())
            return incoming.keep_alive
        status, answer = await self._control(incoming, path.removeprefix("/_control/"), query)
        _send(connection, status, {"Content-Type": "application/json"}, msgspec.json.encode(answer))
        return incoming.keep_alive

    async def _control(self, incoming: Incoming, name: str, query: str) -> Reply:
        handler = self._handlers().get((incoming.method.decode("latin-1"), name))
        if handler is None:
            return 404, {"ok": False, "error": "there is nothing here"}
        if _foreign(incoming):
            return 403, {"ok": False, "error": "pages of other origins may not call this"}
        try:
            body = msgspec.json.decode(incoming.body) if incoming.body else {}
            if not isinstance(body, dict):
                raise ValueError("the body must be a JSON object")
            return 200, {"ok": True, **await handler({**dict(parse_qsl(query)), **body})}
        except ValueError as error:  # msgspec's DecodeError is one
            return 400, {"ok": False, "error": str(error)}

    def _handlers(self) -> Mapping[tuple[str, str], Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]]:
        return {
            ("GET", "requests"): self._list,
            ("GET", "count"): self._tell_count,
            ("POST", "answers"): self._add_plan,
            ("DELETE", "answers"): self._clear_plans,
            ("PUT", "recording"): self._set_recording,
            ("POST", "reset"): self._reset,
        }

    async def _list(self, wish: dict[str, Any]) -> dict[str, Any]:
        """``requests?after=N&path=&least=1&timeout_s=``: with ``timeout_s`` waits until there are ``least``."""
        after, least = _number(wish, "after", 0, 2**53), _number(wish, "least", 1, 2**53)
        timeout_s = _number(wish, "timeout_s", 0, LONGEST_WAIT_S)
        path = str(wish.get("path", ""))
        if timeout_s:
            found = await self.wait(int(after), path, int(least), timeout_s)
        else:
            found = self.select(int(after), path)
        return {"requests": [one.as_json() for one in found], "last": self.count}

    async def _tell_count(self, wish: dict[str, Any]) -> dict[str, Any]:
        """``count``: how many came since the start."""
        return {"count": self.count, "recording": self.keep_bodies}

    async def _add_plan(self, wish: dict[str, Any]) -> dict[str, Any]:
        """``answers``: the fields of ``AnswerPlan``; the newest wins."""
        plan = read_plan(wish)
        if plan.count is None:
            self.plans = [one for one in self.plans if one.path != plan.path or one.count is not None]
        self.plans.append(plan)
        return {}

    async def _clear_plans(self, wish: dict[str, Any]) -> dict[str, Any]:
        self.plans.clear()
        return {}

    async def _set_recording(self, wish: dict[str, Any]) -> dict[str, Any]:
        """``recording``: ``{"bodies": true | false}``."""
        if not isinstance(wish.get("bodies"), bool):
            raise ValueError("bodies must be true or false")
        self.keep_bodies = wish["bodies"]
        return {}

    async def _reset(self, wish: dict[str, Any]) -> dict[str, Any]:
        self.plans.clear()
        self._arrivals.clear()
        return {}


def _send(connection: Connection, status: int, headers: dict[str, str], body: bytes) -> None:
    connection.transport.write(head(status, {**headers, "Cache-Control": "no-store"}, len(body)) + body)


def _foreign(incoming: Incoming) -> bool:
    named = {name.lower(): value.decode("latin-1") for name, value in incoming.headers}
    origin = named.get(b"origin")
    return origin is not None and urlsplit(origin).netloc != named.get(b"host")


def _number(wish: dict[str, Any], name: str, default: float, most: float) -> float:
    try:
        value = float(wish.get(name, default))
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number") from None
    if not 0 <= value <= most:
        raise ValueError(f"{name} must be between 0 and {most:g}")
    return value
