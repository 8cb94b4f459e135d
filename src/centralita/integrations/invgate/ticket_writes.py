"""Changes of tickets: ``ticket.create``, ``ticket.comment``, ``ticket.assign``, ``ticket.status``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from centralita.core.attributes import phase_of, word
from centralita.core.plain_text import plain_text
from centralita.integrations.invgate.client import service_desk as desk
from centralita.integrations.invgate.client.reading import reference, whole
from centralita.integrations.invgate.client.session import Call, Failed
from centralita.integrations.invgate.writing import DONE, Work, Write, unknown
from centralita.ports import Outcome

CLOCKS_DIFFER_S = 120
"""How much earlier than ours InvGate's clock may put what we wrote."""


def _create(work: Work) -> Call[Outcome]:
    """Arguments: title, description; requester, author (ids or e-mails); type, priority, category (ids or names)."""
    creator = yield from work.author()
    customer = (yield from work.user(work.argument("requester"))) if work.argument("requester") else creator
    fields: dict[str, Any] = {
        "title": work.argument("title"),
        "description": work.argument("description"),
        "creator_id": creator,
        "customer_id": customer,
    }
    for attribute in ("type", "priority", "category"):
        fields[f"{attribute}_id"] = yield from _id_of(work, attribute)
    if work.is_repeated:
        return (yield from _created_before(work, fields))
    try:
        number = yield from desk.create_incident(work.session, fields)
    except Failed as failed:
        if not failed.unknown:
            raise
        return (yield from _created_before(work, fields))
    return _created(work, number)


def _created(work: Work, number: str) -> Outcome:
    url = f"{work.session.connection.url.rstrip('/')}/requests/show/index/id/{number}"
    return Outcome(state="delivered", reference=url, answer={"ticket": {"id": number, "url": url}})


def _created_before(work: Work, fields: Mapping[str, Any]) -> Call[Outcome]:
    """Looks for what an earlier attempt may have made; never makes it again."""
    try:
        tickets = yield from desk.incidents_by_customer(work.session, fields["customer_id"])
    except Failed as failed:
        if not failed.retriable:
            return unknown(str(fields["title"])[:100])
        raise Failed(failed.reason, failed.detail, retriable=True, unknown=True) from failed
    mine = [
        reference(found.get("id"))
        for found in tickets
        if found.get("title") == fields["title"]
        and reference(found.get("creator_id")) == fields["creator_id"]
        and whole(found.get("created_at")) >= _asked_at(work) - CLOCKS_DIFFER_S
    ]
    return _created(work, mine[0]) if len(mine) == 1 else unknown(str(fields["title"])[:100])


def _asked_at(work: Work) -> int:
    return int(datetime.fromisoformat(work.delivery.event.time).timestamp())


def _id_of(work: Work, attribute: str) -> Call[str]:
    """The id of an attribute's value that was given by id or by name, in any case and without accents."""
    given = work.argument(attribute)
    names = yield from desk.attribute_names(work.session, attribute)
    if not given:
        if not names:
            raise Failed("invgate.value_missing", attribute, retriable=False)
        return min(names, key=int) if all(key.isdigit() for key in names) else next(iter(names))
    # A category is shown with those above it: "Hardware > Impresoras".
    said = {word(given), word(given.rpartition(">")[2])}
    hits = [key for key, name in names.items() if word(name) in said]
    if len(hits) == 1:
        return hits[0]
    if given in names or (given.isdigit() and not names):
        return given
    raise Failed(
        "invgate.value_unknown", f"{attribute}: {given} ({', '.join(sorted(names.values()))})", retriable=False
    )


def _comment(work: Work) -> Call[Outcome]:
    """Arguments: ticket, text, author; ``visible`` to the customer, ``solution``: both only when they are True."""
    author = yield from work.author()
    number, text = work.argument("ticket"), work.argument("text")
    if work.is_repeated and (yield from _is_there(work, number, author, text)):
        return DONE
    solution, visible = work.flag("solution"), work.flag("visible")
    yield from desk.add_comment(work.session, number, author, text, solution=solution, visible=visible)
    return DONE


def _is_there(work: Work, number: str, author: str, text: str) -> Call[bool]:
    """Whether the comment of an earlier attempt arrived: the same words by the same author, not older than the wish."""
    since = _asked_at(work) - CLOCKS_DIFFER_S
    found = yield from desk.comments(work.session, number)
    return any(
        one.author == author and one.created_at >= since and _words(one.message) == _words(text) for one in found
    )


def _words(text: str) -> list[str]:
    return plain_text(text).split()


def _assign(work: Work) -> Call[Outcome]:
    """Arguments: ticket, agent (id or e-mail) and group (id or name of a help desk; "" for the one that it is in, or
    for a ticket that is in none the agent's first)."""
    number = work.argument("ticket")
    author = yield from work.author()
    agent = (yield from work.user(work.argument("agent"))) if work.argument("agent") else ""
    ticket = yield from desk.incident(work.session, number)
    group = reference(ticket.get("assigned_group_id"))
    if work.argument("group"):
        group = yield from _id_of(work, "group")
    if not group and agent:
        group = next(iter((yield from desk.help_desks_of(work.session, agent))), "")
    if not group:
        raise Failed("invgate.value_missing", "group", retriable=False)
    is_there = reference(ticket.get("assigned_group_id")) == group and reference(ticket.get("assigned_id")) == agent
    if not is_there:
        yield from desk.reassign(work.session, number, author, group, agent)
    return DONE


def _status(work: Work) -> Call[Outcome]:
    """Arguments: ticket, status (``solved`` or one of ``service_desk.STATUS_CALLS``), note, author."""
    number, wanted = work.argument("ticket"), word(work.argument("status"))
    if wanted not in (*desk.STATUS_CALLS, "solved"):
        known = ", ".join(sorted((*desk.STATUS_CALLS, "solved")))
        raise Failed("invgate.value_unknown", f"status: {wanted} ({known})", retriable=False)
    author = yield from work.author()
    note = work.argument("note") or wanted
    if wanted == "solved":
        if not work.is_repeated or not (yield from _is_there(work, number, author, note)):
            yield from desk.add_comment(work.session, number, author, note, solution=True, visible=True)
        return DONE
    if not work.is_repeated or not (yield from _is_so(work, number, wanted)):
        yield from desk.change_status(work.session, number, author, wanted, work.argument("note"))
    return DONE


_STATUS_WORDS: Mapping[str, frozenset[str]] = {
    "cancelled": frozenset("cancelled canceled cancelado cancelada".split()),
    "rejected": frozenset("rejected rechazado rechazada".split()),
    "waiting_for_customer": frozenset(
        "waiting_for_customer waiting_for_user esperando_cliente esperando_usuario en_espera_del_cliente".split()
    ),
    "waiting_for_agent": frozenset("waiting_for_agent esperando_agente en_espera_del_agente".split()),
}
"""How InvGate may call what a ticket was made, as ``attributes.word`` writes it."""


def _is_so(work: Work, number: str, wanted: str) -> Call[bool]:
    """Whether an earlier attempt made the ticket what it is to be. When that can't be told, it is asked for again:
    twice cancelled is cancelled."""
    ticket = yield from desk.incident(work.session, number)
    names = yield from desk.attribute_names(work.session, "status")
    status = names.get(reference(ticket.get("status_id")), "")
    if wanted == "reopened":
        return phase_of(status) == "open"
    return word(status) in _STATUS_WORDS[wanted]


WRITES: Mapping[str, Write] = {
    "ticket.create": _create,
    "ticket.comment": _comment,
    "ticket.assign": _assign,
    "ticket.status": _status,
}
