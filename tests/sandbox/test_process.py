"""The sandbox as processes of their own."""

import asyncio
import json
import signal
import sys
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from centralita.sandbox.control import SinkControl, SlackControl


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


@pytest.mark.parametrize("part", ["slack", "sink"])
async def test_it_prints_its_address_and_ends_on_sigterm(part: str) -> None:
    process, facts = await start(part)
    if part == "slack":
        client = AsyncWebClient(token=facts["bot_token"], base_url=f"{facts['url']}/api/")
        assert (await client.chat_postMessage(channel="#alerts", text="x"))["ok"]
        async with SlackControl(facts["url"]) as slack:
            assert len(await slack.posted()) == 1
    else:
        async with SinkControl(facts["url"]) as sink:
            assert await sink.received() == []
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
