"""The outbound HTTP client, for every URL that a user or a payload can influence.

It refuses what ``core.addresses`` refuses, before the first packet: the URL's shape, every address that the name leads
to, the address of each socket that is opened, and the peer that answered. It follows no redirect, reads no proxy from
the environment, decompresses nothing, keeps no cookie, reads no more than it was asked to, and is done when
``timeout_s`` is over, whatever the receiver does.

A response whose body breaks off or stalls keeps its status and has an ``error`` beside it: the receiver did answer.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from centralita import __version__
from centralita.core.addresses import Target, UrlError, judge_target, judge_url, read_networks, read_url
from centralita.core.headers import judge_header
from centralita.net.lookups import Lookup, Lookups, system_lookup
from centralita.ports import HttpRequest, HttpResponse

MAX_HEADER_BYTES = 65_536
"""Of the body; the headers have the same limit of their own."""
_MAX_CACHED_URLS = 4096
_UNTYPED = ("Content-Type",)
"""aiohttp would call a body without a type application/octet-stream."""

AddrInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


class _Flight:
    """What is known of one request while it is under way. Times are of ``perf_counter``; 0.0 for not yet."""

    __slots__ = ("blocked", "connect_at", "connected_at", "direct", "dns_at", "dns_done_at", "target", "tls_at")

    def __init__(self, target: Target, direct: bool) -> None:
        self.target = target
        self.direct = direct  # not through the operator's proxy, so that whom we connect to is the receiver
        self.blocked = ""
        self.dns_at = self.dns_done_at = self.connect_at = self.tls_at = self.connected_at = 0.0


# aiohttp calls the resolver, the socket factory and the TLS context in tasks of its own making, which inherit this.
_flight: ContextVar[_Flight] = ContextVar("flight")


class _BlockedError(OSError):
    """The policy says no; an OSError because that is what aiohttp expects of a resolver and a socket factory."""


def open_socket(info: AddrInfo) -> socket.socket:
    """A socket for an address that was judged."""
    family, kind, proto, _name, _place = info
    return socket.socket(family, kind, proto)


class _Resolver(AbstractResolver):
    """Lets aiohttp have only addresses that were judged."""

    def __init__(self, lookups: Lookups, check: Callable[[_Flight, str], None]) -> None:
        self._lookups = lookups
        self._check = check

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        flight = _flight.get()
        addresses = await _look_up(self._lookups, host, flight)
        for address in addresses:
            self._check(flight, address)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
            for address in addresses
        ]

    async def close(self) -> None:
        self._lookups.close()


async def _look_up(lookups: Lookups, host: str, flight: _Flight) -> tuple[str, ...]:
    addresses = lookups.cached(host)
    if addresses is None:
        flight.dns_at = perf_counter()
        addresses = await lookups.addresses(host)
        flight.dns_done_at = perf_counter()
    return addresses


class _Connector(aiohttp.TCPConnector):
    """Notes when a connection stands, and asks it who is at its other end."""

    def __init__(self, *, check: Callable[[_Flight, str], None], **options: Any) -> None:
        super().__init__(**options)
        self._check = check

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  the overridden method's own parameter
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        flight = _flight.get()
        if flight.connect_at:
            # A new connection: the kernel says where it went.
            peer = connection.transport.get_extra_info("peername") if connection.transport else None
            try:
                self._check(flight, peer[0] if peer else "")
            except _BlockedError:
                connection.close()
                raise
        flight.connected_at = perf_counter()
        return connection


class _TlsContext(ssl.SSLContext):
    """Notes when a handshake begins."""

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        flight = _flight.get(None)
        if flight is not None and not flight.tls_at:
            flight.tls_at = perf_counter()
        return super().wrap_bio(*args, **options)


@lru_cache(4)  # reading the system's certificates takes 30 ms
def _tls_context(ca_file: str | Path | None) -> ssl.SSLContext:
    context = _TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Client:
    """One pool of connections, used as an async context manager.

    ``allow``: networks in CIDR notation that may be connected to on any port and without TLS. ``plain_http`` permits
    http to public addresses as well. ``proxy``: ``http://[user:password@]host:port``, the operator's own, exempt from
    the policy; names are still looked up and judged here first. ``ca_file``: certificates to trust beside the system's.
    Raises ValueError (``allow``, ``proxy``) and OSError or ssl.SSLError (``ca_file``) when made.
    """

    def __init__(
        self,
        *,
        allow: Sequence[str] = (),
        plain_http: bool = False,
        proxy: str | None = None,
        ca_file: str | Path | None = None,
        connections: int = 1024,
        connections_per_host: int = 64,
        keepalive_s: float = 15.0,
        dns_ttl_s: float = 30.0,
        lookup: Lookup = system_lookup,
        socket_factory: Callable[[AddrInfo], socket.socket] = open_socket,
    ) -> None:
        self._allow = read_networks(allow)
        self._plain_http = plain_http
        self._proxy = _read_proxy(proxy) if proxy else None
        self._tls = _tls_context(ca_file)
        self._limits = {
            "limit": connections,
            "limit_per_host": connections_per_host,
            "keepalive_timeout": keepalive_s,
        }
        self._lookups = Lookups(lookup, dns_ttl_s)
        self._socket_factory = socket_factory
        self._read = lru_cache(_MAX_CACHED_URLS)(self._read_uncached)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Client:
        connector = _Connector(
            check=self._check,
            resolver=_Resolver(self._lookups, self._check),
            use_dns_cache=False,  # the look-ups have one, whose entries are judged each time that they are used
            ssl=self._tls,
            socket_factory=self._open,
            **self._limits,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            requote_redirect_url=False,
            headers={"User-Agent": f"Centralita/{__version__}", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
        self._lookups.close()

    def judge(self, url: str) -> str:
        """What ``request`` would refuse of ``url`` before any look-up, as a message id; "" for nothing."""
        return judge_url(url, self._allow, plain_http=self._plain_http)

    async def request(self, request: HttpRequest) -> HttpResponse:
        """Makes one request. Whatever the network or the receiver does is in the answer; only cancellation raises.

        Raises RuntimeError outside of the context.
        """
        if self._session is None or self._session.closed:
            raise RuntimeError("the client is closed")
        started_at = perf_counter()
        try:
            target, url = self._read(request.url)
        except UrlError as refusal:
            return _failed("blocked", refusal.reason, started_at)
        fault = _fault_of(request)
        if fault:
            return _failed("protocol", fault, started_at)
        flight = _Flight(target, direct=self._proxy is None)
        token = _flight.set(flight)
        exchange = _Exchange()
        error = detail = ""
        try:
            async with asyncio.timeout(request.timeout_s):
                if not flight.direct:
                    await self._judge_ahead(flight)
                await self._exchange(self._session, request, url, exchange)
        except Exception as raised:  # a receiver must not be able to raise through us, whatever it thought of
            error, detail = _classify(raised, flight, exchange)
            if not flight.connected_at:
                self._lookups.forget(target.host)
        finally:
            _flight.reset(token)
        return exchange.response(flight, started_at, error, detail)

    def _read_uncached(self, text: str) -> tuple[Target, URL]:
        target = read_url(text)
        if target.address is not None:
            reason = judge_target(target, target.address, self._allow, plain_http=self._plain_http)
            if reason:
                raise UrlError(f"{reason} {target.address}")
        # What is ASCII goes out byte for byte: a signature or a key in the query must not be requoted.
        return target, URL(target.url, encoded=target.path.isascii())

    async def _judge_ahead(self, flight: _Flight) -> None:
        # The proxy makes the connection, so this look-up is the last moment to judge where to.
        if flight.target.address is None:
            for address in await _look_up(self._lookups, flight.target.host, flight):
                self._refuse(flight, address)

    async def _exchange(
        self, session: aiohttp.ClientSession, request: HttpRequest, url: URL, exchange: _Exchange
    ) -> None:
        response = await session.request(
            request.method,
            url,
            headers=request.headers,
            data=request.body or None,
            # Only where it is needed: with any header to leave out aiohttp copies them all.
            skip_auto_headers=None if any(name.lower() == "content-type" for name, _ in request.headers) else _UNTYPED,
            allow_redirects=False,
            proxy=self._proxy,
        )
        exchange.first_byte_at = perf_counter()
        try:
            exchange.status = response.status
            exchange.take_headers(response.raw_headers)
            if response.status == 101:
                raise ValueError("upgrade")
            await exchange.read(response.content, request.max_response_bytes)
        except BaseException:
            response.close()
            raise
        if exchange.truncated:
            response.close()
        else:
            response.release()

    def _open(self, info: AddrInfo) -> socket.socket:
        flight = _flight.get()
        self._check(flight, info[4][0])
        if not flight.connect_at:
            flight.connect_at = perf_counter()
        return self._socket_factory(info)

    def _check(self, flight: _Flight, address: str) -> None:
        if flight.direct:
            self._refuse(flight, address)

    def _refuse(self, flight: _Flight, address: str) -> None:
        """Raises _BlockedError unless ``address`` may be connected to for this request."""
        try:
            reason = judge_target(flight.target, ip_address(address), self._allow, plain_http=self._plain_http)
        except ValueError:
            reason = "address.unreadable"
        if reason:
            flight.blocked = f"{reason} {address}".rstrip()
            raise _BlockedError(flight.blocked)


class _Exchange:
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

    def response(self, flight: _Flight, started_at: float, error: str, detail: str) -> HttpResponse:
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
            sent=bool(flight.connected_at),
        )


def _failed(error: str, detail: str, started_at: float) -> HttpResponse:
    elapsed_ms = (perf_counter() - started_at) * 1000
    return HttpResponse(elapsed_ms=elapsed_ms, timings={"total": elapsed_ms}, error=error, detail=detail, sent=False)


def _read_proxy(proxy: str) -> URL:
    url = URL(proxy)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("network.proxy: not an http URL")
    return url


_METHODS = frozenset({"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"})


def _fault_of(request: HttpRequest) -> str:
    """A message id and the header's name, never its value; "" when the request can be written."""
    if request.method not in _METHODS:
        return "request.method"
    for name, value in request.headers:
        reason = judge_header(name, value)
        if reason:
            return f"{reason} {name!r}"
    return ""


