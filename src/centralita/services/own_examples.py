"""One example of each event that the hub itself tells, as ``announcements`` makes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ANA = {"id": "ana", "name": "Ana Rojas", "email": "ana.rojas@example.com"}
_LUIS = {"id": "luis", "name": "Luis Vargas", "email": "luis.vargas@example.com"}
_APPROVAL = {
    "id": "apr_01JDXK5R1Q8V7T3M2N4P6S9W0Z",
    "status": "pending",
    "title": "Licencias de diseño para marketing",
    "amount": 1200,
    "currency": "USD",
    "ticket": "4521",
    "authority": "hub",
    "stage": 1,
    "stages": 2,
    "given": 0,
    "waits_for": ["Luis Vargas"],
    "told": ["Luis Vargas"],
    "approvers": ["luis.vargas@example.com"],
    "version": 1,
    "note_required": "never",
    "due_at": "2026-03-03T14:05:00Z",
}
_OVER = {name: _APPROVAL[name] for name in ("id", "title", "amount", "currency", "ticket", "authority", "stage")}
_PLAN = {
    "id": "apl_01JDXK5R1Q8V7T3M2N4P6S9W0Z",
    "state": "ready",
    "mode": "review",
    "assets": 214,
    "changes": 6,
    "conflicts": 2,
    "most_changes": 21,
}
_OWNER = {
    "asset": {"id": "117", "name": "LAP-0117", "serial": "5CG2090XK1"},
    "owner": _ANA,
    "previous_owner": _LUIS,
    "plan": {"id": _PLAN["id"], "reverted": False},
    "account": "EJEMPLO\\arojas",
}
_INCIDENT = {
    "id": "INC-12",
    "number": 12,
    "title": "No hay red en el 2º piso",
    "description": "Nadie entra al ERP desde las 9.",
    "priority": "high",
    "status": "open",
    "assignee": "Luis Vargas",
    "by": "Ana Rojas",
    "created_at": "2026-03-02T14:05:00Z",
}
_SWITCH = [{"id": "SW-02", "name": "Switch del 2º piso"}]
_LANE = {"lane": "webhook:erp", "about": {"type": "ticket.created", "title": "La impresora no imprime"}}


def _approval(**said: Any) -> dict[str, Any]:
    base = _OVER if said.get("status") in ("approved", "rejected", "expired", "cancelled") else _APPROVAL
    return {"approval": {**base, **said}, "requester": _ANA, "approver": _LUIS}


def _incident(**said: Any) -> dict[str, Any]:
    return {"incident": {**_INCIDENT, **said}, "affected_cis": _SWITCH, "requester": _ANA, "agent": _LUIS}


_CI = {
    "id": "ci_01JDXK5R1Q8V7T3M2N4P6S9W0Z",
    "name": "erp-db-01",
    "type": "server",
    "status": "En producción",
    "version": 4,
    "owner": {"name": "Luis Vargas", "email": "luis.vargas@example.com"},
}

APPROVAL = ("approval/apr_01JDXK5R1Q8V7T3M2N4P6S9W0Z", "Licencias de diseño para marketing")
PLAN = ("asset_plan/apl_01JDXK5R1Q8V7T3M2N4P6S9W0Z", "apl_01JDXK5R1Q8V7T3M2N4P6S9W0Z")
ASSET = ("asset/117", "LAP-0117")
INCIDENT = ("incident/12", "No hay red en el 2º piso")
CI = ("ci/ci_01JDXK5R1Q8V7T3M2N4P6S9W0Z", "erp-db-01")
LANE = ("lane/webhook:erp", "webhook:erp")

EXAMPLES: Mapping[str, tuple[tuple[str, str], Mapping[str, Any]]] = {
    "approval.requested": (APPROVAL, _approval()),
    "approval.assigned": (APPROVAL, _approval(authority="invgate")),
    "approval.voted": (APPROVAL, _approval(given=1, waits_for=["Marta Ponce"])),
    "approval.answered": (APPROVAL, _approval(status="approved", note="Dentro del presupuesto")),
    "approval.reminded": (APPROVAL, _approval()),
    "approval.escalated": (APPROVAL, _approval(told=["Marta Ponce"])),
    "approval.expired": (APPROVAL, _approval(status="expired")),
    "approval.reassigned": (APPROVAL, _approval(waits_for=["Marta Ponce"], told=["Marta Ponce"])),
    "approval.delegated": (APPROVAL, _approval(told=["Marta Ponce"])),
    "approval.info_requested": (APPROVAL, _approval(status="asked", question="¿Para cuántas personas?")),
    "approval.info_given": (APPROVAL, _approval(question="¿Para cuántas personas?", answer="Para seis.")),
    "approval.cancelled": (APPROVAL, _approval(status="cancelled", note="Ya no hace falta")),
    "approval.unassigned": (APPROVAL, _approval(waits_for=[], told=[])),
    "approval.failed": (APPROVAL, _approval(authority="invgate", reason="http.status 500")),
    "centralita.approval.decided": (APPROVAL, _approval(authority="invgate", status="answering")),
    "centralita.approval.closed": (APPROVAL, _approval(authority="invgate", status="approved")),
    "asset.plan_finished": (PLAN, {"plan": _PLAN}),
    "asset.plan_failed": (PLAN, {"plan": {**_PLAN, "state": "failed"}, "reason": "ldap.unreachable"}),
    "asset.plan_stopped": (PLAN, {"plan": _PLAN, "reason": "asset.plan_capped"}),
    "asset.plan_applied": (PLAN, {"plan": {**_PLAN, "state": "applied"}, "counts": {"changed": 6}}),
    "asset.plan_reverted": (PLAN, {"plan": {**_PLAN, "state": "reverted"}, "counts": {"reverted": 6}}),
    "asset.owner_change_requested": (ASSET, _OWNER),
    "asset.owner_changed": (ASSET, _OWNER),
    "incident.created": (INCIDENT, _incident()),
    "incident.acknowledged": (INCIDENT, _incident(status="acknowledged", by="Luis Vargas")),
    "incident.assigned": (INCIDENT, _incident(changes={"assignee": ["", "Luis Vargas"]})),
    "incident.updated": (INCIDENT, _incident(priority="critical", changes={"priority": ["high", "critical"]})),
    "incident.commented": (
        INCIDENT,
        {**_incident(), "comment": {"text": "Es el switch.", "author": "Luis Vargas"}},
    ),
    "incident.related": (
        INCIDENT,
        _incident(
            by="",
            related={
                "event": "evt_01JDXK5R1Q8V7T3M2N4P6S9W0Z",
                "source": "alertmanager",
                "subject": "alert/9f2c",
                "title": "SW-02 no responde",
                "more": 0,
            },
        ),
    ),
    "incident.resolved": (INCIDENT, _incident(status="resolved", note="Se cambió el switch.")),
    "incident.reopened": (INCIDENT, _incident(note="Volvió a caer.")),
    "centralita.incident.posted": (
        INCIDENT,
        _incident(url="https://example.slack.com/archives/C024BE91L/p1740924300000100"),
    ),
    "centralita.incident.raised": (
        ("alert/9f2c", "SW-02 no responde"),
        {
            "incident": {
                "id": "INC-12",
                "number": 12,
                "title": "SW-02 no responde",
                "url": "https://example.slack.com/archives/C024BE91L/p1740924300000100",
            }
        },
    ),
    "alert.acknowledged": (
        ("alert/9f2c", "SW-02 no responde"),
        {
            "acknowledged": {
                "by": "Luis Vargas",
                "at": "2026-03-02T14:06:00Z",
                "event": "evt_01JDXK5R1Q8V7T3M2N4P6S9W0Z",
            },
            "description": "Sin respuesta desde hace 5 minutos.",
            "affected_cis": _SWITCH,
        },
    ),
    "ci.created": (CI, {"ci": {**_CI, "version": 1}, "actor": "ana", "changes": {"after": {"name": "erp-db-01"}}}),
    "ci.updated": (
        CI,
        {"ci": _CI, "actor": "ana", "changes": {"before": {"status": "Nuevo"}, "after": {"status": "En producción"}}},
    ),
    "ci.deleted": (CI, {"ci": _CI, "actor": "ana", "changes": {"before": {"name": "erp-db-01"}}}),
    "centralita.delivery.dead": (LANE, {**_LANE, "reason": "http.status 500", "more": 0, "delivery": "dlv_17"}),
    "centralita.breaker.opened": (LANE, {**_LANE, "reason": "http.status 503", "retry_at": "2026-03-02T14:15:00Z"}),
    "centralita.breaker.closed": (LANE, _LANE),
    "centralita.webhook.failing": (
        LANE,
        {**_LANE, "percent": 70, "since": "2026-02-27T02:00:00Z", "disables_at": "2026-03-04T02:00:00Z"},
    ),
    "centralita.webhook.disabled": (
        LANE,
        {**_LANE, "reason": "http.gone", "waiting": 12, "last_error": "http.gone 410"},
    ),
    "centralita.source.rejecting": (
        ("source/invgate", "invgate"),
        {"source": "invgate", "count": 40, "reason": "credential.mismatch"},
    ),
    "centralita.receipt.unparsed": (
        ("source/invgate", "invgate"),
        {"source": "invgate", "receipt": "rcp_01JDXK5R1Q8V7T3M2N4P6S9W0Z", "reason": "json.syntax"},
    ),
    "centralita.write.requested": (
        ("ticket/4521", "La impresora no imprime"),
        {"action": "ticket.comment", "actor": "ana"},
    ),
    "centralita.write.ended": (
        ("write/dlv_812", "La impresora no imprime"),
        {"action": "ticket.create", "state": "delivered", "ticket": {"id": "4521"}},
    ),
    "centralita.unknown": (("", "centralita.unknown"), {}),
}
"""Type -> (subject, title), data."""
