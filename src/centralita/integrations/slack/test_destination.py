"""The way of a delivery through Slack's Web API, request by request."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from centralita.core.effects import Effect
from centralita.integrations.slack.api import BUCKETS
from centralita.integrations.slack.destination import SlackDestination
from centralita.integrations.slack.test_scripted import CONFIG, LONG, LUIS, NOW, TICKET, Workspace, delivery
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


# --- people ----------------------------------------------------------------------------------------------------------


def test_a_direct_message_is_in_the_persons_own_language_and_remembered() -> None:
    slack = Workspace()
    slack.run(delivery(1, target="luis@example.com", audience="agent", data={"agent": LUIS}))
    lookups = ["users.lookupByEmail", "conversations.open", "users.info"]
    assert slack.methods() == [*lookups, "chat.postMessage", "auth.test"]
    assert slack.calls[3].args["channel"] == "D00000LUIS"
    assert "New ticket #4521" in slack.calls[3].args["text"]
    slack.calls.clear()
    slack.run(delivery(2, target="luis@example.com", audience="agent", subject="ticket/2"))
    assert slack.methods() == ["chat.postMessage"]
    slack.calls.clear()
    slack.run(delivery(3, target="luis@example.com", audience="agent", subject="ticket/3"), now=NOW + DAY_S + 1)
    assert slack.methods()[:3] == lookups


@pytest.mark.parametrize(
    "answers",
    [
        {"users__lookupByEmail": {"ok": False, "error": "users_not_found"}},
        {"users__lookupByEmail": {"ok": True, "user": {"id": "U0000GONE", "deleted": True}}},
        {"conversations__open": {"ok": False, "error": "user_disabled"}},
    ],
)
def test_somebody_who_is_not_in_slack_is_skipped_and_not_asked_for_again_for_an_hour(answers: dict[str, Any]) -> None:
    slack = Workspace(**answers)
    gone = delivery(target="ana@example.com", audience="requester")
    outcome = slack.run(gone)
    assert (outcome.state, outcome.reason, outcome.failure) == ("skipped", "slack.user_not_found", False)
    slack.calls.clear()
    slack.run(delivery(2, target="ana@example.com", audience="requester"))
    assert slack.methods() == []
    slack.run(delivery(3, target="ana@example.com", audience="requester"), now=NOW + 3601)
    assert "users.lookupByEmail" in slack.methods()


def test_the_fallback_gets_the_message_with_the_name() -> None:
    slack = Workspace()
    nobody = {"name": "Eva Luz", "email": "eva@example.com"}

    def to_eva(number: int, kind: str, events: int) -> Any:
        return delivery(
            number,
            kind,
            events=events,
            target="eva@example.com",
            audience="requester",
            fallback="#mesa-de-ayuda",
            data={"requester": nobody},
        )

    assert slack.run(to_eva(1, "ticket.created", 1)).state == "delivered"
    assert slack.messages[0]["channel"] == "C00000MES"
    assert "Para Eva Luz, que no está en Slack." in slack.messages[0]["text"]
    slack.calls.clear()
    slack.run(to_eva(2, "ticket.closed", 2))
    assert slack.methods() == ["chat.update", "chat.postMessage"]
    assert "Para Eva Luz" in slack.calls[0].args["text"]


def test_a_token_without_the_right_to_look_people_up_is_no_missing_person() -> None:
    slack = Workspace(users__lookupByEmail={"ok": False, "error": "missing_scope", "needed": "users:read.email"})
    outcome = slack.run(delivery(target="ana@example.com", audience="requester"))
    assert (outcome.state, outcome.reason) == ("retry", "slack.missing_scope")
    assert "slack:user:ana@example.com" not in slack.memory


HIDDEN = {"comment": {"text": "interno", "author": "Luis", "visible_to_customer": False}}


@pytest.mark.parametrize(
    ("effect", "is_hidden"),
    [
        ({"target": "ana@example.com", "audience": "requester"}, True),
        ({"target": "ANA@example.com", "audience": "channel"}, True),
        ({"target": "luis@example.com", "audience": "agent"}, False),
        ({"target": "#mesa-de-ayuda"}, False),
    ],
)
@pytest.mark.parametrize("visible", [False, None, 1, "true"])
def test_a_comment_that_is_not_for_customers_never_reaches_the_requester(
    effect: dict[str, Any], is_hidden: bool, visible: object
) -> None:
    comment = {"comment": {**HIDDEN["comment"], "visible_to_customer": visible}}
    slack = Workspace()
    outcome = slack.run(delivery(1, "ticket.commented", data=comment, **effect))
    assert (outcome.state == "skipped") == is_hidden
    assert ("interno" in str(slack.messages)) != is_hidden
    slack = Workspace()
    slack.run(delivery(1, "ticket.status_changed", data=comment, **effect))
    assert ("interno" in str(slack.messages)) != is_hidden
    assert slack.messages


def test_a_comment_for_customers_reaches_the_requester() -> None:
    slack = Workspace()
    comment = {"comment": {"text": "ya va", "author": "Luis", "visible_to_customer": True}}
    slack.run(delivery(1, "ticket.commented", data=comment, target="ana@example.com", audience="requester"))
    assert "ya va" in str(slack.messages)


GROUPS = {
    "ok": True,
    "usergroups": [{"id": "S0000ONC", "handle": "oncall"}, {"id": "S0000OLD", "handle": "old", "date_delete": 9}],
}
USERS = {"ok": True, "members": [{"id": "U0000SAM", "name": "sam"}, {"id": "U0000OFF", "name": "off", "deleted": True}]}


@pytest.mark.parametrize(
    ("mention", "markup"),
    [
        ("@oncall", "<!subteam^S0000ONC>"),
        ("@OnCall", "<!subteam^S0000ONC>"),
        ("@sam", "<@U0000SAM>"),
        ("@off", "@off"),
        ("@old", "@old"),
        ("@nadie", "@nadie"),
        ("@<!channel>", "@&lt;!channel&gt;"),
        ("luis@example.com", "<@U00000LUIS>"),
        ("eva@example.com", "eva@example.com"),
        ("U0000SAM", "<@U0000SAM>"),
        ("<@U0000SAM>", "<@U0000SAM>"),
        ("S0000ONC", "<!subteam^S0000ONC>"),
        ("@channel", "<!channel>"),
        ("@here", "<!here>"),
    ],
)  # fmt: skip
def test_mentions(mention: str, markup: str) -> None:
    slack = Workspace(usergroups__list=GROUPS, users__list=USERS)
    assert slack.run(delivery(mentions=(mention,))).state == "delivered"
    posted = slack.messages[0]
    assert posted["text"].split("Impresora sin tóner ")[1].startswith(markup)
    assert posted["blocks"][1]["text"]["text"].startswith(markup)
    slack.calls.clear()
    slack.run(delivery(2, subject="ticket/2", mentions=(mention,)))
    assert slack.methods() == ["chat.postMessage"]


def test_a_thread_calls_only_those_who_were_not_called_yet() -> None:
    slack = Workspace(usergroups__list=GROUPS)
    slack.run(delivery(mentions=("@oncall",)))
    slack.run(delivery(2, "ticket.assigned", events=2, mentions=("@oncall", "@here")))
    slack.run(delivery(3, "ticket.sla_breached", events=3, mentions=("@oncall",)))
    replies = [message["text"] for message in slack.messages if "thread_ts" in message]
    assert ["<!here>" in reply for reply in replies] == [True, False]
    assert not any("subteam" in reply for reply in replies)
    assert "<!subteam^S0000ONC> <!here>" in slack.messages[0]["text"]
    assert slack.methods().count("usergroups.list") == 1


def test_a_call_that_cannot_be_looked_up_just_now_waits_then_goes_as_text() -> None:
    slack = Workspace(usergroups__list=HttpResponse(status=503))
    assert slack.run(delivery(mentions=("@oncall",))).reason == "http.status"
    assert slack.run(delivery(mentions=("@oncall",), attempt=4)).state == "delivered"
    assert "@oncall" in slack.messages[0]["text"]


def test_an_old_list_of_groups_serves_when_there_is_no_new_one() -> None:
    slack = Workspace(usergroups__list=[GROUPS, HttpResponse(status=503)])
    slack.run(delivery(mentions=("@oncall",)))
    slack.run(delivery(2, subject="ticket/2", mentions=("@oncall",)), now=NOW + DAY_S + 1)
    assert "<!subteam^S0000ONC>" in slack.messages[1]["text"]


def test_a_list_of_groups_that_is_cut_off_serves_as_far_as_it_goes() -> None:
    whole = msgspec.json.encode(
        {"ok": True, "usergroups": [{"id": "S0000ONC", "handle": "oncall"}, {"id": "S0000TWO"}]}
    )
    slack = Workspace(usergroups__list=HttpResponse(status=200, body=whole[:-10], truncated=True))
    slack.run(delivery(mentions=("@oncall",)))
    assert "<!subteam^S0000ONC>" in slack.messages[0]["text"]


# --- an attempt whose end nobody knows -------------------------------------------------------------------------------


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


# --- an incoming webhook only ----------------------------------------------------------------------------------------

HOOK = {"webhook_url": "https://hooks.slack.test/services/T/B/X", "locale": "es", "public_url": "https://desk.test"}


def test_an_incoming_webhook_gets_each_event_as_a_message() -> None:
    slack = Workspace()
    ok = HttpResponse(status=200, body=b"ok")
    slack.answers["X"] = ok
    for number, kind in enumerate(["ticket.created", "ticket.closed"], 1):
        assert slack.run(delivery(number, kind, mentions=("@here", "@oncall")), HOOK).state == "delivered"
    assert slack.methods() == ["X", "X"]
    assert set(slack.calls[0].args) == {"text", "blocks", "attachments"}
    assert "<!here> @oncall" in slack.calls[0].args["text"]
    assert slack.calls[0].request.paced
    assert slack.memory == {}
    slack.run(delivery(3, ticket={**TICKET, "description": LONG}), HOOK)
    assert "demasiado largo" in str(slack.calls[-1].args["attachments"])


@pytest.mark.parametrize(
    ("response", "state", "reason"),
    [
        (HttpResponse(status=404, body=b"no_service"), "retry", "slack.no_service"),
        (HttpResponse(status=410, body=b"channel_is_archived"), "dead", "slack.channel_is_archived"),
        (HttpResponse(status=400, body=b"invalid_blocks"), "dead", "slack.invalid_blocks"),
        (HttpResponse(status=403, body=b"<html>"), "retry", "slack.unknown_error"),
        (HttpResponse(status=429, headers=(("retry-after", "3"),)), "retry", "slack.ratelimited"),
        (HttpResponse(status=500), "retry", "http.status"),
        (HttpResponse(error="refused"), "retry", "net.refused"),
    ],
)
def test_what_an_incoming_webhook_refuses(response: HttpResponse, state: str, reason: str) -> None:
    slack = Workspace(X=response)
    outcome = slack.run(delivery(), HOOK)
    assert (outcome.state, outcome.reason) == (state, reason)
    assert "hooks.slack" not in repr(outcome)


def test_nobody_is_written_to_by_an_incoming_webhook() -> None:
    outcome = Workspace().run(delivery(target="ana@example.com", audience="requester", fallback="#x"), HOOK)
    assert (outcome.state, outcome.reason) == ("skipped", "slack.webhook_only")


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
        ({"locale": None}, "Nuevo ticket #4521"),
        ({"locale": "en"}, "New ticket #4521"),
    ],
)
def test_the_language_of_a_channel(config: dict[str, Any], text: str) -> None:
    slack = Workspace()
    slack.run(delivery(), {**CONFIG, **config})
    assert text in slack.messages[0]["text"]
