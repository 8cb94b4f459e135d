"""What is kept of a request, and what it is told when the disk is slow or full."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from centralita.integrations.invgate.source import InvgateSource
from centralita.ports import RawRequest, Receipt
from centralita.services.clock import ReceiptIds, SystemClock
from centralita.services.ingest import Answer, ConfiguredSource, Ingest
from centralita.store.database import StoreUnavailable
from centralita.store.receipts import Appended

SECRET = b"a-long-shared-secret"


@dataclass
class Limits:
    max_body_bytes: int = 1 << 20
    max_wait_s: float = 0.05
    max_queue_bytes: int = 10_000
    max_queue_rows: int = 3
    dedupe_days: float = 7


class Counted:
    def __init__(self) -> None:
        self.results: list[str] = []

    def received(self, source: str, result: str) -> None:
        self.results.append(result)


class SlowDatabase:
    """Commits when it is told to."""

    dialect = "sqlite"

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.fault: StoreUnavailable | None = None

    async def write(self, fn: Callable[[Any], Any], *, urgent: bool = False) -> Any:
        await self.go.wait()
        if self.fault is not None:
            raise self.fault
        return [Appended("rcp_stored")] * 3


def request(body: bytes = b'{"request_id": 1}', **headers: str) -> RawRequest:
    given = {"content-type": "application/json", "x-webhook-secret": SECRET.decode(), **headers}
    return RawRequest(method="POST", query="", headers=tuple(given.items()), body=body)


@pytest.fixture
def hub() -> tuple[Ingest, SlowDatabase, list[Any]]:
    clock, database, accepted = SystemClock(), SlowDatabase(), []
    ingest = Ingest(database, clock, ReceiptIds(clock), Limits(), Counted(), accepted.append)  # type: ignore[arg-type]
    source = ConfiguredSource(slug="invgate", kind="invgate", integration=InvgateSource(), secrets=(SECRET,))
    ingest.sources = {"invgate": source}
    return ingest, database, accepted


async def test_secrets_are_not_kept_under_whatever_header_they_travel(hub: Any) -> None:
    ingest, _, _ = hub
    sent = request(**{"x-desk": f"key {SECRET.decode()}", "x-api-key": "k", "cookie": "c", "ce-type": "t", "x-id": "7"})
    receiving = asyncio.ensure_future(ingest.receive("invgate", sent))
    await asyncio.sleep(0)
    kept: Receipt = ingest._queue[0][0].receipt
    assert dict(kept.headers) == {"content-type": "application/json", "ce-type": "t", "x-id": "7"}
    receiving.cancel()


async def test_a_request_waits_for_the_disk_no_longer_than_it_may_and_is_told_to_come_again(hub: Any) -> None:
    ingest, _, accepted = hub
    running = asyncio.ensure_future(ingest.run())
    answers = await asyncio.gather(*(ingest.receive("invgate", request(b'{"request_id": %d}' % n)) for n in range(5)))
    assert [answer.status for answer in answers] == [503] * 5
    assert all(answer.retry_after_s > 0 for answer in answers)
    assert not accepted
    running.cancel()


async def test_a_commit_whose_fate_is_unknown_is_503_for_its_batch_and_the_router_looks(hub: Any) -> None:
    ingest, database, accepted = hub
    running = asyncio.ensure_future(ingest.run())
    database.fault = StoreUnavailable("cut off", outcome_unknown=True)
    database.go.set()
    answer: Answer = await ingest.receive("invgate", request())
    assert answer.status == 503
    assert accepted == [()]
    running.cancel()


async def test_an_unknown_source_and_a_wrong_secret_say_nothing_about_why(hub: Any) -> None:
    ingest, _, _ = hub
    assert (await ingest.receive("nobody", request())).status == 404
    wrong = await ingest.receive("invgate", request(**{"x-webhook-secret": "guess"}))
    assert wrong.status == 401
    assert b"guess" not in wrong.body
    assert (await ingest.receive("invgate", request(b'{"a": 1, "a": 2}'))).status == 400
