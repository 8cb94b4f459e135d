"""A stand-in for InvGate: sends the webhooks that an InvGate rule with the action "Call Web Service" would send.

InvGate has no fixed payload: the author of the rule chooses the fields and one header. This is the choice of a sensible
author, and the shape that a hub's defaults should fit. Every body is a flat JSON object; every value is text except
where noted; a field that does not apply is absent.

===================== ==================================================================================
``event``             one of ``EVENTS``
``request_id``        number: InvGate's id of the ticket, the one field that every rule sends
``pretty_id``         the number that people say: ``#4521``
``title``             plain text
``description``       **HTML**, as InvGate keeps it (paragraphs, tables, entities)
``status``            ``Nuevo``, ``Abierto``, ``En curso``, ``En espera``, ``Solucionado``, ``Cerrado``, ...
``previous_status``   only of ``status_changed``
``priority``          ``Crítica``, ``Urgente``, ``Alta``, ``Media``, ``Baja``
``category``          a path: ``Hardware > Impresoras``
``type``              ``Incidente``, ``Pedido de servicio``, ...
``requester_name``    who asked for help
``requester_email``   that person's address
``agent_name``        who works on it; absent until somebody does
``agent_email``       that person's address
``group``             the help desk that it is assigned to
``approver_name``     of ``approval_requested`` and ``approval_answered``
``approver_email``    that person's address
``approval_status``   of ``approval_answered``: ``approved`` or ``rejected``
``approval_note``     of ``approval_answered``: what the approver wrote
``comment``           of ``comment_added``: HTML
``comment_author``    of ``comment_added``: a name
``customer_visible``  of ``comment_added``: number, 1 when the requester may read it, else 0
``sla``               of ``sla_breached``: ``first_reply`` or ``resolution``
``url``               the ticket in InvGate: ``https://<instance>/requests/show/index/id/<id>``
``created_at``        number: when the ticket was created, seconds since 1970
``updated_at``        number: when this event happened, seconds since 1970
===================== ==================================================================================
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp
import msgspec

EVENTS = (
    "new_ticket",
    "status_changed",
    "agent_assigned",
    "comment_added",
    "approval_requested",
    "approval_answered",
    "sla_breached",
    "ticket_closed",
)
INSTANCE = "mesadeayuda.sd.cloud.invgate.net"


@dataclass(frozen=True)
class Person:
    name: str
    email: str


ANA = Person("Ana Gómez", "ana@example.com")
LUIS = Person("Luis Paredes", "luis@example.com")
MARTA = Person("Marta Ríos", "marta@example.com")


@dataclass(frozen=True)
class Ticket:
    """A ticket as the stand-in remembers it."""

    request_id: int
    title: str
    description: str = ""
    status: str = "Nuevo"
    priority: str = "Media"
    category: str = "General"
    type: str = "Incidente"
    group: str = "Mesa de Ayuda"
    requester: Person = ANA
    agent: Person | None = None
    created_at: int = field(default_factory=lambda: int(time.time()))

    def fields(self) -> dict[str, Any]:
        """The flat fields of the ticket itself."""
        flat: dict[str, Any] = {
            "request_id": self.request_id,
            "pretty_id": f"#{self.request_id}",
            "title": self.title,
            "description": self.description,
            "status": self.status,
            "priority": self.priority,
            "category": self.category,
            "type": self.type,
            "group": self.group,
            "requester_name": self.requester.name,
            "requester_email": self.requester.email,
            "url": f"https://{INSTANCE}/requests/show/index/id/{self.request_id}",
            "created_at": self.created_at,
        }
        if self.agent is not None:
            flat |= {"agent_name": self.agent.name, "agent_email": self.agent.email}
        return flat


@dataclass(frozen=True)
class Sent:
    """What became of one webhook."""

    status: int
    answer: bytes
    body: bytes
    """The exact bytes that were sent."""


class InvGateSender:
    """Sends to ``url`` with the secret in the header ``header_name``; use as ``async with``. Each method sends one
    event and returns the receiver's answer, whatever its status; aiohttp.ClientError when nobody answers. Tickets are
    remembered by their id, so that a later event carries the whole ticket; an unknown id is a KeyError."""

    def __init__(
        self, url: str, header_name: str = "X-Webhook-Secret", secret: str = "", timeout_s: float = 30
    ) -> None:
        self.url = url
        self.tickets: dict[int, Ticket] = {}
        self._headers = {"Content-Type": "application/json"} | ({header_name: secret} if secret else {})
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ticket_created(self, ticket: Ticket) -> Sent:
        """``new_ticket``."""
        self.tickets[ticket.request_id] = ticket
        return await self._send("new_ticket", ticket)

    async def status_changed(self, request_id: int, status: str) -> Sent:
        """``status_changed``, with the status before in ``previous_status``."""
        before = self.tickets[request_id].status
        return await self._send("status_changed", self._change(request_id, status=status), previous_status=before)

    async def agent_assigned(self, request_id: int, agent: Person = LUIS) -> Sent:
        """``agent_assigned``."""
        return await self._send("agent_assigned", self._change(request_id, agent=agent))

    async def comment_added(
        self, request_id: int, comment: str, author: str = LUIS.name, customer_visible: bool = False
    ) -> Sent:
        """``comment_added``; ``comment`` is HTML."""
        return await self._send(
            "comment_added",
            self.tickets[request_id],
            comment=comment,
            comment_author=author,
            customer_visible=int(customer_visible),
        )

    async def approval_requested(self, request_id: int, approver: Person = MARTA) -> Sent:
        """``approval_requested``."""
        ticket = self.tickets[request_id]
        return await self._send(
            "approval_requested", ticket, approver_name=approver.name, approver_email=approver.email
        )

    async def approval_answered(
        self, request_id: int, answer: Literal["approved", "rejected"], note: str = "", approver: Person = MARTA
    ) -> Sent:
        """``approval_answered``."""
        return await self._send(
            "approval_answered",
            self.tickets[request_id],
            approver_name=approver.name,
            approver_email=approver.email,
            approval_status=answer,
            approval_note=note,
        )

    async def sla_breached(self, request_id: int, sla: Literal["first_reply", "resolution"] = "resolution") -> Sent:
        """``sla_breached``."""
        return await self._send("sla_breached", self.tickets[request_id], sla=sla)

    async def ticket_closed(self, request_id: int) -> Sent:
        """``ticket_closed``."""
        return await self._send("ticket_closed", self._change(request_id, status="Cerrado"))

    async def send_raw(self, body: bytes) -> Sent:
        """Any bytes, under the configured header: the same webhook again, or a broken one."""
        if self._session is None:
            raise RuntimeError("use it as: async with InvGateSender(...) as invgate")
        async with self._session.post(self.url, data=body, headers=self._headers) as response:
            return Sent(response.status, await response.read(), body)

    def _change(self, request_id: int, **changes: Any) -> Ticket:
        self.tickets[request_id] = replace(self.tickets[request_id], **changes)
        return self.tickets[request_id]

    async def _send(self, event: str, ticket: Ticket, **more: Any) -> Sent:
        body = {"event": event, **ticket.fields(), **more, "updated_at": int(time.time())}
        return await self.send_raw(msgspec.json.encode(body))
