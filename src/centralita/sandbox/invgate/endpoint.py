"""The way of one request to either API: read it, let a fault hit it, run it, record it, answer."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from centralita.sandbox.faults import Fault, delay, reset_connection
from centralita.sandbox.invgate.backend import BACKEND, Backend
from centralita.sandbox.invgate.journal import HIDDEN, Call, Outcome
from centralita.sandbox.invgate.parameters import ApiError, read_body, read_pairs

JSON = "application/json"
_ABOUT = ("id", "request_id", "approval_id")


@dataclass(frozen=True)
class Reply:
    """What a request is answered."""

    body: Any
    status: int = 200
    media: str = JSON
    wrote: bool = False
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Visit:
    """One request on its way through."""

    request: web.Request
    endpoint: str
    about: str = ""
    """The id in the path."""
    query: dict[str, Any] = field(default_factory=dict)
    form: dict[str, Any] = field(default_factory=dict)
    broken: ApiError | None = None
    """Why the body could not be read, if so."""
    arrived_mono_ms: float = field(default_factory=lambda: time.monotonic() * 1000)
    arrived_wall_ms: float = field(default_factory=lambda: time.time() * 1000)

    @property
    def backend(self) -> Backend:
        return self.request.app[BACKEND]

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def authorization(self) -> str:
        return self.request.headers.get("Authorization", "")

    def record(self, outcome: Outcome, status: int, wrote: bool = False) -> None:
        """Adds it to the journal, and to the count of writes."""
        form = {name: value for name, value in self.form.items() if name not in HIDDEN}
        query = {name: value for name, value in self.query.items() if name not in HIDDEN}
        call = self.backend.journal.add(
            lambda seq: Call(
                seq=seq,
                method=self.method,
                path=self.request.path,
                endpoint=self.endpoint,
                query=query,
                form=form,
                status=status,
                outcome=outcome,
                wrote=wrote,
                arrived_mono_ms=self.arrived_mono_ms,
                arrived_wall_ms=self.arrived_wall_ms,
            )
        )
        if wrote:
            self.backend.writes[call.name] += 1


Perform = Callable[[Visit], Reply]


def serve_by(
    name: Callable[[web.Request], tuple[str, str]], perform: Perform
) -> Callable[[web.Request], Awaitable[Any]]:
    """A handler of requests which ``perform`` answers; ``name`` tells a request's endpoint and the id in its path."""

    async def handle(request: web.Request) -> web.StreamResponse:
        endpoint, about = name(request)
        visit = Visit(request, endpoint, about)
        visit.query = read_pairs(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
        try:
            visit.form = await _read(request)
        except ApiError as error:
            visit.broken = error
        return await _go_through(visit, perform)

    return handle


async def _read(request: web.Request) -> dict[str, Any]:
    if request.content_type == "multipart/form-data":
        form = await request.post()
        return read_pairs((name, value) for name, value in form.items() if isinstance(value, str))
    media = JSON if request.content_type.endswith("json") else request.content_type
    return read_body(media, await request.read())


async def _go_through(visit: Visit, perform: Perform) -> web.StreamResponse:
    names = frozenset({visit.method, visit.endpoint, f"{visit.method} {visit.endpoint}"})
    ids = [visit.form.get(name) or visit.query.get(name) for name in _ABOUT]
    hits = visit.backend.faults.take(names, frozenset(str(one) for one in (visit.about, *ids) if one))
    failing = next((fault for fault in hits if fault.kind != "slow"), None)
    await delay(hits, after_apply=False)
    if failing is not None and failing.kind != "apply_and_drop":
        return _fail(visit, failing)
    reply = perform(visit)
    if failing is not None:
        visit.record("applied_and_dropped", 0, reply.wrote)
        return reset_connection(visit.request)
    visit.record("answered", reply.status, reply.wrote)
    await delay(hits, after_apply=True)
    body = msgspec.json.encode(reply.body)
    return web.Response(body=body, status=reply.status, content_type=reply.media, headers=reply.headers)


def _fail(visit: Visit, fault: Fault) -> web.StreamResponse:
    if fault.kind == "drop":
        visit.record("dropped", 0)
        return reset_connection(visit.request)
    if fault.kind == "error":
        visit.record("failed", 200)
        return web.json_response({"status": "ERROR", "error": fault.error})
    visit.record("failed", fault.status)
    text = fault.body or msgspec.json.encode({"error": "failed on request", "status": fault.status}).decode()
    return web.Response(status=fault.status, text=text, headers=fault.headers, content_type=_media(fault))


def _media(fault: Fault) -> str | None:
    named = any(name.lower() == "content-type" for name in fault.headers)
    return None if named else "text/plain" if fault.body else JSON
