"""News for the list of events while somebody looks at it: server-sent events, or one answer where none come through.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse, StreamingResponse

from centralita.core import ids
from centralita.services import live
from centralita.services.hub import Hub
from centralita.services.sessions import still_may
from centralita.web.auth import hub_of
from centralita.web.dashboard.access import cookie_name, needs

router = APIRouter()

BEAT_S = 15.0
"""So often something is sent, so that nobody between takes the connection for dead, and the page knows that it comes
through."""
_BEAT = "event: beat\ndata: nothing new\n\n"
LASTS_S = 300.0
"""Then the browser connects anew, and is asked again who it is and what it may."""
RETRY_MS = 2_000


PERMISSION = "event.read"


@router.get("/events/live", dependencies=[needs(PERMISSION)])
async def follow(request: Request, after: str = Query(default="", max_length=100)) -> Response:
    """How many events came since ``after``, or since the last that the browser was told of: ``new`` with a number. A
    ``beat`` at the beginning and while nothing is new."""
    hub, known = hub_of(request), _known(request.headers.get("last-event-id") or after)
    if "application/json" in request.headers.get("accept", ""):
        news = await live.newer(hub, known)
        return JSONResponse({"count": news.count, "newest": news.newest})
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    token = request.cookies.get(cookie_name(request), "")
    return StreamingResponse(_told(hub, known, token), media_type="text/event-stream", headers=headers)


def _known(text: str) -> str:
    try:
        return text if text and ids.day(text) >= 0 else ""
    except ValueError:
        return ""


async def _told(hub: Hub, after: str, token: str) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n{_BEAT}"
    told, end = 0, time.monotonic() + LASTS_S
    async with contextlib.aclosing(live.follow(hub, after)) as coming:
        waits: asyncio.Future[Any] | None = None
        try:
            while time.monotonic() < end:
                waits = waits or asyncio.ensure_future(anext(coming, None))
                done, _ = await asyncio.wait({waits}, timeout=BEAT_S)
                if not done:
                    yield _BEAT
                    continue
                news, waits = waits.result(), None
                if news is None or not await still_may(hub, token, PERMISSION):
                    return
                yield f"id: {news.newest}\nevent: new\ndata: {news.count - told}\n\n"
                told = news.count
        finally:
            if waits is not None:
                # It has to be over before what it reads from can be closed.
                waits.cancel()
                await asyncio.wait({waits})
