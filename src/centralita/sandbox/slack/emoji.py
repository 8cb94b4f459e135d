"""The emoji that the workspace knows, by Slack's names. The page reads the same file."""

from __future__ import annotations

import json
from pathlib import Path

STATIC = Path(__file__).with_name("static")

EMOJI: dict[str, str] = json.loads((STATIC / "emoji.json").read_text(encoding="utf-8"))


def is_emoji(name: str) -> bool:
    """Whether ``:name:`` exists; a skin tone may follow (``thumbsup::skin-tone-3``)."""
    return name.partition("::")[0] in EMOJI
