"""Lanes: one for each place, however it is written."""

from __future__ import annotations

import pytest

from centralita.core.effects import Effect
from centralita.core.lanes import LanePolicy
from centralita.integrations.slack.destination import SlackDestination
from centralita.integrations.webhook.destination import WebhookDestination
from centralita.integrations.webhook.receiver import Receiver
from centralita.services.destinations import Destinations, UnknownTarget


@pytest.fixture
def destinations() -> Destinations:
    configs = {("webhook", "erp"): {"receiver": Receiver(name="erp", policy=LanePolicy(in_flight=3)), "session": {}}}
    return Destinations(
        {"slack": SlackDestination(), "webhook": WebhookDestination()},
        lambda kind, target: {"bot_token": "xoxb-1"} if kind == "slack" else configs.get((kind, target)),
    )


def lane(destinations: Destinations, target: str) -> str:
    return destinations.address(Effect(rule="r", destination="slack", target=target)).lane.key


def test_a_channel_has_one_lane_by_whatever_name_once_slack_has_said_which_it_is(destinations: Destinations) -> None:
    assert lane(destinations, "#alerts") == "slack:#alerts"
    assert lane(destinations, "C024BE91L") == "slack:c024be91l"
    destinations.learn("slack:channel:#alerts", "C024BE91L")
    assert lane(destinations, "C024BE91L") == lane(destinations, "#Alerts") == "slack:#alerts"
    destinations.learn("slack:channel:#renamed", "C024BE91L")
    assert lane(destinations, "#renamed") == "slack:#alerts"
    assert lane(destinations, "#other") == "slack:#other"


def test_what_is_remembered_of_other_things_changes_no_lane(destinations: Destinations) -> None:
    for key, value in (("slack:user:ana@example.com", {"id": "U1"}), ("slack:channel:#alerts", None)):
        destinations.learn(key, value)
    assert lane(destinations, "#alerts") == "slack:#alerts"


def test_a_target_that_is_not_configured_is_unknown_and_its_lane_has_the_default_policy(
    destinations: Destinations,
) -> None:
    assert destinations.policy("webhook", "erp").in_flight == 3
    assert destinations.policy("webhook", "gone").in_flight == 16
    with pytest.raises(UnknownTarget):
        destinations.address(Effect(rule="r", destination="webhook", target="gone"))
