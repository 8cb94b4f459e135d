"""Drives the Slack destination over real sockets, keeping what it wants remembered in a dictionary."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import aiohttp

from centralita.integrations.slack.destination import SlackDestination
from centralita.ports import Delivery, HttpRequest, HttpResponse, Outcome, Remember

READ_AT_MOST = 64 * 1024


class Hub:
    """As much of the hub as a destination needs: a client, and a memory that commits at once."""

    def __init__(self, session: aiohttp.ClientSession, config: Mapping[str, Any]) -> None:
        self.session, self.config = session, config
        self.memory: dict[str, Any] = {}

    async def deliver(self, delivery: Delivery, now: float = 1_763_806_000.0) -> Outcome:
        """One attempt."""
        destination = SlackDestination()
        known = {
            key: copy.deepcopy(self.memory[key])
            for key in destination.wants(delivery, self.config)
            if key in self.memory
        }
        generator = destination.perform(delivery, self.config, known, now)
        reply: HttpResponse | None = None
        while True:
            try:
                wish = generator.send(reply)
            except StopIteration as stop:
                assert isinstance(stop.value, Outcome)
                return stop.value
            reply = None
            if isinstance(wish, Remember):
                self.memory[wish.key] = copy.deepcopy(wish.value)
            else:
                reply = await self._request(wish)

    async def _request(self, request: HttpRequest) -> HttpResponse:
        try:
            async with self.session.request(
                request.method, request.url, data=request.body, headers=list(request.headers), allow_redirects=False
            ) as answer:
                body = await answer.content.read(READ_AT_MOST)
                while len(body) < READ_AT_MOST and (more := await answer.content.read(READ_AT_MOST - len(body))):
                    body += more
                headers = tuple((name.lower(), value) for name, value in answer.headers.items())
                truncated = not answer.content.at_eof()
                return HttpResponse(status=answer.status, headers=headers, body=body, truncated=truncated)
        except aiohttp.ClientError as error:
            return HttpResponse(error="reset", detail=str(error))
