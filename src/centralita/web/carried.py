"""Which hub a request is for: it carries it. So an application is built once a process, however many hubs it serves;
FastAPI takes long over two hundred routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from centralita.services.hub import Hub

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def carrying(hub: Hub, app: App) -> App:
    """``app`` for one hub: whatever it is asked carries ``hub`` as ``request.state.hub``."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["hub"] = hub
        await app(scope, receive, send)

    return call
