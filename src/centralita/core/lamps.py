"""What a message's colour bar and first sign say of what it tells: the dashboard's lamps, for chats and mail."""

from __future__ import annotations

from collections.abc import Mapping

FLOWING, WAITING, HELD, FAILED, OFF = "#1f7a4d", "#22619f", "#a35c00", "#b3261e", "#8a8f98"
"""Colours."""
SEVERITY_EMOJI: Mapping[str, str] = {"critical": "🚨", "high": "⚠️", "medium": "📊", "low": "ℹ️"}
CLOSED_EMOJI, OTHER_EMOJI = "✅", "📌"
SEVERITY_COLOURS: Mapping[str, str] = {
    "critical": FAILED,
    "high": HELD,
    "medium": WAITING,
    "low": WAITING,
    "info": OFF,
}


def emoji_of(severity: str | None, phase: str) -> str:
    """The sign of something of that severity that is open or ``closed``."""
    return CLOSED_EMOJI if phase == "closed" else SEVERITY_EMOJI.get(severity or "", OTHER_EMOJI)


def colour_of(severity: str | None, phase: str) -> str:
    """Its colour bar."""
    return FLOWING if phase == "closed" else SEVERITY_COLOURS.get(severity or "", OFF)
