"""What a request says about who sent it: headers read strictly, and shared secrets compared.

Every ``verify_*`` returns "" when the request is authentic, else a message id (``REASONS``). None of them raises, each
fails closed when no usable secret is configured, compares bytes in constant time, and refuses a header that is there
twice, because it says two things. Header names are in lower case, values decoded as latin-1 (``ports.RawRequest``).

Sources: RFC 6750 (bearer), RFC 7617 (basic), RFC 4648 (base64).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

Headers = Sequence[tuple[str, str]]

REASONS = ("secret.unconfigured", "header.duplicated", "credential.missing", "credential.mismatch")


def verify_bearer(headers: Headers, secrets: Sequence[bytes]) -> str:
    """``Authorization: Bearer <secret>``; the word in any case."""
    return _verify_authorization(headers, "bearer", secrets)


def verify_basic(headers: Headers, secrets: Sequence[bytes]) -> str:
    """``Authorization: Basic <base64>``; each secret is ``user:password``, and one without a colon never matches."""
    return _verify_authorization(headers, "basic", secrets)


def verify_header(headers: Headers, name: str, secrets: Sequence[bytes]) -> str:
    """The header ``name`` (lower case) holds a secret, as it is."""
    value, reason = single_header(headers, name)
    return reason if reason and present_secrets(secrets) else verify_key(value, secrets)


def verify_key(key: str, secrets: Sequence[bytes]) -> str:
    """A secret in the URL."""
    return _judge_credential(wire_bytes(key), secrets)


def _verify_authorization(headers: Headers, scheme: str, secrets: Sequence[bytes]) -> str:
    if scheme == "basic":
        secrets = [secret for secret in secrets if b":" in secret.strip(b":")]
    if not present_secrets(secrets):
        return "secret.unconfigured"
    value, reason = single_header(headers, "authorization")
    if reason:
        return reason
    word, _, rest = value.partition(" ")
    if word.lower() != scheme or not rest.strip(" "):
        return "credential.missing"
    given = wire_bytes(rest.strip(" "))
    if scheme == "basic":
        decoded = strict_base64(given)
        if decoded is None:
            return "credential.mismatch"
        given = decoded
    return _judge_credential(given, secrets)


def _judge_credential(given: bytes, secrets: Sequence[bytes]) -> str:
    present = present_secrets(secrets)
    if not present:
        return "secret.unconfigured"
    if not given:
        return "credential.missing"
    # Hashed first: comparing digests doesn't tell how long the secret is.
    digest = hashlib.sha256(given).digest()
    matches = [hmac.compare_digest(digest, hashlib.sha256(secret).digest()) for secret in present]
    return "" if sum(matches) else "credential.mismatch"


def present_secrets(secrets: Sequence[bytes]) -> list[bytes]:
    """The secrets that are one; [] means that nothing can be verified."""
    # An environment variable that is set to nothing, or to blanks, is not a secret.
    return [secret for secret in secrets if secret.strip()]


def single_header(headers: Headers, name: str) -> tuple[str, str]:
    """The value of a header ("" when it isn't there) and a reason ("" when it isn't there twice)."""
    found = [value for key, value in headers if key == name]
    return (found[0], "") if len(found) == 1 else ("", "header.duplicated" if found else "")


def wire_bytes(value: str) -> bytes:
    """The bytes that a header had on the wire; UTF-8 for a text that never was on one."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


def strict_base64(text: bytes, *, padded: bool = True) -> bytes | None:
    """Decodes canonical base64 only, so that no two texts mean the same bytes; None for anything else."""
    whole = text if padded else text.rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4)
    try:
        raw = base64.b64decode(whole, validate=True)
    except (binascii.Error, ValueError):
        return None
    if base64.b64encode(raw) != whole or (not padded and b"=" in text and text != whole):
        return None
    return raw
