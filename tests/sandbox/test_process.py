"""The sandbox as processes of their own."""

import asyncio
import json
import signal
import sys
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from centralita.sandbox.control import SinkControl, SlackControl
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.sink import AnswerPlan
from tests.sandbox.credentials import basic


async def start(*words: str) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "centralita.sandbox",
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    return process, json.loads(await process.stdout.readline() or b"{}")


@pytest.mark.parametrize("part", ["slack", "sink", "invgate"])
async def test_it_prints_its_address_and_ends_on_sigterm(part: str) -> None:
    process, facts = await start(part)
    if part == "slack":
        client = AsyncWebClient(token=facts["bot_token"], base_url=f"{facts['url']}/api/")
        assert (await client.chat_postMessage(channel="#alerts", text="x"))["ok"]
        async with SlackControl(facts["url"]) as slack:
            await slack.drop_next(applied=True)
            client.retry_handlers.clear()
            with pytest.raises(aiohttp.ClientConnectionError):
                await client.chat_postMessage(channel="#alerts", text="y")
            assert [call.outcome for call in await slack.posted()] == ["answered", "applied_and_dropped"]
    elif part == "invgate":
        headers = basic(facts["api_user"], facts["api_token"])
        async with InvGateControl(facts["url"]) as invgate, aiohttp.ClientSession(headers=headers) as session:
            ticket = await invgate.add_ticket("x")
            async with session.get(f"{facts['url']}/api/v1/incident?id={ticket}") as response:
                assert (await response.json())["title"] == "x"
    else:
        async with SinkControl(facts["url"]) as sink, aiohttp.ClientSession() as session:
            await sink.answer(AnswerPlan(mode="drop"))
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.post(facts["url"])
            assert len(await sink.received()) == 1
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


async def test_a_taken_port_is_said_in_a_line() -> None:
    first, facts = await start("sink")
    second, nothing = await start("slack", "--port", str(facts["port"]))
    assert second.stderr is not None
    error = (await second.stderr.read()).decode()
    assert (await second.wait(), nothing) == (1, {})
    assert "can't listen on 127.0.0.1" in error
    assert "Traceback" not in error
    first.terminate()
    await first.wait()
