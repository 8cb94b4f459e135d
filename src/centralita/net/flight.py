"""What is known of one request while it is under way, and what has come back so far."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from time import perf_counter

import aiohttp

from centralita.core.addresses import Target
from centralita.ports import HttpResponse

MAX_HEADER_BYTES = 65_536
"""Of the body; the headers have the same limit of their own."""


class Flight:
    """What is known of one request while it is under way. Times are of ``perf_counter``; 0.0 for not yet."""

    __slots__ = ("blocked", "connect_at", "connected_at", "direct", "dns_at", "dns_done_at", "target", "tls_at")

    def __init__(self, target: Target, direct: bool) -> None:
        self.target = target
        self.direct = direct  # not through the operator's proxy, so that whom we connect to is the receiver
        self.blocked = ""
        self.dns_at = self.dns_done_at = self.connect_at = self.tls_at = self.connected_at = 0.0


# aiohttp calls the resolver, the socket factory and the TLS context in tasks of its own making, which inherit this.
flying: ContextVar[Flight] = ContextVar("flight")


class BlockedError(OSError):
    """The policy says no; an OSError because that is what aiohttp expects of a resolver and a socket factory."""


class Exchange:
    """What has been received so far, so that a failure in the middle loses none of it."""

    __slots__ = ("body", "first_byte_at", "headers", "status", "truncated")

    def __init__(self) -> None:
        self.status = 0
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = b""
        self.truncated = False
        self.first_byte_at = 0.0

    def take_headers(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        """Raises ValueError beyond the limit."""
        if sum([len(name) + len(value) + 4 for name, value in raw]) > MAX_HEADER_BYTES:
            raise ValueError("headers.too_large")
        self.headers = tuple([(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw])

    async def read(self, stream: aiohttp.StreamReader, limit: int) -> None:
        """Reads to the end, or to ``limit`` bytes."""
        pieces, length = [], 0
        while not stream.at_eof() and length <= limit:
            pieces.append(await stream.readany())
            length += len(pieces[-1])
            # What was read so far counts, even if the rest never comes.
            self.body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self.body, self.truncated = self.body[:limit], length > limit

    def response(self, flight: Flight, started_at: float, error: str, detail: str, reason: str) -> HttpResponse:
        ended_at = perf_counter()
        total_ms = (ended_at - started_at) * 1000
        timings = {"total": total_ms}
        if flight.dns_done_at:
            timings["dns"] = (flight.dns_done_at - flight.dns_at) * 1000
        if flight.connect_at and (flight.tls_at or flight.connected_at):
            timings["connect"] = ((flight.tls_at or flight.connected_at) - flight.connect_at) * 1000
        if flight.tls_at and flight.connected_at:
            timings["tls"] = (flight.connected_at - flight.tls_at) * 1000
        if self.first_byte_at:
            timings["first_byte"] = (self.first_byte_at - started_at) * 1000
        return HttpResponse(
            status=self.status,
            headers=self.headers,
            body=self.body,
            truncated=self.truncated,
            elapsed_ms=total_ms,
            timings=timings,
            error=error,
            detail=detail,
            reason=reason,
            sent=bool(flight.connected_at),
        )


def failed(error: str, detail: str, started_at: float) -> HttpResponse:
    elapsed_ms = (perf_counter() - started_at) * 1000
    return HttpResponse(elapsed_ms=elapsed_ms, timings={"total": elapsed_ms}, error=error, detail=detail, sent=False)
