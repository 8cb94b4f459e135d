"""What ``bench`` measures: a temporary hub in this process, its sender and its receiver in processes of their own."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from centralita.cli.session import Failed
from centralita.net import Client
from centralita.ports import HttpRequest
from centralita.serving import serving
from centralita.settings import Settings

SECRET = "whsec_YmVuY2gtb25seS1iZW5jaC1vbmx5LWJlbmNoLW9ubHk="  # noqa: S105 - of a hub that lives for seconds
BODY_BYTES = 1_270
LONGEST_S = 600


async def measure(events: int, connections: int) -> dict[str, Any]:
    """Events a second in and through, and the answers' times in ms. Raises Failed when something was lost."""
    with tempfile.TemporaryDirectory(prefix="centralita-bench-") as folder:
        async with _child("centralita.sandbox", "sink", "--no-bodies", "--keep", "1") as sink:
            to = json.loads(await sink.readline())["url"]
            async with serving(_settings(Path(folder), to)) as (_hub, url):
                began = time.monotonic()
                arguments = (f"{url}/in/bench", SECRET, str(events), str(connections))
                async with _child("centralita.cli.sending", *arguments) as sender:
                    sent = json.loads(await sender.readline() or b"{}")
                if sent.get("accepted") != events:
                    raise Failed(f"{sent.get('accepted')} / {events}")
                await _arrived(to, events)
                through_s = time.monotonic() - began
    return {
        "events": events,
        "connections": connections,
        "bytes": BODY_BYTES,
        "accepted_per_s": events / sent["elapsed_s"],
        "ack_p50_ms": sent["p50_ms"],
        "ack_p99_ms": sent["p99_ms"],
        "delivered_per_s": events / through_s,
    }


def _settings(folder: Path, to: str) -> Settings:
    return Settings.model_validate(
        {
            "server": {"port": 0},
            "data_dir": folder,
            "network": {"allow": ["127.0.0.0/8"]},
            "sources": [
                {"slug": "bench", "kind": "generic", "secrets": [SECRET], "settings": {"auth": "standard"}},
            ],
            "webhooks": [{"name": "sink", "url": f"{to}/hook", "secret": SECRET, "in_flight": 64, "order": "none"}],
        }
    )


async def _arrived(to: str, events: int) -> None:
    """Waits until the receiver has counted every event."""
    async with Client(allow=["127.0.0.0/8"]) as client:
        deadline = time.monotonic() + LONGEST_S
        count = 0
        while count < events:
            response = await client.request(HttpRequest(url=f"{to}/_control/count", method="GET"))
            count = int(json.loads(response.body)["count"])
            if time.monotonic() > deadline:
                raise Failed(f"{count} / {events}")
            await asyncio.sleep(0.02)  # asked, not told: a signal for each event would be measured too


@asynccontextmanager
async def _child(module: str, *arguments: str) -> AsyncIterator[asyncio.StreamReader]:
    """A Python process of ours, ended with the block: its standard output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.PIPE
    )
    if process.stdout is None:
        raise OSError(module)
    try:
        yield process.stdout
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
