"""Configuration items as a person at a terminal handles them."""

from __future__ import annotations

from tests.cli.conftest import Terminal


def test_from_making_one_to_taking_it_away(terminal: Terminal) -> None:
    made = terminal(
        *("ci", "add", "Portal de pagos", "--type", "Servicio", "--owner", "ana@example.com"),
        *("--set", "rto=4h", "--json"),
    )
    assert made.code == 0, made.err
    ci = made.json()["ci"]
    assert (ci["type"], ci["owner"]["email"], ci["attributes"]) == ("service", "ana@example.com", {"rto": "4h"})
    assert terminal("ci", "add", "erp-db-01", "--type", "server").code == 0
    again = terminal("ci", "add", "PORTAL de pagos")
    assert (again.code, "Something is called PORTAL de pagos already." in again.err) == (1, True)
    found = terminal("ci", "search", "prtal", "pagso")
    assert "Portal de pagos" in found.out and "erp-db-01" not in found.out and found.err == ""
    near = terminal("ci", "search", "erp-xb-02")
    assert "erp-db-01" in near.out and "Nothing is called so" in near.err
    assert terminal("ci", "search", "qqqqzzzz").out.strip() == "Nothing is called anything like that."
    related = terminal("ci", "relate", "portal de pagos", "depends_on", "erp-db-01")
    assert "depends_on" in related.out, related.err
    assert "required_by" in terminal("ci", "show", "ERP DB 01").out
    changed = terminal(
        *("ci", "update", "portal de pagos", "--status", "Activo", "--owner", "nobody"),
        *("--reset", "attributes.rto", "--json"),
    )
    assert changed.json()["ci"]["owner"] is None and changed.json()["ci"]["attributes"] == {}
    assert terminal("ci", "update", "portal de pagos", "--set", "x").code == 1
    back = terminal("ci", "relate", "erp-db-01", "required_by", "portal de pagos", "--remove")
    assert "depends_on" not in back.out and back.code == 0
    assert terminal("ci", "relate", "erp-db-01", "loves", "portal de pagos").code == 1
    listed = terminal("ci", "list", "--source", "hand", "--json").json()["items"]
    assert [item["name"] for item in listed] == ["erp-db-01", "Portal de pagos"]
    assert terminal("ci", "remove", "portal de pagos").out.strip() == "portal de pagos is gone."
    assert terminal("ci", "show", ci["id"]).code == 1
    refused = terminal("ci", "import")
    assert refused.code == 1 and "InvGate Assets is not configured" in refused.err
