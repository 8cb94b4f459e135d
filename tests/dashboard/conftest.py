"""One hub for a module, served on a real socket, and people at its pages."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from centralita.sandbox.control import SinkControl
from centralita.sandbox.server import serve
from centralita.sandbox.sink import WebhookSink
from centralita.services import passwords
from centralita.serving import serving
from centralita.settings import load
from tests.dashboard.bench import Bench
from tests.dashboard.office import SECRET, Office
from tests.scenarios.processes import write_config


def configuration(sink: str) -> dict[str, Any]:
    """A source, two rules and a webhook of the file; people make the others."""
    proof = {"auth": "bearer", "types": ["printer.*"]}
    return {
        "locale": "en",
        "server": {"host": "127.0.0.1", "port": 0},
        "network": {"allow": ["127.0.0.0/8"], "allow_http": True},
        "permissions": {"roles": {"clerk": {"commands": ["status"], "actions": ["event.*"]}}},
        "sources": [{"slug": "desk", "kind": "generic", "secrets": [SECRET], "settings": proof}],
        "rules": [
            {"name": "Grave", "condition": "severity == 'critical'", "webhook": "erp"},
            {"name": "Printers", "condition": "data.place == 'Lima' AND type == 'printer.jammed'", "webhook": "erp"},
        ],
        "webhooks": [{
            "name": "erp", "url": f"{sink}/in/erp", "types": [], "secret": "whsec_b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OQ=="
        }],
    }  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Any:
    """Hashes that cost next to nothing; all else about them is as it is."""
    kept, passwords._HASHER = passwords._HASHER, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield
    passwords._HASHER = kept


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> AsyncIterator[Office]:
    """The hub of a module's tests; its webhook ends in a real receiver."""
    async with opened(tmp_path_factory.mktemp("office"), migrated_file) as there:
        yield there


@asynccontextmanager
async def opened(directory: Path, migrated_file: Path) -> AsyncIterator[Office]:
    """A hub of that configuration, for as long as somebody is in it."""
    async with AsyncExitStack() as stack:
        sink = await stack.enter_async_context(serve(WebhookSink()))
        file = shutil.copyfile(migrated_file, directory / "hub.db")
        config = write_config(directory, f"sqlite:///{file}", configuration(sink.url), {})
        hub, url = await stack.enter_async_context(serving(load(config, {})))
        yield Office(hub, url, sink.url, stack)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(office: Office) -> AsyncIterator[Bench]:
    """Webhooks of that hub, and a receiver that does as it is told."""
    async with serve(WebhookSink()) as address, SinkControl(address.url) as sink:
        yield Bench(office, await office.as_role("admin"), sink)
