"""Configuration items: what sources and people say, how they are found, and which an event means."""

from __future__ import annotations

from typing import Any

import pytest

from centralita.core.ci_links import MOST, Known, link, names_of
from centralita.core.ci_search import GOOD, POOR, asked_for, filed_under, fold, grams, score
from centralita.core.cis import (
    INVERSE,
    NOBODY,
    RELATIONS,
    TYPE_WORDS,
    Ci,
    Facts,
    Owner,
    completed,
    edit,
    edited_fields,
    facts_of,
    read_attributes,
    relation,
    type_of,
    without_echoes,
    write_attributes,
)
from centralita.core.events import Event


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ERP-DB-01", "erp db 01"),
        ("  Impresora   Contaduría (2.º piso) ", "impresora contaduria 2 o piso"),
        ("Año_Ñandú", "ano nandu"),
        ("ﬁrewall Ⅻ", "firewall xii"),
        ("Straße", "strasse"),
        ("ＳＲＶ０１", "srv01"),
        ("e\u0301xito", "exito"),
        ("…", ""),
        ("数据库-1", "数据库 1"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded == fold(folded)


def test_grams_fill_up_the_ends_of_each_word() -> None:
    assert grams("ups") == ["  u", " up", "ups", "ps "]
    assert grams("a a") == ["  a", " a "]
    assert grams("") == []
    assert len(grams(" ".join(f"{number:04}" for number in range(99)))) == 60


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("Servidor", "server"),
        ("SERVER", "server"),
        ("Servidor físico", "server"),
        ("Windows Server", "server"),
        ("Impresora láser", "printer"),
        ("Laser printer", "printer"),
        ("Notebook", "laptop"),
        ("Portátil", "laptop"),
        ("Base de datos", "database"),
        ("Servicio de negocio", "service"),
        ("virtual_machine", "virtual_machine"),
        ("Grupo electrógeno", "grupo electrógeno"),
        ("", ""),
    ],
)
def test_types_are_in_our_words_or_as_said(said: str, ours: str) -> None:
    assert type_of(said) == ours
    assert type_of(ours) == ours


# (what is typed, what it is called, what else is said of it, found for sure)
REMEMBERED = [
    ("erp-db-01", "ERP-DB-01", "", True),
    ("erp db 01", "ERP-DB-01", "", True),
    ("erpdb01", "ERP-DB-01", "", True),
    ("erp-bd-01", "ERP-DB-01", "", True),
    ("erp", "ERP-DB-01", "", True),
    ("servidor de pagos", "Servidor de Pagos", "", True),
    ("servdor pagso", "Servidor de Pagos", "", True),
    ("pagos servidor", "Servidor de Pagos", "", True),
    ("pagos", "Servidor de Pagos (producción)", "", True),
    ("contaduria", "Impresora Contaduría", "", True),
    ("CONTADURÍA impresora", "Impresora Contaduría", "", True),
    ("contadruia", "Impresora Contaduría", "", True),
    ("impresra", "HP-4015", "printer impresora", True),
    ("ana ruiz", "NB-0042", "laptop Ana Ruiz", True),
    ("nb42", "NB-0042", "", True),
    ("mail gatway", "Mail Gateway", "", True),
    ("payment servcie", "Payment Service", "", True),
    ("switch", "Mail Gateway", "", False),
    ("cafetera", "Servidor de Pagos", "", False),
]


@pytest.mark.parametrize(("query", "name", "also", "sure"), REMEMBERED)
def test_what_people_remember_is_near_enough(query: str, name: str, also: str, sure: bool) -> None:
    near = score(fold(query), fold(name), fold(name), fold(also))
    assert (near >= GOOD) == sure, near
    assert near <= 100.0
    shared = set(asked_for(query, TYPE_WORDS)) & filed_under([name], [also])
    assert bool(shared) or not sure


def test_a_name_beats_a_mention_and_nothing_is_near_to_everything() -> None:
    assert score("pagos", "pagos", "pagos", "") == 100.0
    assert score("pagos", "pagos api", "pagos api", "") > score("pagos", "erp", "erp", "pagos")
    assert score("zzqq", "servidor", "servidor", "") < POOR
    assert score("", "servidor", "servidor", "") == 0.0


# ---- what sources and people say -------------------------------------------------------------------------------------

ASSET = {
    "id": "7",
    "name": " ERP-DB-01 ",
    "type": "Servidor virtual",
    "serial": "5CG209",
    "tags": ["prod", "erp"],
    "owner": {"id": "3", "name": "Ana Ruiz", "email": "Ana@Example.com"},
    "last_user": "BIDCOM\\ana",
    "deep": {"no": 1},
    "empty": "",
}


def test_an_assets_fields_become_facts() -> None:
    facts = facts_of(ASSET)
    assert (facts.name, facts.type, facts.owner) == ("ERP-DB-01", "server", Owner("Ana Ruiz", "ana@example.com"))
    assert facts.attributes == {"serial": "5CG209", "tags": "prod, erp"}
    assert facts_of({"owner": None}).owner == NOBODY
    assert facts_of({}).owner is None
    assert facts_of({"owner": "luis@example.com"}).owner == Owner("", "luis@example.com")


