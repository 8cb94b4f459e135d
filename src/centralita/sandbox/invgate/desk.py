"""The Service Desk: its records, and what can be done to a ticket. Whoever wants to hear of it listens."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from centralita.sandbox.invgate.model import (
    CANCELLED,
    CLOSED,
    REJECTED,
    SOLUTION_ACCEPTED,
    SOLVED,
    STATUSES,
    TRANSITIONS,
    Approval,
    Category,
    Comment,
    CustomApproval,
    DeskError,
    Group,
    Incident,
    User,
)
from centralita.sandbox.invgate.sender import INSTANCE

Listener = Callable[[str, Incident, Mapping[str, Any]], None]
"""Is told: the event (one of ``sender.EVENTS``), the ticket as it is now, and the fields of the event itself."""


@dataclass
class Desk:
    """Records by id. Every change goes through a method, which raises DeskError when the Service Desk would refuse."""

    users: dict[int, User] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    helpdesks: dict[int, Group] = field(default_factory=dict)
    categories: dict[int, Category] = field(default_factory=dict)
    custom_approvals: dict[int, CustomApproval] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)
    approvals: dict[int, Approval] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)
    clock: Callable[[], float] = time.time
    url: str = f"https://{INSTANCE}"
    """Where people see it."""
    _last_ids: dict[str, int] = field(default_factory=dict)

    def now(self) -> int:
        """Seconds since 1970."""
        return int(self.clock())

    def new_id(self, kind: str, known: Mapping[int, Any], first: int = 1) -> int:
        """An id that was never used for ``kind``, above every ``known`` one."""
        self._last_ids[kind] = max(self._last_ids.get(kind, first - 1), max(known, default=first - 1)) + 1
        return self._last_ids[kind]

    def tell(self, event: str, incident: Incident, **more: Any) -> None:
        """Says what has happened."""
        for listener in self.listeners:
            listener(event, incident, more)

    def incident(self, request_id: int) -> Incident:
        """Raises DeskError when there is none."""
        found = self.incidents.get(request_id)
        if found is None:
            raise DeskError(f"The request {request_id} does not exist")
        return found

    def user(self, user_id: int, *, active: bool = True) -> User:
        """Raises DeskError when there is none, or none that may still act."""
        found = self.users.get(user_id)
        if found is None or (active and (found.is_deleted or found.is_disabled)):
            raise DeskError(f"The user {user_id} does not exist or is disabled")
        return found

    def category_path(self, category_id: int) -> str:
        """``Hardware > Impresoras``; "" when there is no such category."""
        found = self.categories.get(category_id)
        if found is None:
            return ""
        above = self.category_path(found.parent_category_id)
        return f"{above} > {found.name}" if above else found.name

    def create(self, title: str, user_id: int, creator_id: int, **facts: Any) -> Incident:
        """A new ticket; ``facts`` are fields of ``Incident``."""
        self.user(user_id), self.user(creator_id)
        now = self.now()
        given: dict[str, Any] = {"description": "", "date_ocurred": now, **facts}
        incident = Incident(
            id=self.new_id("incident", self.incidents, 4521),
            title=title,
            user_id=user_id,
            creator_id=creator_id,
            created_at=now,
            last_update=now,
            **given,
        )
        self._check_references(incident)
        self.incidents[incident.id] = incident
        self.tell("new_ticket", incident)
        return incident

    def change(self, request_id: int, **facts: Any) -> Incident:
        """Sets fields of a ticket: those that PUT ``incident`` may change, and ``status_id`` as a workflow would."""
        incident = self.incident(request_id)
        status_id = facts.pop("status_id", incident.status_id)
        if status_id not in STATUSES:
            raise DeskError(f"The status {status_id} does not exist")
        before = {name: getattr(incident, name) for name in facts}
        for name, value in facts.items():
            setattr(incident, name, value)
        try:
            self._check_references(incident)
        except DeskError:
            for name, value in before.items():
                setattr(incident, name, value)
            raise
        incident.last_update = self.now()
        self._enter(incident, status_id)
        return incident

    def _check_references(self, incident: Incident) -> None:
        if incident.category_id not in self.categories:
            raise DeskError(f"The category {incident.category_id} does not exist")
        if incident.user_id not in self.users:
            raise DeskError(f"The user {incident.user_id} does not exist")

    def act(self, request_id: int, action: str, **facts: Any) -> Incident:
        """An action of ``TRANSITIONS``; ``facts`` are set with it."""
        incident = self.incident(request_id)
        allowed, after = TRANSITIONS[action]
        if incident.status_id not in allowed:
            raise DeskError(f"The request {request_id} is {STATUSES[incident.status_id]}: {action} is not possible")
        for name, value in facts.items():
            setattr(incident, name, value)
        incident.last_update = self.now()
        self._enter(incident, after)
        return incident

    def _enter(self, incident: Incident, status_id: int) -> None:
        before, incident.status_id = incident.status_id, status_id
        if before == status_id:
            return
        now = self.now()
        if status_id == SOLVED:
            incident.solved_at = now
        elif status_id in (CLOSED, REJECTED, CANCELLED):
            incident.closed_at = now
            incident.closed_reason = SOLUTION_ACCEPTED if status_id == CLOSED else None
        else:
            incident.solved_at = incident.closed_at = incident.closed_reason = None
        self.tell("status_changed", incident, previous_status=STATUSES[before])
        if status_id == CLOSED:
            self.tell("ticket_closed", incident)

    def comment(
        self,
        request_id: int,
        author_id: int,
        message: str,
        *,
        is_solution: bool = False,
        customer_visible: bool = True,
    ) -> Comment:
        """A comment, HTML; as a solution it solves the ticket and must be visible to the customer."""
        incident = self.incident(request_id)
        author = self.user(author_id)
        if is_solution and not customer_visible:
            raise DeskError("Cannot mark an internal comment as the solution")
        if is_solution and incident.status_id not in TRANSITIONS["solve"][0]:
            raise DeskError(f"The request {request_id} is {STATUSES[incident.status_id]}: it cannot be solved")
        number = len(incident.comments) + 1
        comment_id = sum(len(one.comments) for one in self.incidents.values()) + 1
        comment = Comment(comment_id, request_id, author_id, message, number, self.now(), is_solution, customer_visible)
        incident.comments.append(comment)
        incident.last_update = comment.created_at
        self.tell(
            "comment_added",
            incident,
            comment=message,
            comment_author=author.full_name,
            customer_visible=int(customer_visible),
        )
        if is_solution:
            self.act(request_id, "solve")
        return comment

    def assign(self, request_id: int, author_id: int, group_id: int, agent_id: int | None = None) -> Incident:
        """To a help desk, and to one of its agents if given; a new ticket with an agent becomes open."""
        incident = self.incident(request_id)
        self.user(author_id)
        if group_id not in self.helpdesks:
            raise DeskError(f"The help desk {group_id} does not exist")
        if agent_id is not None and agent_id not in self.helpdesks[group_id].member_ids:
            raise DeskError(f"The user {agent_id} is not an agent of the help desk {group_id}")
        incident.assigned_group_id, incident.assigned_id = group_id, agent_id
        incident.last_update = self.now()
        if agent_id is not None:
            self.user(agent_id)
            self.tell("agent_assigned", incident)
            if incident.status_id in TRANSITIONS["assign"][0]:
                self.act(request_id, "assign")
        return incident

    def breach_sla(self, request_id: int, sla: str) -> None:
        """``first_reply`` or ``resolution`` ran out."""
        incident = self.incident(request_id)
        setattr(incident, f"sla_incident_{sla}", "Vencido")
        self.tell("sla_breached", incident, sla=sla)
