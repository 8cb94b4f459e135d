"""``/livez`` and ``/readyz``: for whoever watches the process, and to anybody."""

from __future__ import annotations

import msgspec

from centralita.services import health
from centralita.services.hub import Hub
from centralita.web.inbound import Receive, Scope, Send


class Operate:
    """A small ASGI application."""

    paths = frozenset(("/livez", "/readyz"))

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, body = await self._answer(scope["path"])
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, path: str) -> tuple[int, bytes]:
        if path == "/livez":
            return 200, b'{"status":"ok"}'
        faults = await health.readiness(self._hub)
        body = msgspec.json.encode({"status": "ok" if not faults else "unavailable", "faults": faults})
        return 503 if faults else 200, body
