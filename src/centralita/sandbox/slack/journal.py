"""What the workspace remembers of a call."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["answered", "limited", "failed", "dropped", "applied_and_dropped"]


@dataclass(frozen=True)
class Call:
    """One call of the Web API, of an incoming webhook or of a response URL."""

    seq: int
    """From 1."""
    method: str
    """``chat.postMessage``; ``hook`` for an incoming webhook, ``response_url`` for the use of one."""
    channel: str
    """Id of the channel that it names, "" for none."""
    args: dict[str, Any]
    """Without the token."""
    result: dict[str, Any] | None
    """What the method answered, or would have answered had the connection not been dropped; None when it never ran."""
    status: int
    """HTTP status; 0 when no answer was sent."""
    outcome: Outcome
    """``limited``: 429. ``failed`` and the two drops: a fault that a test asked for."""
    arrived_mono_ms: float
    arrived_wall_ms: float

    @property
    def ok(self) -> bool:
        """Whether it took effect."""
        return self.result is not None and self.result.get("ok") is True

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
