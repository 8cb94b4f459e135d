"""What an identity provider's claims about a person mean here: address, name, role.

OpenID Connect Core 1.0, 5.1 (standard claims): https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

MAX_NAME = 60
_UNNAMEABLE = re.compile(r"[^\w.@+-]+")


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, as the provider vouches for them."""

    issuer: str
    sub: str
    email: str = ""
    """In lower case; only a verified one: whoever has an address here is taken for its owner."""
    name: str = ""
    """What they would be called here."""
    claims: Mapping[str, Any] = msgspec.field(default_factory=dict)

    @property
    def key(self) -> str:
        """``issuer|sub``: the one thing about them that never changes and that nobody else gets."""
        return f"{self.issuer}|{self.sub}"


def read_identity(issuer: str, claims: Mapping[str, Any]) -> Identity:
    """The person of verified claims."""
    email = _text(claims, "email").lower()
    if claims.get("email_verified") not in (True, "true") or not re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,255}", email):
        email = ""
    wished = _text(claims, "preferred_username") or email or _text(claims, "name") or "user"
    name = _UNNAMEABLE.sub("-", wished.partition("@")[0]).strip("-.@+")[:MAX_NAME] or "user"
    return Identity(issuer=issuer, sub=str(claims["sub"]), email=email, name=name, claims=claims)


def is_of_domains(identity: Identity, domains: Iterable[str]) -> bool:
    """Whether their verified address is of one of these domains; () for any, also without an address."""
    allowed = {domain.lower().lstrip("@") for domain in domains}
    return not allowed or identity.email.rpartition("@")[2] in allowed


def role_by_claim(identity: Identity, path: str, mappings: Mapping[str, str]) -> str:
    """The role of the first of ``mappings`` whose word is among the claim's; "" for none. ``path``: dotted, but a claim
    that has dots in its name is found too."""
    value: Any = identity.claims.get(path)
    if value is None:
        value = identity.claims
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    said = {str(each) for each in (value if isinstance(value, list) else [value]) if isinstance(each, str | int)}
    return next((role for word, role in mappings.items() if word in said), "")


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else ""
