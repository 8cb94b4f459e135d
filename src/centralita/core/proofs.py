"""The ways in which a sender proves itself, told apart by a source's setting ``auth``: one place to verify and to sign.

``standard`` and ``hmac`` sign the body (``signing``); ``bearer``, ``basic``, ``header`` and ``key`` show a shared
secret (``credentials``). An unknown way is believed by nobody.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from centralita.core import credentials, signing
from centralita.core.credentials import Headers
from centralita.core.payload import tame_text
from centralita.core.signing import TOLERANCE_S, HmacScheme

_UNSIGNED = HmacScheme(header="")
"""Verifies nothing."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """How the requests of a configured source are proved."""

    auth: str
    """``standard``, ``hmac``, ``bearer``, ``basic``, ``header`` or ``key``."""
    header: str = ""
    """Name, in lower case, of the header that holds the secret of ``header``."""
    scheme: HmacScheme = _UNSIGNED
    """Of ``hmac``."""
    tolerance_s: float = TOLERANCE_S
    """Of ``standard``."""


class Request(Protocol):
    """What is looked at of a request: ``ports.RawRequest``."""

    @property
    def headers(self) -> Headers: ...
    @property
    def body(self) -> bytes: ...
    @property
    def key(self) -> str: ...


def proof_of(
    settings: Mapping[str, object], default: str, *, header: str = "", scheme: HmacScheme = _UNSIGNED
) -> Proof:
    """The proof that the settings ``auth`` and ``header`` name, or those defaults; ``scheme`` is the sender's own."""
    return Proof(
        auth=tame_text(settings.get("auth")) or default,
        header=(tame_text(settings.get("header")) or header).lower(),
        scheme=scheme,
    )


def verify_proof(proof: Proof, request: Request, secrets: Sequence[bytes], now: float) -> str:
    """ "" when the request is authentic, else a message id of ``signing.REASONS`` or ``credentials.REASONS``."""
    judge = _JUDGES.get(proof.auth)
    return judge(proof, request, secrets, now) if judge else "scheme.invalid"


_JUDGES: Mapping[str, Callable[[Proof, Request, Sequence[bytes], float], str]] = {
    "standard": lambda proof, request, secrets, now: signing.verify_standard(
        request.headers, request.body, secrets, now, proof.tolerance_s
    ),
    "hmac": lambda proof, request, secrets, now: signing.verify_hmac(
        proof.scheme, request.headers, request.body, secrets, now
    ),
    "bearer": lambda proof, request, secrets, now: credentials.verify_bearer(request.headers, secrets),
    "basic": lambda proof, request, secrets, now: credentials.verify_basic(request.headers, secrets),
    "header": lambda proof, request, secrets, now: (
        credentials.verify_header(request.headers, proof.header, secrets) if proof.header else "scheme.invalid"
    ),
    "key": lambda proof, request, secrets, now: credentials.verify_key(request.key, secrets),
}


def sign_proof(proof: Proof, body: bytes, headers: Mapping[str, str], secret: bytes, now: float) -> dict[str, str]:
    """``headers`` with those by which a sender proves ``body`` at ``now`` (seconds since 1970); with ``key`` they stay
    as they are, because the secret is the last part of the address.

    Raises ValueError (``secret.unconfigured``, ``secret.malformed``, ``scheme.invalid``) when it can't be signed.
    """
    seconds = int(now)
    message_id = headers.get("webhook-id") or f"msg_{hashlib.sha256(b'%d.' % seconds + body).hexdigest()[:24]}"
    if proof.auth == "standard":
        return {**headers, **dict(signing.standard_headers([secret], message_id, seconds, body))}
    if proof.auth == "hmac":
        return {**headers, **dict(signing.sign_hmac(proof.scheme, secret, body, str(seconds), message_id))}
    if proof.auth == "key":
        return dict(headers)
    name, value = {
        "bearer": ("authorization", f"Bearer {secret.decode('latin-1')}"),
        "basic": ("authorization", f"Basic {base64.b64encode(secret).decode()}"),
        "header": (proof.header, secret.decode("latin-1")),
    }.get(proof.auth, ("", ""))
    if not name:
        raise ValueError("scheme.invalid")
    return {**headers, name: value}