def test_what_a_source_leaves_out_stays_and_what_people_said_wins() -> None:
    said = completed(facts_of(ASSET), Facts(status="Activo", attributes={"tags": "prod"}))
    assert (said.name, said.status, said.attributes["serial"]) == ("ERP-DB-01", "Activo", "5CG209")
    edited = edit(Facts(), {"status": "Roto", "attributes": {"rack": "B4", "tags": ""}, "owner": {"email": "L@x.org"}})
    ci = Ci(id="ci_1", source="invgate", external_id="7", said=said, edited=edited)
    assert (ci.name, ci.type, ci.status, ci.owner) == ("ERP-DB-01", "server", "Roto", Owner("", "l@x.org"))
    assert ci.attributes == {"serial": "5CG209", "rack": "B4"}
    assert edited_fields(ci) == ["status", "owner", "attributes.rack", "attributes.tags"]
    back = edit(edited, {"status": None, "owner": None, "attributes": {"tags": None, "rack": None}})
    assert back == Facts()


def test_nobody_holds_on_to_what_the_source_says_anyway() -> None:
    said = facts_of(ASSET)
    form = {"name": "ERP-DB-01", "type": "Servidor", "status": "", "attributes": {"serial": "5CG209", "rack": "B4"},
            "owner": {"name": "Ana Ruiz", "email": "ana@example.com"}}  # fmt: skip
    assert without_echoes(said, Facts(), form) == {"attributes": {"rack": "B4"}}
    assert without_echoes(said, Facts(name="otro"), form)["name"] == "ERP-DB-01"


def test_attributes_as_lines() -> None:
    found, wrong = read_attributes("rack: B4\n\n nota : a: b \nsin dos puntos\n: nada\n")
    assert (found, wrong) == ({"rack": "B4", "nota": "a: b"}, [4, 5])
    assert read_attributes(write_attributes({"b": "1\n2", "a": "x"})) == ({"a": "x", "b": "1 2"}, [])


def test_relations_are_stored_one_way_round() -> None:
    for kind, inverse in RELATIONS.items():
        assert relation("ci_1", kind, "ci_2") == relation("ci_2", inverse, "ci_1")
    assert relation("b", "connected to", "a") == ("a", "connected_to", "b") == relation("a", "Connected-To", "b")
    assert relation("a", "loves", "b") is None
    assert not (RELATIONS.keys() & INVERSE.keys()) - {"connected_to"}


# ---- which CI an event means -----------------------------------------------------------------------------------------


def event(**data: Any) -> Event:
    return Event(id="evt_1", source="mon", type="alert.fired", time="2026-11-22T10:00:00Z", data=data)


OWN = Ci(id="ci_2", source="mon", external_id="77", said=Facts(name="SRV-01", type="router"))
OLD = Ci(id="ci_1", source="invgate", external_id="9",
         said=Facts(name="srv 01", type="server", owner=Owner("Ana", "ana@example.com")))  # fmt: skip
KNOWN = Known("mon", [OLD, OWN])


@pytest.mark.parametrize(
    ("data", "meant"),
    [
        ({"affected_cis": [{"id": "x", "name": "SRV_01"}]}, "ci_2"),
        ({"affected_cis": ["srv-01"]}, "ci_2"),
        ({"affected_cis": [{"id": "77"}]}, "ci_2"),
        ({"affected_cis": [{"id": "ci_1", "name": "whatever"}]}, "ci_1"),
        ({"affected_cis": [{"id": "9"}]}, None),  # an id of another source means nothing here
        ({"affected_cis": [{"name": "srv-011"}]}, None),
        ({"affected_cis": [{"name": None, "id": 4.5}, 7, None, []]}, None),
        ({"host": "Srv-01"}, "ci_2"),
        ({"ci": {"id": "ci_1"}}, "ci_1"),
        ({"instance": "srv-01", "affected_cis": [{"name": "other"}]}, None),
        ({"host": "srv-01.example.com"}, None),
        ({}, None),
    ],
)
def test_only_what_is_named_exactly_is_meant(data: dict[str, Any], meant: str | None) -> None:
    told = event(**data)
    linked = link(told, KNOWN, "")
    if meant is None:
        assert linked is told
    else:
        assert linked.data["affected_cis"][0]["id"] == meant
        assert linked.data["ci_type"] == ("router" if meant == "ci_2" else "server")


def test_the_senders_words_stay_and_ours_are_added() -> None:
    said: list[dict[str, Any]] = [
        {"id": "n1", "name": "nope"},
        {"id": "ci_1", "name": "SRV-01", "url": "https://own.example.com", "zone": 3},
    ]
    linked = link(event(affected_cis=[*said, {"id": "77", "name": "x"}]), KNOWN, "https://desk.example.com/")
    first, second, third = linked.data["affected_cis"]
    assert first is said[0]
    assert second == {**said[1], "type": "server", "owner": {"name": "Ana", "email": "ana@example.com"}}
    assert third == {"id": "ci_2", "sender_id": "77", "name": "x", "type": "router",
                     "url": "https://desk.example.com/cis/ci_2"}  # fmt: skip
    assert linked.data["ci_type"] == "server"
    assert link(event(ci_type="vm", host="srv-01"), KNOWN, "").data["ci_type"] == "vm"
    assert link(linked, KNOWN, "https://desk.example.com/") == linked  # linked twice is linked once


def test_an_event_that_names_thousands_is_looked_up_in_part_and_loses_none() -> None:
    listed = [{"name": "srv-01"}, *({"name": f"n{number}"} for number in range(3000))]
    told = event(affected_cis=listed)
    assert len(names_of(told)) == MOST
    assert len(link(told, KNOWN, "").data["affected_cis"]) == 3001
