"""Addresses of receivers as people may see them."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit


@lru_cache(4096)
def shown_url(url: str) -> str:
    """``url`` without what may be secret: scheme, host and the first part of the path stay.

    An incoming webhook's address (Slack, Teams, Discord) is a secret, and so may be user, password and query.
    """
    if url.startswith("mailto:") or not url:
        return url
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "..."
    first, more, _rest = parts.path.lstrip("/").partition("/")
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{port}/{first}" + ("/..." if more else "") + ("?..." if parts.query else "")
