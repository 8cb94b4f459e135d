"""How the sink answers, well or badly."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

CHUNK = 64 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

MODES: Mapping[str, str] = {
    "answer": "status, headers and body as they are",
    "close": "the same, then the connection is closed",
    "drip_head": "the whole answer byte by byte, at bytes_per_s",
    "drip_body": "the head at once, the body byte by byte, at bytes_per_s",
    "huge": "a body of size bytes of zeros",
    "gzip_bomb": "the same, compressed",
    "truncate": "Content-Length promises size bytes more than the body has, then the connection is closed",
    "drop": "the connection is reset after the request was read",
    "hang": "no answer; the connection stays open",
}


@dataclass
class AnswerPlan:
    """How requests to a path are answered."""

    path: str = "*"
    """Exact path, or ``*`` for every one."""
    mode: str = "answer"
    """One of ``MODES``."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "ok"
    delay_ms: float = 0.0
    """Before the first byte."""
    bytes_per_s: float = 1.0
    size: int = 1_000_000_000
    count: int | None = None
    """How many requests it still answers; None for all."""


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "path": str,
    "mode": str,
    "status": int,
    "headers": dict,
    "body": str,
    "delay_ms": (int, float),
    "bytes_per_s": (int, float),
    "size": int,
    "count": (int, type(None)),
}


def read_plan(wish: Mapping[str, Any]) -> AnswerPlan:
    """A plan from its JSON, the fields of ``AnswerPlan``. Raises ValueError with a sentence."""
    for name, value in wish.items():
        if name not in _TYPES:
            raise ValueError(f"unknown field: {name}")
        if not isinstance(value, _TYPES[name]) or isinstance(value, bool):
            raise ValueError(f"{name} has the wrong type")
    plan = AnswerPlan(**wish)
    if plan.mode not in MODES:
        raise ValueError(f"mode must be one of: {', '.join(MODES)}")
    if not 100 <= plan.status <= 599:
        raise ValueError("status must be between 100 and 599")
    if not (plan.bytes_per_s > 0 and plan.size >= 0 and plan.delay_ms >= 0):
        raise ValueError("bytes_per_s must be above 0, size and delay_ms not below")
    if plan.count is not None and plan.count < 1:
        raise ValueError("count must be a whole number from 1, or null")
    if any(letter in text for pair in plan.headers.items() for text in map(str, pair) for letter in "\r\n"):
        raise ValueError("a header must not contain a line break")
    return plan


class Line(Protocol):
    """The connection that an answer goes out on."""

    transport: asyncio.Transport

    async def drain(self) -> None:
        """Returns when more may be written. Raises ConnectionError when the other side has gone."""
        ...


def head(status: int, headers: Mapping[str, str], length: int) -> bytes:
    """Status line and headers, with Content-Length unless ``headers`` has its own framing."""
    names = {name.lower() for name in headers}
    lines = [f"HTTP/1.1 {status} Sink", *(f"{name}: {value}" for name, value in headers.items())]
    if not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


async def play(plan: AnswerPlan, line: Line) -> bool:
    """Sends the answer; whether the connection may be used again. Raises ConnectionError when the peer has gone."""
    if plan.delay_ms:
        await asyncio.sleep(plan.delay_ms / 1000)
    body = plan.body.encode()
    if plan.mode in ("answer", "close"):
        line.transport.write(head(plan.status, plan.headers, len(body)) + body)
        return plan.mode == "answer"
    if plan.mode == "truncate":
        line.transport.write(head(plan.status, plan.headers, len(body) + plan.size) + body)
    elif plan.mode == "drop":
        reset(line.transport)
    elif plan.mode == "hang":
        await asyncio.Event().wait()
    elif plan.mode in ("huge", "gzip_bomb"):
        await _flood(plan, line)
    else:
        start = head(plan.status, plan.headers, len(body))
        if plan.mode == "drip_body":
            line.transport.write(start)
            start = b""
        await _drip(start + body, plan.bytes_per_s, line)
    return False


def reset(transport: asyncio.Transport) -> None:
    """Ends the connection with a TCP reset."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


async def _drip(data: bytes, bytes_per_s: float, line: Line) -> None:
    for position in range(len(data)):
        line.transport.write(data[position : position + 1])
        await line.drain()
        await asyncio.sleep(1 / bytes_per_s)


async def _flood(plan: AnswerPlan, line: Line) -> None:
    zeros = bytes(CHUNK)
    if plan.mode == "huge":
        line.transport.write(head(plan.status, plan.headers, plan.size))
        for start in range(0, plan.size, CHUNK):
            line.transport.write(zeros[: min(CHUNK, plan.size - start)])
            await line.drain()
        return
    headers = {**plan.headers, "Content-Encoding": "gzip", "Connection": "close", "Transfer-Encoding": "chunked"}
    line.transport.write(head(plan.status, headers, 0))
    packer = zlib.compressobj(wbits=31)
    for start in range(0, plan.size, CHUNK):
        _write_chunk(line, packer.compress(zeros[: min(CHUNK, plan.size - start)]))
        await line.drain()
    _write_chunk(line, packer.flush())
    line.transport.write(b"0\r\n\r\n")


def _write_chunk(line: Line, data: bytes) -> None:
    if data:
        line.transport.write(b"%x\r\n%b\r\n" % (len(data), data))
