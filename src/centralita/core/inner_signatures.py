"""A signature that stands inside the JSON that it signs, as the troubleshooting assistant writes it: the HMAC-SHA256,
in hexadecimal, of what Python's ``json.dumps(payload, sort_keys=True)`` gives for the payload without ``signature``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

NAME = "signature"


def inner_signature(payload: Mapping[str, Any], secret: bytes) -> str:
    """The signature of ``payload``, whether it is in it already or not."""
    unsigned = {name: value for name, value in payload.items() if name != NAME}
    # That encoder byte for byte: blanks after separators, everything beyond ASCII as an escape.
    return hmac.new(secret, json.dumps(unsigned, sort_keys=True).encode(), hashlib.sha256).hexdigest()