_REFUSED = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EACCES})
_RESET = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN})


def _classify(raised: Exception, flight: _Flight, exchange: _Exchange) -> tuple[str, str]:
    """The class of an error and what a person may want to know; no part of the URL but the host."""
    if flight.blocked:
        return "blocked", flight.blocked
    if isinstance(raised, TimeoutError) and not raised.errno:
        return _classify_timeout(flight)
    if exchange.status:
        return ("protocol", str(raised)) if isinstance(raised, ValueError) else ("truncated", "body.incomplete")
    fault = (
        getattr(raised, "certificate_error", None) or getattr(raised, "os_error", None) or raised.__cause__ or raised
    )
    if isinstance(fault, ssl.SSLCertVerificationError):
        return "tls", fault.verify_message
    if isinstance(fault, ssl.SSLError):
        return "tls", fault.reason or "handshake"
    if isinstance(fault, socket.gaierror):
        return "dns", f"{flight.target.host}: {fault.strerror}"
    if isinstance(raised, aiohttp.ClientHttpProxyError):
        return "refused", f"proxy.status {raised.status}"
    if isinstance(fault, OSError):
        error, detail = _classify_os_error(fault)
        # Servers that don't want our version of TLS often just hang up.
        return ("tls" if error == "reset" and flight.tls_at and not flight.connected_at else error), detail
    if isinstance(raised, aiohttp.ServerDisconnectedError):
        return "reset", "closed without a response"
    return "protocol", "response.unreadable"


def _classify_timeout(flight: _Flight) -> tuple[str, str]:
    if flight.connected_at:
        return "timeout", "response"
    if flight.tls_at:
        return "connect_timeout", "tls"
    if flight.connect_at:
        return "connect_timeout", "connect"
    return ("dns", "timeout") if flight.dns_at and not flight.dns_done_at else ("connect_timeout", "pool")


def _classify_os_error(fault: OSError) -> tuple[str, str]:
    text = fault.strerror or type(fault).__name__
    if fault.errno in _RESET or isinstance(fault, ConnectionResetError):
        return "reset", text
    if fault.errno == errno.ETIMEDOUT:
        return "connect_timeout", text
    return ("refused", text) if fault.errno in _REFUSED else ("protocol", text)
