"""Verifies a webhook of Centralita: exits 0 if it is genuine. The body comes from the standard input.

Needs the package cryptography.
"""

import base64
import binascii
import os
import sys
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def is_genuine(headers: dict[str, str], body: bytes, public_key: str) -> bool:
    """Header names in lower case; the body exactly as it arrived; the key as whpk_..."""
    try:
        sent_at = int(headers["webhook-timestamp"])
        signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
        given = headers["webhook-signature"].split(" ")
    except (KeyError, ValueError):
        return False
    if abs(time.time() - sent_at) > 300:
        return False
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    for version, _, signature in (each.partition(",") for each in given):
        if version == "v1a":
            try:
                key.verify(base64.b64decode(signature), signed)
                return True
            except (InvalidSignature, binascii.Error):
                continue
    return False


if __name__ == "__main__":
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    headers = {name: os.environ.get(name.upper().replace("-", "_"), "") for name in names}
    sys.exit(0 if is_genuine(headers, sys.stdin.buffer.read(), os.environ["ERP_WEBHOOK_PUBLIC_KEY"]) else 1)
