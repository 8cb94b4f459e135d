"""Approvals of the Service Desk: asked for, answered, cancelled. InvGate is the authority for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from centralita.sandbox.invgate.desk import Desk
from centralita.sandbox.invgate.model import (
    APPROVAL_APPROVED,
    APPROVAL_CANCELLED,
    APPROVAL_REJECTED,
    APPROVAL_STATUSES,
    APPROVAL_WAITING,
    PREDEFINED,
    SPONTANEOUS,
    Answer,
    Approval,
    DeskError,
    Vote,
)

_VOTE_OF = {"approved": APPROVAL_APPROVED, "rejected": APPROVAL_REJECTED}


def request_approval(
    desk: Desk,
    request_id: int,
    author_id: int,
    voter_ids: Sequence[int],
    description: str,
    *,
    type_id: int = PREDEFINED,
    needs: Literal["any", "all"] = "any",
) -> Approval:
    """A new approval that waits for its voters. Raises DeskError."""
    incident = desk.incident(request_id)
    desk.user(author_id)
    for one in voter_ids:
        desk.user(one)
    approval = Approval(
        id=desk.new_id("approval", desk.approvals, 301),
        request_id=request_id,
        author_id=author_id,
        type=type_id,
        description=description,
        created_at=desk.now(),
        votes=[Vote(one) for one in voter_ids],
        needs=needs,
    )
    desk.approvals[approval.id] = approval
    incident.last_update = desk.now()
    for one in voter_ids:
        _tell_asked(desk, approval, one)
    return approval


def request_spontaneous(desk: Desk, request_id: int, author_id: int, voter_id: int, description: str) -> Approval:
    """An approval that an agent asks one person for. Raises DeskError."""
    return request_approval(desk, request_id, author_id, [voter_id], description, type_id=SPONTANEOUS)


def request_custom(desk: Desk, request_id: int, author_id: int, custom_id: int, description: str) -> Approval:
    """An approval with the voters of a ``CustomApproval``. Raises DeskError."""
    custom = desk.custom_approvals.get(custom_id)
    if custom is None:
        raise DeskError(f"The approval {custom_id} does not exist")
    return request_approval(
        desk, request_id, author_id, custom.voter_ids, description or custom.title, needs=custom.needs
    )


def add_voter(desk: Desk, approval_id: int, user_id: int) -> None:
    """One more person who may answer. Raises DeskError."""
    approval = _waiting(desk, approval_id)
    desk.user(user_id)
    if approval.vote_of(user_id) is not None:
        raise DeskError(f"The user {user_id} is already a voter of the approval {approval_id}")
    approval.votes.append(Vote(user_id))
    _tell_asked(desk, approval, user_id)


def find_approval(desk: Desk, request_id: int, user_id: int) -> Approval:
    """The oldest approval of a ticket that waits for this person. Raises DeskError."""
    desk.incident(request_id)
    for approval in sorted(desk.approvals.values(), key=lambda one: one.id):
        vote = approval.vote_of(user_id)
        if approval.request_id == request_id and approval.status == APPROVAL_WAITING and vote is not None:
            return approval
    raise DeskError(f"No approval of the request {request_id} waits for the user {user_id}")


def answer(desk: Desk, approval_id: int, user_id: int, how: Answer, note: str = "") -> Approval:
    """A voter's answer; the last one that is needed decides. Raises DeskError: decided, not a voter, voted already."""
    approval = _waiting(desk, approval_id)
    user = desk.user(user_id)
    vote = approval.vote_of(user_id)
    if vote is None:
        raise DeskError(f"The user {user_id} is not a voter of the approval {approval_id}")
    if vote.status != APPROVAL_WAITING:
        raise DeskError(f"The user {user_id} has already voted")
    vote.status, vote.note = _VOTE_OF[how], note
    if how == "rejected" or approval.needs == "any" or all(one.status == APPROVAL_APPROVED for one in approval.votes):
        approval.status = vote.status
    incident = desk.incident(approval.request_id)
    incident.last_update = desk.now()
    desk.tell(
        "approval_answered",
        incident,
        approval_id=approval.id,
        approver_id=user.id,
        approver_name=user.full_name,
        approver_email=user.email,
        approval_status=how,
        approval_note=note,
    )
    return approval


def cancel(desk: Desk, approval_id: int, user_id: int) -> Approval:
    """Nobody has to answer any more. Raises DeskError."""
    approval = _waiting(desk, approval_id)
    desk.user(user_id)
    approval.status = APPROVAL_CANCELLED
    for vote in approval.votes:
        if vote.status == APPROVAL_WAITING:
            vote.status = APPROVAL_CANCELLED
    desk.incident(approval.request_id).last_update = desk.now()
    return approval


def _waiting(desk: Desk, approval_id: int) -> Approval:
    approval = desk.approvals.get(approval_id)
    if approval is None:
        raise DeskError(f"The approval {approval_id} does not exist")
    if approval.status != APPROVAL_WAITING:
        raise DeskError(f"The approval {approval_id} is already {APPROVAL_STATUSES[approval.status]}")
    return approval


def _tell_asked(desk: Desk, approval: Approval, user_id: int) -> None:
    user = desk.user(user_id)
    desk.tell(
        "approval_requested",
        desk.incident(approval.request_id),
        approval_id=approval.id,
        approver_id=user.id,
        approver_name=user.full_name,
        approver_email=user.email,
        approval_description=approval.description,
    )
