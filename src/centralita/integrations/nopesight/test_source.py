"""What is NopeSight's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from centralita.core.events import Event
from centralita.integrations.nopesight.source import MAX_EVENTS, NopesightSource
from centralita.ports import RawRequest, Receipt

SOURCE = NopesightSource()


def events_of(body: object, **settings: object) -> list[Event]:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="nopesight",
        received_at=1763805991.0,
        content_type="application/json",
        headers={},
        body=json.dumps(body).encode(),
    )
    return SOURCE.parse(receipt, settings)


def event_of(settings: dict[str, object] | None = None, **said: Any) -> Event:
    (event,) = events_of({"id": "7", "title": "CPU", **said}, **(settings or {}))
    return event


@pytest.mark.parametrize(
    ("category", "status", "kind", "phase"),
    [
        ("", "open", "alert.fired", "open"),
        ("network", "Firing", "alert.fired", "open"),
        ("", "ACK", "alert.acknowledged", "open"),
        ("", "investigating", "alert.updated", "open"),
        ("", "Resuelto", "alert.resolved", "closed"),
        ("", "flapping", "nopesight.unknown", ""),
        ("", 7, "nopesight.unknown", ""),
        ("change", "Scheduled", "change.created", "open"),
        ("Changes", "approved", "change.updated", "open"),
        ("Cambio", "Cancelado", "change.completed", "closed"),
        ("change", "dreaming", "nopesight.unknown", ""),
        ("change", None, "change.created", "open"),
        ("security", "", "alert.fired", "open"),
    ],
)
def test_what_it_is_and_how_it_stands(category: str, status: object, kind: str, phase: str) -> None:
    event = event_of(category=category, status=status)
    assert (event.type, event.phase, event.subject) == (kind, phase, "event/7")
    assert (event.category == "change") == (word_is_change(category))


def word_is_change(category: str) -> bool:
    return category.lower().startswith(("change", "cambio"))


def test_own_words_come_first() -> None:
    settings: dict[str, object] = {"statuses": {"Flapping": "alert.updated", "open": "alert.acknowledged"}}
    assert event_of(settings, status="flapping").type == "alert.updated"
    assert event_of(settings, status="open").type == "alert.acknowledged"
    wrong: dict[str, object] = {
        "statuses": {"x": "ticket.created"},
        "url": "nopesight.com/{id}",
        "ci_url": "https://{host}/",
    }
    assert SOURCE.check(wrong, [b"s"]) == ["statuses.x: setting.event_type", "url: setting.url", "ci_url: setting.url"]


@pytest.mark.parametrize("name", ["event", "alert", "change", "incident", "payload", "data"])
def test_an_event_in_an_envelope(name: str) -> None:
    (event,) = events_of({"action": "created", name: {"id": "7", "title": "CPU", "status": "open"}})
    assert (event.subject, event.title, event.data["action"]) == ("event/7", "CPU", "created")
    assert event.type == ("change.created" if name == "change" else "alert.fired")


def test_a_list_is_an_event_each() -> None:
    assert [event.title for event in events_of([{"title": "a"}, {"title": "b"}])] == ["a", "b"]
    (event,) = events_of([{"title": "a"}] * (MAX_EVENTS + 1))
    assert (event.type, len(event.data["body"])) == ("nopesight.unknown", MAX_EVENTS + 1)


def test_affected_cis_lead_to_their_pages() -> None:
    cis = [{"id": "a/1", "name": "srv"}, {"id": "2", "name": "db", "url": "javascript:x"}, "nas"]
    settings: dict[str, object] = {"ci_url": "https://sight.example.com/ci/{id}"}
    found = event_of(settings, affected_cis=cis).data["affected_cis"]
    assert [item["url"].rpartition("/")[2] for item in found] == ["a%2F1", "2", "nas"]
    assert all("url" not in item for item in event_of(affected_cis=cis).data["affected_cis"])


def test_the_type_of_the_first_affected_ci_counts_when_none_is_told() -> None:
    cis = [{"id": "1", "name": "a"}, {"id": "2", "name": "b", "type": "server"}]
    assert event_of(affected_cis=cis).data["ci_type"] == "server"
    assert event_of(affected_cis=cis, ci_type="switch").data["ci_type"] == "switch"


def test_a_signature_in_hex_of_the_body() -> None:
    digest = hmac.new(b"s3cret", b"{}", hashlib.sha256).hexdigest()
    settings: dict[str, object] = {"auth": "hmac", "header": "X-Sight"}
    request = RawRequest(method="POST", query="", headers=(("x-sight", f"sha256={digest}"),), body=b"{}")
    assert SOURCE.verify(request, [b"s3cret"], 0, settings).ok
    assert SOURCE.verify(request, [b"s3cret"], 0, {"auth": "hmac"}).reason == "signature.missing"
