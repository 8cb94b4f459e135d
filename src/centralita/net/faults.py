"""What went wrong on the way: a class for programs (``HttpResponse.error``), a finer reason for people."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Mapping
from typing import NamedTuple

import aiohttp

from centralita.net.flight import Exchange, Flight
from centralita.net.tls import CertificateError


class Fault(NamedTuple):
    """``error``, ``detail`` and ``reason`` of an ``HttpResponse``."""

    error: str
    detail: str
    reason: str = ""
    """Message id; "" where ``net.<error>`` says it all."""


_REFUSED = frozenset({errno.ECONNREFUSED, errno.EADDRNOTAVAIL, errno.EACCES})
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN})
_RESET = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN})
# https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
_UNVERIFIED: Mapping[int, str] = {
    2: "net.tls_untrusted",  # the issuer is not there
    9: "net.tls_not_yet_valid",
    10: "net.tls_expired",
    18: "net.tls_self_signed",
    19: "net.tls_untrusted",  # a root of its own, which nobody here trusts
    20: "net.tls_untrusted",
    21: "net.tls_untrusted",
    62: "net.tls_name",
    64: "net.tls_name",  # an address instead of a name
}
# RFC 8446, section 6.2, under OpenSSL's names.
_ALERTS: Mapping[str, str] = {
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "net.tls_hung_up",  # it may mean anything
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "net.tls_client",
    "SSLV3_ALERT_BAD_CERTIFICATE": "net.tls_client",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "net.tls_client",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "net.tls_client",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "net.tls_client",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "net.tls_client",
    "TLSV1_ALERT_ACCESS_DENIED": "net.tls_client",
    "TLSV1_ALERT_UNKNOWN_CA": "net.tls_client",
    "TLSV1_ALERT_PROTOCOL_VERSION": "net.tls_version",
    "UNSUPPORTED_PROTOCOL": "net.tls_version",
    "HTTP_REQUEST": "net.tls_none",
    "PACKET_LENGTH_TOO_LONG": "net.tls_none",
    "RECORD_LAYER_FAILURE": "net.tls_none",
    "WRONG_VERSION_NUMBER": "net.tls_none",  # what came is no TLS at all
}


def classify(raised: Exception, flight: Flight, exchange: Exchange) -> Fault:
    """The class of an error and what a person may want to know; no part of the URL but the host."""
    if flight.blocked:
        return Fault("blocked", flight.blocked)
    if isinstance(raised, TimeoutError) and not raised.errno:
        return _classify_timeout(flight)
    if exchange.status:
        return (
            Fault("protocol", str(raised)) if isinstance(raised, ValueError) else Fault("truncated", "body.incomplete")
        )
    if isinstance(raised, CertificateError):
        return Fault("tls", str(raised), "net.client_certificate")
    fault = (
        getattr(raised, "certificate_error", None) or getattr(raised, "os_error", None) or raised.__cause__ or raised
    )
    if isinstance(fault, ssl.SSLError):
        return classify_tls(fault)
    if isinstance(fault, socket.gaierror):
        return Fault("dns", f"{flight.target.host}: {fault.strerror}")
    if isinstance(raised, aiohttp.ClientHttpProxyError):
        return Fault("refused", f"proxy.status {raised.status}", "net.proxy")
    if isinstance(fault, OSError):
        found = classify_os_error(fault)
        # Servers that don't want our version of TLS often just hang up.
        hung_up = found.error == "reset" and flight.tls_at and not flight.connected_at
        return Fault("tls", found.detail, "net.tls_hung_up") if hung_up else found
    if isinstance(raised, aiohttp.ServerDisconnectedError):
        return Fault("reset", "closed without a response")
    return Fault("protocol", "response.unreadable")


def classify_tls(fault: ssl.SSLError) -> Fault:
    """A handshake that failed."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return Fault("tls", fault.verify_message, _UNVERIFIED.get(fault.verify_code, ""))
    reason = fault.reason or "handshake"
    return Fault("tls", reason, _ALERTS.get(reason, ""))


def _classify_timeout(flight: Flight) -> Fault:
    if flight.connected_at:
        return Fault("timeout", "response")
    if flight.tls_at:
        return Fault("connect_timeout", "tls", "net.tls_timeout")
    if flight.connect_at:
        return Fault("connect_timeout", "connect")
    if flight.dns_at and not flight.dns_done_at:
        return Fault("dns", "timeout", "net.dns_timeout")
    return Fault("connect_timeout", "pool", "net.pool_timeout")


def classify_os_error(fault: OSError) -> Fault:
    """A connection that did not come about, or broke."""
    text = fault.strerror or type(fault).__name__
    if fault.errno in _RESET or isinstance(fault, ConnectionResetError):
        return Fault("reset", text)
    if fault.errno == errno.ETIMEDOUT:
        return Fault("connect_timeout", text)
    if fault.errno in _UNREACHABLE:
        return Fault("refused", text, "net.unreachable")
    return Fault("refused" if fault.errno in _REFUSED else "protocol", text)
