"""The picture of one event."""

from __future__ import annotations

from typing import Any

from centralita.cli.cable import lines_of


def _delivery(number: int, state: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"dlv_{number}", "lane": f"webhook:{number}", "destination": "webhook", "target": str(number),
        "audience": "system", "rule": "A", "generation": 0, "state": state, "attempts": 1,
        "created_at": "2026-11-22T10:00:00.003Z", "finished_at": None, "due_at": None, "reason": "", "detail": "",
        "reference": "", "tries": [], **more,
    }  # fmt: skip


def _detail(*deliveries: dict[str, Any]) -> dict[str, Any]:
    return {
        "event": {"id": "evt_1", "type": "ticket.created", "title": "Tóner", "time": "2026-11-22T10:00:00Z",
                  "source": "invgate", "subject": "ticket/1", "severity": "high"},
        "receipt": {"received_at": "2026-11-22T10:00:00.001Z"},
        "routed_at": "2026-11-22T10:00:00.003Z",
        "matched": ["A"],
        "rules": [{"name": "A", "matched": True, "why": [{"id": "rule.always", "arguments": {}}]},
                  {"name": "B", "matched": False, "why": [{"id": "rule.stopped", "arguments": {"by": "A"}}]}],
        "skipped": [{"rule": "A", "target": "requester", "reason": "person.no_email"}],
        "deliveries": list(deliveries),
    }  # fmt: skip


def test_one_cable_goes_to_every_destination() -> None:
    delivered = _delivery(1, "delivered", finished_at="2026-11-22T10:00:00.041Z", reference="https://slack/p1")
    dead = _delivery(2, "dead", finished_at="2026-11-22T10:00:02.003Z", reason="http.gone")
    skipped = _delivery(3, "skipped", reason="slack.user_not_found")
    lines = lines_of(_detail(delivered, dead, skipped))
    start = lines.index("") + 1
    first, second, third = lines[start : start + 3]
    assert first == "  invgate ●── 2 ms ──● event ──● 1 of 2 rules ──┬── 38 ms ──● webhook:1  https://slack/p1"
    gone = "The receiver says that the address is gone for good (410)."
    assert second.strip() == f"├── 2.0 s ──✕ webhook:2  given up  {gone}"
    assert third.strip() == "└──↷ webhook:3  skipped  This person is not in Slack under this address."
    assert first.index("┬") == second.index("├") == third.index("└")


def test_nobody_is_told() -> None:
    assert any(line.endswith("1 of 2 rules ──○ nobody is told") for line in lines_of(_detail()))


def test_why_and_what_could_not_be_had() -> None:
    lines = lines_of(_detail())
    why = lines.index("Why")
    assert lines[why + 1 :] == [
        "  ● A  it has no condition",
        "  ○ B  the rule A stopped the row before it",
        "  ↷ A: requester the event names nobody with an e-mail address",
    ]


def test_attempts_are_told_one_by_one() -> None:
    tries = [
        {"id": "att_1_1_1", "number": 1, "started_at": None, "elapsed_ms": 12.4, "outcome": "retry", "status": 503,
         "reason": "http.status", "detail": "503", "error": "", "timings": {}, "response": ""},
        {"id": "", "number": 2, "started_at": None, "elapsed_ms": 8.0, "outcome": "retry", "status": 0,
         "reason": "net.dns", "detail": "", "error": "dns", "timings": {}, "response": ""},
    ]  # fmt: skip
    lines = lines_of(_detail(_delivery(1, "held", tries=tries, attempts=2)))
    attempts = lines.index("Attempts")
    assert "#1     12 ms  503  The receiver answered with an error." in lines[attempts + 1]
    assert lines[attempts + 2].strip() == "centralita webhook attempt att_1_1_1"
    assert "#2      8 ms  dns  The name of the receiver can't be resolved." in lines[attempts + 3]


def test_a_strangers_text_cannot_move_the_cursor() -> None:
    detail = _detail()
    detail["event"]["title"] = "\x1b[2J\x1b]0;x\x07gone"
    text = "\n".join(lines_of(detail))
    assert "\x1b" not in text and "\x07" not in text
