"""What Jira calls things: its events, priorities and statuses, in English and Spanish."""

from __future__ import annotations

from collections.abc import Mapping

from centralita.core.event_types import declare
from centralita.core.events import EventType, Phase, Severity

TYPES: Mapping[str, EventType] = declare(
    (
        *("ticket.created", "ticket.updated", "ticket.status_changed", "ticket.assigned", "ticket.commented"),
        *("ticket.sla_breached", "ticket.closed", "ticket.reopened", "ticket.deleted", "project.updated"),
        *("release.published", "release.updated", "member.added", "member.updated", "member.removed"),
    ),
    EventType("jira.unknown", "Jira sent something that the source does not know."),
)

EVENTS: Mapping[str, str] = {
    **dict.fromkeys(("issue_created", "ticket_created"), "ticket.created"),
    **dict.fromkeys(("issue_deleted", "ticket_deleted"), "ticket.deleted"),
    **dict.fromkeys(("comment_created", "issue_commented", "ticket_commented"), "ticket.commented"),
    **dict.fromkeys(("issue_assigned", "ticket_assigned"), "ticket.assigned"),
    **dict.fromkeys(("issue_closed", "issue_resolved", "ticket_closed"), "ticket.closed"),
    **dict.fromkeys(("issue_reopened", "ticket_reopened"), "ticket.reopened"),
    **dict.fromkeys(("status_changed", "issue_transitioned", "ticket_status_changed"), "ticket.status_changed"),
    **dict.fromkeys(("sla_breached", "sla_threshold_breached", "ticket_sla_breached"), "ticket.sla_breached"),
    **dict.fromkeys(
        "ticket_updated comment_updated comment_deleted issue_comment_edited issue_comment_deleted worklog_created "
        "worklog_updated worklog_deleted issue_worklogged issue_worklog_updated issue_worklog_deleted "
        "issuelink_created issuelink_deleted attachment_created attachment_deleted issue_property_set "
        "issue_property_deleted issue_moved".split(),
        "ticket.updated",
    ),
    "version_released": "release.published",
    **dict.fromkeys(
        "version_created version_updated version_unreleased version_moved version_merged version_deleted".split(),
        "release.updated",
    ),
    **{"user_created": "member.added", "user_updated": "member.updated", "user_deleted": "member.removed"},
}
"""``webhookEvent`` (without ``jira:``), or ``event`` of a body that somebody wrote, to the type. ``issue_updated`` and
``issue_generic`` are read from what changed."""

CHANGED = ("issue_updated", "issue_generic")
PROJECTS = (
    *("project_", "sprint_", "board_", "filter_", "option_", "issuetype_", "version_"),
    *("connect_", "app_", "jira_expression_", "expression_"),
)
"""How the names of events begin that are about a project, or about Jira."""

PRIORITIES: Mapping[str, Severity] = {
    **dict.fromkeys("blocker bloqueante highest muy_alta mas_alta maxima p1 1_critical".split(), "critical"),
    **dict.fromkeys("p2 2_high".split(), "high"),
    **dict.fromkeys("p3 3_moderate 3_medium".split(), "medium"),
    **dict.fromkeys("p4 4_low".split(), "low"),
    **dict.fromkeys("lowest trivial muy_baja mas_baja minima p5".split(), "info"),
}
"""Names of priorities beyond ``attributes.SEVERITY_WORDS``."""

CATEGORIES: Mapping[str, Phase] = {"new": "open", "undefined": "open", "indeterminate": "open", "done": "closed"}
"""Key of a status's category."""

PHASES: Mapping[str, str] = {
    **dict.fromkeys(
        "to_do todo backlog selected_for_development in_review waiting_for_support waiting_for_customer "
        "waiting_for_approval escalated work_in_progress por_hacer tareas_por_hacer en_revision".split(),
        "open",
    ),
    **dict.fromkeys("listo lista finalizado declined won_t_do wont_do".split(), "closed"),
}
"""Statuses beyond ``attributes.PHASE_WORDS``, for a Jira that doesn't send the category."""
