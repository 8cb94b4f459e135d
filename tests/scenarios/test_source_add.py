"""A person adds a sender: the command asks, prints, waits, tells what was refused and what was understood.

The commands run as processes of their own beside the hub, as at a person's terminal.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.answers import AnswerPlan
from tests.scenarios.conftest import World, webhooks
from tests.scenarios.processes import ROOT, HubProcess
from tests.scenarios.waiting import GAP_S
from tests.scenarios.wire import exchange

TICKET = json.dumps({"event": "new_ticket", "request_id": 4521, "title": "The printer is on fire", "priority": "High"})
TICKETS = {"rules": [{"name": "Tickets", "condition": "type == 'ticket.created'", "webhook": "erp"}]}
KEY = {"CENTRALITA_SECRET_KEY": "ab" * 32}


class Terminal:
    """A running command whose lines are read as they come."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process, self.lines = process, list[str]()

    async def until(self, text: str) -> str:
        """The first line from here on that holds ``text``."""
        assert self._process.stdout is not None
        async with asyncio.timeout(40):
            while line := (await self._process.stdout.readline()).decode():
                self.lines.append(line.rstrip())
                if text in line:
                    return line.rstrip()
        raise AssertionError("\n".join(self.lines))

    async def end(self) -> tuple[int, str]:
        """(exit code, everything that it said)"""
        rest, _ = await asyncio.wait_for(self._process.communicate(), 40)
        self.lines += rest.decode().splitlines()
        assert self._process.returncode is not None
        return self._process.returncode, "\n".join(self.lines)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@asynccontextmanager
async def terminal(hub: HubProcess, *words: str, **environ: str) -> AsyncIterator[Terminal]:
    """``centralita WORDS`` with the hub's configuration; both streams in one, as on a screen."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from centralita.cli import main; main()", "--config", str(hub.config), *words),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "LANG": "C.UTF-8", **environ},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        # Whoever starts the tests in the background has them, and all that they start, ignore Ctrl-C.
        preexec_fn=_heed_interrupts,
    )
    try:
        yield Terminal(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def run(hub: HubProcess, *words: str, **environ: str) -> tuple[int, str]:
    """A command to its end: (exit code, everything that it said)."""
    async with terminal(hub, *words, **environ) as running:
        return await running.end()


async def post(url: str, slug: str, secret: str, body: str) -> int:
    """The status that a sender with that secret is answered."""
    head = f"POST /in/{slug} HTTP/1.1\r\nHost: hub\r\nX-Webhook-Secret: {secret}\r\nContent-Type: application/json\r\n"
    status, _ = await exchange(url, f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    return status


async def post_until(wanted: Callable[[int], bool], *request: str) -> int:
    """Posts until the answer's status is a wanted one: nothing outside shows when another process has heard."""
    async with asyncio.timeout(40):
        while True:
            status = await post(*request)
            if wanted(status):
                return status
            await asyncio.sleep(GAP_S)


def shown(text: str, name: str) -> str:
    """A value that the command printed beside its name."""
    found = re.search(rf"^ +{name} +(\S+)$", text, re.MULTILINE)
    assert found is not None, text
    return found[1]


async def test_a_sender_is_added_and_its_first_event_is_understood(sqlite_world: World, sink: SinkControl) -> None:
    world = sqlite_world
    hub = await world.hub(webhooks(sink, "erp", types=[]), TICKETS)
    async with terminal(hub, "source", "add", "invgate", "--slug", "mesa") as adding:
        await adding.until("Waiting for the first event")
        said = "\n".join(adding.lines)
        address, secret = shown(said, "Address"), shown(said, "Secret")
        assert address == f"{hub.url}/in/mesa" and shown(said, "Header") == "x-webhook-secret"
        assert "In InvGate, make an automation" in said and f"`{address}`" in said
        assert (await exchange(hub.url, b"GET /in/mesa HTTP/1.1\r\nHost: hub\r\n\r\n"))[0] == 405
        assert "405  It is not a POST." in await adding.until("✕")
        assert await post(hub.url, "mesa", "wrong", TICKET) == 401
        assert "401  The secret is wrong." in await adding.until("✕")
        assert "Enter the secret at the sender again" in await adding.until("→")
        assert await post(hub.url, "mesa", secret, "{") == 400
        assert "The JSON is not valid." in await adding.until("✕")
        assert await post(hub.url, "mesa", secret, TICKET) == 202
        code, said = await adding.end()
    assert code == 0
    assert "Event  ticket.created  “The printer is on fire”" in said
    assert "ticket/4521 · high" in said and "webhook:erp" in said and "Rules: Tickets" in said
    await sink.wait_for(1)

    await hub.stop()
    await hub.start()
    assert await post(hub.url, "mesa", secret, TICKET.replace("4521", "4522")) == 202
    await sink.wait_for(2)
    assert secret not in "\n".join(hub.log)
    await world.settle()


