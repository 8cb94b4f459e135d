from __future__ import annotations

import pytest

from centralita.core.drafts import completed, draft, joined
from centralita.core.runs import run_state
from centralita.ports import Receipt


@pytest.mark.parametrize(
    ("state", "meaning"),
    [
        ("success", ("job.succeeded", "info", "closed")),
        ("Timed out", ("job.failed", "high", "open")),
        ("IN_PROGRESS", ("job.started", "info", "")),
        ("cancelled", ("job.canceled", "info", "")),
        ("skipped", ("job.updated", "info", "")),
        (None, ("job.updated", "info", "")),
    ],
)
def test_a_state_means_one_thing_and_an_unknown_one_neither(state: object, meaning: tuple[str, str, str]) -> None:
    assert run_state("job", state) == meaning


def test_a_draft_takes_the_first_link_and_time_that_are_some() -> None:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="desk",
        received_at=1763805991.0,
        content_type="",
        headers={},
        body=b"",
    )
    drafted = draft(
        "ticket.created",
        title="a\nb",
        urls=(None, "javascript:x", "https://a.example/1", "https://b.example"),
        times=(0, "never", 1763805000),
        data={"ticket": {"id": 1}},
    )
    event = completed(drafted, receipt, 1)
    assert (event.id, event.source) == ("evt_01KAN7A5YR0000000000000000_1", "desk")
    assert (event.title, event.url, event.time) == ("a b", "https://a.example/1", "2025-11-22T09:50:00.000Z")
    assert event.data == {"ticket": {"id": "1"}}
    assert completed(draft("ticket.created"), receipt).time == "2025-11-22T10:06:31.000Z"


def test_a_title_is_what_was_said() -> None:
    assert joined("acme/shop", "", None, " CI ", 3) == "acme/shop · CI · 3"
