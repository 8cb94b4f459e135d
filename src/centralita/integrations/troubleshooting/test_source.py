"""What is the assistant's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from centralita.core.events import Event
from centralita.integrations.troubleshooting.source import TroubleshootingSource, sign_body
from centralita.ports import RawRequest, Receipt, Verdict

SOURCE = TroubleshootingSource()
SECRET = b"s3cret-of-the-webhook"
PAYLOAD = {
    "event": "step_failed",
    "timestamp": "2025-11-20T11:04:05.120334",
    "data": {"session_id": "S1", "notes": "El café «frío» 😀", "step_number": 2, "ratio": 0.1, "big": 1e22, "x": 1.0},
    "webhook_id": "desk",
}


def signature_of(payload: dict[str, Any], secret: bytes = SECRET) -> str:
    """As the sender computes it."""
    return hmac.new(secret, json.dumps(payload, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def verdict_of(body: bytes, *headers: tuple[str, str]) -> Verdict:
    request = RawRequest(method="POST", query="", headers=headers, body=body)
    return SOURCE.verify(request, [b"another", SECRET], 0, {})


def event_of(name: object, /, settings: dict[str, object] | None = None, **data: Any) -> Event:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="support",
        received_at=1763805991.0,
        content_type="application/json",
        headers={},
        body=json.dumps({"event": name, "timestamp": "2025-11-20T11:04:05.120334", "data": data}).encode(),
    )
    (event,) = SOURCE.parse(receipt, settings or {})
    return event


@pytest.mark.parametrize("dumped", [{}, {"ensure_ascii": False}, {"separators": (",", ":")}, {"indent": 2}], ids=str)
def test_the_signature_inside_holds_however_the_body_is_written(dumped: dict[str, Any]) -> None:
    body = json.dumps({**PAYLOAD, "signature": signature_of(PAYLOAD)}, **dumped).encode()
    verdict = verdict_of(body)
    assert (verdict.ok, verdict.dedupe_key) == (True, f"signature:{signature_of(PAYLOAD)}")


def test_one_changed_value_is_not_believed() -> None:
    signed = {**PAYLOAD, "signature": signature_of(PAYLOAD)}
    for name in PAYLOAD:
        assert verdict_of(json.dumps({**signed, name: "other"}).encode()).reason == "signature.mismatch"
    assert verdict_of(json.dumps({**signed, "more": 1}).encode()).reason == "signature.mismatch"


def test_the_header_counts_only_when_the_body_has_no_signature() -> None:
    header = ("x-webhook-signature", f"sha256={signature_of(PAYLOAD)}")
    assert verdict_of(json.dumps(PAYLOAD).encode(), header).ok
    assert verdict_of(json.dumps({**PAYLOAD, "webhook_id": "x"}).encode(), header).reason == "signature.mismatch"
    assert verdict_of(json.dumps(PAYLOAD).encode(), header, header).reason == "header.duplicated"
    # The sender goes on sending the header of its first request.
    second = {**PAYLOAD, "event": "session_resolved"}
    assert verdict_of(json.dumps({**second, "signature": signature_of(second)}).encode(), header).ok
    assert verdict_of(json.dumps({**PAYLOAD, "signature": "0" * 64}).encode(), header).reason == "signature.mismatch"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b'{"signature": null}', b'{"signature": 7}', b"[" * 100_000]
)
def test_without_a_signature_nothing_is_believed(body: bytes) -> None:
    assert verdict_of(body).reason == "signature.missing"


def test_a_signature_is_no_signature_for_another_encoding_of_it() -> None:
    signature = signature_of(PAYLOAD)
    for wrong in (signature.upper(), signature[:-1], signature + "0", "ñ" * 64):
        assert verdict_of(json.dumps({**PAYLOAD, "signature": wrong}).encode()).reason == "signature.mismatch"


def test_what_is_signed_here_is_what_the_sender_signs() -> None:
    signed = json.loads(sign_body(json.dumps(PAYLOAD).encode(), [SECRET], {}))
    assert signed == {**PAYLOAD, "signature": signature_of(PAYLOAD)}
    assert sign_body(b"[]", [SECRET], {}) == b"[]"
    assert sign_body(b'{"a": 1}', [SECRET], {"auth": "key"}) == b'{"a": 1}'


def test_a_session_is_one_subject_from_its_start_to_its_end() -> None:
    names = ("session_started", "step_completed", "session_escalated", "session_resolved", "session_abandoned")
    events = [event_of(name, session_id="S1", ticket_id="T9") for name in names]
    assert {(event.subject, event.correlation) for event in events} == {("session/S1", "ticket/T9")}
    assert [event.phase for event in events] == ["open", "", "open", "closed", "closed"]
    assert [event.status for event in events] == ["started", "in_progress", "escalated", "resolved", "abandoned"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SESSION_STARTED", "session.started"),
        ("problem_resolved", "session.resolved"),
        ("session_completed", "session.resolved"),
        ("escalation", "session.escalated"),
        ("coffee", "troubleshooting.unknown"),
        (None, "troubleshooting.unknown"),
    ],
)
def test_names_of_events(name: object, kind: str) -> None:
    assert event_of(name, session_id="S1").type == kind


@pytest.mark.parametrize(
    ("status", "phase"),
    [("started", "open"), ("needs_escalation", "open"), ("resolved", "closed"), ("resting", ""), (None, "")],
)
def test_an_unknown_event_has_the_phase_of_its_status(status: object, phase: str) -> None:
    assert event_of("coffee", session_id="S1", status=status).phase == phase


def test_a_time_without_a_zone_is_in_the_sender_s() -> None:
    zone: dict[str, object] = {"timezone": "America/Bogota"}
    assert event_of("session_started", zone).time == "2025-11-20T16:04:05.120Z"
    assert event_of("session_started").time == "2025-11-20T11:04:05.120Z"


@pytest.mark.parametrize(
    ("data", "title"),
    [
        ({"problem_description": "No imprime\nnada"}, "No imprime"),
        ({"detected_problem": {"title": "Impresión"}, "notes": "sigue igual"}, "Impresión"),
        ({"notes": "sigue igual", "detected_problem": "impresion"}, "sigue igual"),
        ({"detected_problem": "impresion"}, "impresion"),
        ({"step_number": 3}, "step_failed 3"),
        ({"rating": 4}, "step_failed 4/5"),
        ({}, "step_failed"),
    ],
)
def test_titles(data: dict[str, Any], title: str) -> None:
    assert event_of("step_failed", **data).title == title
