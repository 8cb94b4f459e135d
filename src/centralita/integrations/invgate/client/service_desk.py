"""InvGate Service Desk, ``/api/v1/<endpoint>`` (https://releases.invgate.com/service-desk/api/): tickets, people,
approvals. Writes go form-encoded. Every function is a ``Call``: a generator that raises ``Failed``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from centralita.core.payload import tame_text
from centralita.core.people import Person
from centralita.integrations.invgate.client import reading
from centralita.integrations.invgate.client.session import Call, Failed, Session, encode

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "status": ("incident.attributes.status",),
    "priority": ("incident.attributes.priority",),
    "type": ("incident.attributes.type",),
    "source": ("incident.attributes.source",),
    # Named differently from one version to the next.
    "category": ("categories", "incident.attributes.category"),
    "group": ("helpdesks", "groups"),
}
NAMES_KEPT_S = 3600.0
PEOPLE_KEPT_S = 900.0
MOST_PEOPLE = 50_000


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """An approval of a ticket. ``status``: -2 cancelled, -1 waiting, 0 rejected, 1 approved; ``type``: 1 predefined, 2
    spontaneous."""

    id: str
    status: int
    type: int = 0
    author: str = ""
    created_at: int = 0
    description: str = ""


class Voter(msgspec.Struct, frozen=True):
    """Somebody who may vote, and how they did: -1 not yet, 0 rejected, 1 approved."""

    id: str
    status: int


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    author: str
    message: str
    is_solution: bool = False
    visible_to_customer: bool = False
    created_at: int = 0


def _get(session: Session, endpoint: str, parameters: Mapping[str, Any]) -> Call[Any]:
    return (yield from session.get(f"/api/v1/{endpoint}", parameters, scope=f"api.v1.{endpoint}:get"))


def _send(session: Session, method: str, endpoint: str, form: Mapping[str, Any]) -> Call[Any]:
    path, scope = f"/api/v1/{endpoint}", f"api.v1.{endpoint}:{method.lower()}"
    try:
        return (yield from session.send(method, path, form, scope=scope))
    except Failed as failed:
        # Some installations read the parameters of a PUT from its query alone, and miss them in its body.
        if method != "PUT" or failed.status not in _MISSED:
            raise
    return (yield from session.send(method, f"{path}?{encode(form)}", {}, scope=scope))


_MISSED = (400, 422, 428)


# --- Reading ---------------------------------------------------------------------------------------------------------


def incident(session: Session, number: str) -> Call[dict[str, Any]]:
    """The ticket's fields as InvGate has them, times in seconds since 1970."""
    answer = yield from _get(session, "incident", {"id": number, "date_format": "epoch"})
    found = answer if isinstance(answer, dict) and "id" in answer else next(iter(reading.items(answer)), {})
    if reading.reference(found.get("id")) != number:
        raise Failed("invgate.not_found", f"ticket {number}", retriable=False)
    return found


def incidents(session: Session, numbers: Iterable[str]) -> Call[list[dict[str, Any]]]:
    """Several tickets; those that are not there are left out."""
    answer = yield from _get(session, "incidents", {"ids": list(numbers), "date_format": "epoch"})
    return reading.items(answer)


def numbers_by_status(session: Session, status_ids: Iterable[str], offset: int, limit: int) -> Call[list[str]]:
    """Ids of tickets in these states, a page of them."""
    wanted = {"status_ids": list(status_ids), "limit": limit, "offset": offset}
    answer = yield from _get(session, "incidents.by.status", wanted)
    listed = answer.get("requestIds", answer.get("requests")) if isinstance(answer, dict) else answer
    values = listed.values() if isinstance(listed, dict) else listed if isinstance(listed, list) else ()
    return [number for number in map(reading.reference, values) if number]


def incidents_by_customer(session: Session, user: str) -> Call[list[dict[str, Any]]]:
    """A requester's tickets, the first page."""
    answer = yield from _get(session, "incidents.by.customer", {"id": user, "limit": 100, "date_format": "epoch"})
    return reading.items(answer.get("requests") if isinstance(answer, dict) else answer)


def help_desks_of(session: Session, user: str) -> Call[list[str]]:
    """The ids of the help desks that somebody works at."""
    answer = yield from _get(session, "users.groups", {"ids": [user]})
    found = next((item for item in reading.items(answer) if reading.reference(item.get("id")) == user), {})
    return [number for item in reading.items(found.get("helpdesks")) if (number := reading.reference(item.get("id")))]


def comments(session: Session, number: str) -> Call[list[Comment]]:
    """The comments of a ticket, as they come."""
    answer = yield from _get(session, "incident.comment", {"request_id": number, "date_format": "epoch"})
    return [
        Comment(
            id=reading.reference(item.get("id")),
            author=reading.reference(item.get("author_id")),
            message=tame_text(item.get("message")),
            is_solution=bool(reading.whole(item.get("is_solution"))),
            visible_to_customer=bool(reading.whole(item.get("customer_visible"))),
            created_at=reading.whole(item.get("created_at")),
        )
        for item in reading.items(answer)
    ]


def approvals(session: Session, number: str, *, only_pending: bool = False) -> Call[list[Approval]]:
    """The approvals of a ticket. Also when InvGate ignores ``only_pending``, only those that were asked for."""
    wanted = {"request_id": number, **({"only_pending": True} if only_pending else {})}
    answer = yield from _get(session, "incident.approval", wanted)
    found = [
        Approval(
            id=reading.reference(item.get("id")),
            status=reading.whole(item.get("status")),
            type=reading.whole(item.get("type")),
            author=reading.reference(item.get("author_id")),
            created_at=reading.whole(item.get("created_at")),
            description=tame_text(item.get("description")),
        )
        for item in reading.items(answer)
    ]
    return [one for one in found if not only_pending or one.status == -1]


