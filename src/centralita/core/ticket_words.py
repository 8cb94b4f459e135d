"""What people who write automations call what happens to a ticket, in English and Spanish.

Webhooks of service desks have bodies that their author writes, names and all; these are the usual ones.
"""

from __future__ import annotations

from collections.abc import Mapping

_EVENT_WORDS: Mapping[str, str] = {
    "ticket.created": "new_ticket ticket_created request_created incident_created nuevo_ticket ticket_nuevo "
    "ticket_creado nueva_solicitud solicitud_creada nuevo_incidente incidente_creado",
    "ticket.updated": "ticket_updated ticket_changed ticket_actualizado ticket_modificado solicitud_actualizada",
    "ticket.status_changed": "status_changed status_change cambio_de_estado cambio_estado estado_cambiado "
    "estado_modificado",
    "ticket.assigned": "agent_assigned ticket_assigned assigned agente_asignado ticket_asignado asignacion "
    "asignacion_de_agente solicitud_asignada reasignacion ticket_reasignado",
    "ticket.commented": "comment_added new_comment comment commented nuevo_comentario comentario_agregado comentario "
    "respuesta_agregada",
    "ticket.sla_breached": "sla_breached sla_breach sla_expired sla_vencido sla_incumplido incumplimiento_de_sla "
    "vencimiento_de_sla",
    "ticket.closed": "ticket_closed closed ticket_solved solved ticket_resolved ticket_cerrado solicitud_cerrada "
    "cierre cierre_de_ticket ticket_solucionado ticket_resuelto",
    "ticket.reopened": "ticket_reopened reopened ticket_reabierto solicitud_reabierta reapertura",
    "approval.requested": "approval_requested new_approval aprobacion_solicitada solicitud_de_aprobacion "
    "nueva_aprobacion aprobacion_pendiente",
    "approval.answered": "approval_answered approval_approved approval_rejected aprobacion_respondida "
    "aprobacion_aceptada aprobacion_aprobada aprobacion_rechazada",
}
EVENTS: Mapping[str, str] = {name: kind for kind, names in _EVENT_WORDS.items() for name in names.split()}
"""Name of an event, as ``attributes.word`` writes it, to its type; the types' own names come with them."""

PHASES_BY_TYPE: Mapping[str, str] = {"ticket.created": "open", "ticket.reopened": "open", "ticket.closed": "closed"}
"""What the type alone says, when the status is not a word that we know."""
