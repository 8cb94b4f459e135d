"""What a test asks to go wrong, and how a connection goes wrong."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Kind = Literal["error", "status", "drop", "apply_and_drop", "slow"]


@dataclass
class Fault:
    """One thing that goes wrong with the calls it fits."""

    kind: Kind
    method: str = "*"
    """``*`` for every method, else one of the names under which the served part knows the call."""
    about: str = ""
    """What the call is about (a channel, a ticket), as the caller writes it; "" for anything."""
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
    "about": str,
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

    def take(self, methods: frozenset[str], about: frozenset[str]) -> list[Fault]:
        """The faults that hit a call which is known under the names ``methods`` and is about ``about``: at most one
        that fails it and any that slow it; each loses one of its count."""
        hit: list[Fault] = []
        for fault in tuple(self.armed):
            if fault.method not in methods | {"*"} or (fault.about and fault.about not in about):
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


async def delay(hits: list[Fault], *, after_apply: bool) -> None:
    """Waits as long as the slow ones of ``hits`` say, of which one part is before the call takes effect."""
    delay_ms = sum(fault.delay_ms for fault in hits if fault.kind == "slow" and fault.after_apply == after_apply)
    if delay_ms:
        await asyncio.sleep(delay_ms / 1000)


def reset_connection(request: web.Request) -> web.StreamResponse:
    """Ends the connection with a TCP reset: the caller can't tell what happened to the call."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    return web.Response()
