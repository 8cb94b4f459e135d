"""How one attempt of a delivery ended, as its destination judges it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

LOOK_FIRST = frozenset({"invgate.outcome_unknown"})
"""Reasons of dead letters that nobody sends again with the others: what they ask for may have been done, and would be
done twice."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a delivery's attempt ended."""

    state: Literal["delivered", "retry", "dead", "skipped"]
    reason: str = ""
    """Message id such as ``http.status``, ``slack.channel_not_found``, ``net.timeout``."""
    detail: str = ""
    """Arguments for a person: the status, Slack's error, the address."""
    retry_after_s: float | None = None
    """The receiver's own wish; capped by the lane's policy."""
    hold: str = ""
    """For a 429: ``lane`` or the ``HttpRequest.bucket`` that refused, held for ``retry_after_s``."""
    spends_attempt: bool = True
    """False for a rate limit: nothing was wrong with the delivery."""
    refused: bool = False
    """With ``dead``: the receiver wants nothing of this one delivery and has done nothing; those behind it go on, also
    where a dead one holds them."""
    gone: bool = False
    """With ``retry``: the receiver wants nothing any more, for good. Its lane is stopped until a person lets it go on,
    and this delivery is the first again then."""
    failure: bool = True
    """Whether a retry or a death counts against the destination in its breaker."""
    reference: str = ""
    """Where a person finds the result: a permalink."""
    uncertain: bool = False
    """With ``retry``: what was asked may have been done; the next attempt has to find out before it asks again."""
    answer: dict[str, Any] = msgspec.field(default_factory=dict)
    """What was read at the other end, for whoever asked (``services.reactions.Ended``)."""
