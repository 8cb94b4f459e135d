"""The headers by which a receiver knows that a request is ours.

``standard`` signs with every key that is valid, the newest first, in one header: a receiver that knows one of them is
content, which is how a secret is replaced without losing anything. ``hmac`` is for receivers that compare one value
with one header: they could not read a list, so the newest key signs alone, and what such a receiver refuses until it
has the new secret is tried again. Its key is the secret as people see it, byte for byte.
"""

from __future__ import annotations

import base64

from centralita.core.headers import judge_header
from centralita.core.signing import HmacScheme, parse_key, sign_hmac, standard_headers
from centralita.integrations.webhook.receiver import Receiver, Signing

Headers = tuple[tuple[str, str], ...]

MAX_KEYS = 10
"""That sign at once, the newest; a receiver may have to try each signature with each of its secrets."""
_ASYMMETRIC = ("whsk_", "whpk_")
_SHAPED = ("whsec_", *_ASYMMETRIC)


def signature_headers(receiver: Receiver, message_id: str, body: bytes, now: float) -> Headers:
    """The headers that carry the id, the time and the signatures of the keys that are valid at ``now``.

    Raises ValueError for a key that cannot sign, and when all keys have ended: what was signed is never sent unsigned.
    A webhook without any key is not signed.
    """
    keys = receiver.secrets(now)[:MAX_KEYS]
    if receiver.keys and not keys:
        raise ValueError("secret.unconfigured")
    if keys and receiver.signing.scheme == "standard":
        return standard_headers([standard_secret(key) for key in keys], message_id, int(now), body)
    signed = _hmac_headers(receiver.signing, keys[0], body) if keys else ()
    return (("webhook-id", message_id), ("webhook-timestamp", str(int(now))), *signed)


def standard_secret(secret: str) -> bytes:
    """A secret for Standard Webhooks: what is not written as one signs by its UTF-8 bytes."""
    raw = secret.encode()
    if not raw or parse_key(raw) is not None or secret.startswith(_SHAPED):
        return raw
    return b"whsec_" + base64.b64encode(raw)


def _hmac_headers(signing: Signing, secret: str, body: bytes) -> Headers:
    if secret.startswith(_ASYMMETRIC):
        raise ValueError("secret.malformed")
    if judge_header(signing.header, signing.prefix):
        raise ValueError("scheme.invalid")
    scheme = HmacScheme(
        header=signing.header, algorithm=signing.algorithm, encoding=signing.encoding, prefix=signing.prefix
    )
    return sign_hmac(scheme, secret.encode(), body)
