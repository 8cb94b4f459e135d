"""With an incoming webhook only."""

from __future__ import annotations

import pytest

from centralita.integrations.slack.test_scripted import LONG, TICKET, Workspace, delivery
from centralita.ports import HttpResponse

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
