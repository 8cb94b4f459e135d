"""The local workspace as something that listens."""

from __future__ import annotations

from aiohttp import web

from centralita.sandbox.http import explained, same_origin
from centralita.sandbox.slack import apps_api, control_api, files, installing, people_api, responding, view
from centralita.sandbox.slack.endpoint import BACKEND, Backend, call_hook, call_method
from centralita.sandbox.slack.limits import LimitSettings, RateLimiter

LARGEST_BODY = 20 * 1024 * 1024


async def _upload(request: web.Request) -> web.StreamResponse:
    """The second step of an upload: raw bytes, or a form with one file."""
    if request.content_type == "multipart/form-data":
        parts = [one for one in (await request.post()).values() if isinstance(one, web.FileField)]
        content = parts[0].file.read() if parts else b""
    else:
        content = await request.read()
    file_id, key = request.match_info["id"], request.match_info["key"]
    spaces = request.app[BACKEND].spaces.values()
    space = next((one for one in spaces if file_id in one.files), request.app[BACKEND].workspace)
    return files.take_content(space, file_id, key, content)


async def _download(request: web.Request) -> web.StreamResponse:
    """A file's bytes, as an attachment: for a bot that may read files, by its token, and for the page."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    for space in request.app[BACKEND].spaces.values():
        found, bot = space.files.get(request.match_info["id"]), space.bots.get(token)
        if request.headers.get("Sec-Fetch-Site") != "same-origin" and not (bot and "files:read" in bot.scopes):
            continue
        if found is not None and found.complete and found.content is not None:
            headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
            return web.Response(body=found.content, content_type="application/octet-stream", headers=headers)
    raise web.HTTPNotFound


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
        app.add_routes([web.post("/upload/v1/{id}/{key}", _upload), web.get("/files-pri/{id}/{name}", _download)])
        app.add_routes(
            [
                web.get("/oauth/v2/authorize", explained(installing.ask)),
                web.post("/oauth/v2/authorize", explained(installing.answer)),
            ]
        )
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
