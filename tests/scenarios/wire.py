"""HTTP by hand: a client that may break every rule."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from urllib.parse import urlsplit

from tests.scenarios.ledger import SECRET


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection to the hub."""
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port, limit=4 * 1024 * 1024)


async def exchange(url: str, *pieces: bytes, timeout_s: float = 40.0) -> tuple[int, bytes]:
    """Sends the pieces and reads one answer: (status, everything after the status line).

    Status 0 when the connection ended without an answer.
    """
    reader, writer = await connect(url)
    try:
        async with asyncio.timeout(timeout_s):
            try:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
            except ConnectionError:
                pass  # it may answer and close before it has read everything
            return await read_answer(reader)
    finally:
        writer.close()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """(status, headers and body) of the next answer; status 0 when there is none."""
    try:
        first = await reader.readline()
        if not first:
            return 0, b""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        body = await reader.readexactly(length)
    except (ConnectionError, asyncio.IncompleteReadError):
        return 0, b""
    return int(first.split()[1]), head + body


def request(
    body: bytes = b"{}", *headers: bytes, path: str = "/in/monitor", length: int | None = None, secret: str = SECRET
) -> bytes:
    """A signed POST; ``length`` lies about the body's, ``headers`` come last."""
    lines = [f"POST {path} HTTP/1.1".encode(), b"Host: hub", b"Content-Type: application/json"]
    if secret:
        lines.append(b"X-Secret: " + secret.encode())
    if not any(line.lower().startswith((b"content-length", b"transfer-encoding")) for line in headers):
        lines.append(b"Content-Length: %d" % (len(body) if length is None else length))
    return b"\r\n".join([*lines, *headers, b"", b""]) + body


def chunked(chunks: Iterable[bytes]) -> bytes:
    """A chunked body."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
