"""What Zendesk's webhooks call things: the types of its events, and where the fields of its own bodies are.

Source: https://developer.zendesk.com/api-reference/webhooks/event-types/webhook-event-types/
"""

from __future__ import annotations

from collections.abc import Mapping

from centralita.core import ticket_bodies
from centralita.core.event_types import declare
from centralita.core.events import EventType, Phase, Severity
from centralita.core.fields import Paths

TYPES: Mapping[str, EventType] = declare(
    (
        *("ticket.created", "ticket.updated", "ticket.status_changed", "ticket.assigned", "ticket.commented"),
        *("ticket.sla_breached", "ticket.closed", "ticket.reopened", "ticket.deleted"),
        *("approval.requested", "approval.answered"),
        *("contact.created", "contact.updated", "contact.deleted"),
        *("client.created", "client.updated", "client.deleted"),
    ),
    EventType("article.changed", "An article of the knowledge base changed."),
    EventType("post.changed", "A post or comment of the community changed."),
    EventType("agent.availability_changed", "An agent's availability changed."),
    EventType("zendesk.unknown", "Zendesk sent something that the source does not know."),
)

PREFIX = "zen:event-type:"
_TICKET_CHANGES = (
    *("attachment_linked_to_comment", "attachment_redacted_from_comment", "brand_changed", "comment_made_private"),
    *("comment_redacted", "custom_field_changed", "description_changed", "external_id_changed", "email_ccs_changed"),
    *("ccs_changed", "followers_changed", "form_changed", "ticket_form_changed", "group_assignment_changed", "merged"),
    *("next_sla_breach_changed", "organization_changed", "priority_changed", "problem_link_changed", "type_changed"),
    *("requester_changed", "schedule_changed", "sla_policy_changed", "subject_changed", "submitter_changed"),
    *("tags_changed", "task_due_at_changed", "ticket_type_changed", "undeleted", "updated"),
)
EVENTS: Mapping[str, str] = {
    **{f"ticket.{change}": "ticket.updated" for change in _TICKET_CHANGES},
    "ticket.created": "ticket.created",
    "ticket.agent_assignment_changed": "ticket.assigned",
    "ticket.comment_added": "ticket.commented",
    "ticket.status_changed": "ticket.status_changed",
    "ticket.custom_status_changed": "ticket.status_changed",
    "ticket.marked_as_spam": "ticket.deleted",
    "ticket.soft_deleted": "ticket.deleted",
    "ticket.permanently_deleted": "ticket.deleted",
    "ticket.deleted": "ticket.deleted",
    "user.created": "contact.created",
    "user.deleted": "contact.deleted",
    "organization.created": "client.created",
    "organization.deleted": "client.deleted",
}
"""Zendesk's name of an event, without ``PREFIX``, to its type."""

FAMILIES: Mapping[str, str] = {
    "user": "contact.updated",
    "organization": "client.updated",
    "article": "article.changed",
    "community_post": "post.changed",
    "agent": "agent.availability_changed",
    "messaging_ticket": "ticket.updated",
}
"""What comes before the dot of a name that is not in ``EVENTS``, to its type: a dozen changes of each are documented,
and more are added."""

STATUSES: Mapping[str, Phase] = {"hold": "open", "deleted": "closed", "archived": "closed", "scrubbed": "closed"}
PRIORITIES: Mapping[str, Severity] = {
    **{"urgent": "critical", "urgente": "critical", "high": "high", "alta": "high"},
    **{"normal": "medium", "low": "low", "baja": "low"},
}
"""Zendesk has four priorities, of which urgent is the gravest, and tickets that nobody gave one."""

_IN_EVENTS: Paths = {
    "id": ("detail.id",),
    "title": ("detail.subject", "detail.name", "detail.title", "event.title", "detail.email"),
    "description": ("detail.description",),
    "status": ("detail.status",),
    "previous_status": (),
    "priority": ("detail.priority",),
    "category": ("detail.type",),
    "comment": ("event.comment.body",),
    "comment_author": ("event.comment.author.name",),
    "customer_visible": ("event.comment.is_public",),
    "time": ("time",),
    "created_at": ("detail.created_at",),
}
EVENT_MAP: Paths = {name: _IN_EVENTS.get(name, ()) for name in ticket_bodies.MAP}
"""Of a body that Zendesk wrote; ``ticket_bodies.MAP`` is that of the others."""
