"""The local workspace as something that listens."""

from __future__ import annotations

from aiohttp import web

from centralita.sandbox.http import explained, same_origin
from centralita.sandbox.slack import apps_api, control_api, people_api, responding, view
from centralita.sandbox.slack.endpoint import BACKEND, Backend, call_hook, call_method
from centralita.sandbox.slack.limits import LimitSettings, RateLimiter

LARGEST_BODY = 4 * 1024 * 1024


class LocalSlack:
    """A Slack workspace on a local socket: Web API under ``/api/``, incoming webhooks under ``/services/``, control API
    under ``/_control/``, the page at ``/``. Use with ``server.serve``; one instance is served once."""

    def __init__(self, limits: LimitSettings | None = None) -> None:
        self.backend = Backend(limiter=RateLimiter(limits or LimitSettings()))
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> int:
        """Listens; returns the port. Raises OSError when the address can't be had."""
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[same_origin])
        app[BACKEND] = self.backend
        app.add_routes([web.route("*", "/api/{method}", call_method), web.post("/services/{tail:.+}", call_hook)])
        app.add_routes([web.get("/link/", self.backend.dispatcher.connections.serve)])
        app.add_routes([web.post("/actions/{app}/{name}", explained(responding.respond))])
        app.add_routes([*control_api.routes(), *apps_api.routes(), *people_api.routes(), *view.routes()])
        app[view.READ_MARKS] = {}
        app[view.STREAMS] = set()
        app.on_shutdown.append(view.end_streams)
        app.on_shutdown.append(self._end_dispatching)
        await self.backend.dispatcher.start()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=False)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            await self.stop()
            raise
        return int(self._runner.addresses[0][1])

    async def _end_dispatching(self, app: web.Application) -> None:
        await self.backend.dispatcher.close()

    async def stop(self) -> None:
        """Closes the socket and every connection."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
