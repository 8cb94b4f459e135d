"""What a look into InvGate found, as the body of a receipt: so that it goes the way of any webhook."""

from __future__ import annotations

from typing import Any

import msgspec

CONTENT_TYPE = "application/vnd.centralita.invgate-found+json"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that changed."""

    type: str
    time: str
    """When, RFC 3339 in UTC."""
    answer: dict[str, Any]
    """As ``filling.describe`` gives it."""
