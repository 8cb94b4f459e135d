"""Which messages are a person's reply, and what became of it. Shapes as in Slack's reference of ``message``."""

from __future__ import annotations

from typing import Any

import pytest

from centralita.chatops.threads import Reply, read_reply

WRITTEN: dict[str, Any] = {
    "type": "message",
    "channel": "C0ALERTS01",
    "user": "U0LUISPARED",
    "text": "Ya lo veo",
    "ts": "1700000002.000200",
    "thread_ts": "1700000001.000100",
}
WHERE = {"channel": "C0ALERTS01", "thread_ts": "1700000001.000100", "ts": "1700000002.000200", "user": "U0LUISPARED"}


def changed(before: str, **message: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "subtype": "message_changed",
        "channel": "C0ALERTS01",
        "message": {**WRITTEN, **message},
        "previous_message": {**WRITTEN, "text": before},
    }


def test_a_reply_is_read_as_it_was_written() -> None:
    assert read_reply(WRITTEN) == Reply(kind="new", text="Ya lo veo", **WHERE)
    assert read_reply({**WRITTEN, "subtype": "thread_broadcast"}) == Reply(kind="new", text="Ya lo veo", **WHERE)


def test_an_edit_tells_what_it_was_before() -> None:
    found = read_reply(changed("Ya lo vio", text="Ya lo veo"))
    assert found == Reply(kind="changed", text="Ya lo veo", before="Ya lo vio", **WHERE)


def test_a_deleted_reply_has_no_text_left() -> None:
    event = {"type": "message", "subtype": "message_deleted", "channel": "C0ALERTS01", "previous_message": WRITTEN}
    assert read_reply(event) == Reply(kind="deleted", before="Ya lo veo", **WHERE)


@pytest.mark.parametrize(
    "event",
    [
        {**WRITTEN, "thread_ts": ""},
        {**WRITTEN, "thread_ts": WRITTEN["ts"]},
        {**WRITTEN, "bot_id": "B0CENTRAL1"},
        {**WRITTEN, "subtype": "bot_message"},
        {**WRITTEN, "subtype": "channel_join"},
        {**WRITTEN, "user": ""},
        changed("Ya lo veo", text="Ya lo veo"),
        changed("antes", text="después", bot_id="B0CENTRAL1"),
        changed("antes", subtype="tombstone"),
        {"type": "message", "subtype": "message_deleted", "channel": "C0ALERTS01"},
        {"type": "message"},
    ],
    ids=[
        *("outside", "the-thread-itself", "ours", "a-bots", "a-notice", "nobodys", "only-unfolded", "our-edit"),
        *("tombstone", "nothing-known", "empty"),
    ],
)
def test_what_no_person_wrote_in_a_thread_is_nobodys_concern(event: dict[str, Any]) -> None:
    assert read_reply(event) is None
