"""The local InvGate as something that listens."""

from __future__ import annotations

import time
from collections.abc import Callable

from aiohttp import web

from centralita.sandbox.http import same_origin
from centralita.sandbox.invgate import assets_api, control_api, service_desk, view
from centralita.sandbox.invgate.backend import BACKEND, Backend

LARGEST_BODY = 16 * 1024 * 1024


class LocalInvGate:
    """InvGate on a local socket: the Service Desk's API under ``/api/v1/``, Assets' under ``/public-api/``, the control
    API under ``/_control/``, the page at ``/``. Starts with the people of ``desk_seed`` and with as many ``assets`` and
    ``people`` as asked for, of which ``stale_percent`` have another owner than their last user. Use with
    ``server.serve``; one instance is served once."""

    def __init__(
        self,
        assets: int = 0,
        people: int = 0,
        stale_percent: float = 3.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.backend = Backend(assets, people, stale_percent=stale_percent, clock=clock)
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> int:
        """Listens; returns the port. Raises OSError when the address can't be had."""
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[same_origin])
        app[BACKEND] = self.backend
        app.add_routes([*service_desk.routes(), *assets_api.routes(), *control_api.routes(), *view.routes()])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=False)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            await self.stop()
            raise
        self.backend.rules.start()
        listening = int(self._runner.addresses[0][1])
        self.backend.url = self.backend.desk.url = f"http://{host}:{listening}"
        return listening

    async def stop(self) -> None:
        """Closes the socket and every connection; webhooks that wait are not sent."""
        await self.backend.rules.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
