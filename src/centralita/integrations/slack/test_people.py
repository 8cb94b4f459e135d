"""Who a message goes to, whom it calls, and what they must not see."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from centralita.integrations.slack.test_scripted import LUIS, NOW, Workspace, delivery
from centralita.ports import HttpResponse

DAY_S = 24 * 3600


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
