"""``python -m centralita.cli.sending URL SECRET EVENTS CONNECTIONS``: the sender of ``bench``, a process of its own.

Posts signed events over keep-alive connections, each waiting for its answer, and prints what it saw as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit

from centralita.core.signing import standard_headers

FILLER = "x" * 1_200


def requests_of(secret: bytes, path: str, count: int) -> list[bytes]:
    """Whole requests, signed before the clock starts."""
    made = []
    for number in range(count):
        body = json.dumps({"type": "bench.sent", "title": f"Event {number}", "data": {"filler": FILLER}}).encode()
        signed = standard_headers([secret], f"msg_bench_{number}", int(time.time()), body)
        lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
        lines += [f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in dict(signed).items())]
        made.append("\r\n".join([*lines, "", ""]).encode() + body)
    return made


async def send(url: str, secret: bytes, count: int, connections: int) -> dict[str, float]:
    """Sends everything; events a second, and the answers' median and 99th percentile in ms."""
    address = urlsplit(url)
    waiting = iter(requests_of(secret, address.path, count))
    took_ms: list[float] = []
    accepted = 0

    async def sender() -> None:
        nonlocal accepted
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for request in waiting:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(length)
            took_ms.append((time.perf_counter() - began) * 1000)
            accepted += head.startswith(b"HTTP/1.1 202")
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(sender() for _ in range(connections)))
    elapsed_s = time.perf_counter() - began
    took_ms.sort()
    return {
        "accepted": accepted,
        "elapsed_s": elapsed_s,
        "p50_ms": took_ms[len(took_ms) // 2],
        "p99_ms": took_ms[min(len(took_ms) - 1, len(took_ms) * 99 // 100)],
    }


if __name__ == "__main__":
    url_, secret_, count_, connections_ = sys.argv[1:]
    print(json.dumps(asyncio.run(send(url_, secret_.encode(), int(count_), int(connections_)))))
