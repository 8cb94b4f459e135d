"""The event types that several kinds of source share: each is declared once, so that it means the same wherever it
comes from. A kind's own types stand in its own module; its sender's names for a type are that kind's aliases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from centralita.core.events import EventType

SHARED: Mapping[str, EventType] = {
    declared.name: declared
    for declared in (
        EventType("ticket.created", "A ticket was created."),
        EventType("ticket.updated", "Something about a ticket changed."),
        EventType("ticket.status_changed", "The status of a ticket changed."),
        EventType("ticket.assigned", "A ticket was assigned to an agent."),
        EventType("ticket.commented", "Somebody commented on a ticket."),
        EventType("ticket.sla_breached", "A ticket missed the time agreed for it."),
        EventType("ticket.closed", "A ticket was solved or closed."),
        EventType("ticket.reopened", "A closed ticket was opened again."),
        EventType("ticket.deleted", "A ticket was deleted."),
        EventType("approval.requested", "Somebody was asked to approve a ticket."),
        EventType("approval.answered", "An approver accepted or rejected."),
        EventType("alert.fired", "An alert began, or goes on."),
        EventType("alert.resolved", "An alert ended."),
        EventType("alert.updated", "Something about an alert changed."),
        EventType("alert.commented", "Somebody commented on an alert."),
        EventType("alert.acknowledged", "Somebody took charge of an alert."),
        EventType("incident.triggered", "An incident began."),
        EventType("incident.acknowledged", "Somebody took charge of an incident."),
        EventType("incident.updated", "Something about an incident changed."),
        EventType("incident.assigned", "An incident was assigned to somebody."),
        EventType("incident.escalated", "An incident went to the next level."),
        EventType("incident.commented", "Somebody wrote a note on an incident."),
        EventType("incident.resolved", "An incident ended."),
        EventType("incident.reopened", "A resolved incident was opened again."),
        EventType("asset.created", "An asset was registered."),
        EventType("asset.updated", "Something about an asset changed."),
        EventType("asset.deleted", "An asset was removed."),
        EventType("client.created", "A client was registered."),
        EventType("client.updated", "Something about a client changed."),
        EventType("client.deleted", "A client was removed."),
        EventType("contact.created", "A contact of a client was registered."),
        EventType("contact.updated", "Something about a contact changed."),
        EventType("contact.deleted", "A contact was removed."),
        EventType("message.received", "A customer wrote."),
        EventType("message.sent", "A bot or an operator wrote to a customer."),
        EventType("message.delivered", "A message reached the customer."),
        EventType("message.read", "The customer read a message."),
        EventType("message.failed", "A message could not be delivered."),
        EventType("variables.changed", "Variables of a conversation got new values."),
        EventType("session.started", "A guided session began."),
        EventType("session.resolved", "A guided session solved the problem."),
        EventType("session.escalated", "A guided session was handed to a person."),
        EventType("session.abandoned", "A guided session was left before its end."),
        EventType("step.completed", "A step of a guided session was done."),
        EventType("step.failed", "A step of a guided session did not help."),
        EventType("step.retried", "A step of a guided session is tried again."),
        EventType("feedback.received", "Somebody rated a guided session."),
        EventType("problem.detected", "A known problem was recognised."),
        EventType("change.created", "A change was planned or requested."),
        EventType("change.updated", "Something about a change changed."),
        EventType("change.completed", "A change was carried out or called off."),
        EventType("issue.opened", "An issue was opened."),
        EventType("issue.updated", "Something about an issue changed."),
        EventType("issue.assigned", "The people who work on an issue changed."),
        EventType("issue.commented", "Somebody commented on an issue."),
        EventType("issue.closed", "An issue was closed."),
        EventType("issue.reopened", "A closed issue was opened again."),
        EventType("pull_request.opened", "A pull request or merge request was opened."),
        EventType("pull_request.updated", "Something about a pull request changed."),
        EventType("pull_request.assigned", "The people who work on a pull request, or review it, changed."),
        EventType("pull_request.reviewed", "Somebody approved a pull request or asked for changes."),
        EventType("pull_request.commented", "Somebody commented on a pull request."),
        EventType("pull_request.merged", "A pull request was merged."),
        EventType("pull_request.closed", "A pull request was closed without being merged."),
        EventType("pull_request.reopened", "A closed pull request was opened again."),
        EventType("code.pushed", "Commits, a branch or a tag were pushed or deleted."),
        EventType("code.commented", "Somebody commented on a commit or a snippet."),
        EventType("pipeline.started", "A pipeline was queued or began."),
        EventType("pipeline.succeeded", "A pipeline ended well."),
        EventType("pipeline.failed", "A pipeline failed."),
        EventType("pipeline.canceled", "A pipeline was canceled."),
        EventType("pipeline.updated", "The state of a pipeline changed in another way."),
        EventType("job.started", "A job or check was queued or began."),
        EventType("job.succeeded", "A job or check ended well."),
        EventType("job.failed", "A job or check failed."),
        EventType("job.canceled", "A job or check was canceled."),
        EventType("job.updated", "The state of a job or check changed in another way."),
        EventType("deployment.started", "A deployment was asked for or began."),
        EventType("deployment.succeeded", "A deployment ended well."),
        EventType("deployment.failed", "A deployment failed."),
        EventType("deployment.canceled", "A deployment was canceled."),
        EventType("deployment.updated", "The state of a deployment changed in another way."),
        EventType("release.published", "A release was published."),
        EventType("release.updated", "A release was prepared, changed or withdrawn."),
        EventType("member.added", "Somebody was given access to a project, a team or a group."),
        EventType("member.updated", "Somebody's access or account changed."),
        EventType("member.removed", "Somebody lost access to a project, a team or a group."),
        EventType("project.updated", "A project, a repository or what belongs to it changed."),
        EventType("wiki.updated", "Pages of a wiki changed."),
        EventType("installation.updated", "The sender's app was installed, changed or removed."),
        EventType("connection.tested", "Somebody tried out the connection at the sender."),
    )
}


def alias_of(types: Mapping[str, EventType], kind: str, name: str) -> str:
    """``Event.alias`` of an event of the type ``kind`` that its sender calls ``name``: that name, where the type is
    declared to stand for several of the sender's; else ""."""
    aliases = types[kind].aliases if kind in types else ()
    return name if len(aliases) > 1 and name in aliases else ""


def declare(
    shared: Iterable[str], *own: EventType, aliases: Mapping[str, tuple[str, ...]] | None = None
) -> dict[str, EventType]:
    """The types of a kind of source by name: those named of ``SHARED``, and its own; ``aliases`` by type."""
    declared = {name: SHARED[name] for name in shared} | {each.name: each for each in own}
    return {
        name: msgspec.structs.replace(each, aliases=(*each.aliases, *(aliases or {}).get(name, ())))
        for name, each in declared.items()
    }
