"""``python -m benchmarks.procrastinate_worker URL SINK COUNT CONCURRENCY``: the same POSTs by a well-known queue.

procrastinate keeps its jobs in PostgreSQL. Its task renders, signs and posts what the hub's webhook destination does,
with aiohttp and a session that is kept open. It defers COUNT jobs, says that it is ready, and works them off.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import aiohttp
import msgspec
from procrastinate import App, PsycopgConnector

from benchmarks.hub import SECRET
from benchmarks.preload import event
from centralita.core.signing import standard_headers

CHUNK = 1000


def make_app(url: str, concurrency: int, session: list[aiohttp.ClientSession]) -> tuple[App, Any]:
    """The application and its one task."""
    app = App(connector=PsycopgConnector(conninfo=url, min_size=4, max_size=max(8, concurrency // 4)))

    @app.task(name="post")
    async def post(target: str, event: dict[str, Any]) -> None:
        body = msgspec.json.encode({"type": event["type"], "timestamp": event["time"], "data": event})
        headers = {"content-type": "application/json"}
        headers |= dict(standard_headers([SECRET.encode()], event["id"], int(time.time()), body))
        async with session[0].post(target, data=body, headers=headers) as response:
            response.raise_for_status()
            await response.read()

    return app, post


async def main(url: str, sink: str, count: int, concurrency: int) -> None:
    """Runs until SIGTERM, which procrastinate takes."""
    session: list[aiohttp.ClientSession] = []
    app, post = make_app(url, concurrency, session)
    async with app.open_async(), aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as one:
        session.append(one)
        await app.schema_manager.apply_schema_async()
        now_ms = int(time.time() * 1000)
        for first in range(0, count, CHUNK):
            numbers = range(first, min(first + CHUNK, count))
            await post.batch_defer_async(
                *(
                    {"target": f"{sink}/w{number % 100}", "event": msgspec.to_builtins(event(number, now_ms))}
                    for number in numbers
                )
            )
        print(json.dumps({"ready": True}), flush=True)
        await app.run_worker_async(concurrency=concurrency, wait=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
