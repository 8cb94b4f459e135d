"""What the pages about events call things: states with their lamps, what people did."""

from __future__ import annotations

from collections.abc import Mapping

from centralita.i18n import N_

SEVERITY_WORDS: Mapping[str, str] = {
    "critical": N_("critical"),
    "high": N_("high"),
    "medium": N_("medium"),
    "low": N_("low"),
    "info": N_("info"),
}
CAME_OF: Mapping[str, tuple[str, str]] = {
    "waiting": ("waiting", N_("on its way")),
    "dead": ("failed", N_("delivery given up")),
    "delivered": ("flowing", N_("done")),
    "unmatched": ("off", N_("no rule")),
    "incomplete": ("held", N_("incomplete")),
}
"""What came of an event -> lamp, word."""
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "delivered": ("flowing", N_("delivered")),
    "retry": ("held", N_("will be tried again")),
    "dead": ("failed", N_("given up")),
    "skipped": ("skipped", N_("skipped")),
}
"""Of an attempt -> lamp, word."""
APPROVAL_STATES: Mapping[str, tuple[str, str]] = {
    "open": ("waiting", N_("open")),
    "asked": ("held", N_("question asked")),
    "answering": ("waiting", N_("InvGate is being told")),
    "approved": ("flowing", N_("approved")),
    "rejected": ("failed", N_("rejected")),
    "expired": ("failed", N_("denied: nobody answered")),
    "cancelled": ("off", N_("cancelled")),
}
INCIDENT_STATES: Mapping[str, tuple[str, str]] = {
    "open": ("failed", N_("open")),
    "acknowledged": ("held", N_("acknowledged")),
    "resolved": ("flowing", N_("resolved")),
}
AUDITED: Mapping[str, str] = {
    "receipt.reparsed": N_("read from its bytes again"),
    "event.rerouted": N_("had the rules decide again"),
    "delivery.resent": N_("sent a delivery again"),
    "delivery.dismissed": N_("laid a dead letter to rest"),
    "dead_letters.resent": N_("sent dead letters again"),
}
"""What people did, by the audit log's word."""
