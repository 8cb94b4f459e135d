"""A sender that keeps books: what the hub said it has, and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

SECRET = "sender-secret-4f7c1a"


@dataclass(frozen=True)
class Entry:
    """One acknowledged request."""

    own_id: str
    receipt_id: str
    sha256: str
    status: int


@dataclass
class Ledger:
    """Written to only after a 2xx."""

    entries: list[Entry] = field(default_factory=list)

    def keep(self, own_id: str, body: bytes, status: int, answer: bytes) -> Entry:
        entry = Entry(own_id, json.loads(answer)["id"], hashlib.sha256(body).hexdigest(), status)
        self.entries.append(entry)
        return entry

    @property
    def receipts(self) -> dict[str, str]:
        """Receipt id to sha256."""
        return {entry.receipt_id: entry.sha256 for entry in self.entries}

    def events(self) -> list[str]:
        """The ids of the first event of every receipt, oldest acknowledgement first, each once."""
        return list(dict.fromkeys(f"evt_{entry.receipt_id.removeprefix('rcp_')}" for entry in self.entries))


def alert(number: int, **facts: Any) -> bytes:
    """The body of an alert with a subject of its own."""
    return json.dumps(
        {"type": "alert.fired", "subject": f"alert/{number}", "severity": "high", "title": f"Alert {number}", **facts}
    ).encode()


class Sender:
    """Posts to ``/in/{slug}``; use as ``async with``. ``url`` may be changed when the hub has moved."""

    def __init__(self, url: str, slug: str = "monitor", *, ledger: Ledger | None = None) -> None:
        self.url, self.slug = url, slug
        self.ledger = ledger or Ledger()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30))
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(
        self, body: bytes, own_id: str = "", *, slug: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """(status, answer). Books a 2xx. Raises aiohttp.ClientError, TimeoutError."""
        assert self._session is not None, "use it as: async with Sender(...)"
        sent = {"content-type": "application/json", "x-secret": SECRET, **(headers or {})}
        if own_id:
            sent["webhook-id"] = own_id
        async with self._session.post(f"{self.url}/in/{slug or self.slug}", data=body, headers=sent) as response:
            answer = await response.read()
        if 200 <= response.status < 300:
            self.ledger.keep(own_id, body, response.status, answer)
        return response.status, json.loads(answer) if answer else {}

    async def post_all(self, bodies: Iterable[tuple[str, bytes]]) -> list[int]:
        """Posts all at once; the statuses."""
        answers = await asyncio.gather(*(self.post(body, own_id) for own_id, body in bodies))
        return [status for status, _ in answers]
