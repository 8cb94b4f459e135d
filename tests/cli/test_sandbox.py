"""The outside world, started as a person would."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from centralita.sandbox.invgate.control import InvGateControl
from tests.cli.conftest import PROGRAM, Terminal, bare_environment


@contextmanager
def started(directory: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*PROGRAM, "sandbox", *words], cwd=directory, stdout=subprocess.PIPE, text=True, env=bare_environment({})
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def test_a_local_invgate_says_how_to_reach_it_and_ends_on_a_signal(tmp_path: Path) -> None:
    with started(tmp_path, "invgate", "--port", "0", "--assets", "30", "--people", "5", "--json") as process:
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        assert set(facts) == {"url", "host", "port", "api_user", "api_token", "client_id", "client_secret"}
        async with InvGateControl(facts["url"]) as invgate:
            assert (await invgate.asset(30))["id"] == 30
        async with aiohttp.ClientSession() as session, session.get(facts["url"]) as response:
            assert "InvGate" in await response.text()
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0


@pytest.mark.parametrize("part", ["slack", "sink", "invgate"])
def test_a_taken_port_is_said_in_a_line(terminal: Terminal, part: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = terminal.process("sandbox", part, "--port", str(taken.getsockname()[1]))
    assert (done.code, done.out) == (1, "")
    assert "Nothing can listen on port" in done.err
    assert "Traceback" not in done.err
