"""Tickets by the Service Desk's API (https://releases.invgate.com/service-desk/api/)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from centralita.sandbox.invgate.asking import OK, Asking, Calls, Handler, as_map, take_page
from centralita.sandbox.invgate.model import OPEN_STATUSES, DeskError, Incident, User
from centralita.sandbox.invgate.parameters import ApiError

OPEN_VIEW, EVERY_VIEW = 1, 2
"""The saved views: open tickets, all tickets."""
_CHANGEABLE = ("category_id", "priority_id", "type_id", "source_id", "location_id")


def get_incident(asking: Asking) -> Any:
    """``incident``: one ticket. One that doesn't exist is a 404."""
    found = asking.desk.incidents.get(asking.params.number("id"))
    if found is None:
        raise ApiError(404, "The request does not exist")
    return asking.incident(found)


def get_incidents(asking: Asking) -> Any:
    """``incidents``: a map by id; ids that don't exist are left out."""
    asking.params.require("ids")
    known = asking.desk.incidents
    return as_map({one: asking.incident(known[one]) for one in asking.params.numbers("ids") if one in known})


def create(asking: Asking) -> Any:
    """POST ``incident``."""
    params = asking.params
    params.require("title", "type_id", "creator_id", "customer_id", "priority_id", "category_id")
    facts: dict[str, Any] = {name: params.number(name) for name in _CHANGEABLE if params.has(name)}
    if params.has("date"):
        facts["date_ocurred"] = params.number("date")
    incident = asking.desk.create(
        params.text("title"),
        params.number("customer_id"),
        params.number("creator_id"),
        description=params.text("description"),
        **facts,
    )
    return {"request_id": incident.id, "info": "Request created", **OK}


def update(asking: Asking) -> Any:
    """PUT ``incident``."""
    params = asking.params
    request_id = params.number("id")
    facts: dict[str, Any] = {name: params.number(name) for name in _CHANGEABLE if params.has(name)}
    facts |= {name: params.text(name) for name in ("title", "description") if params.has(name)}
    if params.has("customer_id"):
        facts["user_id"] = params.number("customer_id")
    if params.has("date"):
        facts["date_ocurred"] = params.number("date")
    return asking.incident(asking.desk.change(request_id, **facts))


def get_comments(asking: Asking) -> Any:
    """``incident.comment``: its comments, or only the solutions."""
    found = asking.desk.incident(asking.params.number("request_id")).comments
    if asking.params.has("is_solution"):
        found = [one for one in found if one.is_solution == asking.params.flag("is_solution")]
    return asking.records(asking.comment(one) for one in found)


def add_comment(asking: Asking) -> Any:
    """POST ``incident.comment``; a solution that the customer can't see is a 409."""
    params = asking.params
    params.require("request_id", "comment", "author_id")
    is_solution = params.flag("is_solution")
    visible = params.flag("customer_visible", is_solution)
    if is_solution and not visible:
        raise ApiError(409, "Cannot mark an internal comment as the solution")
    asking.desk.comment(
        params.number("request_id"),
        params.number("author_id"),
        params.text("comment"),
        is_solution=is_solution,
        customer_visible=visible,
    )
    return OK


def reassign(asking: Asking) -> Any:
    """POST ``incident.reassign``."""
    params = asking.params
    params.require("request_id", "author_id", "group_id")
    asking.desk.assign(
        params.number("request_id"),
        params.number("author_id"),
        params.number("group_id"),
        params.maybe_number("agent_id"),
    )
    return OK


def _acting(action: str, id_name: str, *required: str) -> Handler:
    def act(asking: Asking) -> Any:
        request_id = asking.params.number(id_name)
        asking.params.require(*required)
        if asking.params.has("author_id"):
            asking.desk.user(asking.params.number("author_id"))
        if asking.params.has("wait_request_id"):
            asking.desk.incident(asking.params.number("wait_request_id"))
        asking.desk.act(request_id, action)
        return OK

    return act


