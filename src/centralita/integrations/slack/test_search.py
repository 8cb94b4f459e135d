"""An attempt whose end nobody knows: the message is looked for before it is posted again."""

from __future__ import annotations

from typing import Any

import pytest

from centralita.integrations.slack.test_scripted import NOW, Workspace, delivery
from centralita.ports import HttpResponse

DAY_S = 24 * 3600
MESSAGE_KEY = "slack:message:slack:#mesa-de-ayuda:invgate:ticket/4521:1"


def _applied_but_502(slack: Workspace) -> Any:
    def answer(args: dict[str, Any]) -> HttpResponse:
        slack._chat_postMessage(args)
        return HttpResponse(status=502, body=b"bad gateway")

    return answer


@pytest.mark.parametrize("number", [1, 2])
def test_a_post_that_slacks_servers_failed_to_answer_is_not_repeated(number: int) -> None:
    slack = Workspace()
    if number == 2:
        slack.run(delivery())
    slack.answers["chat.postMessage"] = _applied_but_502(slack)
    assert slack.run(delivery(number, events=number)).reason == "http.status"
    del slack.answers["chat.postMessage"]
    assert slack.run(delivery(number, events=number, attempt=2)).state == "delivered"
    assert len(slack.messages) == number


@pytest.mark.parametrize(
    "history",
    [
        {"ok": False, "error": "not_in_channel"},
        {"ok": False, "error": "missing_scope"},
        HttpResponse(status=429, headers=(("retry-after", "60"),)),
        HttpResponse(error="timeout"),
    ],
)
def test_what_cannot_be_searched_is_posted_again(history: Any) -> None:
    slack = Workspace(conversations__history=history)
    assert slack.run(delivery(uncertain=True)).state == "delivered"
    assert len(slack.messages) == 1


def test_the_search_begins_just_before_the_event_and_turns_pages() -> None:
    mark = {"event_type": "centralita_delivery", "event_payload": {"delivery": "dlv_1", "event": "e", "part": 0}}
    others = [
        {"ts": "1.1", "metadata": {**mark, "event_type": "else"}},
        {"ts": "1.2", "metadata": {**mark, "event_payload": {"delivery": "dlv_1", "part": 1}}},
        {"ts": "1.3", "metadata": {**mark, "event_payload": {"delivery": "dlv_10", "part": 0}}},
        {"ts": "1.4"},
    ]
    first = {"ok": True, "messages": others, "response_metadata": {"next_cursor": "more"}}
    second = {"ok": True, "messages": [{"ts": "1.5", "metadata": mark}]}
    slack = Workspace(conversations__history=[first, second])
    assert slack.run(delivery(uncertain=True)).state == "delivered"
    assert slack.memory[MESSAGE_KEY]["ts"] == "1.5"
    assert not slack.messages
    searches = [call.args for call in slack.calls if call.method == "conversations.history"]
    assert searches[1]["cursor"] == "more"
    assert 0 < NOW - float(searches[0]["oldest"]) < 10 * DAY_S
    assert searches[0]["include_all_metadata"] == "true"


def test_a_page_that_is_too_long_is_asked_for_in_smaller_ones() -> None:
    cut = HttpResponse(status=200, body=b'{"ok": true, "messages": [{"ts": "1.1"}, {"ts": ', truncated=True)
    slack = Workspace(conversations__history=[cut, {"ok": True, "messages": []}])
    slack.run(delivery(uncertain=True))
    limits = [call.args["limit"] for call in slack.calls if call.method == "conversations.history"]
    assert limits == ["20", "5"]
