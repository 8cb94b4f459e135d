"""The secrets that sign a webhook's requests: made, replaced with an overlap, and told of without being shown."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ConfigDict

from centralita.core.signing import generate_key_pair, generate_secret, parse_key
from centralita.integrations.webhook.receiver import SigningKey
from centralita.services.source_changes import InTheWay
from centralita.services.times import shown

Scheme = Literal["v1", "v1a"]
MAX_KEYS = 10
"""Valid at once: every request carries a signature by each."""
SECRET_BYTES = 32
DESCRIBED = ConfigDict(use_attribute_docstrings=True)
"""For what the API answers with: its description says of each field what stands below it."""


@dataclass(frozen=True)
class KeyView:
    """A key, without what is secret of it."""

    __pydantic_config__ = DESCRIBED
    id: str
    """By which people speak of it; "" for one that the configuration file gives."""
    scheme: Scheme
    """``v1``: HMAC by a shared secret; ``v1a``: ed25519, which a receiver checks by ``public_key``."""
    public_key: str
    """``whpk_...`` of a v1a key."""
    ends_at: str | None
    """When it stops signing; None for the one in use."""


def made_key(scheme: Scheme = "v1") -> str:
    """A new secret: ``whsec_...`` of 32 random bytes, or the ``whsk_...`` of a key pair."""
    material = secrets.token_bytes(SECRET_BYTES)
    return generate_secret(material) if scheme == "v1" else generate_key_pair(material)[0]


def public_key(secret: str) -> str:
    """The ``whpk_...`` that belongs to a ``whsk_...``; "" for a secret of another kind."""
    key = parse_key(secret.encode()) if secret.startswith("whsk_") else None
    if key is None:
        return ""
    public = Ed25519PrivateKey.from_private_bytes(key.material).public_key().public_bytes_raw()
    return "whpk_" + base64.b64encode(public).decode()


def key_of(secret: str, until: float | None = None) -> SigningKey:
    """A key of its own id. ``secret`` is one that ``is_usable``."""
    return SigningKey(secret, until, f"key_{secrets.token_hex(6)}")


def is_usable(secret: str, signing: Literal["standard", "hmac"] = "standard") -> bool:
    """Whether requests can be signed with it: ``whsec_``, ``whsk_``, or the bare base64 of a key; for an HMAC in a
    header, whatever text the receiver gave."""
    if signing == "hmac":
        return bool(secret.strip()) and not secret.startswith(("whsk_", "whpk_"))
    key = parse_key(secret.encode())
    return key is not None and key.kind != "public"


def rotated(keys: Sequence[SigningKey], new: SigningKey, keep_s: float, now: float) -> tuple[SigningKey, ...]:
    """``keys`` with ``new`` in front; those before it end after ``keep_s`` seconds, those that have ended are gone.

    Raises InTheWay when more than ``MAX_KEYS`` would be valid.
    """
    end = now + keep_s
    old = [msgspec.structs.replace(key, until=min(key.until or end, end)) for key in keys]
    good = [key for key in old if key.until is not None and key.until > now]
    if len(good) >= MAX_KEYS:
        raise InTheWay(
            "webhook.too_many_keys",
            limit=str(MAX_KEYS),
            free_at=shown(min(key.until or end for key in good)) or "",
        )
    return (new, *good)


def key_views(keys: Sequence[SigningKey], now: float) -> list[KeyView]:
    """Those that sign at ``now``, the newest first."""
    return [
        KeyView(
            id=key.id,
            scheme="v1a" if key.secret.startswith("whsk_") else "v1",
            public_key=public_key(key.secret),
            ends_at=shown(key.until),
        )
        for key in keys
        if key.until is None or key.until > now
    ]
