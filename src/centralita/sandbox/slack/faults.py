"""What a test asks to go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["error", "status", "drop", "apply_and_drop", "slow"]


@dataclass
class Fault:
    """One thing that goes wrong with the calls it fits."""

    kind: Kind
    method: str = "*"
    """``*`` for every method; ``hook`` for incoming webhooks."""
    channel: str = ""
    """As the caller writes it; "" for every channel."""
    left: int | None = 1
    """How many calls it still hits; None for all."""
    error: str = ""
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    delay_ms: float = 0.0
    after_apply: bool = False
    """A slow call has taken effect before it waits."""


_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "method": str,
    "channel": str,
    "error": str,
    "status": int,
    "headers": dict,
    "body": str,
    "delay_ms": (int, float),
    "after_apply": bool,
    "kind": str,
}
_KINDS = ("error", "status", "drop", "apply_and_drop", "slow")


def read_fault(wish: Mapping[str, Any]) -> Fault:
    """A fault from its JSON: the fields of ``Fault``, with ``count`` for ``left`` (null: until cleared). Raises
    ValueError with a sentence."""
    values = dict(wish)
    count = values.pop("count", 1)
    for name, value in values.items():
        wanted = _FIELDS.get(name)
        if wanted is None:
            raise ValueError(f"unknown field: {name}")
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise ValueError(f"{name} has the wrong type")
    if values.get("kind") not in _KINDS:
        raise ValueError(f"kind must be one of: {', '.join(_KINDS)}")
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
        raise ValueError("count must be a whole number from 1, or null")
    if values["kind"] == "error" and not values.get("error"):
        raise ValueError("an error needs its name in the field error")
    if values["kind"] == "slow" and not values.get("delay_ms", 0) > 0:
        raise ValueError("slow needs delay_ms above 0")
    return Fault(left=count, **values)


class Faults:
    """The faults that are armed, oldest first."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []

    def take(self, method: str, names: frozenset[str]) -> list[Fault]:
        """The faults that hit this call, at most one that fails it and any that slow it; each loses one of its count.
        ``names`` are the channel as written, its id and its ``#name``."""
        hit: list[Fault] = []
        for fault in tuple(self.armed):
            if fault.method not in ("*", method) or (fault.channel and fault.channel not in names):
                continue
            if fault.kind != "slow" and any(other.kind != "slow" for other in hit):
                continue
            hit.append(fault)
            if fault.left is not None:
                fault.left -= 1
                if fault.left == 0:
                    self.armed.remove(fault)
        return hit

    def clear(self) -> None:
        self.armed.clear()