def cancel(asking: Asking) -> Any:
    """POST ``incident.cancel``, with a comment if there is one."""
    asking.params.require("request_id", "author_id")
    request_id, author_id = asking.params.number("request_id"), asking.params.number("author_id")
    asking.desk.user(author_id)
    asking.desk.act(request_id, "cancel")
    if asking.params.has("comment"):
        asking.desk.comment(request_id, author_id, asking.params.text("comment"))
    return OK


def accept_solution(asking: Asking) -> Any:
    """PUT ``incident.solution.accept``: closes the ticket; a rating below 4 needs a comment."""
    params = asking.params
    request_id, rating = params.number("id"), params.number("rating")
    if not 1 <= rating <= 5:
        raise ApiError(428, "The rating must be between 1 and 5")
    if rating < 4:
        params.require("comment")
    incident = asking.desk.act(request_id, "accept_solution", rating=rating)
    if params.has("comment"):
        asking.desk.comment(request_id, incident.user_id, params.text("comment"))
    return OK


def reject_solution(asking: Asking) -> Any:
    """PUT ``incident.solution.reject``: opens the ticket again."""
    request_id = asking.params.number("id")
    asking.params.require("comment")
    incident = asking.desk.act(request_id, "reject_solution")
    asking.desk.comment(request_id, incident.user_id, asking.params.text("comment"))
    return OK


def _ids_answer(asking: Asking, found: list[int], of: str) -> dict[str, Any]:
    limit, offset = asking.params.maybe_number("limit"), asking.params.maybe_number("offset") or 0
    page = found[offset : offset + limit] if limit else found[offset:]
    info = f"Returned a list of the requests related to the given {of}."
    return {**OK, "info": info, "requestIds": page, "total": len(found), "limit": limit, "offset": offset}


def by_status(asking: Asking) -> Any:
    """``incidents.by.status``: ids of open tickets."""
    wanted = set(asking.params.numbers("status_ids"))
    if asking.params.has("status_id"):
        wanted.add(asking.params.number("status_id"))
    if not wanted:
        raise DeskError("Neither status_id nor status_ids was given")
    return _ids_answer(asking, _open_ids(asking, lambda one: one.status_id in wanted), "status")


def by_helpdesk(asking: Asking) -> Any:
    """``incidents.by.helpdesk``: ids of open tickets."""
    wanted = set(asking.params.numbers("helpdesk_ids"))
    if asking.params.has("helpdesk_id"):
        wanted.add(asking.params.number("helpdesk_id"))
    if not wanted:
        raise DeskError("None of the provided helpdesk_ids is an INTEGER.")
    return _ids_answer(asking, _open_ids(asking, lambda one: one.assigned_group_id in wanted), "help desk")


def by_view(asking: Asking) -> Any:
    """``incidents.by.view``: ids of one of the saved views."""
    view_id = asking.params.number("view_id")
    if view_id not in (OPEN_VIEW, EVERY_VIEW):
        raise DeskError(f"The view {view_id} does not exist")
    found = _open_ids(asking, lambda one: True) if view_id == OPEN_VIEW else sorted(asking.desk.incidents)
    return _ids_answer(asking, found, "view")


def _open_ids(asking: Asking, wanted: Callable[[Incident], bool]) -> list[int]:
    known = asking.desk.incidents.values()
    return sorted(one.id for one in known if one.status_id in OPEN_STATUSES and wanted(one))


def _by_person(role: str, named: str) -> Handler:
    def find(asking: Asking) -> Any:
        user = _named_user(asking, named)
        ids = _open_ids(asking, lambda one: user is not None and getattr(one, role) == user.id)
        page, key = take_page(asking, ids)
        requests = as_map({one: asking.incident(asking.desk.incidents[one]) for one in page})
        info = f"Returned a list of the requests related to the given {named}."
        return {**OK, "info": info, "requests": requests, "next_page_key": key}

    return find


