"""Which request headers the hub sends for somebody else: judged when they are saved and again when they are sent.

Sources: RFC 9110 sections 5.1 and 5.5 (names are tokens, values have no control characters).
"""

from __future__ import annotations

import re
from functools import lru_cache

REASONS = ("header.name", "header.value", "header.reserved")

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\ud7ff\ue000-\U0010ffff]*")
# These frame the message or choose its reader: whoever sets them can smuggle a second request in.
_RESERVED = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def judge_header(name: str, value: str) -> str:
    """ "" when the header may be sent, else a message id (``REASONS``)."""
    return _judge_name(name) or ("" if _VALUE.fullmatch(value) else "header.value")


@lru_cache(1024)
def _judge_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        return "header.name"
    return "header.reserved" if name.lower() in _RESERVED else ""
