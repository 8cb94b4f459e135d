"""What InvGate's automations call things: the fields of their bodies and the names of their events.

A "Call Web Service" step has no fixed body: whoever writes it chooses fields and names. These are the defaults, in
English and Spanish; ``settings.map`` and ``settings.events`` come before them.
"""

from __future__ import annotations

from collections.abc import Mapping

from centralita.core.event_types import declare
from centralita.core.events import EventType, Severity

TYPES: Mapping[str, EventType] = declare(
    (
        *("ticket.created", "ticket.updated", "ticket.status_changed", "ticket.assigned", "ticket.commented"),
        *("ticket.sla_breached", "ticket.closed", "ticket.reopened", "approval.requested", "approval.answered"),
    ),
    EventType("invgate.unknown", "InvGate sent something that the source does not know."),
    aliases={
        "ticket.created": ("new_ticket",),
        "ticket.updated": ("ticket_updated",),
        "ticket.status_changed": ("status_changed",),
        "ticket.assigned": ("agent_assigned",),
        "ticket.commented": ("comment_added",),
        "ticket.sla_breached": ("sla_breached",),
        "ticket.closed": ("ticket_closed",),
        "ticket.reopened": ("ticket_reopened",),
        "approval.requested": ("approval_requested",),
        "approval.answered": ("approval_answered",),
    },
)

PRIORITIES: Mapping[str, Severity] = {
    "1": "low",
    "2": "medium",
    "3": "high",
    "4": "high",
    "5": "critical",
}
"""InvGate's priority ids: low, medium, high, urgent, critical. Words are in ``attributes.SEVERITY_WORDS``."""

MAP: Mapping[str, tuple[str, ...]] = {
    "event": ("event", "event_name", "evento"),
    "request_id": ("request_id", "incident_id", "ticket_id", "id", "ticket.id"),
    "pretty_id": ("pretty_id",),
    "title": ("title", "titulo", "subject", "asunto", "ticket.title"),
    "description": ("description", "descripcion", "ticket.description"),
    "status": ("status", "estado", "ticket.status", "status_id"),
    "priority": ("priority", "prioridad", "ticket.priority", "priority_id"),
    "category": ("category", "categoria", "ticket.category"),
    "url": ("url", "link", "ticket.url"),
    "requester_name": ("requester_name", "requester.name", "requester"),
    "requester_email": ("requester_email", "requester.email"),
    "agent_name": ("agent_name", "agent.name", "agent"),
    "agent_email": ("agent_email", "agent.email"),
    "approver_name": ("approver_name", "approver.name", "approver"),
    "approver_email": ("approver_email", "approver.email"),
    "comment": ("comment", "comentario", "comment.text", "comment.message"),
    "comment_author": ("comment_author", "comment.author"),
    "customer_visible": ("customer_visible", "comment.customer_visible"),
    "approval_id": ("approval_id",),
    "approval_status": ("approval_status",),
    "approval_description": ("approval_description",),
    "approval_amount": ("approval_amount", "amount", "monto", "importe"),
    "approval_note": ("approval_note",),
    "time": ("event_time", "occurred_at", "last_update", "updated_at"),
    "created_at": ("created_at",),
}
"""Our name of a field to the dotted paths where it is looked for, the first that holds something readable."""
