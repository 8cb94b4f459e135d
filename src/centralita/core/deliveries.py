"""The states of a delivery.

Of a chain (one lane, one ordering key) only the head is ``due`` or ``in_flight``; the others are ``waiting`` behind it.
"""

from __future__ import annotations

from typing import Literal, cast

State = Literal["waiting", "due", "in_flight", "held", "delivered", "superseded", "skipped", "dead"]
Happening = Literal["promote", "claim", "succeed", "retry", "lose", "exhaust", "skip", "supersede", "hold", "release"]

TRANSITIONS: dict[tuple[State, Happening], State] = {
    # The head of the chain ended; or it died in a lane that holds what follows (hold).
    ("waiting", "promote"): "due",
    ("waiting", "hold"): "held",
    ("waiting", "supersede"): "superseded",
    ("waiting", "skip"): "skipped",
    ("due", "claim"): "in_flight",
    ("due", "hold"): "held",
    ("due", "supersede"): "superseded",
    ("due", "skip"): "skipped",
    # Its target is gone: there is nothing to try.
    ("due", "exhaust"): "dead",
    ("in_flight", "succeed"): "delivered",
    ("in_flight", "retry"): "due",
    # The worker is gone: nobody knows whether it arrived.
    ("in_flight", "lose"): "due",
    ("in_flight", "exhaust"): "dead",
    ("in_flight", "skip"): "skipped",
    ("held", "release"): "due",
    ("held", "supersede"): "superseded",
    ("held", "skip"): "skipped",
    ("held", "exhaust"): "dead",
    # Sent again as another delivery, or somebody has seen to it: it waits for nobody any more.
    ("dead", "supersede"): "superseded",
    ("dead", "skip"): "skipped",
}

FINAL: frozenset[State] = frozenset({"delivered", "superseded", "skipped"})
"""No transition leaves them; a replay is a new delivery of the next generation."""


class IllegalTransition(ValueError):
    """Something happened to a delivery that cannot happen in its state."""


def next_state(state: str, happening: str) -> State:
    """The state after ``happening``. Raises IllegalTransition when the table has no such row."""
    found = TRANSITIONS.get((cast(State, state), cast(Happening, happening)))
    if found is None:
        raise IllegalTransition(f"{state} --{happening}--> ?")
    return found
