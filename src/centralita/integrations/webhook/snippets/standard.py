"""Verifies a webhook of Centralita: exits 0 if it is genuine. The body comes from the standard input."""

import base64
import hashlib
import hmac
import os
import sys
import time


def is_genuine(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """Header names in lower case; the body exactly as it arrived."""
    try:
        sent_at = int(headers["webhook-timestamp"])
        signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
        given = headers["webhook-signature"].split(" ")
    except (KeyError, ValueError):
        return False
    if abs(time.time() - sent_at) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected.encode(), each.encode()) for each in given)


if __name__ == "__main__":
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    headers = {name: os.environ.get(name.upper().replace("-", "_"), "") for name in names}
    sys.exit(0 if is_genuine(headers, sys.stdin.buffer.read(), os.environ["ERP_WEBHOOK_SECRET"]) else 1)
