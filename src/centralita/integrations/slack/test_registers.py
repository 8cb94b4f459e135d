"""Clients, contacts and assets in Slack, and the orders that are about them."""

from __future__ import annotations

from typing import Any

import pytest

from centralita.integrations.slack.blocks import Rendered, render
from centralita.integrations.slack.facts import read_facts
from centralita.integrations.slack.story import tell_change, tell_root
from centralita.integrations.slack.test_messages import words
from centralita.integrations.slack.test_scripted import ANA, delivery
from centralita.ports import Delivery

CLINIC = {"id": "cli_1", "name": "Clínica del Sur", "code": "C31", "city": "Cochabamba", "legal_name": "SUR S.R.L."}
AUTOCLAVE = {"id": "act_1", "name": "Autoclave 75 L", "code": "EQ-0117", "serial": "AV-2", "location": "Piso 2"}
ROSA = {"id": "cliusu_1", "name": "Rosa Quispe", "email": "rosa@example.com"}
ORDER = {
    "id": "ot_9Zc4",
    "pretty_id": "OT001204",
    "type": "work_order",
    "title": "Revisar autoclave",
    "status": "Abierta",
}
URL = "https://cmms.test/x"


def told(kind: str, **data: Any) -> Delivery:
    thing = kind.partition(".")[0]
    values = {"source": "cmmshere", "title": "", "status": "", "url": URL, "data": data}
    return delivery(1, kind, subject=f"{thing}/1", phase="", ticket={}, event=values)


def root(item: Delivery, locale: str = "es") -> Rendered:
    facts = read_facts(item, locale, "https://desk.test")
    return render(tell_root(facts, "", in_thread=False), "", locale, use_blocks=True, threads=True)


def change(item: Delivery, locale: str = "es") -> str:
    facts = read_facts(item, locale, "https://desk.test")
    return render(tell_change(facts, ""), "", locale, use_blocks=False, threads=True).text


@pytest.mark.parametrize(
    ("kind", "headline", "line"),
    [
        ("client.created", "🏢 Nuevo cliente: Clínica del Sur", "🏢 Cliente registrado"),
        ("client.updated", "🏢 Cliente modificado: Clínica del Sur", "🏢 Cliente modificado"),
        ("client.deleted", "🏢 Cliente eliminado: Clínica del Sur", "🏢 Cliente eliminado"),
        ("contact.created", "👤 Nuevo contacto: Rosa Quispe", "👤 Contacto registrado"),
        ("contact.updated", "👤 Contacto modificado: Rosa Quispe", "👤 Contacto modificado"),
        ("contact.deleted", "👤 Contacto eliminado: Rosa Quispe", "👤 Contacto eliminado"),
        ("asset.created", "📦 Nuevo activo: Autoclave 75 L", "📦 Activo registrado"),
        ("asset.updated", "📦 Activo modificado: Autoclave 75 L", "📦 Activo modificado"),
        ("asset.deleted", "📦 Activo eliminado: Autoclave 75 L", "📦 Activo eliminado"),
    ],
)
def test_headlines(kind: str, headline: str, line: str) -> None:
    item = told(kind, client=CLINIC, contact=ROSA, asset=AUTOCLAVE)
    assert root(item).text == headline
    assert change(item).startswith(f"*{line}*")
    assert root(item, "en").text not in headline


def test_what_is_known_of_it() -> None:
    said = words(root(told("asset.updated", asset=AUTOCLAVE, client=CLINIC, requester=ROSA)))
    for field in ("*Código:*\nEQ-0117", "*Número de serie:*\nAV-2", "*Ubicación:*\nPiso 2", "*Por:*\nRosa Quispe"):
        assert field in said
    assert "*Cliente:*\nClínica del Sur (C31)" in said
    assert "*Ciudad:*\nCochabamba" in words(root(told("client.created", client=CLINIC)))
    assert "*Correo:*\nrosa@example.com" in words(root(told("contact.created", contact=ROSA)))


def test_without_a_record_it_is_an_event_like_any_other() -> None:
    said = words(root(told("asset.updated")))
    assert "📌 Impresora" not in said
    assert "*Tipo:*\nasset.updated" in said


@pytest.mark.parametrize(
    ("kind", "type_", "headline", "line"),
    [
        ("ticket.created", "work_order", "🛠️ Nueva orden de trabajo OT001204: Revisar", "🛠️ Orden de trabajo creada"),
        ("ticket.updated", "work_order", "🛠️ Orden de trabajo OT001204 actualizada: Revisar", "🛠️ Actualizado"),
        ("ticket.deleted", "work_order", "🗑️ Orden de trabajo OT001204 eliminada: Revisar", "🗑️ Eliminado"),
        (
            "ticket.created",
            "work_request",
            "📋 Nueva solicitud de trabajo OT001204",
            "📋 Solicitud de trabajo creada",
        ),
        ("ticket.closed", "work_order", "✅ Ticket OT001204 cerrado: Revisar", "✅ Cerrado"),
        ("ticket.deleted", "incident", "🗑️ Ticket OT001204 eliminado: Revisar", "🗑️ Eliminado"),
    ],
)
def test_orders_and_requests_by_their_own_names(kind: str, type_: str, headline: str, line: str) -> None:
    item = told(kind, ticket={**ORDER, "type": type_})
    assert root(item).text.startswith(headline)
    assert change(item).startswith(f"*{line}*")


def test_an_order_names_client_asset_and_requester_and_no_agent_that_nobody_told() -> None:
    rendered = root(told("ticket.created", ticket=ORDER, client=CLINIC, asset=AUTOCLAVE, requester=ANA))
    said = words(rendered)
    for field in (
        "*Cliente:*\nClínica del Sur (C31)",
        "*Activo:*\nAutoclave 75 L (EQ-0117)",
        "*Solicitante:*\nAna Gómez",
    ):
        assert field in said
    assert "Agente" not in said
    assert "Falta asignar" not in said
    other = words(root(told("ticket.created", ticket={**ORDER, "type": "incident"})))
    assert "Falta asignar a alguien." in other
