"""Approvals by the Service Desk's API (https://releases.invgate.com/service-desk/api/)."""

from __future__ import annotations

from typing import Any, Literal

from centralita.sandbox.invgate import approvals
from centralita.sandbox.invgate.asking import OK, Asking, Calls, Handler, as_map
from centralita.sandbox.invgate.model import (
    APPROVAL_STATUSES,
    APPROVAL_TYPES,
    APPROVAL_WAITING,
    VOTE_STATUSES,
    DeskError,
)
from centralita.sandbox.invgate.parameters import ApiError


def get_approvals(asking: Asking) -> Any:
    """``incident.approval``: those of a ticket, or only those that wait."""
    request_id = asking.desk.incident(asking.params.number("request_id")).id
    only_pending = asking.params.flag("only_pending")
    return asking.records(
        {
            "id": one.id,
            "approval_request_id": one.request_id,
            "approval_request_description": one.description,
            "author_id": one.author_id,
            "status": one.status,
            "type": one.type,
            "created_at": asking.date(one.created_at),
            "is_using_approval_manager": 0,
            "reassigned": 0,
            "reminders_sent": 0,
        }
        for one in asking.desk.approvals.values()
        if one.request_id == request_id and (not only_pending or one.status == APPROVAL_WAITING)
    )


def _which(asking: Asking, user_id: int) -> int:
    """The id of the approval that a call means, by the id that this installation takes."""
    params, takes = asking.params, asking.switches.approval_key
    if takes != "both":
        params.require(takes)
    if takes != "request_id" and params.has("approval_id"):
        return params.number("approval_id")
    if takes != "approval_id" and params.has("request_id"):
        return approvals.find_approval(asking.desk, params.number("request_id"), user_id).id
    raise ApiError(428, "The parameter approval_id is required in PUT")


def _answering(how: Literal["approved", "rejected"]) -> Handler:
    def answer(asking: Asking) -> Any:
        user_id = asking.params.number("user_id")
        approvals.answer(asking.desk, _which(asking, user_id), user_id, how, asking.params.text("note"))
        return OK

    return answer


def cancel(asking: Asking) -> Any:
    """PUT ``incident.approval.cancel``; whoever cancels need not be a voter when the approval is given by its id."""
    user_id = asking.params.number("user_id")
    approvals.cancel(asking.desk, _which(asking, user_id), user_id)
    return OK


def add_voter(asking: Asking) -> Any:
    """POST ``incident.approval.add_voter``: answers what it was told."""
    asking.params.require("approval_id", "user_id")
    approval_id, user_id = asking.params.number("approval_id"), asking.params.number("user_id")
    approvals.add_voter(asking.desk, approval_id, user_id)
    return {"approval_id": approval_id, "user_id": user_id}


def possible_voters(asking: Asking) -> Any:
    """``incident.approval.possible_voters``: who may vote, and how each has."""
    approval_id = asking.params.number("approval_id")
    found = asking.desk.approvals.get(approval_id)
    if found is None:
        raise DeskError(f"The approval {approval_id} does not exist")
    only_pending = asking.params.flag("only_pending")
    votes = [one for one in found.votes if not only_pending or one.status == APPROVAL_WAITING]
    return asking.records(({"user_id": one.user_id, "status": one.status} for one in votes), "user_id")


def ask_spontaneous(asking: Asking) -> Any:
    """POST ``incident.spontaneous_approval``: does not tell the approval's id."""
    params = asking.params
    params.require("request_id", "author_id", "approval_user_id", "description")
    approvals.request_spontaneous(
        asking.desk,
        params.number("request_id"),
        params.number("author_id"),
        params.number("approval_user_id"),
        params.text("description"),
    )
    return OK


def get_custom(asking: Asking) -> Any:
    """``incident.custom_approval``: those that may be asked for."""
    created_at = asking.desk.incident(asking.params.number("request_id")).created_at
    return asking.records(
        {
            "id": one.id,
            "title": one.title,
            "description": "",
            "description_prompt": "",
            "description_required": False,
            "status": 1,
            "created_at": asking.date(created_at),
            "expired_in": 0,
            "expired_approved": 0,
            "pause_sla": False,
            "wf_item_id": 0,
            "wf_process_id": 0,
        }
        for one in asking.desk.custom_approvals.values()
    )


def ask_custom(asking: Asking) -> Any:
    """POST ``incident.custom_approval``: does not tell the approval's id either."""
    params = asking.params
    params.require("request_id", "author_id", "approval_id")
    approvals.request_custom(
        asking.desk,
        params.number("request_id"),
        params.number("author_id"),
        params.number("approval_id"),
        params.text("description"),
    )
    return OK


CALLS: Calls = {
    ("GET", "incident.approval"): get_approvals,
    ("PUT", "incident.approval.accept"): _answering("approved"),
    ("PUT", "incident.approval.reject"): _answering("rejected"),
    ("PUT", "incident.approval.cancel"): cancel,
    ("POST", "incident.approval.add_voter"): add_voter,
    ("GET", "incident.approval.possible_voters"): possible_voters,
    ("GET", "incident.approval.status"): lambda asking: as_map(APPROVAL_STATUSES),
    ("GET", "incident.approval.type"): lambda asking: as_map(APPROVAL_TYPES),
    ("GET", "incident.approval.vote_status"): lambda asking: as_map(VOTE_STATUSES),
    ("POST", "incident.spontaneous_approval"): ask_spontaneous,
    ("GET", "incident.custom_approval"): get_custom,
    ("POST", "incident.custom_approval"): ask_custom,
}
