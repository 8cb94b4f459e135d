"""What every answer carries, unless whoever gives it says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import MutableHeaders

from centralita.web.carried import App, Receive, Scope, Send

HEADERS: Mapping[str, str] = {
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    # What somebody may read only while they are let in is in no shared cache, and not in the browser's after it.
    "cache-control": "no-store",
}


def adding(send: Send, headers: Mapping[str, str]) -> Send:
    """``send`` that adds these headers to the answers that lack them."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            said = MutableHeaders(scope=message)
            for name, value in headers.items():
                said.setdefault(name, value)
        await send(message)

    return sending


class Careful:
    """The middleware."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, adding(send, HEADERS))
