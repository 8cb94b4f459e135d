"""TLS as the hub speaks it: to whom it listens, and the certificates that it shows."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

from centralita.net.flight import flying


class TlsContext(ssl.SSLContext):
    """Notes when a handshake begins."""

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        flight = flying.get(None)
        if flight is not None and not flight.tls_at:
            flight.tls_at = perf_counter()
        return super().wrap_bio(*args, **options)


@lru_cache(4)  # reading the system's certificates takes 30 ms
def tls_context(ca_file: str | Path | None) -> ssl.SSLContext:
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context
