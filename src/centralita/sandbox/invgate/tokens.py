"""OAuth2 client credentials (RFC 6749, section 4.4) for both halves of InvGate."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass

API_USER = "api"
API_TOKEN = "local-invgate-api-token"  # noqa: S105  # no secret: everybody may know what opens the local InvGate
CLIENT_ID = "local-invgate-client"
CLIENT_SECRET = "local-invgate-secret"  # noqa: S105  # as above


@dataclass(frozen=True)
class Token:
    scopes: frozenset[str]
    expires_at: float
    """On the clock that the store was given."""


class TokenStore:
    """The tokens that are good."""

    def __init__(self, kind: str, clock: Callable[[], float]) -> None:
        self._kind = kind
        self._clock = clock
        self._given = 0
        self._tokens: dict[str, Token] = {}

    def give(self, scopes: frozenset[str], ttl_s: int) -> str:
        """A new token; forgets those that have expired."""
        now = self._clock()
        self._tokens = {text: one for text, one in self._tokens.items() if one.expires_at > now}
        self._given += 1
        text = f"{self._kind}-{self._given}"
        self._tokens[text] = Token(scopes, now + ttl_s)
        return text

    def find(self, text: str) -> Token | None:
        """None when it was never given, or has expired."""
        found = self._tokens.get(text)
        return found if found is not None and found.expires_at > self._clock() else None

    def revoke(self) -> None:
        """No token is good any more."""
        self._tokens.clear()


def read_basic(header: str) -> tuple[str, str] | None:
    """User and password of an ``Authorization: Basic`` header; None when it is none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if colon else None


def read_bearer(header: str) -> str:
    """The token of an ``Authorization: Bearer`` header, "" when it is none."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def same(given: tuple[str, str] | None, wanted: tuple[str, str]) -> bool:
    """Whether both halves are equal."""
    if given is None:
        return False
    pairs = zip(given, wanted, strict=True)
    return all([hmac.compare_digest(ours.encode(), theirs.encode()) for ours, theirs in pairs])
