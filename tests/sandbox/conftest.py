from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from centralita.sandbox.control import SinkControl, SlackControl
from centralita.sandbox.invgate import LocalInvGate
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.server import serve
from centralita.sandbox.sink import WebhookSink
from centralita.sandbox.slack import BOT_TOKEN, LimitSettings, LocalSlack


@pytest.fixture
async def slack() -> AsyncIterator[SlackControl]:
    """A workspace without rate limits, by its control client; the client's ``url`` is the workspace's."""
    async with serve(LocalSlack(LimitSettings.off())) as address, SlackControl(address.url) as control:
        yield control


@pytest.fixture
def client(slack: SlackControl) -> AsyncWebClient:
    """Slack's own client, pointed at the workspace and otherwise as it is."""
    return AsyncWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")


@pytest.fixture
async def sink() -> AsyncIterator[SinkControl]:
    async with serve(WebhookSink()) as address, SinkControl(address.url) as control:
        yield control


@pytest.fixture
async def invgate() -> AsyncIterator[InvGateControl]:
    """A local InvGate with 250 assets and 60 people, by its control client; the client's ``url`` is InvGate's."""
    async with serve(LocalInvGate(assets=250, people=60)) as address, InvGateControl(address.url) as control:
        yield control
