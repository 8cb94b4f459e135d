"""What is said of an approval in Slack, to whom it matters, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from centralita.integrations.slack.blocks import render
from centralita.integrations.slack.facts import read_facts
from centralita.integrations.slack.story import tell_change, tell_root
from centralita.integrations.slack.test_messages import words
from centralita.integrations.slack.test_scripted import delivery
from centralita.ports import Delivery

MARTA = {"name": "Marta Ríos", "email": "marta@example.com"}
EVIL = "<!channel> *x* {title} %s"


def told(kind: str, status: str = "open", by: dict[str, str] | None = None, **facts: Any) -> Delivery:
    approval = {
        "id": "apr_1",
        "authority": "hub",
        "status": status,
        "justification": "Se rompió la anterior.",
        "amount": 1500.5,
        "currency": "USD",
        "ticket": "4521",
        "waits_for": ["Marta Ríos", "Luis Paredes"],
        **facts,
    }
    data = {"approval": approval, "requester": {"name": "Ana Gómez", "email": "ana@example.com"}}
    values = {
        "source": "centralita",
        "title": "Notebook",
        "status": "",
        "data": {**data, **({"approver": by} if by else {})},
    }
    return delivery(1, kind, subject="approval/apr_1", phase="", ticket={}, event=values, audience="approver")


def root(item: Delivery, locale: str) -> str:
    rendered = render(
        tell_root(read_facts(item, locale, ""), "", in_thread=False), "", locale, use_blocks=True, threads=True
    )
    return f"{rendered.text}\n{words(rendered)}"


def change(item: Delivery, locale: str) -> str:
    return render(tell_change(read_facts(item, locale, ""), ""), "", locale, use_blocks=False, threads=True).text


CASES: dict[str, tuple[Delivery, str, str]] = {
    "requested": (
        told("approval.requested", told=["Marta Ríos", "Luis Paredes"]),
        "📝 Espera aprobación: Notebook",
        "Falta que Marta Ríos o Luis Paredes lo apruebe o lo rechace.",
    ),
    "voted": (told("approval.voted", by=MARTA, given=1), "🗳️ Espera aprobación", "Aprobaciones hasta ahora: 1."),
    "approved": (
        told("approval.answered", "approved", MARTA, note="Dale"),
        "✅ Se aprobó: Notebook",
        "✅ Lo aprobó Marta Ríos.*\n*Nota*\nDale",
    ),
    "rejected": (told("approval.answered", "rejected", MARTA), "⛔ Se rechazó: Notebook", "⛔ Lo rechazó Marta Ríos."),
    "elsewhere": (told("centralita.approval.closed", "approved"), "✅ Se aprobó", "Lo aprobó alguien en InvGate."),
    "reminded": (told("approval.reminded"), "⏰ Sigue esperando", "falta que responda Marta Ríos o Luis Paredes"),
    "escalated": (told("approval.escalated", told=["Jefa"]), "⏫ Espera aprobación", "también se le pidió a Jefa"),
    "expired": (told("approval.expired", "expired"), "⌛ No se aprobó a tiempo", "Nadie respondió a tiempo"),
    "reassigned": (told("approval.reassigned", told=["Sol"], note="Marta"), "🔁", "Sol responde en lugar de Marta."),
    "question": (
        told("approval.info_requested", "asked", MARTA, question="¿Qué modelo?"),
        "❓ Pregunta sobre la aprobación de Notebook",
        "*Pregunta*\n¿Qué modelo?",
    ),
    "answer": (
        told("approval.info_given", question="¿Qué modelo?", answer="T14"),
        "💬 Espera aprobación",
        "Ana Gómez respondió la pregunta.*\n*Pregunta*\n¿Qué modelo?\n*Respuesta*\nT14",
    ),
    "cancelled": (
        told("approval.cancelled", "cancelled", MARTA),
        "🚫 Ya no hace falta aprobar",
        "Lo canceló Marta Ríos.",
    ),
    "unassigned": (told("approval.unassigned"), "⚠️ No hay a quién pedirle", "Falta indicar un aprobador"),
    "failed": (
        told("approval.failed", reason="net.timeout 20 s"),
        "⚠️ InvGate no aceptó",
        "*Motivo*\nEl receptor no respondió a tiempo.\n20 s",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_in_spanish(case: str) -> None:
    item, headline, line = CASES[case]
    said = root(item, "es")
    for text in (headline, "1.500,50 USD", "#4521", "Ana Gómez", "Se rompió la anterior."):
        assert text in said
    assert line in change(item, "es")


@pytest.mark.parametrize("case", CASES)
def test_in_english_it_is_another_text(case: str) -> None:
    item, headline, line = CASES[case]
    assert headline not in root(item, "en") or headline == "🔁"
    assert line not in change(item, "en")
    assert "1,500.50 USD" in root(item, "en")


@pytest.mark.parametrize("kind", ["approval.requested", "approval.voted", "approval.failed", "approval.info_requested"])
def test_what_people_write_is_only_text(kind: str) -> None:
    item = told(kind, by={"name": EVIL}, told=[EVIL], note=EVIL, question=EVIL, justification=EVIL, currency=EVIL)
    for said in (root(item, "es"), change(item, "es")):
        assert "<!channel>" not in said


def test_a_requester_is_not_told_that_they_are_the_requester() -> None:
    item, _, _ = CASES["approved"]
    values = {"source": "centralita", "title": "Notebook", "status": "", "data": item.event.data}
    own = delivery(
        1, "approval.answered", subject="approval/apr_1", phase="", ticket={}, event=values, audience="requester"
    )
    assert "Solicitante" not in root(own, "es")
