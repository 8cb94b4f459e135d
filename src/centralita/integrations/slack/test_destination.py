"""The way of a delivery through Slack's Web API, request by request."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from centralita.core.effects import Effect
from centralita.integrations.slack.api import BUCKETS
from centralita.integrations.slack.destination import SlackDestination
from centralita.integrations.slack.test_scripted import CONFIG, LUIS, TICKET, Workspace, delivery
from centralita.ports import HttpResponse, Outcome

DAY_S = 24 * 3600
MESSAGE_KEY = "slack:message:slack:#mesa-de-ayuda:invgate:ticket/4521:1"


def _effect(target: str) -> Effect:
    return Effect(rule="r", destination="slack", target=target)


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("#Alerts", "slack:#alerts"),
        ("C024BE91L", "slack:c024be91l"),
        ("Ana@Example.com", "slack:dm:ana@example.com"),
    ],
)
def test_lane_is_the_channel_or_the_person(target: str, key: str) -> None:
    lane = SlackDestination().lane(_effect(target), {**CONFIG, "rate_per_s": 0.5, "burst": 5})
    assert lane.key == key
    assert (lane.policy.rate_per_s, lane.policy.burst, lane.policy.in_flight, lane.policy.order) == (
        0.5,
        5,
        1,
        "subject",
    )
    assert 0.9 * DAY_S < sum(lane.policy.schedule_s) < 1.1 * DAY_S


def test_first_event_posts_once_and_remembers_where() -> None:
    slack = Workspace()
    outcome = slack.run(delivery())
    assert outcome == Outcome(
        state="delivered", reference="https://mesa.slack.test/archives/C00000MES/p1763806000000100"
    )
    assert slack.methods() == ["chat.postMessage", "auth.test"]
    post = slack.calls[0]
    assert post.args["channel"] == "#mesa-de-ayuda"
    assert post.args["metadata"] == {
        "event_type": "centralita_delivery",
        "event_payload": {"delivery": "dlv_1", "event": delivery().event.id, "part": 0},
    }
    assert (post.request.paced, post.request.bucket) == (True, "chat.postMessage")
    assert dict(post.request.headers)["authorization"] == "Bearer xoxb-1"
    assert slack.memory[MESSAGE_KEY]["ts"] == "1763806000.000100"
    assert slack.memory["slack:channel:#mesa-de-ayuda"] == "C00000MES"


def test_every_bucket_that_is_asked_for_exists_and_reads_are_not_paced() -> None:
    slack = Workspace()
    slack.run(delivery(mentions=("@nobody",)))
    slack.run(delivery(2, target="ana@example.com", audience="requester"))
    slack.run(delivery(3, "ticket.closed", events=2, phase="closed", formatting={"emoji_reactions": True}))
    assert {call.method for call in slack.calls} >= {"chat.update", "users.list", "conversations.open", "reactions.add"}
    for call in slack.calls:
        assert call.request.bucket in BUCKETS
        assert call.request.paced == (call.method == "chat.postMessage")


def test_without_method_limits_nothing_takes_a_bucket() -> None:
    slack = Workspace()
    slack.run(delivery(mentions=("@oncall",)), {**CONFIG, "method_limits": False})
    assert {call.request.bucket for call in slack.calls} == {""}


def test_later_events_change_the_message_and_tell_the_thread() -> None:
    slack = Workspace()
    slack.run(delivery())
    slack.calls.clear()
    slack.run(delivery(2, "ticket.status_changed", events=2, ticket={**TICKET, "status": "En progreso"}))
    assert slack.methods() == ["chat.update", "chat.postMessage"]
    update, reply = slack.calls
    assert update.args["ts"] == reply.args["thread_ts"] == "1763806000.000100"
    assert update.args["channel"] == reply.args["channel"] == "C00000MES"
    assert (update.request.paced, update.request.bucket) == (False, "chat.update")
    assert "Estado: " in reply.args["text"]
    assert reply.args["metadata"]["event_payload"]["part"] == 1


def test_without_thread_replies_only_the_message_changes() -> None:
    slack = Workspace()
    formatting = {"thread_replies": False}
    slack.run(delivery(formatting=formatting))
    slack.run(delivery(2, "ticket.closed", events=2, phase="closed", formatting=formatting))
    assert slack.methods() == ["chat.postMessage", "auth.test", "chat.update"]


def test_a_new_episode_posts_anew_and_links_to_the_one_before() -> None:
    slack = Workspace()
    slack.run(delivery())
    slack.run(delivery(2, "ticket.reopened", episode=2, events=2))
    assert slack.methods() == ["chat.postMessage", "auth.test", "chat.postMessage"]
    assert "thread_ts" not in slack.calls[-1].args
    link = "<https://mesa.slack.test/archives/C00000MES/p1763806000000100|Mensaje anterior>"
    assert link in msgspec.json.encode(slack.calls[-1].args).decode()


def test_an_older_event_does_not_turn_the_message_back() -> None:
    slack = Workspace()
    slack.run(delivery(1, events=5))
    slack.calls.clear()
    slack.run(delivery(2, "ticket.assigned", events=3, data={"agent": LUIS}))
    assert slack.methods() == ["chat.postMessage"]
    assert slack.calls[0].args["thread_ts"]


def test_what_is_about_nothing_has_a_message_each() -> None:
    slack = Workspace()
    for number in (1, 2):
        slack.run(delivery(number, "generic.received", subject=""))
    assert slack.methods().count("chat.postMessage") == 2
    assert all("thread_ts" not in message for message in slack.messages)


@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_a_message_that_is_gone_is_posted_anew(error: str) -> None:
    slack = Workspace(chat__update={"ok": False, "error": error})
    slack.run(delivery())
    assert slack.run(delivery(2, "ticket.closed", events=2, phase="closed")).state == "delivered"
    assert slack.methods()[-2:] == ["chat.update", "chat.postMessage"]
    assert "thread_ts" not in slack.calls[-1].args
    assert slack.memory[MESSAGE_KEY]["ts"] == slack.messages[-1]["ts"]


def test_a_thread_that_is_gone_starts_over_at_the_next_attempt() -> None:
    slack = Workspace()
    slack.run(delivery(1, events=5))
    slack.answers["chat.postMessage"] = {"ok": False, "error": "thread_not_found"}
    outcome = slack.run(delivery(2, "ticket.assigned", events=3))
    assert (outcome.state, outcome.failure) == ("retry", False)
    del slack.answers["chat.postMessage"]
    assert slack.run(delivery(2, "ticket.assigned", events=3)).state == "delivered"
    assert "thread_ts" not in slack.messages[-1]


def test_a_remembered_channel_that_is_gone_is_tried_by_its_name() -> None:
    def by_name_only(args: dict[str, Any]) -> dict[str, Any]:
        if args["channel"] == "COLD000":
            return {"ok": False, "error": "channel_not_found"}
        return {"ok": True, "channel": "CNEW000", "ts": "1.000001"}

    slack = Workspace(chat__postMessage=by_name_only)
    slack.memory["slack:channel:#mesa-de-ayuda"] = "COLD000"
    outcome = slack.run(delivery())
    assert (outcome.state, outcome.failure) == ("retry", False)
    assert slack.run(delivery()).state == "delivered"
    assert slack.memory["slack:channel:#mesa-de-ayuda"] == "CNEW000"


@pytest.mark.parametrize(
    ("error", "state", "failure"),
    [
        ("channel_not_found", "dead", True),
        ("is_archived", "dead", True),
        ("not_in_channel", "dead", True),
        ("restricted_action", "dead", True),
        ("no_text", "dead", False),
        ("msg_too_long", "dead", False),
        ("invalid_blocks", "dead", False),
        ("invalid_auth", "retry", True),
        ("account_inactive", "retry", True),
        ("token_revoked", "retry", True),
        ("missing_scope", "retry", True),
        ("internal_error", "retry", True),
        ("something_new", "retry", True),
    ],
)
def test_what_slack_refuses(error: str, state: str, failure: bool) -> None:
    slack = Workspace(chat__postMessage={"ok": False, "error": error, "needed": "chat:write"})
    outcome = slack.run(delivery())
    assert (outcome.state, outcome.failure, outcome.reason) == (state, failure, f"slack.{error}")
    assert outcome.spends_attempt
    assert "chat:write" in outcome.detail


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(status=429, headers=(("retry-after", "7"),), body=b'{"ok":false,"error":"ratelimited"}'),
        HttpResponse(status=200, headers=(("retry-after", "7"),), body=b'{"ok":false,"error":"ratelimited"}'),
        HttpResponse(status=429, headers=(("retry-after", "7"),)),
    ],
)
@pytest.mark.parametrize(("method", "hold"), [("chat.postMessage", "lane"), ("chat.update", "chat.update")])
def test_a_rate_limit_holds_what_refused(answer: HttpResponse, method: str, hold: str) -> None:
    slack = Workspace()
    slack.run(delivery())
    slack.answers[method] = answer
    late = delivery(2, "ticket.closed", events=2) if method == "chat.update" else delivery(2, subject="ticket/9")
    outcome = slack.run(late)
    assert (outcome.state, outcome.hold, outcome.retry_after_s) == ("retry", hold, 7.0)
    assert not outcome.spends_attempt
    assert not outcome.failure


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (HttpResponse(error="timeout", sent=True), "retry", "net.timeout"),
        (HttpResponse(error="refused", sent=False), "retry", "net.refused"),
        (HttpResponse(error="blocked", sent=False), "dead", "net.blocked"),
        (HttpResponse(status=503, body=b"upstream"), "retry", "http.status"),
        (HttpResponse(status=302), "retry", "http.redirect"),
        (HttpResponse(status=200, body=b"<html>"), "retry", "slack.unreadable"),
        (HttpResponse(status=200, body=b"[]"), "retry", "slack.unreadable"),
        (HttpResponse(status=404, body=b"{}"), "retry", "slack.unreadable"),
        (HttpResponse(status=200, body=b'{"ok": true, "chan', error="truncated"), "retry", "net.truncated"),
    ],
)
def test_no_answer_is_tried_again(answer: HttpResponse, state: str, reason: str) -> None:
    outcome = Workspace(chat__postMessage=answer).run(delivery())
    assert (outcome.state, outcome.reason, outcome.failure) == (state, reason, True)


def test_an_answer_that_is_cut_off_behind_the_ts_counts() -> None:
    body = b'{"ok": true, "channel": "C1234567", "ts": "1763806000.000100", "message": {"text": "' + b"x" * 1000
    slack = Workspace(chat__postMessage=HttpResponse(status=200, body=body, truncated=True))
    assert slack.run(delivery()).state == "delivered"
    assert slack.memory[MESSAGE_KEY]["channel"] == "C1234567"


def test_refused_blocks_go_as_text_and_stay_text() -> None:
    def no_blocks(args: dict[str, Any]) -> dict[str, Any]:
        if args["blocks"]:
            return {"ok": False, "error": "invalid_blocks"}
        return {"ok": True, "channel": "C00000MES", "ts": "1.000001"}

    slack = Workspace(chat__postMessage=no_blocks, chat__update={"ok": True})
    assert slack.run(delivery()).state == "delivered"
    assert "No imprime." in slack.calls[1].args["text"]
    slack.answers.pop("chat.postMessage")
    slack.run(delivery(2, "ticket.closed", events=2))
    update = next(call for call in slack.calls if call.method == "chat.update")
    assert (update.args["blocks"], update.args["attachments"]) == ([], [])
    assert "No imprime." in update.args["text"]


def test_use_blocks_false_is_text_only() -> None:
    slack = Workspace()
    slack.run(delivery(formatting={"use_blocks": False}))
    args = slack.calls[0].args
    assert args["blocks"] == args["attachments"] == []
    assert "*Prioridad:* Alta" in args["text"]


def test_what_does_not_fit_goes_on_in_the_thread_and_ends_with_a_link() -> None:
    slack = Workspace()
    huge = "\n".join(f"línea {number} <&>" for number in range(9000))
    slack.run(delivery(ticket={**TICKET, "description": huge}))
    replies = [message for message in slack.messages if "thread_ts" in message]
    assert len(replies) == 11
    assert [reply["metadata"]["event_payload"]["part"] for reply in replies] == list(range(1, 12))
    assert all(len(reply["text"]) <= 3000 for reply in replies)
    assert "/events/evt_" in replies[-1]["text"]
    assert all("&lt;&amp;&gt;" in reply["text"] for reply in replies[:-1])


@pytest.mark.parametrize("config", [{}, {"bot_token": "", "webhook_url": ""}, {"bot_token": None}])
def test_an_unconfigured_slack_waits(config: dict[str, Any]) -> None:
    assert Workspace().run(delivery(), config) == Outcome(state="retry", reason="slack.unconfigured")


def test_a_token_that_is_no_token_is_not_sent() -> None:
    slack = Workspace()
    outcome = slack.run(delivery(), {**CONFIG, "bot_token": "xoxb-1\r\nhost: evil"})
    assert (outcome.state, outcome.reason) == ("retry", "slack.invalid_auth")
    assert slack.calls == []


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"locale": "es"}, "Nuevo ticket #4521"),
        ({"locale": "es", "channels": {"#Mesa-de-Ayuda": {"locale": "en"}}}, "New ticket #4521"),
        ({"locale": "es", "channels": {"mesa-de-ayuda": {"locale": "en"}}}, "New ticket #4521"),
        ({"locale": "es", "channels": {"#otro": {"locale": "en"}, "#mesa-de-ayuda": {}}}, "Nuevo ticket #4521"),
        ({"locale": None}, "Nuevo ticket #4521"),
        ({"locale": "en"}, "New ticket #4521"),
    ],
)
def test_the_language_of_a_channel(config: dict[str, Any], text: str) -> None:
    slack = Workspace()
    slack.run(delivery(), {**CONFIG, **config})
    assert text in slack.messages[0]["text"]
