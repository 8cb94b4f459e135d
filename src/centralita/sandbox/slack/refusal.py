"""How a method says no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Refusal(Exception):
    """Slack's way to fail: HTTP 200 and ``{"ok": false, "error": <name>}``, with more fields for some errors."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        return {"ok": False, "error": self.error, **self.extra}


def refuse_arguments(messages: Sequence[str]) -> Refusal:
    """``invalid_arguments`` with what is wrong with each."""
    return Refusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] {text}" for text in messages]})


def refuse_blocks(messages: Sequence[str]) -> Refusal:
    """``invalid_blocks`` as Slack words it: plain in ``errors``, marked in ``response_metadata.messages``."""
    marked = [f"[ERROR] {text}" for text in messages]
    return Refusal("invalid_blocks", errors=list(messages), response_metadata={"messages": marked})
