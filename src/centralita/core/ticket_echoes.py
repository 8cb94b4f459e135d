"""What a service desk tells back of what we wrote there: the same comment, assignment or status. Pure.

What was asked and what is told are each brought to ``Said``: what it is about, and its words without what a desk adds
to them. An echo is told of once; a second one like it is somebody else's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from centralita.core.attributes import phase_of, word
from centralita.core.events import Event
from centralita.core.payload import tame_text, text
from centralita.core.plain_text import plain_text

KEPT_S = 3600.0
"""How long an echo is waited for."""
KINDS: Mapping[str, str] = {
    "ticket.commented": "comment",
    "ticket.assigned": "assignment",
    "ticket.status_changed": "status",
    "ticket.closed": "status",
    "ticket.reopened": "status",
}
"""Event type to what it may be the echo of."""
STATUSES: Mapping[str, frozenset[str]] = {
    "solved": frozenset("solved resolved solucionado solucionada resuelto resuelta closed cerrado cerrada".split()),
    "cancelled": frozenset("cancelled canceled cancelado cancelada".split()),
    "rejected": frozenset("rejected rechazado rechazada".split()),
    "waiting_for_customer": frozenset(
        "waiting_for_customer waiting_for_user waiting on_hold en_espera esperando_cliente esperando_usuario "
        "en_espera_del_cliente".split()
    ),
    "waiting_for_agent": frozenset("waiting_for_agent open abierto esperando_agente en_espera_del_agente".split()),
}
"""What a ticket was made, to how a desk may call that, as ``attributes.word`` writes it."""
_NOT_A_WORD = re.compile(r"\W+")


class Said(msgspec.Struct, frozen=True):
    """Something written into a ticket."""

    kind: str
    """``comment``, ``assignment`` or ``status``."""
    content: str
    """A comment's SHA-256, an agent's address, or a key of STATUSES; of a status that was told, the desk's word."""


def asked(action: str, arguments: Mapping[str, Any]) -> list[Said]:
    """What a desk will tell back of an action; [] for what can't be recognised."""
    if action == "ticket.comment":
        return [Said("comment", digest(tame_text(arguments.get("text"))))]
    if action == "ticket.assign":
        agent = tame_text(arguments.get("agent")).lower()
        return [Said("assignment", agent)] if "@" in agent else []
    if action == "ticket.status":
        status = word(arguments.get("status"))
        note = tame_text(arguments.get("note")) or status
        comment = [Said("comment", digest(note))] if status == "solved" else []  # a solution is a comment
        return [Said("status", status), *comment]
    return []


def told(event: Event) -> Said | None:
    """What an event says was written; None when it can be the echo of nothing."""
    kind = KINDS.get(event.type, "")
    content = ""
    if kind == "comment":
        content = digest(comment) if (comment := text(event.data, "comment.text", 1_000_000)) else ""
    elif kind == "assignment":
        content = text(event.data, "agent.email").lower()
    elif kind == "status":
        content = word(event.status)
    return Said(kind, content) if content else None


def is_echo(told_: Said, asked_: Said) -> bool:
    """Whether the one is told back of the other."""
    if told_.kind != asked_.kind or told_.kind != "status":
        return told_ == asked_
    if asked_.content == "reopened":
        return phase_of(told_.content) == "open"
    return told_.content in STATUSES.get(asked_.content, ())


def digest(comment: str) -> str:
    """Of a comment's words: markup, spaces, punctuation and case are the desk's to change."""
    # Twice: what a desk sends was HTML, and has been read once when it gets here.
    words = _NOT_A_WORD.sub(" ", plain_text(plain_text(comment))).strip().casefold()
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
