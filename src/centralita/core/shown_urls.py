"""Addresses of receivers as people may see them."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

_URL = re.compile(
    r"(?P<origin>[a-z][a-z0-9+.-]*://[^/?#\x00-\x20]*)(?P<path>(?:/[^?#]*)?)(?P<query>\?[^#]+)?(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)


@lru_cache(4096)
def shown_url(url: str) -> str:
    """``url`` without what may be secret: scheme, host and the first part of the path stay.

    An incoming webhook's address (Slack, Teams, Discord) is a secret, and so may be user, password and query.
    """
    if url.startswith("mailto:") or not url:
        return url
    match = _URL.fullmatch(url)
    origin = _shown_origin(match["origin"]) if match else ""
    if match is None or not origin:
        return "..."
    first, more, _rest = match["path"].lstrip("/").partition("/")
    return f"{origin}/{first}" + ("/..." if more else "") + ("?..." if match["query"] else "")


@lru_cache(4096)  # many webhooks lead to few hosts
def _shown_origin(origin: str) -> str:
    """Without user and password; "" for one that makes no sense."""
    try:
        parts = urlsplit(origin)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{port}"
