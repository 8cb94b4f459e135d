"""Failures of webhooks, grouped: what counts as one, which of them are the same, and what people make of a group.

One issue stands for everything that fails in the same way at the same webhook.
"""

from __future__ import annotations

from typing import Literal, cast

from centralita.core.outcomes import Outcome

State = Literal["open", "acknowledged", "resolved", "ignored"]
Happening = Literal["fail", "acknowledge", "resolve", "ignore", "reopen"]

STATES: tuple[State, ...] = ("open", "acknowledged", "resolved", "ignored")
ACTIONS: tuple[Happening, ...] = ("acknowledge", "resolve", "ignore", "reopen")
"""What people do."""

TRANSITIONS: dict[tuple[State, Happening], State] = {
    ("open", "fail"): "open",
    ("open", "acknowledge"): "acknowledged",
    ("open", "resolve"): "resolved",
    ("open", "ignore"): "ignored",
    # Somebody sees to it.
    ("acknowledged", "fail"): "acknowledged",
    ("acknowledged", "resolve"): "resolved",
    ("acknowledged", "ignore"): "ignored",
    ("acknowledged", "reopen"): "open",
    # It was not mended after all.
    ("resolved", "fail"): "open",
    ("resolved", "reopen"): "open",
    # Nobody wants to hear of it, however often it comes.
    ("ignored", "fail"): "ignored",
    ("ignored", "resolve"): "resolved",
    ("ignored", "reopen"): "open",
}


class IllegalChange(ValueError):
    """Nobody can do that to an issue in its state."""


def next_state(state: str, happening: str) -> State:
    """The state after ``happening``. Raises IllegalChange when the table has no such row."""
    found = TRANSITIONS.get((cast(State, state), cast(Happening, happening)))
    if found is None:
        raise IllegalChange(f"{state} --{happening}--> ?")
    return found


def is_failure(outcome: Outcome) -> bool:
    """Whether an attempt's end is the receiver's or the webhook's fault, or was the delivery's death."""
    return outcome.state == "dead" or (outcome.state == "retry" and outcome.failure)


def kind(reason: str, status: int) -> str:
    """What failures have in common: the reason, with the status that the receiver answered (``http.status 503``)."""
    return f"{reason} {status}" if status else reason


def parted(key: str) -> tuple[str, int]:
    """The reason and the status of a kind."""
    reason, _space, status = key.partition(" ")
    return reason, int(status or 0)
