"""How things stand with an event, in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from centralita.services.cable import cable_of, sentence


def _delivery(number: int, state: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"dlv_{number}", "lane": f"webhook:{number}", "destination": "webhook", "target": str(number),
        "rule": "A", "generation": 0, "state": state, "attempts": 1, "created_at": "2026-11-22T10:00:00.003Z",
        "finished_at": None, "due_at": None, "reason": "", "detail": "", "reference": "", "tries": [], **more,
    }  # fmt: skip


def _said(*deliveries: dict[str, Any], matched: int = 1, locale: str = "en") -> tuple[str, str]:
    detail = {
        "event": {"source": "invgate"},
        "receipt": {"received_at": "2026-11-22T10:00:00.001Z"},
        "routed_at": "2026-11-22T10:00:00.003Z",
        "matched": ["A"][:matched],
        "rules": [{}, {}],
        "deliveries": list(deliveries),
    }
    most = {"dlv_2": 8}
    return sentence(cable_of(detail, most), locale, lambda ms: f"{ms:.0f} ms", lambda at: str(at)[11:16])


DELIVERED = _delivery(1, "delivered", finished_at="2026-11-22T10:00:00.062Z")
WAITING = _delivery(
    2, "due", attempts=3, due_at="2026-11-22T14:32:00Z", tries=[{"status": 503}], reason="http.status", detail="503"
)


@pytest.mark.parametrize(
    ("deliveries", "said", "lamp"),
    [
        ([DELIVERED], "Delivered to 1 of 1 in 61 ms.", "flowing"),
        ([DELIVERED, WAITING], "Waits for webhook:2: attempt 3 of 8, 503, next 14:32.", "waiting"),
        (
            [_delivery(3, "held", attempts=0, due_at="2026-11-22T14:32:00Z", reason="lane.paused"), WAITING],
            "webhook:3 is held: Somebody paused the lane, next 14:32, 1 more waits.",
            "held",
        ),
        (
            [DELIVERED, _delivery(2, "dead", reason="http.gone", finished_at="2026-11-22T10:00:01Z")],
            "webhook:2 was given up: The receiver says that the address is gone for good (410).",
            "failed",
        ),
        ([], "Rules matched it, and nobody is told.", "off"),
        (
            [
                _delivery(1, "superseded", finished_at="2026-11-22T10:00:01Z"),
                _delivery(1, "delivered", generation=1, finished_at="2026-11-22T11:00:01Z"),
            ],
            "Delivered to 1 of 1.",
            "flowing",
        ),
    ],
)
def test_one_sentence_says_how_it_stands(deliveries: list[dict[str, Any]], said: str, lamp: str) -> None:
    found, lit = _said(*deliveries)
    assert (found, lit) == (said, lamp)


def test_nobody_wanted_it() -> None:
    assert _said(matched=0) == ("No rule wanted it: nobody is told.", "off")
    assert _said(DELIVERED, locale="es") == ("Entregado a 1 de 1 en 61 ms.", "flowing")


def test_what_was_read_before_the_rules_is_no_destination() -> None:
    assert _said(_delivery(3, "delivered", rule="fill", finished_at="2026-11-22T10:00:00.002Z"), DELIVERED)[
        0
    ].startswith("Delivered to 1 of 1")
