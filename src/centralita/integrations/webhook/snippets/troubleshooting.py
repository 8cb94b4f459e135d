"""Verifies a webhook of Centralita: exits 0 if it is genuine. The body comes from the standard input.

The signature says nothing of when it was sent: keep each webhook-id that was seen, and do nothing twice.
"""

import base64
import hashlib
import hmac
import json
import os
import sys


def is_genuine(body: bytes, secret: str) -> bool:
    """The body exactly as it arrived; its signature stands inside."""
    try:
        payload = json.loads(body)
        given = payload.pop("signature")
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    expected = hmac.new(key, json.dumps(payload, sort_keys=True).encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), str(given).encode())


if __name__ == "__main__":
    sys.exit(0 if is_genuine(sys.stdin.buffer.read(), os.environ["ERP_WEBHOOK_SECRET"]) else 1)
