"""Verifies a webhook of Centralita: exits 0 if it is genuine. The body comes from the standard input.

The signature says nothing of when it was sent: keep each webhook-id that was seen, and do nothing twice.
"""

import base64
import hashlib
import hmac
import os
import sys

HEADER = "@HEADER@"
ALGORITHM = "@ALGORITHM@"
ENCODING = "@ENCODING@"
PREFIX = "@PREFIX@"


def is_genuine(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """Header names in lower case; the body exactly as it arrived."""
    digest = hmac.new(secret.encode(), body, getattr(hashlib, ALGORITHM)).digest()
    written = digest.hex() if ENCODING == "hex" else base64.b64encode(digest).decode()
    return hmac.compare_digest((PREFIX + written).encode(), headers.get(HEADER, "").encode())


if __name__ == "__main__":
    headers = {HEADER: os.environ.get(HEADER.upper().replace("-", "_"), "")}
    sys.exit(0 if is_genuine(headers, sys.stdin.buffer.read(), os.environ["ERP_WEBHOOK_SECRET"]) else 1)
