"""Owners of assets in Slack."""

from __future__ import annotations

from typing import Any

from centralita.integrations.slack.test_registers import change, root
from centralita.integrations.slack.test_scripted import delivery
from centralita.ports import Delivery

ANA = {"id": "1", "name": "Ana Ruiz", "email": "ana@example.com"}
NOBODY = {"id": "", "name": "", "email": ""}


def told(kind: str, **data: Any) -> Delivery:
    values = {"source": "centralita", "title": "x", "status": "", "url": "", "data": data}
    return delivery(1, kind, subject="asset/7", phase="", ticket={}, event=values)


def test_who_owns_an_asset_now() -> None:
    asset = {"id": "7", "name": "PC-01 <b>", "serial": "SN7"}
    item = told("asset.owner_changed", asset=asset, owner=ANA, previous_owner=NOBODY, account=r"bidcom\ana")
    said = root(item).text
    assert "📦 El activo PC-01 &lt;b&gt; ahora es de Ana Ruiz" in said
    shown = str(root(item))
    assert "nadie" in shown and "SN7" in shown
    assert "📦 El activo PC-01" in change(item)
    assert "belongs to nobody" in root(told("asset.owner_changed", asset=asset, owner=NOBODY), "en").text


def test_a_plan_says_what_it_would_change_what_it_did_and_why_not() -> None:
    plan = {"id": "pln_1", "assets": 1000, "changes": 31, "conflicts": 4}
    assert "cambiarían 31 de 1000" in root(told("asset.plan_finished", plan=plan)).text
    stopped = told("asset.plan_stopped", plan=plan, reason="asset.plan_capped", changes=80, assets=1000, most=50)
    assert "80 de 1000 activos; el tope permite 50" in str(root(stopped))
    failed = told("asset.plan_failed", plan=plan, reason="invgate.credentials HTTP 401")
    assert "InvGate" in str(root(failed)) and "401" in str(root(failed))
    applied = str(root(told("asset.plan_applied", plan=plan, counts={"changed": 30, "stale": 1})))
    assert "Propietarios cambiados" in applied and "30" in applied and "Superados" in applied


def test_an_event_with_nothing_in_it_is_told_all_the_same() -> None:
    for kind in ("asset.owner_changed", "asset.plan_finished", "asset.plan_failed", "asset.plan_applied"):
        assert root(told(kind)).text
