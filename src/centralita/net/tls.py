"""TLS as the hub speaks it: whom it believes, and the certificates that it shows."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from centralita.net.flight import flying

CERTIFICATE_FAULTS = (
    "certificate.unreadable",
    "certificate.key_missing",
    "certificate.key_encrypted",
    "certificate.key_unreadable",
    "certificate.key_mismatch",
    "certificate.expired",
)
"""What ``check_client_certificate`` finds."""
MAX_IDENTITIES = 64
"""TLS contexts kept, one for each client certificate in use; each holds a copy of the system's certificates."""
_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----.*?-----END (?:[A-Z]+ )?PRIVATE KEY-----", re.DOTALL)


class TlsContext(ssl.SSLContext):
    """Notes when a handshake begins."""

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        flight = flying.get(None)
        if flight is not None and not flight.tls_at:
            flight.tls_at = perf_counter()
        return super().wrap_bio(*args, **options)


@lru_cache(4)  # reading the system's certificates takes 30 ms
def tls_context(ca_file: str | Path | None) -> ssl.SSLContext:
    """What every connection has that shows no certificate. Raises OSError, ssl.SSLError for ``ca_file``."""
    return _new_context(ca_file)


def _new_context(ca_file: str | Path | None) -> ssl.SSLContext:
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


class CertificateError(ValueError):
    """A client certificate that cannot be shown; the text is a message id."""


class Identities:
    """The contexts that show a client certificate, the last ``MAX_IDENTITIES`` that were used.

    Connections are pooled by their context: one that was opened with a certificate serves no other.
    """

    def __init__(self, ca_file: str | Path | None) -> None:
        self._ca_file = ca_file
        self._contexts: OrderedDict[str, ssl.SSLContext] = OrderedDict()

    async def context(self, pem: str) -> ssl.SSLContext:
        """The context that shows ``pem``. Raises CertificateError."""
        found = self._contexts.get(pem)
        if found is None:
            made = await asyncio.to_thread(self._make, pem)
            found = self._contexts.setdefault(pem, made)  # another request may have been faster
        self._contexts.move_to_end(pem)
        while len(self._contexts) > MAX_IDENTITIES:
            self._contexts.popitem(last=False)
        return found

    def _make(self, pem: str) -> ssl.SSLContext:
        fault = check_client_certificate(pem)
        if fault and fault != "certificate.expired":  # that, the receiver has to say: its clock is the one that counts
            raise CertificateError(fault)
        context = _new_context(self._ca_file)
        _show(context, pem)
        return context


def check_client_certificate(pem: str) -> str:
    """What is wrong with a certificate and key in PEM that the hub is to show, as one of ``CERTIFICATE_FAULTS``; "" for
    nothing. The certificate comes first, then those that lead to its authority; the key has no passphrase."""
    try:
        certificate = x509.load_pem_x509_certificates(pem.encode())[0]
    except (ValueError, UnsupportedAlgorithm):
        return "certificate.unreadable"
    found = _KEY.search(pem)
    if found is None:
        return "certificate.key_encrypted" if "ENCRYPTED PRIVATE KEY" in pem else "certificate.key_missing"
    try:
        key = load_pem_private_key(found[0].encode(), password=None)
        pair = key.public_key() == certificate.public_key()
    except TypeError:
        return "certificate.key_encrypted"
    except (ValueError, UnsupportedAlgorithm):
        return "certificate.key_unreadable"
    if not pair:
        return "certificate.key_mismatch"
    try:
        _show(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), pem)
    except CertificateError as fault:
        return str(fault)
    return "certificate.expired" if certificate.not_valid_after_utc < datetime.now(UTC) else ""


def _show(context: ssl.SSLContext, pem: str) -> None:
    try:
        with _nameless(pem.encode()) as path:
            context.load_cert_chain(path, password=_refuse)
    except (ssl.SSLError, ValueError):
        raise CertificateError("certificate.unreadable") from None


def _refuse() -> str:
    """Instead of OpenSSL's own question at the terminal."""
    raise ValueError("encrypted")


@contextmanager
def _nameless(content: bytes) -> Iterator[str]:
    """A path that leads to ``content`` for a while. OpenSSL takes certificates from files only; where there is memory
    that passes for a file, the key never touches a disk."""
    if hasattr(os, "memfd_create"):
        with open(os.memfd_create("certificate"), "wb", buffering=0) as file:
            file.write(content)
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as named:
            named.write(content)
            named.flush()
            yield named.name
