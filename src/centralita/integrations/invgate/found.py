"""What a look into InvGate found, as the body of a receipt: so that it goes the way of any webhook."""

from __future__ import annotations

from typing import Any

import msgspec

CONTENT_TYPE = "application/vnd.centralita.invgate-found+json"


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket that changed."""

    type: str
    time: str
    """When, RFC 3339 in UTC."""
    answer: dict[str, Any] = msgspec.field(default_factory=dict)
    """As ``filling.describe`` gives it."""
    data: dict[str, Any] = msgspec.field(default_factory=dict)
    """What the hub itself wrote there, in the shapes of ``core.events``: ``ticket``, ``comment``, ``agent``."""
    needs: tuple[str, ...] = ()
    """What has to be read there before anybody is told (``filling``)."""
    cause: str = ""
    """The event that asked InvGate for it; "" for what others did there."""
