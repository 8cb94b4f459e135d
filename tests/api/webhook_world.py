"""A hub that delivers to a sink over real sockets, with a webhook of the file and what a test makes itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from centralita.integrations.webhook.receiver import SigningKey
from centralita.ports import RawRequest
from centralita.sandbox.control import SinkControl
from centralita.sandbox.server import serve
from centralita.sandbox.sink import WebhookSink
from centralita.services.hub import Hub
from centralita.services.running import running
from centralita.services.source_watch import until
from centralita.services.webhook_catalogue import Sealed, seal
from centralita.settings import load
from centralita.settings.webhooks import Webhook, parted
from centralita.store import stored_webhooks
from centralita.store.stored_webhooks import WebhookRow
from centralita.web.api import make_api
from centralita.wiring import open_hub
from tests.api.conftest import Api

SECRET = "whsec_b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OQ=="
CONFIG = """
locale: en
network: {{allow: ["127.0.0.0/8"]}}
slack: {{enabled: false}}
sources:
  - {{slug: desk, kind: generic, secrets: [only-for-tests-0123], settings: {{auth: bearer, types: ["printer.*"]}}}}
webhooks:
  - name: erp
    url: "{sink}/erp/s3cret-path?key=s3cret-query"
    secret: {secret}
    types: ["printer.*"]
    schedule_s: [0.01]
    headers: {{X-Team: s3cret-header}}
    auth: {{kind: bearer, token: s3cret-token}}
"""


@dataclass
class WebhookWorld:
    """The hub, its API, and the sink that its webhooks lead to."""

    hub: Hub
    api: Api
    sink: SinkControl
    received: int = 0

    async def receive(self, **event: Any) -> str:
        """Takes in an event of the source desk, which is no repetition of another; its id."""
        self.received += 1
        request = RawRequest(
            method="POST",
            query="",
            headers=(("authorization", "Bearer only-for-tests-0123"), ("content-type", "application/json")),
            body=json.dumps({"type": "printer.jammed", "number": self.received, **event}).encode(),
        )
        answer = await self.hub.ingest.receive("desk", request)
        assert answer.status == 202, answer.body
        return str(json.loads(answer.body)["id"]).replace("rcp_", "evt_")

    async def get(self, path: str) -> Any:
        """What the API answers."""
        reply = await self.api("GET", f"/api/v1{path}")
        assert reply.status == 200, reply.body
        return reply.json()

    async def post(self, path: str, body: Any = None, status: int = 202) -> Any:
        """What the API answers."""
        reply = await self.api("POST", f"/api/v1{path}", body)
        assert reply.status == status, reply.body
        return reply.json()

    async def until(self, event_id: str, ask: Callable[[], Awaitable[Any]]) -> Any:
        """The first true answer of ``ask``, which is put whenever there is news of the event."""
        return await until(self.hub, (event_id.split("_")[1], "desk"), 15.0, ask)

    async def settled(self, event_id: str, state: str, count: int = 1) -> list[dict[str, Any]]:
        """Waits until so many deliveries of an event are in a state; these."""

        async def ask() -> list[dict[str, Any]] | None:
            shown = (await self.api("GET", f"/api/v1/events/{event_id}")).json()
            found = [each for each in shown.get("deliveries", ()) if each["state"] == state]
            return found if len(found) >= count else None

        found: list[dict[str, Any]] | None = await self.until(event_id, ask)
        assert found is not None, await self.get(f"/events/{event_id}")
        return found

    async def make(self, name: str, revision: int = 1, *, path: str = "", **settings: Any) -> None:
        """Writes a webhook that leads to the sink, or another revision of it."""
        given = {"url": f"{self.sink.url}/{path or name}", "types": ("printer.*",), "schedule_s": (0.01,), **settings}
        hook, now = Webhook(name=name, **given), self.hub.clock.now()
        plain, hidden = parted(hook)
        row = WebhookRow(
            name=name,
            types=hook.types,
            enabled=hook.enabled,
            spec=plain,
            sealed=seal(self.hub.vault, name, Sealed(hidden, (SigningKey(SECRET),))),
            revision=revision,
            created_at=now,
            updated_at=now,
        )
        put = stored_webhooks.add if revision == 1 else stored_webhooks.change
        await self.hub.database.write(lambda tx: put(tx, row))
        await self.hub.webhooks.refresh()


@asynccontextmanager
async def webhook_world(directory: Path, database_url: str) -> AsyncIterator[WebhookWorld]:
    """A world on one database."""
    async with serve(WebhookSink()) as address, SinkControl(address.url) as sink:
        config = directory / "centralita.yaml"
        config.write_text(CONFIG.format(sink=sink.url, secret=SECRET))
        environ = {"CENTRALITA_DATABASE__URL": database_url, "CENTRALITA_DATA_DIR": str(directory / "data")}
        async with open_hub(load(config, environ)) as hub, running(hub):
            yield WebhookWorld(hub, Api(hub, make_api(hub)), sink)
