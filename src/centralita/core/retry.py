"""When a delivery is tried again."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

from centralita.core.lanes import LanePolicy
from centralita.core.outcomes import Outcome

JITTER = 0.2
"""A wait is spread by this share either way, so that what failed together does not come back together."""
LEAST_RETRY_AFTER_S = 1.0
"""A receiver that says "in 0 seconds" is not hammered."""
_MOST_DIGITS = 12


def next_attempt(outcome: Outcome, attempt: int, policy: LanePolicy, now: float, jitter: float) -> float | None:
    """When to try again (seconds since 1970), or None when there is no further try.

    ``attempt`` counts the attempts that were spent, this one included if it spends one; ``jitter`` is in [0, 1). The
    receiver's own wish goes before the schedule, within the policy's cap; a rate limit uses no attempt up.
    """
    if outcome.state != "retry":
        return None
    schedule = policy.schedule_s
    if outcome.spends_attempt and attempt > len(schedule):
        return None
    wished = outcome.retry_after_s
    if wished is not None and wished >= 0:
        return now + min(wished, policy.retry_after_cap_s)
    if not schedule:
        return now + LEAST_RETRY_AFTER_S
    wait_s = schedule[min(max(attempt, 1), len(schedule)) - 1]
    return now + wait_s * (1 - JITTER + 2 * JITTER * jitter)


def retry_after(value: str, now: float) -> float | None:
    """Seconds to wait from a Retry-After header (RFC 9110, 10.2.3: seconds or a date), at least
    ``LEAST_RETRY_AFTER_S``; None when it is neither. Not capped."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return max(float(value[:_MOST_DIGITS]), LEAST_RETRY_AFTER_S)
    try:
        date = parsedate_to_datetime(value)
        # A date without a zone, as asctime writes it, is in UTC.
        moment = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return max(moment - now, LEAST_RETRY_AFTER_S)
