"""What the served parts of the sandbox share: answers, the guard of their origin, how a control API reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

LONGEST_WAIT_S = 600.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlError(Exception):
    """A request to a control API that makes no sense: its sentence goes to the caller."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def json_answer(body: Any, status: int = 200) -> web.Response:
    """``body`` as JSON."""
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json", charset="utf-8")


@web.middleware
async def same_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses what a page of another origin sends: the sandbox has no login of its own."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return json_answer({"ok": False, "error": "pages of other origins may not call this"}, 403)
    return await handler(request)


def explained(handler: Handler) -> Handler:
    """Answers ControlError and ValueError of ``handler`` as 4xx ``{"ok": false, "error": sentence}``."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ControlError as error:
            return json_answer({"ok": False, "error": str(error)}, error.status)
        except ValueError as error:
            return json_answer({"ok": False, "error": str(error)}, 400)

    return answer


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object of a request's body, {} when there is none. Raises ControlError."""
    raw = await request.read()
    if not raw:
        return {}
    try:
        value = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise ControlError(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ControlError("the body must be a JSON object")
    return value


def read_number(request: web.Request, name: str, default: float, most: float) -> float:
    """A number of the query, from 0. Raises ControlError."""
    raw = request.query.get(name)
    if raw is None:
        return default
    try:
        value = float(raw)
    except ValueError:
        raise ControlError(f"{name} must be a number") from None
    if not 0 <= value <= most:
        raise ControlError(f"{name} must be between 0 and {most:g}")
    return value
