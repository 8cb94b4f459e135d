"""What PagerDuty's webhooks call things, of version 3 and of those before it.

Sources: https://developer.pagerduty.com/docs/webhooks-overview (v3) and .../v2-overview.
"""

from __future__ import annotations

from collections.abc import Mapping

from centralita.core.event_types import declare
from centralita.core.events import EventType, Phase

TYPES: Mapping[str, EventType] = declare(
    (
        *("incident.triggered", "incident.acknowledged", "incident.updated", "incident.assigned"),
        *("incident.escalated", "incident.commented", "incident.resolved", "incident.reopened"),
    ),
    EventType("incident.unacknowledged", "Nobody has charge of an incident any more."),
    EventType("incident.responders_changed", "Somebody was asked to help with an incident, or answered."),
    EventType("incident.status_published", "The people who follow an incident were told how it stands."),
    EventType("service.created", "A service was added to the on-call tool."),
    EventType("service.updated", "Something about a service of the on-call tool changed."),
    EventType("service.deleted", "A service was removed from the on-call tool."),
    EventType("pagerduty.pinged", "PagerDuty tried the way to the hub."),
    EventType("pagerduty.unknown", "PagerDuty sent something that the source does not know."),
    aliases={
        "incident.commented": ("incident.annotated",),
        "incident.assigned": ("incident.reassigned", "incident.delegated"),
        "incident.status_published": ("incident.status_update_published",),
        "incident.responders_changed": ("incident.responder.added", "incident.responder.replied"),
        "pagerduty.pinged": ("pagey.ping",),
    },
)

_UPDATED = (
    *("incident.priority_updated", "incident.service_updated", "incident.incident_type.changed"),
    *("incident.incident_type.updated", "incident.custom_field_values.updated", "incident.conference_bridge.updated"),
    *("incident.workflow.started", "incident.workflow.completed"),
    *(f"incident.task.{what}" for what in ("created", "updated", "completed")),
    *(f"incident.action_invocation.{what}" for what in ("created", "updated", "terminated")),
)
EVENTS: Mapping[str, str] = {
    **{alias: name for name, declared in TYPES.items() for alias in (name, *declared.aliases)},
    **dict.fromkeys(_UPDATED, "incident.updated"),
    "incident.role.assigned": "incident.responders_changed",
    "incident.role.unassigned": "incident.responders_changed",
    "service.custom_field_values.updated": "service.updated",
    # Versions 1 and 2.
    "incident.trigger": "incident.triggered",
    "incident.acknowledge": "incident.acknowledged",
    "incident.unacknowledge": "incident.unacknowledged",
    "incident.resolve": "incident.resolved",
    "incident.assign": "incident.assigned",
    "incident.escalate": "incident.escalated",
    "incident.delegate": "incident.assigned",
    "incident.annotate": "incident.commented",
}
"""PagerDuty's name of an event to its type."""

STATUSES: Mapping[str, Phase] = {"triggered": "open", "acknowledged": "open", "resolved": "closed"}
"""The status of an incident to its phase; another status says nothing."""

BY_TYPE: Mapping[str, str] = {
    "incident.triggered": "triggered",
    "incident.acknowledged": "acknowledged",
    "incident.unacknowledged": "triggered",
    "incident.reopened": "triggered",
    "incident.resolved": "resolved",
}
"""The status that the type alone says."""

OF_INCIDENTS = frozenset((*BY_TYPE, "incident.assigned", "incident.escalated", "incident.updated"))
"""The types whose body is the incident itself."""
