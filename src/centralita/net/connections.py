"""The parts of aiohttp that are ours: they let it have judged addresses only, and note when each phase begins."""

from __future__ import annotations

import socket
from collections.abc import Callable
from time import perf_counter
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from centralita.net.flight import BlockedError, Flight, flying
from centralita.net.lookups import Lookups

AddrInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


def open_socket(info: AddrInfo) -> socket.socket:
    """A socket for an address that was judged."""
    family, kind, proto, _name, _place = info
    return socket.socket(family, kind, proto)


class Resolver(AbstractResolver):
    """Lets aiohttp have only addresses that were judged."""

    def __init__(self, lookups: Lookups, check: Callable[[Flight, str], None]) -> None:
        self._lookups = lookups
        self._check = check

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        flight = flying.get()
        addresses = await look_up(self._lookups, host, flight)
        for address in addresses:
            self._check(flight, address)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
            for address in addresses
        ]

    async def close(self) -> None:
        self._lookups.close()


async def look_up(lookups: Lookups, host: str, flight: Flight) -> tuple[str, ...]:
    addresses = lookups.cached(host)
    if addresses is None:
        flight.dns_at = perf_counter()
        addresses = await lookups.addresses(host)
        flight.dns_done_at = perf_counter()
    return addresses


class Connector(aiohttp.TCPConnector):
    """Notes when a connection stands, and asks it who is at its other end."""

    def __init__(self, *, check: Callable[[Flight, str], None], **options: Any) -> None:
        super().__init__(**options)
        self._check = check

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  the overridden method's own parameter
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        flight = flying.get()
        if flight.connect_at:
            # A new connection: the kernel says where it went.
            peer = connection.transport.get_extra_info("peername") if connection.transport else None
            try:
                self._check(flight, peer[0] if peer else "")
            except BlockedError:
                connection.close()
                raise
        flight.connected_at = perf_counter()
        return connection
