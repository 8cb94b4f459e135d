"""What a thread in Slack is about: each message that the hub posts is remembered by where it stands."""

from __future__ import annotations

from typing import Any

from centralita.services.announcements import About
from centralita.store import remembered
from centralita.store.database import Transaction

PREFIX = "slack:thread:"
"""As ``integrations.slack.posting.thread_key`` writes it."""


def subject_of(tx: Transaction, channel: str, thread_ts: str) -> About | None:
    """The subject whose message began the thread; None for a thread that the hub did not begin."""
    key = f"{PREFIX}{channel}:{thread_ts}"
    value: Any = remembered.load(tx, [key]).get(key)
    if not isinstance(value, dict) or not value.get("subject"):
        return None
    return About(str(value["source"]), str(value["subject"]))
