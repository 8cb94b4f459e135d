"""A hub beside a local workspace, both in this process: its API, and events that its rules send to Slack."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from centralita.cli.calling import Reply, call_app
from centralita.core.access import PERMISSIONS
from centralita.ports import RawRequest
from centralita.sandbox.control import SlackControl
from centralita.sandbox.slack import APP_ID
from centralita.services.access import Principal, create_token
from centralita.services.hub import Hub
from centralita.services.running import running
from centralita.settings import load
from centralita.web.api import make_api
from centralita.wiring import open_hub

CONFIG = """
locale: en
data_dir: {directory}/data
database: {{url: "{database}"}}
network: {{allow: ["127.0.0.0/8"]}}
server: {{public_url: "https://desk.example.com"}}
slack: {{api_url: "{url}/api/", {slack}}}
sources:
  - {{slug: desk, kind: generic, secrets: [only-for-tests-0123], settings: {{auth: bearer, types: ["printer.*"]}}}}
rules:
  - {{name: Here, condition: "data.place == 'here'", channel: "#alerts"}}
  - {{name: There, condition: "data.place == 'there'", channel: "otra-empresa/#general"}}
"""
ADMINISTRATOR = Principal("local:tests", "tests", frozenset(PERMISSIONS))


@dataclass
class World:
    """The hub and its API, as its local administrator or as the holder of a token."""

    hub: Hub
    app: Any
    slack: SlackControl

    async def __call__(
        self, method: str, path: str, body: Any = None, *, scopes: tuple[str, ...] = (), **headers: str
    ) -> Reply:
        sent = {"accept-language": "en", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if scopes:
            token, _ = await create_token(self.hub, ADMINISTRATOR, "test", scopes, None)
            sent["authorization"] = f"Bearer {token}"
        content = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            sent["content-type"] = "application/json"
        return await call_app(self.app, method, path, content, sent, local=not scopes and "anonymous" not in sent)

    async def receive(self, subject: str, place: str) -> None:
        """An event of the source desk."""
        event = {"type": "printer.jammed", "subject": subject, "title": f"Jam {subject}", "data": {"place": place}}
        request = RawRequest(
            method="POST",
            query="",
            headers=(("authorization", "Bearer only-for-tests-0123"), ("content-type", "application/json")),
            body=json.dumps(event).encode(),
        )
        answer = await self.hub.ingest.receive("desk", request)
        assert answer.status == 202, answer.body

    async def install_elsewhere(self, name: str = "Otra empresa") -> tuple[str, str]:
        """One more workspace in which the app is installed: its id, and the bot's token."""
        team = (await self.slack.add_workspace(name))["team"]
        redirect = "https://desk.example.com/slack/oauth_redirect"
        scopes = "chat:write,chat:write.public,channels:read,team:read,users:read"
        client = "client_id=1000000000.2000000000"
        url = f"{self.slack.url}/oauth/v2/authorize?{client}&redirect_uri={redirect}&scope={scopes}&state=x"
        code = (await self.slack.authorize(url, team)).partition("code=")[2]
        form = f"{client}&client_secret=local-client-secret&code={code}&redirect_uri={redirect}"
        answer = await self.slack.ask("POST", f"oauth.v2.access?{form}", {}, below="api")
        return team, str(answer["access_token"])


@asynccontextmanager
async def world(slack: SlackControl, database_url: str, directory: Path, settings: str = "") -> AsyncIterator[World]:
    """A hub that receives, routes and delivers; ``settings`` of its section ``slack``."""
    config = directory / "centralita.yaml"
    config.write_text(CONFIG.format(directory=directory, database=database_url, url=slack.url, slack=settings))
    async with open_hub(load(config, {})) as hub, running(hub):
        yield World(hub, make_api(hub), slack)


__all__ = ["APP_ID", "World", "world"]