async def test_whoever_has_waited_enough_is_told_how_to_go_on(sqlite_world: World) -> None:
    hub = await sqlite_world.hub()
    async with terminal(hub, "source", "add", "invgate", "--slug", "mesa") as adding:
        await adding.until("Waiting for the first event")
        secret = shown("\n".join(adding.lines), "Secret")
        adding.interrupt()
        code, said = await adding.end()
    assert code == 0 and "Go on later with: centralita source wait mesa" in said
    async with terminal(hub, "source", "wait", "mesa") as waiting:
        await waiting.until("Waiting")
        assert await post(hub.url, "mesa", secret, TICKET) == 202
        code, said = await waiting.end()
    assert code == 0 and "Event  ticket.created" in said
    assert "No rule matches" in said and "centralita event show evt_" in said
    async with terminal(hub, "source", "wait", "mesa") as waiting:
        assert "1 accepted so far" in await waiting.until("accepted")
        await waiting.until("Waiting")
        assert await hub.stop() == 0  # nobody who waits keeps a hub from ending
        code, said = await waiting.end()
    assert code == 1, said


async def test_a_source_is_tried_out_to_the_receivers_end(sqlite_world: World, sink: SinkControl) -> None:
    world = sqlite_world
    hub = await world.hub(webhooks(sink, "erp", types=[], schedule_s=[0.05]), TICKETS)
    code, said = await run(hub, "source", "test", "invgate", "--fixture", "ticket-created")
    assert code == 0, said
    assert "ticket-created  202 accepted" in said and "● webhook:erp" in said
    await sink.answer(AnswerPlan(status=500))
    code, said = await run(hub, "source", "test", "invgate", "--all", "--json")
    items = {item["fixture"]: item for item in json.loads(said)["items"]}
    assert code == 1 and items["ticket-created"]["sent"]["status"] == 200 and items["ticket-created"]["ok"]
    failed = [name for name, item in items.items() if not item["ok"]]
    assert failed and all(items[name]["events"][0]["deliveries"][0]["state"] == "dead" for name in failed)
    await world.settle()


@pytest.mark.long
async def test_every_process_knows_a_new_source_and_forgets_a_removed_one(
    postgres_world: World, sink: SinkControl
) -> None:
    settings = webhooks(sink, "erp", types=[])
    worker = await postgres_world.hub(settings, TICKETS, role="worker", name="worker", environ=KEY)
    web = await postgres_world.hub(settings, TICKETS, role="web", name="web", environ=KEY)
    other = await postgres_world.hub(settings, TICKETS, role="web", name="other", environ=KEY)
    async with terminal(web, "source", "add", "invgate", "--slug", "mesa", **KEY) as adding:
        await adding.until("Waiting for the first event")
        secret = shown("\n".join(adding.lines), "Secret")
        assert await post_until(lambda status: status != 404, other.url, "mesa", secret, TICKET) == 202
        code, said = await adding.end()
    assert code == 0 and "Event  ticket.created" in said
    await sink.wait_for(1)
    await worker.stop()
    assert await post(other.url, "mesa", secret, TICKET.replace("4521", "4522")) == 202
    assert (await run(web, "source", "remove", "mesa", **KEY))[0] == 0
    await post_until(lambda status: status == 404, other.url, "mesa", secret, TICKET.replace("4521", "4523"))
    await worker.start()  # what the removed source has sent is still routed
    assert len(await sink.wait_for(2)) >= 2
    await postgres_world.settle()
