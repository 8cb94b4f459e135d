"""What is CMMShere's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from centralita.core.events import Event
from centralita.integrations.cmmshere.source import CmmshereSource
from centralita.ports import RawRequest, Receipt, Verdict

SOURCE = CmmshereSource()
SECRET = b"k3y-in-the-address"
ORDER = {"id": "ot_1", "object": "orden_trabajo", "codigo": "OT1", "titulo": "Cambiar filtro"}


def body_of(type_: object = "ot.created", created: object = "2025-11-22T10:00:00.000000Z", **data: Any) -> bytes:
    return json.dumps({"created": created, "object": "event", "type": type_, "data": data}).encode()


def event_of(body: bytes, **settings: object) -> Event:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="cmmshere",
        received_at=1763805991.0,
        content_type="application/json",
        headers={},
        body=body,
    )
    (event,) = SOURCE.parse(receipt, settings)
    return event


def verdict_of(body: bytes, remote: str = "", key: str = SECRET.decode(), **settings: object) -> Verdict:
    headers = (("content-type", "application/json"),)
    request = RawRequest(method="POST", query="", headers=headers, body=body, key=key, remote=remote)
    return SOURCE.verify(request, [SECRET], 0, settings)


@pytest.mark.parametrize(
    ("remote", "ok"),
    [("203.0.113.9", True), ("2001:db8::9", True), ("203.0.114.9", False), ("", False), ("unix", False)],
)
def test_only_the_named_networks_are_taken(remote: str, ok: bool) -> None:
    verdict = verdict_of(b"{}", remote, networks=["203.0.113.0/24", "2001:db8::/32"])
    assert (verdict.ok, verdict.reason) == (ok, "" if ok else "network.refused")


@pytest.mark.parametrize("networks", ["203.0.113.0/24", ["nonsense"], [], [None], 7])
def test_networks_that_can_not_be_read_open_nothing(networks: object) -> None:
    assert verdict_of(b"{}", "203.0.113.9", networks=networks).reason == "network.refused"


def test_the_key_is_judged_before_the_network() -> None:
    verdict = verdict_of(body_of(object=ORDER), "198.51.100.1", "guess", networks=["203.0.113.0/24"])
    assert (verdict.reason, verdict.dedupe_key) == ("credential.mismatch", "")


def test_a_repetition_is_known_by_what_happened_to_which_object_when() -> None:
    first = verdict_of(body_of(object=ORDER)).dedupe_key
    assert first == verdict_of(body_of(object={**ORDER, "titulo": "Otra"})).dedupe_key != ""
    others = [body_of("ot.updated", object=ORDER), body_of(created="2025-11-22T10:00:01Z", object=ORDER)]
    others.append(body_of(object={**ORDER, "id": "ot_2"}))
    assert first not in {verdict_of(other).dedupe_key for other in others}


def test_two_changes_that_differ_are_two_even_at_the_same_time() -> None:
    bodies = [body_of("ot.updated", object={**ORDER, "estado": state}) for state in ("Abierta", "Cerrada", "Cerrada")]
    first, second, again = (verdict_of(body).dedupe_key for body in bodies)
    assert first != second == again != ""


@pytest.mark.parametrize("body", [b"{", b"[]", body_of(), body_of(created=None, object=ORDER)])
def test_without_all_of_these_the_content_is_compared(body: bytes) -> None:
    assert verdict_of(body).dedupe_key == ""


def test_a_null_asset_is_no_asset() -> None:
    assert "asset" not in event_of(body_of(object=ORDER, asset={"id": None, "object": "activo"})).data


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ({"nombre": "admin", "ap_paterno": " ", "ap_materno": " "}, "admin"),
        ({"nombre": "Ana", "ap_paterno": "Rojas", "ap_materno": "Paz"}, "Ana Rojas Paz"),
        ({"nombre": None, "ap_paterno": "Rojas", "ap_materno": None}, "Rojas"),
    ],
)
def test_the_requester_s_name_is_put_together(user: dict[str, Any], name: str) -> None:
    assert event_of(body_of(object=ORDER, user=user)).data["requester"]["name"] == name


def test_an_order_and_a_request_are_told_apart() -> None:
    assert event_of(body_of("ot.created", object=ORDER)).data["ticket"]["type"] == "work_order"
    request = {"id": "sol_1", "object": "solicitud_trabajo"}
    assert event_of(body_of("sol.created", object=request)).data["ticket"]["type"] == "work_request"


@pytest.mark.parametrize(("type_", "kind"), [("x.created", "ticket.created"), ("x.signed", "cmmshere.unknown")])
def test_an_unknown_prefix_is_known_by_its_object(type_: str, kind: str) -> None:
    event = event_of(body_of(type_, object=ORDER))
    assert (event.type, event.subject, event.title) == (kind, "ticket/ot_1", "Cambiar filtro")


def test_what_begins_and_what_ends_an_order_are_one_subject() -> None:
    events = [event_of(body_of(f"ot.{verb}", object={**ORDER, "estado": "Abierta"})) for verb in ("created", "deleted")]
    assert [(event.subject, event.phase) for event in events] == [("ticket/ot_1", "open"), ("ticket/ot_1", "closed")]


def test_faults_of_the_settings_are_named() -> None:
    wrong: dict[str, object] = {"networks": ["10.0.0.1/8"], "url": "https://x.example/{nombre}", "auth": "header"}
    assert SOURCE.check(wrong, [SECRET]) == ["networks: setting.network", "url: setting.url", "auth: setting.choice"]
    assert SOURCE.check({"networks": ["10.0.0.0/8"], "url": "https://x.example/{kind}/{id}"}, [SECRET]) == []
