"""Owners of assets as a person at a terminal sees them: a real server, a local InvGate in its own process."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from centralita.sandbox.invgate import API_TOKEN, CLIENT_ID, CLIENT_SECRET, LocalInvGate
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.server import serve
from tests.cli.conftest import PROGRAM

CONFIG = """\
locale: en
data_dir: data
database: {{url: "{database}"}}
server: {{port: 0}}
logs: {{level: error}}
network: {{allow: ["127.0.0.0/8"]}}
invgate:
  rate_per_s: 1000
  burst: 1000
  service_desk: {{url: "{url}", token: "{token}"}}
  assets: {{url: "{url}", client_id: "{client}", client_secret: "{secret}"}}
assets: {{sightings: 1, cap_percent: 100}}
"""


@dataclass
class Desk:
    """A directory with a configuration, and the InvGate that it names."""

    directory: Path
    invgate: InvGateControl

    async def __call__(self, *words: str, code: int = 0) -> str:
        """Runs a command as a person would, in a process of its own; what it said."""
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            *words,
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        out, err = await process.communicate()
        assert process.returncode == code, (words, out.decode(), err.decode())
        return out.decode() + err.decode()

    async def json(self, *words: str) -> Any:
        return json.loads(await self(*words, "--json"))

    @asynccontextmanager
    async def server(self) -> AsyncIterator[None]:
        process = await asyncio.create_subprocess_exec(
            *PROGRAM, "serve", cwd=self.directory, stdout=subprocess.PIPE, stderr=sys.stderr
        )
        try:
            assert process.stdout is not None
            assert await process.stdout.readline()  # where it listens
            yield
        finally:
            process.terminate()
            await process.communicate()


@asynccontextmanager
async def desk_of(directory: Path, database_url: str) -> AsyncIterator[Desk]:
    async with serve(LocalInvGate()) as address, InvGateControl(address.url) as control:
        said = {"url": address.url, "token": API_TOKEN, "client": CLIENT_ID, "secret": CLIENT_SECRET}
        (directory / "centralita.yaml").write_text(CONFIG.format(database=database_url, **said))
        yield Desk(directory, control)


@pytest.mark.long
async def test_a_person_plans_applies_and_reverts_at_the_terminal(tmp_path: Path) -> None:
    async with desk_of(tmp_path, f"sqlite:///{tmp_path / 'centralita.db'}") as desk:
        await desk("migrate")
        ana = await desk.invgate.add_person("Ana Ruiz", email="ana@example.com", username="ana")
        luis = await desk.invgate.add_person("Luis Paz", email="luis@example.com", username="luis")
        first = await desk.invgate.add_asset("PC-1", serial="S1", inventory_id="1", reported_at="",
                                             last_user=r"BIDCOM\\ana", owner_id=luis)  # fmt: skip
        second = await desk.invgate.add_asset("PC-2", serial="S2", inventory_id="2", reported_at="",
                                              last_user=r"bidcom\ana", owner_id=luis)  # fmt: skip

        said = await desk("asset", "plan")  # nobody serves: the command reads by itself
        assert "2 of 2 assets would change" in said and "Nothing was changed" in said and "Ana Ruiz" in said
        assert await desk.invgate.calls(wrote=True) == []
        assert "--yes" in await desk("asset", "apply", code=1)

        async with desk.server():
            await desk.invgate.change_asset(second, owner_id=None)
            said = await desk("asset", "apply", "--yes", code=1)
            assert "overtaken" in said and "PC-2" in said
            assert (await desk.invgate.asset(first))["owner_id"] == ana
            assert (await desk.invgate.asset(second))["owner_id"] is None
            assert await desk.invgate.writes() == {"PATCH public-api/assets-lite": 1}
            [plan] = (await desk.json("asset", "plans"))["items"]
            assert plan["states"] == {"changed": 1, "stale": 1}
            assert "put back" in await desk("asset", "revert", "--yes", plan["id"])
            assert (await desk.invgate.asset(first))["owner_id"] == luis
            shown = await desk("asset", "show", str(first))
            assert "locked" in shown
            assert (await desk.json("asset", "list"))["items"][0]["source"] == "invgate"
            assert "not locked" in await desk("asset", "unlock", str(first))


async def test_what_is_applied_while_nobody_serves_waits_for_the_server(tmp_path: Path) -> None:
    async with desk_of(tmp_path, f"sqlite:///{tmp_path / 'centralita.db'}") as desk:
        await desk("migrate")
        ana = await desk.invgate.add_person("Ana Ruiz", email="ana@example.com", username="ana")
        asset = await desk.invgate.add_asset("PC-1", serial="S1", inventory_id="1", reported_at="", last_user="ana")
        await desk("asset", "plan")
        assert "queued" in await desk("asset", "apply", "--yes")
        async with desk.server():
            await desk.invgate.wait_for(lambda call: call.wrote, method="PATCH", timeout_s=30)
        assert (await desk.invgate.asset(asset))["owner_id"] == ana
