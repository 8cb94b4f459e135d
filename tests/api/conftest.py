"""A hub, and its API called in this process: on SQLite, in the long run on PostgreSQL too."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from centralita.cli.calling import Reply, call_app
from centralita.core.access import PERMISSIONS
from centralita.ports import RawRequest
from centralita.services.access import Principal, create_token
from centralita.services.hub import Hub
from centralita.services.running import running
from centralita.settings import load
from centralita.web.api import make_api
from centralita.wiring import open_hub

CONFIG = """
locale: en
sources:
  - {slug: desk, kind: generic, secrets: [only-for-tests-0123], settings: {auth: bearer, types: ["printer.*"]}}
  - {slug: quiet, kind: generic, secrets: [only-for-tests-4567], settings: {auth: bearer, types: ["printer.*"]}}
rules:
  - {name: Grave, condition: "severity == 'critical'", webhook: erp}
  - {name: Printers, condition: "data.place == 'Lima' AND type == 'printer.jammed'", webhook: erp, stop: true}
webhooks:
  - {name: erp, url: "http://127.0.0.1:9/hook", secret: whsec_b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OQ==, types: []}
"""
ADMINISTRATOR = Principal("local:tests", "tests", frozenset(PERMISSIONS))


@dataclass
class Api:
    """Calls the API as whoever holds ``token``; as the local administrator without one."""

    hub: Hub
    app: Any
    token: str = ""

    async def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, local: bool = True
    ) -> Reply:
        sent = {"accept-language": "en", **(headers or {})}
        if self.token:
            sent["authorization"] = f"Bearer {self.token}"
        content = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            sent["content-type"] = "application/json"
        return await call_app(self.app, method, path, content, sent, local=local and not self.token)

    async def holding(self, *scopes: str) -> Api:
        """The same API for the holder of a new token."""
        token, _ = await create_token(self.hub, ADMINISTRATOR, "test", scopes, None)
        return Api(self.hub, self.app, token)

    async def receive(self, **event: Any) -> str:
        """Takes in an event of the source desk, and waits until it is routed; its id."""
        request = RawRequest(
            method="POST",
            query="",
            headers=(("authorization", "Bearer only-for-tests-0123"), ("content-type", "application/json")),
            body=json.dumps(event).encode(),
        )
        answer = await self.hub.ingest.receive("desk", request)
        assert answer.status == 202, answer.body
        event_id = str(json.loads(answer.body)["id"]).replace("rcp_", "evt_")
        while await self.hub.router.route_batch("desk"):
            pass
        return event_id


@pytest.fixture
def configuration() -> str:
    """What is in the hub's file; a module may say something else."""
    return CONFIG


@pytest.fixture
async def hub(usual_url: str, tmp_path: Path, configuration: str) -> AsyncIterator[Hub]:
    """A hub that takes events in and routes them when a test says so. Nobody delivers."""
    config = tmp_path / "centralita.yaml"
    config.write_text(configuration)
    environ = {"CENTRALITA_DATABASE__URL": usual_url, "CENTRALITA_DATA_DIR": str(tmp_path / "data")}
    async with open_hub(load(config, environ), role="web") as opened, running(opened):
        yield opened


@pytest.fixture
def api(hub: Hub) -> Api:
    """The API of ``hub``, as its local administrator."""
    return Api(hub, make_api(hub))
