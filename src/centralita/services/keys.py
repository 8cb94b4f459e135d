"""The keys that encrypt secrets at rest: from the environment, else from a file that is made on the first start.

``CENTRALITA_SECRET_KEY`` holds 32 bytes in hex or base64, or a passphrase of at least 12 characters. Old keys stay
readable through ``CENTRALITA_SECRET_KEY_PREVIOUS`` and the file's further lines, until a rekey has sealed all anew.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from centralita.core.secrets import KEY_BYTES, Key, make_key

VARIABLE = "CENTRALITA_SECRET_KEY"
PREVIOUS_VARIABLE = "CENTRALITA_SECRET_KEY_PREVIOUS"
FILE_NAME = "secret.key"
MIN_PASSPHRASE = 12

# The same on every machine, because all of a hub's machines must come to the same key; scrypt's cost makes up for it.
_SALT = b"centralita/secret-key/1"
_HEX = re.compile(r"[0-9A-Fa-f]{64}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{43}=?")


class KeyFault(ValueError):
    """A key that can't be used. ``reason`` is a message id, ``place`` the variable's name or the file's path."""

    def __init__(self, reason: str, place: str) -> None:
        super().__init__(f"{reason} {place}")
        self.reason = reason
        self.place = place


def load_keys(
    environ: Mapping[str, str], data_dir: Path, random_bytes: Callable[[int], bytes] = os.urandom
) -> tuple[Key, ...]:
    """All usable keys, the current one first. Makes ``secret.key`` (mode 0600) when there is no key anywhere.

    Raises KeyFault: ``key.too_short``, ``key.file_readable_by_others``, ``key.file_damaged``, ``key.file_unwritable``.
    An existing file that can't be read is never replaced, because what it encrypts would be lost.
    """
    keys = [read_key(environ[name], name) for name in (VARIABLE, PREVIOUS_VARIABLE) if environ.get(name, "").strip()]
    path = data_dir / FILE_NAME
    if not keys and not os.path.lexists(path):
        _create(path, random_bytes(KEY_BYTES))
    if not keys or os.path.lexists(path):
        keys += _read_file(path)
    return tuple(dict.fromkeys(keys))


def read_key(text: str, place: str) -> Key:
    """The key in a text: 64 hex digits, base64 of 32 bytes, or a passphrase (scrypt). Raises KeyFault."""
    text = text.strip()
    if _HEX.fullmatch(text):
        return make_key(bytes.fromhex(text))
    if _BASE64.fullmatch(text):
        return make_key(base64.urlsafe_b64decode(text.rstrip("=").replace("+", "-").replace("/", "_") + "="))
    if len(text) < MIN_PASSPHRASE:
        raise KeyFault("key.too_short", place)
    return make_key(hashlib.scrypt(text.encode(), salt=_SALT, n=2**15, r=8, p=1, maxmem=2**26, dklen=KEY_BYTES))


def _read_file(path: Path) -> list[Key]:
    try:
        # Not through a link: whoever can place one could make us trust a key of theirs.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, encoding="ascii") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise KeyFault("key.file_readable_by_others", str(path))
            lines = file.read(65536).split()
    except (OSError, UnicodeDecodeError):
        raise KeyFault("key.file_damaged", str(path)) from None
    if not lines or not all(_HEX.fullmatch(line) for line in lines):
        raise KeyFault("key.file_damaged", str(path))
    try:
        return [make_key(binascii.unhexlify(line)) for line in lines]
    except ValueError:
        raise KeyFault("key.file_damaged", str(path)) from None


def _create(path: Path, material: bytes) -> None:
    """Writes the file whole or not at all; of two processes that start at once, one wins and both read its key."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(material.hex() + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        except FileExistsError:
            return
        finally:
            draft.unlink(missing_ok=True)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError:
        raise KeyFault("key.file_unwritable", str(path)) from None
