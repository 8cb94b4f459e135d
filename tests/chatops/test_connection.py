"""The connection to Slack: one whose other end is gone without a word is given up, and nothing is lost by it."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from centralita.chatops import connection
from centralita.sandbox.control import SlackControl, SlackPerson
from centralita.sandbox.slack.apps import ACK_S
from centralita.services import incidents
from centralita.services.access import Principal
from centralita.services.incidents import NewIncident
from tests.chatops.conftest import Start
from tests.chatops.test_incidents import LAYER, ROOM, entries, told
from tests.scenarios.proxy import Proxy

LUIS = Principal("slack:luis@example.com", "luis@example.com", frozenset())


@pytest.mark.timeout(90)
@pytest.mark.long
async def test_a_connection_that_only_seems_to_be_there_is_replaced(
    app: Start, slack: SlackControl, luis: SlackPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PING_S", 0.4)
    async with Proxy(urlsplit(slack.url).port or 0) as proxy:
        through = {"slack": {"api_url": f"http://127.0.0.1:{proxy.port}/api/"}}
        async with app(LAYER, through) as hub:
            await slack.change_app(retry_waits_s=[0.2] * 60, ack_s=ACK_S)
            await incidents.create(hub, LUIS, NewIncident(title="No hay red", priority="high"))
            root = await told(slack, "#incidents", "INC-1")
            proxy.strand()
            # Neither end is told: Slack goes on sending there, and the app hears nothing.
            await luis.say(ROOM, "Es el switch", root["ts"])
            pressed = await luis.press(ROOM, root["ts"], "incident_acknowledge")
            assert (pressed["ok"], pressed["error"]) == (False, "operation_timeout")
            async with asyncio.timeout(40):
                while not (await luis.press(ROOM, root["ts"], "incident_acknowledge"))["ok"]:
                    pass  # each press waits for Slack's answer
            found = await entries(hub, lambda all_: len(all_) == 3)
            assert sorted(each.kind for each in found) == ["acknowledge", "comment", "create"]
            assert [each.text for each in found if each.kind == "comment"] == ["Es el switch"]
