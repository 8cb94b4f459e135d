"""A hub in a world: the local Slack workspace and the sink in processes of their own, on either database."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from centralita.sandbox.control import SinkControl, SlackControl
from centralita.sandbox.invgate import API_TOKEN, CLIENT_ID, CLIENT_SECRET
from centralita.sandbox.invgate.control import InvGateControl
from tests.postgres import PostgresCluster
from tests.scenarios.judges import KeptReader, judge_intact, judge_quiet
from tests.scenarios.ledger import SECRET, Ledger, Sender
from tests.scenarios.processes import HubProcess, serving_part, write_config

WEBHOOK_SECRET = "whsec_c2NlbmFyaW8td2ViaG9vay1zZWNyZXQ="
BOT_TOKEN = "xoxb-local-mesa-de-ayuda"
SECRETS = (SECRET, WEBHOOK_SECRET, BOT_TOKEN, "only-for-tests")
FAST = (0.05, 0.1, 0.2)
"""A retry schedule for tests that are not about its length."""


@pytest.fixture(scope="session")
def sink_url() -> Iterator[str]:
    """A webhook sink in its own process, for all tests of this worker: ask for ``sink`` to have it emptied."""
    with serving_part("sink") as url:
        yield url


@pytest.fixture(scope="session")
def slack_url() -> Iterator[str]:
    """A local workspace in its own process; ask for ``slack`` to have it emptied."""
    with serving_part("slack") as url:
        yield url


@pytest.fixture
async def sink(sink_url: str) -> AsyncIterator[SinkControl]:
    """The sink, empty and well."""
    async with SinkControl(sink_url) as control:
        await control.reset()
        await control.heal()
        yield control


@pytest.fixture
async def slack(slack_url: str) -> AsyncIterator[SlackControl]:
    """The workspace, empty and well, without limits."""
    async with SlackControl(slack_url) as control:
        await control.reset()
        await control.heal()
        await control.limits(enabled=False)
        yield control


@pytest.fixture(scope="session")
def invgate_url() -> Iterator[str]:
    """A local InvGate in a process of its own; ask for ``invgate`` to have it as it was at the beginning."""
    with serving_part("invgate") as url:
        yield url


@pytest.fixture
async def invgate(invgate_url: str) -> AsyncIterator[InvGateControl]:
    """A local InvGate, as it was at the beginning and well."""
    async with InvGateControl(invgate_url) as control:
        await control.reset()
        await control.heal()
        yield control


class World:
    """What a scenario plays in. Ends every hub that it started."""

    def __init__(self, directory: Path, database_url: str, stack: AsyncExitStack) -> None:
        self.directory, self.database_url = directory, database_url
        self.reader = KeptReader(database_url, stack)
        self.hubs: list[HubProcess] = []
        self.ledgers: list[Ledger] = []
        self._stack = stack

    async def hub(
        self,
        *layers: Mapping[str, Any],
        role: str = "all",
        name: str = "hub",
        environ: Mapping[str, str] | None = None,
        program: Path | None = None,
    ) -> HubProcess:
        """A running hub whose configuration is the layers joined; ``program`` starts it in another way."""
        config = write_config(self.directory / name, self.database_url, SOURCES, *layers)
        hub = HubProcess(config, role, environ, program)
        self.hubs.append(hub)
        return await self._stack.enter_async_context(hub)

    async def sender(self, hub: HubProcess, slug: str = "monitor") -> Sender:
        """A sender that keeps books."""
        sender = await self._stack.enter_async_context(Sender(hub.url, slug))
        self.ledgers.append(sender.ledger)
        return sender

    async def settle(self) -> None:
        """Ends every hub in order, and has the judges I and N look at what they left."""
        for hub in self.hubs:
            if hub.running:
                assert await hub.stop() == 0, hub.log[-20:]
        assert judge_intact(self.reader) == []
        for hub in self.hubs:
            assert judge_quiet(hub.log, SECRETS) == []


SOURCES: dict[str, Any] = {
    "sources": [
        {
            "slug": "monitor",
            "kind": "generic",
            "secrets": [SECRET],
            "settings": {"auth": "header", "header": "X-Secret"},
        },
        {"slug": "invgate", "kind": "invgate", "secrets": [SECRET], "settings": {"header": "X-Secret"}},
    ]
}


def webhooks(sink: SinkControl, *names: str, **settings: Any) -> dict[str, Any]:
    """Outgoing webhooks that take everything, each to its own path of the sink: ``/NAME``."""
    common = {"types": ["*"], "secret": WEBHOOK_SECRET, "schedule_s": list(FAST), **settings}
    return {"webhooks": [{"name": name, "url": f"{sink.url}/{name}", **common} for name in names]}


def slack_settings(slack: SlackControl, **settings: Any) -> dict[str, Any]:
    """The local workspace, with a rate that keeps no test waiting."""
    common = {"api_url": f"{slack.url}/api/", "bot_token": BOT_TOKEN, "rate_per_s": 1000, "burst": 1000}
    return {"slack": {**common, **settings}}


def invgate_settings(invgate: InvGateControl, **service_desk: Any) -> dict[str, Any]:
    """Both halves of the local InvGate, with a rate that keeps no test waiting."""
    desk = {"url": invgate.url, "token": API_TOKEN, "author": "luis@example.com", "poll_s": 0, **service_desk}
    assets = {"url": invgate.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return {"invgate": {"service_desk": desk, "assets": assets, "rate_per_s": 1000, "burst": 1000}}


@asynccontextmanager
async def world_of(directory: Path, database_url: str) -> AsyncIterator[World]:
    """A world on one database."""
    async with AsyncExitStack() as stack:
        yield World(directory, database_url, stack)


@pytest.fixture
async def world(tmp_path: Path, migrated_url: str) -> AsyncIterator[World]:
    """A world; the test runs on SQLite and on PostgreSQL."""
    async with world_of(tmp_path, migrated_url) as made:
        yield made


@pytest.fixture
async def usual_world(usual_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world on SQLite; in the long run on PostgreSQL too. For what the store's own tests show on both every time."""
    async with world_of(tmp_path, usual_url) as made:
        yield made


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database that all tests of a module share; they run once on each of the two."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("module") / "centralita.db"
        yield f"sqlite:///{shutil.copyfile(request.getfixturevalue('migrated_file'), file)}"
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    url = cluster.create_database(request.getfixturevalue("migrated_template"))
    yield url
    cluster.drop_database(url)


@pytest.fixture
async def sqlite_world(tmp_path: Path, migrated_sqlite: str) -> AsyncIterator[World]:
    """A world on SQLite."""
    async with world_of(tmp_path, migrated_sqlite) as made:
        yield made


@pytest.fixture
async def postgres_world(tmp_path: Path, migrated_postgres: str) -> AsyncIterator[World]:
    """A world on PostgreSQL."""
    async with world_of(tmp_path, migrated_postgres) as made:
        yield made
