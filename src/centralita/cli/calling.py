"""How a command's request reaches the API: through the local socket of a running server, or inside this process.

Either way it is the same request to the same application, so that the commands and the API cannot drift apart.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

TIMEOUT_S = 120.0
_READ_BYTES = 65_536


@dataclass(frozen=True)
class Reply:
    """What the API answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; None for an empty one."""
        return json.loads(self.body) if self.body else None


class Transport(Protocol):
    """Carries one request after the other."""

    def send(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply: ...


class SocketClosed(OSError):
    """The server went away in the middle of an answer."""


class LocalSocket:
    """A server that runs on this machine, reached by its socket: whoever may open that is its administrator."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def answers(self) -> bool:
        """Whether somebody listens there."""
        try:
            with self._connect():
                return True
        except OSError:
            return False

    def send(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Raises OSError when the server is gone."""
        import h11

        connection = h11.Connection(h11.CLIENT)
        sent = [("host", "localhost"), ("connection", "close"), ("content-length", str(len(body))), *headers.items()]
        with self._connect() as sock:
            request = h11.Request(method=method, target=target, headers=sent)
            parts = (request, h11.Data(data=body), h11.EndOfMessage())
            with contextlib.suppress(BrokenPipeError):  # it answered without wanting the rest
                sock.sendall(b"".join(connection.send(part) or b"" for part in parts))
            return _read(connection, sock)

    def _connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(TIMEOUT_S)
        try:
            sock.connect(str(self._path))
        except BaseException:
            sock.close()
            raise
        return sock


def _read(connection: Any, sock: socket.socket) -> Reply:
    import h11

    status, headers, body = 0, dict[str, str](), bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(sock.recv(_READ_BYTES))
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return Reply(status, headers, bytes(body))
        elif isinstance(event, h11.ConnectionClosed):
            raise SocketClosed("the server closed the connection")


async def call_app(
    app: Any, method: str, target: str, body: bytes, headers: Mapping[str, str], *, local: bool
) -> Reply:
    """Calls an ASGI application with one request. ``local``: as the administrator of this machine."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": None,
        "server": ("localhost", None),
        "state": {"local": True} if local else {},
    }
    sent: list[Mapping[str, Any]] = []
    requests = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Mapping[str, Any]:
        return next(requests, {"type": "http.disconnect"})

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    answered = {name.decode("latin-1"): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], answered, b"".join(message.get("body", b"") for message in sent[1:]))
