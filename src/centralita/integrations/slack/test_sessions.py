"""Guided sessions in Slack: one message that keeps the problem's name, every step in its thread."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from centralita.core.effects import Subject
from centralita.core.subjects import project
from centralita.integrations.slack.blocks import render
from centralita.integrations.slack.facts import read_facts
from centralita.integrations.slack.story import tell_change, tell_root
from centralita.integrations.slack.test_messages import words
from centralita.integrations.slack.test_scripted import Workspace, delivery
from centralita.ports import Delivery

PROBLEM = {"id": "TKT-9", "title": "No puedo entrar al portal", "description": "No puedo entrar al portal\nDesde ayer"}


def told(number: int, kind: str, before: Subject | None = None, status: str = "in_progress", **data: Any) -> Delivery:
    values = {"source": "soporte", "title": "otro título", "status": status, "data": data}
    item = delivery(number, kind, subject="session/1", phase="", ticket={}, event=values)
    return msgspec.structs.replace(item, subject=project(before, item.event))


def change(item: Delivery, locale: str = "es") -> str:
    facts = read_facts(item, locale, "")
    return render(tell_change(facts, ""), "", locale, use_blocks=False, threads=True).text


def test_the_problem_stays_the_headline_and_the_steps_are_in_the_thread() -> None:
    workspace = Workspace()
    first = told(1, "session.started", status="started", ticket=PROBLEM, requester={"email": "marcos@example.com"})
    second = told(2, "step.failed", first.subject, step_number=2, notes="El enlace no llega")
    third = told(3, "session.escalated", second.subject, status="escalated", reason="Dos pasos sin resultado")
    for item in (first, second):
        assert workspace.run(item).state == "delivered"
    root, reply = workspace.messages
    assert root["text"] == "🧭 Sesión guiada: No puedo entrar al portal"
    for text in ("En curso", "TKT-9", "marcos@example.com", "Desde ayer"):
        assert text in str(root["attachments"])
    assert reply["text"].startswith("*✖️ El paso 2 no sirvió*\nEl enlace no llega")
    workspace.run(third)
    assert (
        root["text"] == "🙋 Sesión guiada que necesita a una persona: No puedo entrar al portal Alguien debe tomarla."
    )
    assert "Dos pasos sin resultado" in workspace.messages[-1]["text"]


@pytest.mark.parametrize(
    ("kind", "data", "es"),
    [
        ("session.started", {}, "🧭 Sesión iniciada"),
        ("session.resolved", {}, "✅ Problema resuelto"),
        ("session.abandoned", {}, "🚪 Sesión abandonada"),
        ("step.completed", {"step_number": 1}, "✔️ Paso 1 completado"),
        ("step.completed", {}, "✔️ Paso completado"),
        ("step.retried", {"step_number": 3}, "🔁 Se intenta otra vez el paso 3"),
        ("feedback.received", {"rating": 2, "feedback_text": "Lento"}, "⭐ Calificada con 2 de 5*\nLento"),
        ("problem.detected", {}, "🔎 Problema conocido reconocido"),
    ],
)
def test_what_happens_in_a_session(kind: str, data: dict[str, Any], es: str) -> None:
    item = told(1, kind, **data)
    assert change(item).startswith(f"*{es}")
    assert not change(item, "en").startswith(f"*{es}")


def test_a_state_that_is_not_known_is_shown_as_it_is() -> None:
    facts = read_facts(told(1, "session.started", status="resting", ticket=PROBLEM), "es", "")
    message = tell_root(facts, "", in_thread=False)
    assert "resting" in words(render(message, "", "es", use_blocks=True, threads=True))
