"""What a command reaches by itself: a developer's own program, and a hub that runs somewhere else.

The addresses are those of whoever types the command, who may reach them anyway: no network is forbidden to them, and
the hub's policy, which is about what others make the hub do, is not asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from centralita.cli.calling import TIMEOUT_S, Reply
from centralita.cli.session import Failed
from centralita.cli.words import _

if TYPE_CHECKING:
    from centralita.ports import HttpRequest, HttpResponse

EVERYWHERE = ("0.0.0.0/0", "::/0")
MOST_BYTES = 64 * 1024 * 1024
"""Of an answer."""
LOCAL = ("localhost", "127.0.0.1", "::1")


class Outside:
    """A client of one command, which waits for each answer."""

    def __init__(self, allow: Sequence[str] = EVERYWHERE) -> None:
        from centralita.net import Client

        self._runner = asyncio.Runner()
        self._client = Client(allow=allow, plain_http=True)

    def __enter__(self) -> Self:
        self._runner.__enter__()
        self._runner.run(self._client.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._runner.run(self._client.__aexit__(None, None, None))
        finally:
            self._runner.__exit__(None, None, None)

    def request(self, request: HttpRequest) -> HttpResponse:
        """What came back; ``error`` says why nothing did."""
        return self._runner.run(self._client.request(request))


class RemoteHub:
    """A hub at an address, for whoever has a token."""

    def __init__(self, outside: Outside, url: str, token: str) -> None:
        """Raises Failed for an address to which no token should go."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Failed(_("{url} is no address of a hub.").format(url=url))
        if parts.scheme == "http" and parts.hostname not in LOCAL:
            raise Failed(_("A token goes to another machine by https only."))
        if not token:
            raise Failed(_("A hub elsewhere wants a token: set CENTRALITA_TOKEN."))
        self._outside, self._url, self._token = outside, url.rstrip("/"), token

    def send(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Raises OSError when it does not answer."""
        from centralita.ports import HttpRequest

        request = HttpRequest(
            url=self._url + target,
            method=method,
            headers=(*headers.items(), ("authorization", f"Bearer {self._token}")),
            body=body,
            timeout_s=TIMEOUT_S,
            max_response_bytes=MOST_BYTES,
        )
        response = self._outside.request(request)
        if not response.status or response.error:
            raise OSError(response.detail or response.error)
        return Reply(response.status, dict(response.headers), response.body)
