"""The Service Desk that everybody starts with: the people of the local Slack workspace, and categories."""

from __future__ import annotations

from centralita.sandbox.invgate.desk import Desk
from centralita.sandbox.invgate.fleet import Person
from centralita.sandbox.invgate.model import Category, CustomApproval, Group, User

ANA, LUIS, MARTA, SAM, DIEGO = 11, 12, 13, 14, 15
"""Who asks; the agent; the approver and manager of both; the second agent; finance."""
DISABLED, DELETED = 16, 17
HELP_DESK, INFRASTRUCTURE = 3, 4
HARDWARE, PRINTERS, SOFTWARE, PURCHASES, NETWORK = 1, 2, 3, 4, 5
BUDGET = 9
"""The custom approval that Marta and Diego must both accept."""
FIRST_OF_THE_FLEET = 1001

_USERS = (
    User(ANA, "agomez", "ana@example.com", "Ana", "Gómez", MARTA, "Administración", "Analista"),
    User(LUIS, "lparedes", "luis@example.com", "Luis", "Paredes", MARTA, "Mesa de Ayuda", "Agente", type=2),
    User(MARTA, "mrios", "marta@example.com", "Marta", "Ríos", None, "Sistemas", "Gerencia de Sistemas"),
    User(SAM, "scarter", "sam@example.com", "Sam", "Carter", MARTA, "Infrastructure", "Engineer"),
    User(DIEGO, "dfuentes", "diego@example.com", "Diego", "Fuentes", None, "Finanzas", "Gerencia de Finanzas"),
    User(DISABLED, "jvera", "julia@example.com", "Julia", "Vera", MARTA, "Ventas", "Analista", is_disabled=True),
    User(DELETED, "otorres", "omar@example.com", "Omar", "Torres", MARTA, "Ventas", "Analista", is_deleted=True),
)
_CATEGORIES = (
    Category(HARDWARE, "Hardware"),
    Category(PRINTERS, "Impresoras", HARDWARE),
    Category(SOFTWARE, "Software"),
    Category(PURCHASES, "Compras"),
    Category(NETWORK, "Redes"),
)


def seed_desk() -> Desk:
    """A new Service Desk "Mesa de Ayuda": seven people (one disabled, one deleted), two help desks, two groups, five
    categories, one custom approval; no tickets."""
    desk = Desk()
    for user in _USERS:
        desk.users[user.id] = User(**vars(user))
    for agent in (LUIS, SAM):
        desk.users[agent].role_name, desk.users[agent].user_type = "Agente", 1
    desk.helpdesks = {
        HELP_DESK: Group(HELP_DESK, "Mesa de Ayuda", [LUIS, SAM]),
        INFRASTRUCTURE: Group(INFRASTRUCTURE, "Infraestructura", [SAM]),
    }
    desk.groups = {1: Group(1, "Gerencia", [MARTA, DIEGO]), 2: Group(2, "Administración", [ANA])}
    desk.categories = {one.id: Category(**vars(one)) for one in _CATEGORIES}
    desk.custom_approvals = {BUDGET: CustomApproval(BUDGET, "Aprobación de presupuesto", [MARTA, DIEGO], "all")}
    return desk


def enrol(desk: Desk, people: list[Person]) -> None:
    """Gives people of the fleet accounts in the Service Desk, with ids of their own there; Marta manages them all."""
    known = {user.username for user in desk.users.values()}
    for person in people:
        if person.username in known:
            continue
        name, _, lastname = person.name.partition(" ")
        user_id = desk.new_id("user", desk.users, FIRST_OF_THE_FLEET)
        desk.users[user_id] = User(
            user_id,
            person.username,
            person.email,
            name,
            lastname,
            MARTA,
            person.department,
            person.position,
            is_disabled=person.is_disabled,
            is_deleted=person.is_deleted,
        )
