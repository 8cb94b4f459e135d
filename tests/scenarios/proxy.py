"""A TCP proxy that can freeze and cut, and, before PostgreSQL, swallow the answer to a COMMIT."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from types import TracebackType
from typing import Self

_WANTS_TLS = struct.pack("!i", 80877103)
"""Comes before the start-up message proper, in the same shape."""


class Conversation:
    """What a client says to the server on one connection, message by message.

    https://www.postgresql.org/docs/current/protocol-message-formats.html: Parse gives a statement its name, Bind uses
    it, Query is a statement at once. The start-up message, which has no type, is skipped.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._started = False
        self._statements: dict[bytes, bytes] = {}
        self.transaction: list[bytes] = []
        """The statements since the last BEGIN."""

    def hear(self, data: bytes) -> bool:
        """Takes what the client sent; True when a COMMIT is in it."""
        self._rest += data
        committed = False
        while True:
            start = 1 if self._started else 0
            if len(self._rest) < start + 4:
                return committed
            (length,) = struct.unpack_from("!i", self._rest, start)
            if len(self._rest) < start + length:
                return committed
            kind, message = self._rest[:start], self._rest[start + 4 : start + length]
            self._rest = self._rest[start + length :]
            self._started = self._started or message[:4] != _WANTS_TLS
            committed = self._take(kind, message) or committed

    def _take(self, kind: bytes, message: bytes) -> bool:
        if kind == b"P":
            name, sql = message.split(b"\0", 2)[:2]
            self._statements[name] = sql
        elif kind == b"B":
            self.transaction.append(self._statements.get(message.split(b"\0", 2)[1], b""))
        elif kind == b"Q" and message.startswith(b"BEGIN"):
            self.transaction.clear()
        elif kind == b"Q":
            return message.startswith(b"COMMIT")
        return False


Link = tuple[asyncio.StreamWriter, asyncio.StreamWriter]
"""To the client, and to the server."""


class Proxy:
    """Forwards 127.0.0.1:``port`` to ``target_port``; use as ``async with``."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.commits_cut = 0
        self._cut_commits = 0
        self._cut_of = b""
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._cut = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._links: set[Link] = set()
        self._stranded: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def freeze(self) -> None:
        """Nothing passes any more, in either direction; connections stay open, new ones hang."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Everything passes again."""
        self._flowing.set()

    def strand(self) -> None:
        """What goes into the connections that there are arrives nowhere from now on, and they stay open; new ones
        pass."""
        self._stranded |= self._links

    def drop(self) -> None:
        """Ends every connection that there is by a reset; new ones pass."""
        for link in list(self._links):
            _abort(link)

    def cut_commits(self, count: int, of: bytes) -> None:
        """The next ``count`` COMMITs of transactions with a statement that contains ``of`` reach the server, and their
        connections end before the answer."""
        self._cut_commits, self._cut_of = count, of
        self._cut.clear()

    async def cut(self) -> None:
        """Returns when all that ``cut_commits`` asked for has happened. Raises TimeoutError."""
        async with asyncio.timeout(60):
            await self._cut.wait()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for link in list(self._links):
            _abort(link)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await self._flowing.wait()
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        link = (writer, there_writer)
        self._links.add(link)
        cutting = asyncio.Event()
        try:
            await asyncio.gather(self._outward(reader, link, cutting), self._homeward(there_reader, link, cutting))
        except ConnectionError:
            pass
        finally:
            self._links.discard(link)
            self._stranded.discard(link)
            _abort(link)

    async def _outward(self, reader: asyncio.StreamReader, link: Link, cutting: asyncio.Event) -> None:
        said, to = Conversation(), link[1]
        while data := await reader.read(65536):
            await self._flowing.wait()
            if link in self._stranded:
                continue
            commits = said.hear(data)
            if commits and self._cut_commits and any(self._cut_of in sql for sql in said.transaction):
                self._cut_commits -= 1
                cutting.set()
            to.write(data)
            await to.drain()
        raise ConnectionResetError

    async def _homeward(self, reader: asyncio.StreamReader, link: Link, cutting: asyncio.Event) -> None:
        to = link[0]
        while data := await reader.read(65536):
            await self._flowing.wait()
            if link in self._stranded:
                continue
            if cutting.is_set():
                # The server's answer to the COMMIT is here, so it is done; nobody shall hear of it.
                self.commits_cut += 1
                if not self._cut_commits:
                    self._cut.set()
                raise ConnectionResetError
            to.write(data)
            await to.drain()
        raise ConnectionResetError


def _abort(link: Link) -> None:
    for writer in link:
        with contextlib.suppress(Exception):
            writer.transport.abort()