def possible_voters(session: Session, approval: str) -> Call[list[Voter]]:
    """The people who may vote."""
    answer = yield from _get(session, "incident.approval.possible_voters", {"approval_id": approval})
    if isinstance(answer, dict) and "user_id" in answer:
        answer = [answer]
    listed = answer if isinstance(answer, list) else reading.items(answer)
    told = [item if isinstance(item, dict) else {"user_id": item, "status": -1} for item in listed]
    voters = [Voter(reading.reference(one.get("user_id", one.get("id"))), _status(one)) for one in told]
    return [voter for voter in voters if voter.id]


def _status(voter: Mapping[str, Any]) -> int:
    return -1 if voter.get("status") is None else reading.whole(voter["status"])


def people(session: Session, numbers: Iterable[str]) -> Call[dict[str, Person]]:
    """People by id, asked for together; those who are not there are left out. Kept for a while."""
    wanted = [number for number in dict.fromkeys(numbers) if number]
    kept, now = session.connection.people, session.now
    missing = [number for number in wanted if number not in kept or kept[number][1] < now - PEOPLE_KEPT_S]
    if missing:
        answer = yield from _get(session, "users", {"ids": missing})
        found = {one.id: one for one in map(reading.person, reading.items(answer)) if one is not None}
        if len(kept) > MOST_PEOPLE:
            kept.clear()
        kept.update({number: (found.get(number), now) for number in missing})
    known = ((number, kept[number][0]) for number in wanted if number in kept)
    return {number: one for number, one in known if one is not None}


def person_by(session: Session, *, email: str = "", username: str = "") -> Call[Person | None]:
    """The one person who has exactly this address or user name (in any case); None for none, and for several: InvGate
    is known to ignore filters, and to compare by part."""
    answer = yield from _get(session, "users.by", {"email": email, "username": username, "exact_match": True})
    found = [one for one in map(reading.person, reading.items(answer)) if one is not None]
    wanted = (email or username).strip().lower()
    hits = [one for one in found if (wanted in one.emails if email else one.username.lower() == wanted)]
    return hits[0] if len(hits) == 1 else None


def attribute_names(session: Session, attribute: str) -> Call[dict[str, str]]:
    """Names of the ids of an attribute (``status``, ``priority``...). {} when this installation does not tell."""
    kept = session.connection.names.get(attribute)
    if kept is not None and kept[1] > session.now - NAMES_KEPT_S:
        return kept[0]
    found: dict[str, str] = {}
    for endpoint in ATTRIBUTES[attribute]:
        try:
            found = reading.names((yield from _get(session, endpoint, {})))
        except Failed as failed:
            if failed.retriable:
                raise
        if found:
            break
    session.connection.names[attribute] = (found, session.now)
    return found


# --- Writing ---------------------------------------------------------------------------------------------------------


def create_incident(session: Session, fields: Mapping[str, Any]) -> Call[str]:
    """A new ticket's id. ``fields``: title, type_id, creator_id, customer_id, priority_id, category_id, description,
    source_id, location_id."""
    answer = yield from _send(session, "POST", "incident", fields)
    number = reading.reference(answer.get("request_id") or answer.get("id")) if isinstance(answer, dict) else ""
    if not number:
        raise Failed("invgate.unreadable", "POST incident", retriable=True, unknown=True)
    return number


def add_comment(session: Session, number: str, author: str, text: str, *, solution: bool, visible: bool) -> Call[None]:
    """A comment; one that is a solution solves the ticket."""
    form = {"request_id": number, "author_id": author, "comment": text}
    yield from _send(
        session, "POST", "incident.comment", {**form, "is_solution": solution, "customer_visible": visible}
    )


def reassign(session: Session, number: str, author: str, group: str, agent: str) -> Call[None]:
    """To a help desk, and to an agent of it unless ``agent`` is ""."""
    form = {"request_id": number, "author_id": author, "group_id": group, "agent_id": agent}
    yield from _send(session, "POST", "incident.reassign", form)


STATUS_CALLS: Mapping[str, tuple[str, str]] = {
    "cancelled": ("POST", "incident.cancel"),
    "rejected": ("POST", "incident.reject"),
    "reopened": ("PUT", "incident.reopen"),
    "waiting_for_customer": ("POST", "incident.waitingfor.customer"),
    "waiting_for_agent": ("POST", "incident.waitingfor.agent"),
}
"""What a ticket can be made, and the call for it: InvGate has none that sets a status. ``solved`` is a comment."""


def change_status(session: Session, number: str, author: str, wanted: str, note: str) -> Call[None]:
    """``wanted`` is a key of STATUS_CALLS."""
    method, endpoint = STATUS_CALLS[wanted]
    form = {"request_id": number, "author_id": author, **({"comment": note} if wanted == "cancelled" else {})}
    yield from _send(session, method, endpoint, form)


def answer_approval(
    session: Session, verb: Literal["accept", "reject", "cancel"], key: str, value: str, user: str, note: str
) -> Call[None]:
    """``key`` is ``approval_id`` or ``request_id``: which of the two an installation takes differs."""
    form = {key: value, "user_id": user, **({"note": note} if verb != "cancel" else {})}
    yield from _send(session, "PUT", f"incident.approval.{verb}", form)


def add_voter(session: Session, approval: str, user: str) -> Call[None]:
    """One more person who may vote."""
    yield from _send(session, "POST", "incident.approval.add_voter", {"approval_id": approval, "user_id": user})


def request_approval(session: Session, number: str, author: str, approver: str, description: str) -> Call[None]:
    """A spontaneous approval."""
    form = {"request_id": number, "author_id": author, "approval_user_id": approver, "description": description}
    yield from _send(session, "POST", "incident.spontaneous_approval", form)
