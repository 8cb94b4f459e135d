"""What a Service Desk is made of: its records, its fixed lists, and which status follows from which action.

The fixed lists are those of a real installation in Spanish: priorities 1 to 5, statuses 1 to 8, types 1 to 6, sources 1
to 14.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

NEW, OPEN, PENDING, WAITING, SOLVED, CLOSED, REJECTED, CANCELLED = range(1, 9)
OPEN_STATUSES = frozenset({NEW, OPEN, PENDING, WAITING, SOLVED})
"""What the ``incidents.by.*`` lists show."""

STATUSES: Mapping[int, str] = {
    NEW: "Nuevo",
    OPEN: "Abierto",
    PENDING: "Pendiente",
    WAITING: "En espera",
    SOLVED: "Solucionado",
    CLOSED: "Cerrado",
    REJECTED: "Rechazado",
    CANCELLED: "Cancelado",
}
PRIORITIES: Mapping[int, str] = {1: "Baja", 2: "Media", 3: "Alta", 4: "Urgente", 5: "Crítica"}
TYPES: Mapping[int, str] = {
    1: "Incidente",
    2: "Pedido de servicio",
    3: "Pregunta",
    4: "Problema",
    5: "Pedido de cambio",
    6: "Incidente mayor",
}
_SOURCE_NAMES = (
    "Correo",
    "Web",
    "Teléfono",
    "En persona",
    "IM",
    "Programado",
    "Importado",
    "API",
    "MS Teams",
    "WhatsApp",
    "Workflow",
    "Chat Integrado",
    "App Móvil",
    "MCP",
)
SOURCES: Mapping[int, str] = dict(enumerate(_SOURCE_NAMES, 1))
BY_API = 8

_UNSOLVED = frozenset({NEW, OPEN, PENDING, WAITING})
TRANSITIONS: Mapping[str, tuple[frozenset[int], int]] = {
    "assign": (frozenset({NEW}), OPEN),
    "solve": (_UNSOLVED, SOLVED),
    "accept_solution": (frozenset({SOLVED}), CLOSED),
    "reject_solution": (frozenset({SOLVED}), OPEN),
    "reopen": (frozenset({SOLVED, CLOSED, REJECTED, CANCELLED}), OPEN),
    "cancel": (OPEN_STATUSES, CANCELLED),
    "reject": (_UNSOLVED, REJECTED),
    "wait_for_customer": (_UNSOLVED, WAITING),
    "wait_for_date": (_UNSOLVED, WAITING),
    "wait_for_incident": (_UNSOLVED, WAITING),
    "wait_for_external_entity": (_UNSOLVED, WAITING),
    "wait_for_agent": (_UNSOLVED, OPEN),
}
"""Action -> (statuses in which it is possible, the status after it)."""

SOLUTION_ACCEPTED = 1
"""``closed_reason``; 2 the solution's time ran out, 3 the customer's, 4 the workflow ended."""

APPROVAL_CANCELLED, APPROVAL_WAITING, APPROVAL_REJECTED, APPROVAL_APPROVED = -2, -1, 0, 1
APPROVAL_STATUSES: Mapping[int, str] = {-2: "Cancelada", -1: "Esperando", 0: "Rechazada", 1: "Aprobada"}
VOTE_STATUSES: Mapping[int, str] = {-2: "Anulado", -1: "Esperando", 0: "Rechazado", 1: "Aprobado", 2: "Expirado"}
PREDEFINED, SPONTANEOUS = 1, 2
APPROVAL_TYPES: Mapping[int, str] = {PREDEFINED: "Predefinida", SPONTANEOUS: "Espontánea"}

Answer = Literal["approved", "rejected"]


class DeskError(Exception):
    """What the Service Desk refuses to do; the text goes to the caller."""


@dataclass
class User:
    """A person with an account, an agent or an end user."""

    id: int
    username: str
    email: str
    name: str
    lastname: str = ""
    manager_id: int | None = None
    department: str = ""
    position: str = ""
    location: str = ""
    employee_number: str = ""
    other_email: str = ""
    phone: str = ""
    mobile: str = ""
    role_name: str = "Usuario final"
    type: int = 1
    """1 system, 2 LDAP, 3 web service, 4 customer, 5 mailbox."""
    user_type: int = 2
    """1 agent, 2 end user."""
    is_disabled: bool = False
    is_deleted: bool = False
    is_external: bool = False

    @property
    def full_name(self) -> str:
        return f"{self.name} {self.lastname}".strip()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Group:
    """A group of people (``groups``) or a help desk that tickets are assigned to (``helpdesks``)."""

    id: int
    name: str
    member_ids: list[int] = field(default_factory=list)
    parent_id: int = 0


@dataclass
class Category:
    id: int
    name: str
    parent_category_id: int = 0


@dataclass
class CustomApproval:
    """An approval that an agent may ask for by hand, with voters fixed beforehand."""

    id: int
    title: str
    voter_ids: list[int]
    needs: Literal["any", "all"] = "any"


@dataclass
class Comment:
    id: int
    incident_id: int
    author_id: int
    message: str
    """HTML."""
    msg_num: int
    created_at: int
    is_solution: bool = False
    customer_visible: bool = True


@dataclass
class Vote:
    user_id: int
    status: int = APPROVAL_WAITING
    note: str = ""


@dataclass
class Approval:
    """One instance of an approval."""

    id: int
    request_id: int
    author_id: int
    type: int
    description: str
    created_at: int
    votes: list[Vote]
    needs: Literal["any", "all"] = "any"
    """``any``: the first answer decides; ``all``: every voter must accept, one rejection rejects."""
    status: int = APPROVAL_WAITING

    def vote_of(self, user_id: int) -> Vote | None:
        return next((vote for vote in self.votes if vote.user_id == user_id), None)


@dataclass
class Incident:
    """A ticket; the API calls it an incident or a request. Times are seconds since 1970."""

    id: int
    title: str
    description: str
    """HTML."""
    user_id: int
    """Who asks for help."""
    creator_id: int
    created_at: int
    last_update: int
    date_ocurred: int
    status_id: int = NEW
    priority_id: int = 2
    type_id: int = 1
    category_id: int = 1
    source_id: int = BY_API
    assigned_id: int | None = None
    assigned_group_id: int | None = None
    location_id: int | None = None
    solved_at: int | None = None
    closed_at: int | None = None
    closed_reason: int | None = None
    rating: int | None = None
    process_id: int | None = None
    sla_incident_first_reply: str | None = None
    sla_incident_resolution: str | None = None
    attachments: list[int] = field(default_factory=list)
    custom_fields: dict[str, Any] = field(default_factory=dict)
    """By uid."""
    comments: list[Comment] = field(default_factory=list)

    @property
    def pretty_id(self) -> str:
        return f"#{self.id}"
