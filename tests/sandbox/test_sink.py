"""The webhook sink: what it remembers and how it misbehaves."""

import asyncio
import time
import zlib

import aiohttp
import pytest

from centralita.sandbox.control import ControlRefused, SinkControl
from centralita.sandbox.server import serve
from centralita.sandbox.sink import AnswerPlan, WebhookSink


async def post(url: str, body: bytes = b"{}") -> tuple[int, bytes]:
    async with aiohttp.ClientSession(auto_decompress=False) as session, session.post(url, data=body) as response:
        return response.status, await response.read()


async def test_it_remembers_exactly_what_came(sink: SinkControl) -> None:
    body = b'{"n": "\xc3\xb1"}\x00'
    async with aiohttp.ClientSession() as session:
        headers = {"X-Signature": "v1,abc", "Content-Type": "application/json"}
        async with session.post(f"{sink.url}/erp/hook?a=1", data=body, headers=headers) as response:
            assert (response.status, await response.text()) == (200, "ok")
        async with session.put(f"{sink.url}/other", data=b"x") as response:
            assert response.status == 200
    first, second = await sink.received()
    assert (first.seq, first.method, first.path, first.query, first.body) == (1, "POST", "/erp/hook", "a=1", body)
    assert dict(first.headers)["x-signature"] == "v1,abc"
    assert first.arrived_mono_ms <= second.arrived_mono_ms
    assert [one.seq for one in await sink.received(path="/other")] == [2]
    assert [one.seq for one in await sink.received(after=1)] == [2]


async def test_waiting(sink: SinkControl) -> None:
    waiting = asyncio.create_task(sink.wait_for(2, path="/a"))
    for path in ("/a", "/b", "/a"):
        await post(sink.url + path)
    assert [one.seq for one in await waiting] == [1, 3]
    with pytest.raises(TimeoutError, match="0 of 1"):
        await sink.wait_for(after=3, timeout_s=0.01)


async def test_counting_without_keeping() -> None:
    async with serve(WebhookSink(keep_bodies=False)) as address, SinkControl(address.url) as control:
        await post(f"{address}/x", b"secret")
        (only,) = await control.received()
        assert (only.body, only.headers, only.size) == (b"", (), 6)
        await control.record(bodies=True)
        await post(f"{address}/x", b"kept")
        assert (await control.received(after=1))[0].body == b"kept"
        assert await control.count() == 2


async def test_answers_by_path(sink: SinkControl) -> None:
    await sink.answer(AnswerPlan(path="/down", status=503, headers={"Retry-After": "7"}, body="sorry", count=1))
    await sink.answer(AnswerPlan(path="/moved", status=302, headers={"Location": "http://127.0.0.1:1/"}))
    assert await post(f"{sink.url}/down") == (503, b"sorry")
    assert await post(f"{sink.url}/down") == (200, b"ok")
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{sink.url}/moved", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (302, "http://127.0.0.1:1/")
    await sink.heal()
    assert await post(f"{sink.url}/moved") == (200, b"ok")


async def test_broken_answers(sink: SinkControl) -> None:
    await sink.answer(AnswerPlan(path="/drop", mode="drop"))
    await sink.answer(AnswerPlan(path="/truncate", mode="truncate", size=10))
    await sink.answer(AnswerPlan(path="/close", mode="close"))
    with pytest.raises(aiohttp.ClientConnectionError):
        await post(f"{sink.url}/drop")
    with pytest.raises(aiohttp.ClientPayloadError):
        await post(f"{sink.url}/truncate")
    assert await post(f"{sink.url}/close") == (200, b"ok")
    assert [one.path for one in await sink.received()] == ["/drop", "/truncate", "/close"]


async def test_big_answers(sink: SinkControl) -> None:
    await sink.answer(AnswerPlan(path="/huge", mode="huge", size=3_000_000))
    await sink.answer(AnswerPlan(path="/bomb", mode="gzip_bomb", size=3_000_000))
    assert len((await post(f"{sink.url}/huge"))[1]) == 3_000_000
    packed = (await post(f"{sink.url}/bomb"))[1]
    assert len(packed) < 10_000
    assert zlib.decompress(packed, wbits=31) == bytes(3_000_000)


async def test_slow_answers(sink: SinkControl) -> None:
    await sink.answer(AnswerPlan(path="/drip", mode="drip_body", body="abc", bytes_per_s=50))
    start = time.monotonic()
    assert await post(f"{sink.url}/drip") == (200, b"abc")
    assert time.monotonic() - start >= 0.04
    await sink.answer(AnswerPlan(path="/hang", mode="hang"))
    hanging = asyncio.create_task(post(f"{sink.url}/hang"))
    await sink.wait_for(path="/hang")
    assert not hanging.done()
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert await post(f"{sink.url}/drip") == (200, b"abc"), "others are not kept waiting"


async def test_pipelined_requests_are_answered_in_order(sink: SinkControl) -> None:
    await sink.answer(AnswerPlan(path="/slow", delay_ms=20, body="slow"))
    host, port = sink.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}"
    writer.write("".join(request.format(path) for path in ("/slow", "/a", "/slow", "/b")).encode())
    bodies = []
    for _ in range(4):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        bodies.append(await reader.readexactly(length))
    assert bodies == [b"slow", b"ok", b"slow", b"ok"]
    writer.write(b"nonsense\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    writer.close()
    await writer.wait_closed()


async def test_nonsense_is_explained(sink: SinkControl) -> None:
    for plan in (
        AnswerPlan(mode="nap"),
        AnswerPlan(status=42),
        AnswerPlan(headers={"A": "b\r\nc"}),
        AnswerPlan(count=0),
    ):
        with pytest.raises(ControlRefused):
            await sink.answer(plan)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{sink.url}/_control/requests?after=x") as response:
            assert (response.status, (await response.json())["error"]) == (400, "after must be a number")
        async with session.post(f"{sink.url}/_control/reset", headers={"Origin": "http://evil.example"}) as response:
            assert response.status == 403
        async with session.get(f"{sink.url}/_control/nothing") as response:
            assert response.status == 404