def _named_user(asking: Asking, named: str) -> User | None:
    params = asking.params
    for name in ("id", "email", "username"):
        if params.has(name):
            wanted = params.text(name).casefold()
            users = asking.desk.users.values()
            return next((one for one in users if str(getattr(one, name)).casefold() == wanted), None)
    raise DeskError(f"The {named} was not given: id, email or username")


def last_hour(asking: Asking) -> Any:
    """``incidents.last.hour``: tickets created in it."""
    since = asking.desk.now() - 3600
    found = sorted(one.id for one in asking.desk.incidents.values() if one.created_at >= since)
    page, key = take_page(asking, found)
    return {"data": [asking.incident(asking.desk.incidents[one]) for one in page], "next_page_key": key}


def set_custom_field(asking: Asking) -> Any:
    """POST ``incident.custom_field``: sets a field; several values become a map of hash to label."""
    incident, uid = _field(asking)
    asking.params.require("values")
    values = [str(one) for one in asking.params.items("values")]
    incident.custom_fields[uid] = values[0] if len(values) == 1 else _labels(values)
    return OK


def extend_custom_field(asking: Asking) -> Any:
    """PATCH ``incident.custom_field``: adds values."""
    incident, uid = _field(asking)
    asking.params.require("values")
    before = incident.custom_fields.get(uid, {})
    kept = before if isinstance(before, dict) else _labels([before])
    incident.custom_fields[uid] = {**kept, **_labels([str(one) for one in asking.params.items("values")])}
    return OK


def delete_custom_field(asking: Asking) -> Any:
    """DELETE ``incident.custom_field``."""
    incident, uid = _field(asking)
    incident.custom_fields.pop(uid, None)
    return OK


def _field(asking: Asking) -> tuple[Incident, str]:
    asking.params.require("request_id", "author_id", "custom_field_uid")
    incident = asking.desk.incident(asking.params.number("request_id"))
    asking.desk.user(asking.params.number("author_id"))
    incident.last_update = asking.desk.now()
    return incident, asking.params.text("custom_field_uid")


def _labels(values: list[str]) -> dict[str, str]:
    return {f"{zlib.crc32(one.encode()):08x}": one for one in values}


CALLS: Calls = {
    ("GET", "incident"): get_incident,
    ("POST", "incident"): create,
    ("PUT", "incident"): update,
    ("GET", "incidents"): get_incidents,
    ("GET", "incident.comment"): get_comments,
    ("POST", "incident.comment"): add_comment,
    ("POST", "incident.reassign"): reassign,
    ("POST", "incident.cancel"): cancel,
    ("POST", "incident.reject"): _acting("reject", "request_id", "author_id"),
    ("PUT", "incident.reopen"): _acting("reopen", "request_id"),
    ("POST", "incident.waitingfor.customer"): _acting("wait_for_customer", "request_id"),
    ("POST", "incident.waitingfor.agent"): _acting("wait_for_agent", "request_id"),
    ("POST", "incident.waitingfor.date"): _acting("wait_for_date", "request_id", "timestamp"),
    ("POST", "incident.waitingfor.incident"): _acting("wait_for_incident", "request_id", "wait_request_id"),
    ("POST", "incident.waitingfor.external_entity"): _acting(
        "wait_for_external_entity", "request_id", "entity_link_id"
    ),
    ("PUT", "incident.solution.accept"): accept_solution,
    ("PUT", "incident.solution.reject"): reject_solution,
    ("GET", "incidents.by.status"): by_status,
    ("GET", "incidents.by.helpdesk"): by_helpdesk,
    ("GET", "incidents.by.view"): by_view,
    ("GET", "incidents.by.agent"): _by_person("assigned_id", "agent"),
    ("GET", "incidents.by.customer"): _by_person("user_id", "customer"),
    ("GET", "incidents.last.hour"): last_hour,
    ("POST", "incident.custom_field"): set_custom_field,
    ("PATCH", "incident.custom_field"): extend_custom_field,
    ("DELETE", "incident.custom_field"): delete_custom_field,
}
