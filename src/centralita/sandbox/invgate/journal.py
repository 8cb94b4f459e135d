"""What the local InvGate remembers of a request."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["answered", "failed", "dropped", "applied_and_dropped"]

HIDDEN = frozenset({"client_secret", "pass", "password"})
"""Parameters whose value is not kept."""


@dataclass(frozen=True)
class Call:
    """One request to either API."""

    seq: int
    """From 1."""
    method: str
    path: str
    endpoint: str
    """``incident.approval.accept``, ``public-api/assets-lite``, ``oauth/token``: the path without ids and versions of
    the Service Desk's API."""
    query: dict[str, Any]
    form: dict[str, Any]
    """The body's parameters, from a form or JSON; secrets are left out."""
    status: int
    """HTTP status; 0 when no answer was sent."""
    outcome: Outcome
    """``failed`` and the two drops: a fault that a test asked for."""
    wrote: bool
    """Whether it changed something."""
    arrived_mono_ms: float
    arrived_wall_ms: float

    @property
    def name(self) -> str:
        """``PUT incident.approval.accept``"""
        return f"{self.method} {self.endpoint}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
