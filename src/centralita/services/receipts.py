"""What a sender really sent: the bytes of a receipt as text, and the command that would send them again."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from centralita.core.curl import curl
from centralita.core.events import receipt_id
from centralita.integrations import registry
from centralita.integrations.registry import Fixture
from centralita.logs import redact_text
from centralita.ports import Receipt
from centralita.services.announcements import SLUG
from centralita.services.hub import Hub
from centralita.services.ingest import ConfiguredSource
from centralita.services.sources import address_of
from centralita.services.times import shown
from centralita.store import receipts

SHOWN_BYTES = 65_536
SECRET, SECRET_IN_BASE64, SIGNATURE = "$SECRET", "$SECRET_IN_BASE64", "$SIGNATURE"
_STAND_INS = (b"stand-in-for-the-secret", b"whsec_c3RhbmQtaW4tZm9yLXRoZS1zZWNyZXQ=")
"""Secrets that are none: whatever a sender would do with its own is seen by them. Some proofs take only the second."""
_OF_THE_WAY = frozenset(
    "accept accept-encoding accept-language connection content-length expect forwarded host keep-alive origin priority "
    "referer te traceparent tracestate trailer transfer-encoding upgrade user-agent via x-real-ip x-request-id".split()
)
"""What says how the request came here, and nothing of what it means."""


@dataclass(frozen=True)
class Raw:
    """A receipt as people may see it."""

    id: str
    received_at: str | None
    content_type: str
    headers: Mapping[str, str]
    """Those that carry no secret."""
    bytes: int
    text: str
    """The body, or ``SHOWN_BYTES`` of its beginning, what looks like a secret masked; bytes that are no UTF-8 as
    U+FFFD."""
    truncated: bool
    curl: str
    """What sends it again; "" when nobody can (the hub itself said it, the source is gone, it holds a secret), and of a
    body that is cut off."""


async def raw(hub: Hub, event_id: str, whole: bool = False) -> Raw | None:
    """The request that an event came of, ``whole`` with all of its body; None when its retention is over.

    Raises ValueError for an id that is none.
    """
    id_ = receipt_id(event_id)
    found = (await hub.database.read(lambda tx: receipts.load(tx, [id_]))).get(id_)
    if found is None:
        return None
    # Looking through a large body for secrets takes a while: others are answered meanwhile.
    return await asyncio.to_thread(_shown, hub, found, len(found.body) if whole else SHOWN_BYTES)


def _shown(hub: Hub, found: Receipt, most: int) -> Raw:
    text = found.body[:most].decode("utf-8", "replace")
    masked, truncated = redact_text(text), len(found.body) > most
    return Raw(
        id=found.id,
        received_at=shown(found.received_at),
        content_type=found.content_type,
        headers=found.headers,
        bytes=len(found.body),
        text=masked,
        truncated=truncated,
        curl=_curl(hub, found) if masked == text and not truncated else "",
    )


def _curl(hub: Hub, receipt: Receipt) -> str:
    source = hub.sources.get(receipt.source)
    if receipt.source == SLUG or source is None:
        return ""
    url, proof = address_of(hub, receipt.source), list(_proof(source, receipt, hub.clock.now()))
    if any(name == "" for name, _ in proof):
        url, proof = f"{url}/{SECRET}", []
    kept = {name.lower(): value for name, value in receipt.headers.items() if _says_something(name.lower())}
    kept.setdefault("content-type", receipt.content_type or "application/octet-stream")
    return curl(url, proof, sorted(kept.items()), receipt.body)


def _says_something(name: str) -> bool:
    return name not in _OF_THE_WAY and not name.startswith(("sec-", "x-forwarded-", "cf-", "x-amzn-", "x-b3-"))


def _proof(source: ConfiguredSource, receipt: Receipt, now: float) -> Iterator[tuple[str, str]]:
    """The headers by which the sender proves itself, with variables for what is secret; a header without a name where
    the secret is a part of the address."""
    example = Fixture(
        name="", content_type=receipt.content_type, body=receipt.body, headers={}, settings={}, expected=[]
    )
    for secret in _STAND_INS:
        try:
            request = registry.signed(source.integration.kind, example, [secret], source.settings, now)
        except ValueError:
            continue
        if request.key:
            yield "", SECRET
        for name, value in request.headers:
            said, encoded = secret.decode(), b64encode(secret).decode()
            if said in value or encoded in value:
                yield name, value.replace(said, SECRET).replace(encoded, SECRET_IN_BASE64)
            elif name in ("webhook-id", "webhook-timestamp"):
                yield name, f"${name.upper().replace('-', '_')}"
            else:
                yield name, SIGNATURE
        return
