"""Keeps what is secret in the database: sealed to the place where it lies, by a key that does not lie there."""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from centralita.core.secrets import NONCE_BYTES, Key, seal, unseal
from centralita.services.keys import load_keys

_Kept = TypeVar("_Kept", bound=msgspec.Struct)


class Vault:
    """Seals and opens texts. The keys are read (or made) when the first one is needed."""

    def __init__(self, environ: Mapping[str, str], data_dir: Path) -> None:
        self._environ, self._data_dir = environ, data_dir
        self._loaded: tuple[Key, ...] = ()

    @property
    def _keys(self) -> tuple[Key, ...]:
        if not self._loaded:
            self._loaded = load_keys(self._environ, self._data_dir)
        return self._loaded

    def seal(self, text: str, place: str) -> str:
        """``text`` for ``place`` (a row's name): moved to another place, it stays shut. Raises keys.KeyFault."""
        sealed = seal(text.encode(), self._keys[0], place.encode(), os.urandom(NONCE_BYTES))
        return base64.b64encode(sealed).decode()

    def unseal(self, sealed: str, place: str) -> str:
        """What ``seal`` was given. Raises core.secrets.SecretError, keys.KeyFault."""
        return unseal(base64.b64decode(sealed), self._keys, place.encode()).decode()

    def derive(self, purpose: str) -> str:
        """A text of 40 letters and digits that only whoever has the current key can make; the same in every process.
        Raises keys.KeyFault."""
        return hmac.digest(self._keys[0].material, f"derived/{purpose}".encode(), "sha256")[:20].hex()

    def seal_struct(self, content: msgspec.Struct, place: str) -> bytes:
        """As ``seal``, for a column of bytes."""
        return self.seal(msgspec.json.encode(content).decode(), place).encode()

    def unseal_struct(self, sealed: bytes, place: str, type: type[_Kept]) -> _Kept:
        """What ``seal_struct`` was given. Raises core.secrets.SecretError, keys.KeyFault."""
        return msgspec.json.decode(self.unseal(sealed.decode(), place), type=type)
