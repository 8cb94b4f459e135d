"""Bodies about a ticket whose author chose the names: read by the usual ones, English and Spanish, however written.

``ticketId``, ``Ticket ID`` and ``ticket_id`` are one name. A setting ``map`` comes before the usual names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from centralita.core.attributes import one_line, web_url, word
from centralita.core.fields import Paths
from centralita.core.payload import find, first_text, tame_flag
from centralita.core.plain_text import plain_text

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DEEPEST = 4
_HOST = re.compile(r"(https?://)?[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?/?", re.ASCII)
_WITHOUT_SCHEME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,}(:\d{1,5})?/", re.ASCII)

MAP: Paths = {
    "event": ("event", "event_name", "event_type", "evento", "tipo_evento", "trigger", "trigger_name", "disparador"),
    "id": ("ticket_id", "ticket.id", "id_ticket", "id", "ticket_number", "numero_de_ticket", "numero", "nro", "ticket"),
    "pretty_id": ("ticket.number", "number", "pretty_id"),
    "title": (
        *("title", "subject", "asunto", "titulo", "ticket_title", "ticket_subject", "ticket.title", "ticket.subject"),
        *("ticket.asunto", "ticket.titulo", "summary", "resumen", "text"),
    ),
    "description": (
        *("description", "descripcion", "ticket_description", "ticket.description", "ticket.descripcion", "body"),
        *("detalle", "mensaje", "message"),
    ),
    "status": (
        *("status", "estado", "state", "ticket_status", "ticket.status", "ticket.estado", "ticket.state.name"),
        "ticket.state",
    ),
    "previous_status": ("previous_status", "estado_anterior", "old_status"),
    "priority": (
        *("priority", "prioridad", "ticket_priority", "ticket.priority.name", "ticket.priority", "ticket.prioridad"),
        *("severity", "severidad", "urgency", "urgencia"),
    ),
    "category": (
        *("category", "categoria", "ticket.category", "group.name", "group_name", "group", "grupo"),
        *("ticket.group.name", "ticket.group", "ticket_type", "ticket.ticket_type", "ticket.type", "tipo"),
    ),
    "url": ("url", "link", "enlace", "ticket_url", "ticket_link", "ticket.link", "ticket.url"),
    "requester_name": (
        *("requester_name", "requester.name", "requester", "solicitante.nombre", "solicitante", "nombre_solicitante"),
        *("customer_name", "customer.name", "customer", "ticket.requester.name", "ticket.requester", "name", "nombre"),
    ),
    "requester_first": ("requester.first_name", "ticket.requester.first_name", "ticket.customer.firstname"),
    "requester_last": ("requester.last_name", "ticket.requester.last_name", "ticket.customer.lastname"),
    "requester_email": (
        *("requester_email", "requester.email", "solicitante.email", "solicitante.correo", "correo_solicitante"),
        *("email_solicitante", "customer_email", "customer.email", "ticket.requester.email", "ticket.customer.email"),
        *("email", "correo"),
    ),
    "agent_name": (
        *("assignee_name", "assignee.name", "assignee", "agent_name", "agent.name", "agent", "agente.nombre", "agente"),
        *("asignado_a", "asignado", "ticket.assignee.name", "ticket.assignee", "owner_name"),
    ),
    "agent_first": ("assignee.first_name", "ticket.assignee.first_name", "ticket.owner.firstname"),
    "agent_last": ("assignee.last_name", "ticket.assignee.last_name", "ticket.owner.lastname"),
    "agent_email": (
        *("assignee_email", "assignee.email", "agent_email", "agent.email", "agente.email", "agente.correo"),
        *("ticket.assignee.email", "ticket.owner.email"),
    ),
    "comment": (
        *("latest_comment", "comment.text", "comment.body", "comment.message", "comment", "comentario.texto"),
        *("comentario", "ultimo_comentario", "ticket.latest_comment.value", "ticket.latest_comment"),
        *("latest_public_comment", "ticket.latest_public_comment", "ticket.latest_comment_formatted", "ticket.comment"),
        *("nota", "note", "article.body"),
    ),
    "comment_author": (
        *("comment_author", "comment.author.name", "comment.author", "author.name", "author", "autor"),
        *("current_user.name", "current_user", "current_user_name", "updated_by_name"),
    ),
    "customer_visible": (
        *(
            "customer_visible",
            "is_public",
            "public",
            "publico",
            "comment.is_public",
            "comment.public",
            "comment_public",
        ),
        *("latest_comment_is_public", "ticket.latest_comment.is_public", "ticket.comment.public"),
    ),
    "time": ("occurred_at", "event_time", "updated_at", "ticket.updated_at", "timestamp", "time", "fecha", "hora"),
    "created_at": ("created_at", "ticket.created_at", "creado"),
}
"""Our name of a field to the paths where it is looked for, the first that holds something readable."""


class TicketBody:
    """A body by our names of its fields."""

    def __init__(self, body: Mapping[str, Any], paths: Paths) -> None:
        self._body, self._paths = body, paths
        self._loose = loosened(body)

    def text(self, name: str) -> str:
        """The field as text; "" when nobody said it."""
        for path in self._paths[name]:
            if found := first_text(self._body, path) or first_text(self._loose, path):
                return found
        return ""

    def value(self, name: str) -> object:
        """The field as it came, from the first place that holds something."""
        for path in self._paths[name]:
            for body in (self._body, self._loose):
                if (found := find(body, path)) not in (None, ""):
                    return found
        return None

    def flag(self, name: str) -> bool:
        """Whether the author said yes, in any of the usual ways."""
        return tame_flag(self.value(name)) is True

    def person(self, role: str) -> dict[str, str]:
        """``{name, email}`` of a role, also out of ``Ana Gómez <ana@example.com>``."""
        name, inside = _apart(one_line(self.text(f"{role}_name")))
        email = one_line(self.text(f"{role}_email")) or inside
        name = name or " ".join(filter(None, (one_line(self.text(f"{role}_{part}")) for part in ("first", "last"))))
        return {key: value for key, value in (("name", name), ("email", email)) if value and value != "-"}

    def comment(self) -> dict[str, Any]:
        """``{text, author, visible_to_customer}``; {} without a text."""
        text, who = plain_text(self.text("comment")), _apart(one_line(self.text("comment_author")))
        author = who[0] or who[1]
        visible = {"visible_to_customer": self.flag("customer_visible")}
        return {"text": text, **({"author": author} if author else {}), **visible} if text else {}


def _apart(who: str) -> tuple[str, str]:
    """Name and address of ``Ana Gómez <ana@example.com>``, of an address alone, or of a name alone."""
    before, bracket, inside = who.rpartition("<")
    if bracket and "@" in inside:
        return before.strip(), inside.strip().removesuffix(">").strip()
    return ("", who) if "@" in who and " " not in who else (who, "")


def loosened(value: Any, depth: int = _DEEPEST) -> Any:
    """Objects with their keys in one way of writing; of two that become the same the first stays."""
    if not isinstance(value, Mapping) or not depth:
        return value
    written: dict[str, Any] = {}
    for key, item in value.items():
        written.setdefault(word(_HUMP.sub("_", key)), loosened(item, depth - 1))
    return written


def is_host(value: object) -> bool:
    """Whether ``value`` is a host, with or without ``https://``, of which a link to a ticket can be made."""
    return isinstance(value, str) and bool(_HOST.fullmatch(value))


def host_link(host: object, path: str, number: str) -> str:
    """The address of ``path`` at ``host`` with the number in it; "" without either."""
    if not number or not isinstance(host, str) or not is_host(host):
        return ""
    address = host.rstrip("/") if "://" in host else f"https://{host.rstrip('/')}"
    return web_url(f"{address}{path.format(number=quote(number, safe=''))}")


def link_of(text: str) -> str:
    """An address that a template wrote, also without its scheme (``acme.zendesk.com/agent/tickets/1``)."""
    return web_url(text) or (web_url(f"https://{text}") if _WITHOUT_SCHEME.match(text) else "")
