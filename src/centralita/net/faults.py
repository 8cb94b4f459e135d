"""What went wrong on the way, as the classes of ``HttpResponse.error``."""

from __future__ import annotations

import errno
import socket
import ssl

import aiohttp

from centralita.net.flight import Exchange, Flight

_REFUSED = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EACCES})
_RESET = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN})


def classify(raised: Exception, flight: Flight, exchange: Exchange) -> tuple[str, str]:
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


def _classify_timeout(flight: Flight) -> tuple[str, str]:
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
