"""The workspace that everybody starts with: a Spanish-speaking help desk."""

from __future__ import annotations

import time

from centralita.sandbox.slack.apps import App
from centralita.sandbox.slack.workspace import Bot, Conversation, User, Usergroup, Workspace

BOT_TOKEN = "xoxb-local-mesa-de-ayuda"  # noqa: S105  # no secret: everybody may know the local workspace's token
APP_TOKEN = "xapp-local-mesa-de-ayuda"  # noqa: S105  # nor its app token
SIGNING_SECRET = "local-signing-secret"  # noqa: S105  # nor what signs its requests
APP_ID = "A0CENTRALIT"
HOOK_PATH = "/services/T0MESAAYUDA/B0AVISOS/local-mesa-de-ayuda"

_PEOPLE = (
    User("U0ANAGOMEZ", "ana", "Ana Gómez", "ana@example.com", "es-LA", "Administración"),
    User("U0LUISPARED", "luis", "Luis Paredes", "luis@example.com", "es-ES", "Mesa de Ayuda"),
    User("U0MARTARIOS", "marta", "Marta Ríos", "marta@example.com", "es-ES", "Gerencia de Sistemas"),
    User("U0SAMCARTER", "sam", "Sam Carter", "sam@example.com", "en-US", "Infrastructure", "America/New_York", -18000),
    User("U0ADMIN", "admin", "Admin", "admin@example.com", "es-ES", "Administración de Slack", is_admin=True),
)
PEOPLE = {person.name: person.id for person in _PEOPLE}
"""Name to user id."""
_BOT_USER = "U0CENTRALIT"
_STAFF = ("U0LUISPARED", "U0SAMCARTER", "U0ADMIN", _BOT_USER)
_EVERYONE = ("U0ANAGOMEZ", "U0MARTARIOS", *_STAFF)

_CHANNELS = (
    ("C0MESAAYUDA", "mesa-de-ayuda", "Pedidos y tickets de todos los días", _EVERYONE),
    ("C0ALERTS", "alerts", "Alertas del monitoreo", _STAFF),
    ("C0INCIDENTS", "incidents", "Incidentes en curso", ("U0MARTARIOS", *_STAFF)),
    ("C0INFRACRIT", "infrastructure-critical", "Infraestructura crítica", _STAFF),
    ("C0SECALERTS", "security-alerts", "Seguridad", _STAFF),
    ("C0NOTIFICAT", "notifications", "Avisos de baja prioridad", _STAFF),
    ("C0CHANGES", "changes", "Cambios planificados", ("U0MARTARIOS", *_STAFF)),
    ("C0REPORTS", "reports", "Informes programados", ("U0MARTARIOS", *_STAFF)),
    ("C0CENTRALOP", "centralita-ops", "La centralita habla de sí misma", _STAFF),
)
_USERGROUPS = (
    Usergroup("S0ONCALL", "oncall", "Guardia", ["U0LUISPARED"]),
    Usergroup("S0INFRA", "infrastructure-team", "Infraestructura", ["U0SAMCARTER", "U0LUISPARED"]),
    Usergroup("S0SECURITY", "security-team", "Seguridad", ["U0SAMCARTER"]),
)


def another_workspace(name: str) -> Workspace:
    """A workspace with nobody but an administrator and one channel, where no app is installed yet."""
    domain = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    workspace = Workspace(f"T0{domain.upper().replace('-', '')[:9]}", name, domain)
    admin = User(
        workspace.new_id("U"), f"admin-{domain}", f"Admin {name}", f"admin@{domain}.example.com", is_admin=True
    )
    workspace.users[admin.id] = admin
    channel = workspace.new_id("C")
    workspace.conversations[channel] = Conversation(channel, "general", "public_channel", [admin.id], int(time.time()))
    return workspace


def seed_workspace() -> Workspace:
    """A new workspace "Mesa de Ayuda": five people, nine channels with the bot in each, three user groups, one bot
    token (``BOT_TOKEN``) and one incoming webhook into #alerts (``HOOK_PATH``)."""
    workspace = Workspace("T0MESAAYUDA", "Mesa de Ayuda", "mesa-de-ayuda")
    for person in _PEOPLE:
        workspace.users[person.id] = User(**vars(person))
    workspace.users[_BOT_USER] = User(_BOT_USER, "centralita", "Centralita", is_bot=True)
    workspace.bots[BOT_TOKEN] = Bot("B0CENTRALIT", APP_ID, _BOT_USER, "centralita", BOT_TOKEN)
    workspace.apps[APP_ID] = App(
        APP_ID, "Centralita", APP_TOKEN, SIGNING_SECRET, "1000000000.2000000000", "local-client-secret"
    )
    created_s = int(time.time())
    for channel_id, name, purpose, members in _CHANNELS:
        workspace.conversations[channel_id] = Conversation(
            channel_id, name, "public_channel", list(members), created_s, purpose=purpose
        )
    for group in _USERGROUPS:
        workspace.usergroups[group.id] = Usergroup(group.id, group.handle, group.name, list(group.users))
    workspace.hooks[HOOK_PATH] = ("C0ALERTS", BOT_TOKEN)
    return workspace
