"""Secrets at rest: AES-256-GCM, bound to the row that they belong to, under a key that can be replaced.

A sealed secret is ``version (1) | key id (4) | nonce (12) | ciphertext and tag``. The associated data is the row's name
(``webhook/erp/secret``): a sealed secret that is copied to another row can't be opened there.

Sources: NIST SP 800-38D (GCM), RFC 5116.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
_VERSION = b"\x01"
_HEADER_BYTES = 5


class SecretError(ValueError):
    """A sealed secret stays shut. ``reason``: ``secret.damaged`` (or another row's), ``secret.key_unknown``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Key(msgspec.Struct, frozen=True):
    """An AES key and the name under which sealed secrets mention it, which tells nothing about it."""

    id: bytes
    material: bytes

    def __repr__(self) -> str:
        return f"Key({self.id.hex()})"


def make_key(material: bytes) -> Key:
    """The key of 32 bytes of ``material``; else ValueError."""
    if len(material) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return Key(hashlib.sha256(b"centralita key id\x00" + material).digest()[:4], material)


def seal(plain: bytes, key: Key, aad: bytes, nonce: bytes) -> bytes:
    """Encrypts ``plain`` for the row ``aad``. ``nonce``: 12 random bytes, never used twice with a key."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError("a nonce has 12 bytes")
    header = _VERSION + key.id
    return header + nonce + AESGCM(key.material).encrypt(nonce, plain, header + aad)


def unseal(sealed: bytes, keys: Sequence[Key], aad: bytes) -> bytes:
    """Opens what ``seal`` made for the row ``aad`` with the one of ``keys`` that it names. Raises SecretError."""
    header, nonce = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES : _HEADER_BYTES + NONCE_BYTES]
    if len(nonce) < NONCE_BYTES or not header.startswith(_VERSION):
        raise SecretError("secret.damaged")
    named = [key for key in keys if key.id == header[1:]]
    if not named:
        raise SecretError("secret.key_unknown")
    for key in named:
        try:
            return AESGCM(key.material).decrypt(nonce, sealed[_HEADER_BYTES + NONCE_BYTES :], header + aad)
        except InvalidTag:
            continue
    raise SecretError("secret.damaged")


def is_current(sealed: bytes, key: Key) -> bool:
    """Whether ``sealed`` is under ``key``; if not, a rekey opens it and seals it anew."""
    return sealed[:_HEADER_BYTES] == _VERSION + key.id
