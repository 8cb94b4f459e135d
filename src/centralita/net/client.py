"""The outbound HTTP client, for every URL that a user or a payload can influence.

It refuses what ``core.addresses`` refuses, before the first packet: the URL's shape, every address that the name leads
to, the address of each socket that is opened, and the peer that answered. It follows no redirect, reads no proxy from
the environment, decompresses nothing, keeps no cookie, reads no more than it was asked to, and is done when
``timeout_s`` is over, whatever the receiver does.

A response whose body breaks off or stalls keeps its status and has an ``error`` beside it: the receiver did answer.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Literal

import aiohttp
from yarl import URL

from centralita import __version__
from centralita.core.addresses import Address, Target, UrlError, judge_target, judge_url, read_networks, read_url
from centralita.core.headers import judge_header
from centralita.net.connections import AddrInfo, Connector, Resolver, look_up, open_socket
from centralita.net.faults import Fault, classify
from centralita.net.flight import BlockedError, Exchange, Flight, failed, flying
from centralita.net.lookups import Lookup, Lookups, system_lookup
from centralita.net.tls import Identities, tls_context
from centralita.ports import HttpRequest, HttpResponse

_MAX_CACHED_URLS = 4096
_UNTYPED = ("Content-Type",)
"""aiohttp would call a body without a type application/octet-stream."""


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
        self._tls = tls_context(ca_file)
        self._identities = Identities(ca_file)
        self._limits = {
            "limit": connections,
            "limit_per_host": connections_per_host,
            "keepalive_timeout": keepalive_s,
        }
        self._lookups = Lookups(lookup, dns_ttl_s)
        self._socket_factory = socket_factory
        self._read = lru_cache(_MAX_CACHED_URLS)(self._read_uncached)
        self._judge_origin = lru_cache(_MAX_CACHED_URLS)(self._judge_origin_uncached)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Client:
        connector = Connector(
            check=self._check,
            resolver=Resolver(self._lookups, self._check),
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
            return failed("blocked", refusal.reason, started_at)
        unwritable = _unwritable(request)
        if unwritable:
            return failed("protocol", unwritable, started_at)
        flight = Flight(target, direct=self._proxy is None)
        token = flying.set(flight)
        exchange = Exchange()
        fault = Fault("", "")
        try:
            async with asyncio.timeout(request.timeout_s):
                if not flight.direct:
                    await self._judge_ahead(flight)
                tls = await self._identities.context(request.client_certificate) if request.client_certificate else True
                await self._exchange(self._session, request, url, tls, exchange)
        except Exception as raised:  # a receiver must not be able to raise through us, whatever it thought of
            fault = classify(raised, flight, exchange)
            if not flight.connected_at:
                self._lookups.forget(target.host)
        finally:
            flying.reset(token)
        return exchange.response(flight, started_at, *fault)

    def _read_uncached(self, text: str) -> tuple[Target, URL]:
        target = read_url(text)
        if target.address is not None:
            reason = self._judge_origin(target.scheme, target.address, target.port)
            if reason:
                raise UrlError(f"{reason} {target.address}")
        # What is ASCII goes out byte for byte: a signature or a key in the query must not be requoted.
        return target, URL(target.url, encoded=target.path.isascii())

    def _judge_origin_uncached(self, scheme: Literal["http", "https"], address: Address, port: int) -> str:
        """Many URLs lead to one address, and what is permitted is the same as long as the client lives."""
        origin = Target(scheme=scheme, host=str(address), port=port, address=address, path="/")
        return judge_target(origin, address, self._allow, plain_http=self._plain_http)

    async def _judge_ahead(self, flight: Flight) -> None:
        # The proxy makes the connection, so this look-up is the last moment to judge where to.
        if flight.target.address is None:
            for address in await look_up(self._lookups, flight.target.host, flight):
                self._refuse(flight, address)

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        request: HttpRequest,
        url: URL,
        tls: ssl.SSLContext | bool,
        exchange: Exchange,
    ) -> None:
        response = await session.request(
            request.method,
            url,
            headers=request.headers,
            data=request.body or None,
            # Only where it is needed: with any header to leave out aiohttp copies them all.
            skip_auto_headers=None if any(name.lower() == "content-type" for name, _ in request.headers) else _UNTYPED,
            allow_redirects=False,
            ssl=tls,
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
        flight = flying.get()
        self._check(flight, info[4][0])
        if not flight.connect_at:
            flight.connect_at = perf_counter()
        return self._socket_factory(info)

    def _check(self, flight: Flight, address: str) -> None:
        if flight.direct:
            self._refuse(flight, address)

    def _refuse(self, flight: Flight, address: str) -> None:
        """Raises BlockedError unless ``address`` may be connected to for this request."""
        try:
            reason = judge_target(flight.target, ip_address(address), self._allow, plain_http=self._plain_http)
        except ValueError:
            reason = "address.unreadable"
        if reason:
            flight.blocked = f"{reason} {address}".rstrip()
            raise BlockedError(flight.blocked)


def _read_proxy(proxy: str) -> URL:
    url = URL(proxy)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("network.proxy: not an http URL")
    return url


_METHODS = frozenset({"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"})


def _unwritable(request: HttpRequest) -> str:
    """A message id and the header's name, never its value; "" when the request can be written."""
    if request.method not in _METHODS:
        return "request.method"
    for name, value in request.headers:
        reason = judge_header(name, value)
        if reason:
            return f"{reason} {name!r}"
    return ""
