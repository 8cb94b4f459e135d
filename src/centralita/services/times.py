"""Times as people and other programs write and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_SPAN = re.compile(r"(\d{1,9})([smhdw])")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def shown(at: float | None) -> str | None:
    """RFC 3339 in UTC with microseconds; None stays None."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def span_s(text: str) -> float | None:
    """Seconds of ``90s``, ``30m``, ``2h``, ``7d``, ``1w``; None if it is no span."""
    found = _SPAN.fullmatch(text)
    return float(int(found[1]) * _UNIT_S[found[2]]) if found else None


def moment(text: str, now: float) -> float:
    """Seconds since 1970 of an RFC 3339 time (UTC where it names no zone), or of a span before ``now`` (``2h``).

    Raises ValueError.
    """
    span = span_s(text)
    if span is not None:
        return max(0.0, now - span)
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
