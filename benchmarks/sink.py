"""``python -m benchmarks.sink``: a receiver of webhooks that costs next to nothing, so that it is never the limit.

It answers every POST with 200, notes when each came, and counts the ids (``webhook-id``). ``GET /wait/N`` is answered
when N have come: ``{"count", "unique", "first_s", "skipped_s", "last_s"}`` on this machine's monotonic clock, where
``skipped_s`` is the moment after the first tenth of them. ``GET /reset`` starts anew.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
from array import array
from typing import cast

import uvloop

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ID = re.compile(rb"webhook-id: *([^\r]+)", re.IGNORECASE)
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Sink:
    """What has come."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.times_s = array("d")
        self.ids: set[bytes] = set()
        self.waiting: list[tuple[int, Connection]] = []

    def arrived(self, own_id: bytes) -> None:
        self.times_s.append(asyncio.get_running_loop().time())
        self.ids.add(own_id)
        if self.waiting and len(self.times_s) >= self.waiting[0][0]:
            count, connection = self.waiting.pop(0)
            connection.say(self.facts(count))

    def facts(self, count: int) -> dict[str, float]:
        times_s = self.times_s
        return {
            "count": len(times_s),
            "unique": len(self.ids),
            "first_s": times_s[0] if times_s else 0.0,
            "skipped_s": times_s[count // 10] if times_s else 0.0,
            "last_s": times_s[count - 1] if times_s else 0.0,
        }


class Connection(asyncio.Protocol):
    """One client, which may send the next request before it has the answer to this one."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self._buffer = sink, b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                return
            self._buffer = self._buffer[whole:]
            self._take(head)

    def _take(self, head: bytes) -> None:
        if head.startswith(b"POST"):
            found = _ID.search(head)
            assert self._transport is not None
            self._transport.write(_ANSWER)
            self._sink.arrived(found[1] if found else b"")
            return
        path = head.split(b" ", 2)[1].decode()
        if path == "/reset":
            self._sink.reset()
            self.say({})
            return
        count = int(path.removeprefix("/wait/"))
        if len(self._sink.times_s) >= count:
            self.say(self._sink.facts(count))
        else:
            self._sink.waiting.append((count, self))

    def say(self, facts: dict[str, float]) -> None:
        body = json.dumps(facts).encode()
        assert self._transport is not None
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


async def main() -> None:
    """Runs until SIGTERM."""
    loop, ended, sink = asyncio.get_running_loop(), asyncio.Event(), Sink()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    server = await loop.create_server(lambda: Connection(sink), "127.0.0.1", 0, backlog=1024)
    host, port = server.sockets[0].getsockname()
    print(json.dumps({"url": f"http://{host}:{port}"}), flush=True)
    await ended.wait()


if __name__ == "__main__":
    uvloop.run(main())
