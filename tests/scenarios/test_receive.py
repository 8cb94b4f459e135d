"""Whatever arrives at the door: stored whole and answered 2xx, or refused with 4xx and a reason; never 5xx, never half.

Fault rows 35-37, and every way to say a request wrongly that a server has been caught by.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.scenarios.conftest import World, world_of
from tests.scenarios.judges import judge_acknowledged
from tests.scenarios.ledger import SECRET, Sender, alert
from tests.scenarios.processes import HubProcess
from tests.scenarios.waiting import until
from tests.scenarios.wire import chunked, connect, exchange, read_answer, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEADLINES = {"receive": {"header_timeout_s": 2.0, "body_timeout_s": 2.0}}


class Door:
    """One hub for this module, on one database."""

    def __init__(self, world: World, hub: HubProcess, sender: Sender) -> None:
        self.world, self.hub, self.sender = world, hub, sender

    @property
    def url(self) -> str:
        return self.hub.url

    def count(self) -> int:
        """Receipts in the log."""
        return int(self.world.reader.value("select count(*) from receipts"))

    async def still_takes(self) -> None:
        """A well-formed request is taken: nothing that came before has hurt the hub."""
        before = self.count()
        status, _ = await self.sender.post(alert(before))
        assert status == 202
        assert self.count() == before + 1


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def door(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    async with world_of(tmp_path_factory.mktemp("door"), module_url) as world:
        hub = await world.hub(DEADLINES)
        yield Door(world, hub, await world.sender(hub))
        assert judge_acknowledged(world.reader, world.ledgers[0]) == []
        await world.settle()


DEEP = b'{"a":' * 65 + b"1" + b"}" * 65
UNREADABLE = {
    "nothing": b"",
    "half an object": b'{"title": "x"',
    "two values": b"{}{}",
    "a key twice": b'{"title": "a", "title": "b"}',
    "a key twice, written differently": b'{"title": "a", "\\u0074itle": "b"}',
    "NaN": b'{"value": NaN}',
    "Infinity": b'{"value": -Infinity}',
    "1e400": b'{"value": 1e400}',
    "an integer beyond 2^63": b'{"value": 9223372036854775808}',
    "an integer of 5,000 digits": b'{"value": %s}' % (b"9" * 5000),
    "a lone surrogate": b'{"title": "\\ud800"}',
    "a lone surrogate as a key": b'{"\\udfff": 1}',
    "NUL": b'{"title": "a\\u0000b"}',
    "a raw NUL": b'{"title": "a\x00b"}',
    "65 levels": DEEP,
    "100,000 levels": b"[" * 100_000,
    "latin-1": '{"title": "ñandú"}'.encode("latin-1"),
    "UTF-16": '{"title": "x"}'.encode("utf-16"),
    "overlong UTF-8": b'{"title": "\xc0\xaf"}',
    "a control character": b'{"title": "a\nb"}',
    "a comment": b'{"title": 1 /* one */}',
    "single quotes": b"{'title': 'x'}",
    "a trailing comma": b'{"title": "x",}',
}


@pytest.mark.parametrize("name", UNREADABLE)
async def test_json_that_two_readers_could_understand_differently_is_400(door: Door, name: str) -> None:
    before = door.count()
    status, answer = await exchange(door.url, request(UNREADABLE[name]))
    assert status == 400, answer
    assert b"Traceback" not in answer
    assert door.count() == before


FORMS = {
    "NUL": b"title=a%00b",
    "not UTF-8": b"title=%ff%fe",
    "a lone surrogate": b"title=%ed%a0%80",
    "too many fields": b"&".join(b"a%d=1" % n for n in range(1001)),
    "bad JSON in a field": b"payload=%7b%22a%22:NaN%7d",
}


@pytest.mark.parametrize("name", FORMS)
async def test_a_form_that_cannot_be_read_is_400(door: Door, name: str) -> None:
    before = door.count()
    body = FORMS[name]
    lines = b"POST /in/monitor HTTP/1.1\r\nHost: hub\r\nX-Secret: %b\r\nContent-Length: %d\r\n"
    kind = b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    status, answer = await exchange(door.url, lines % (SECRET.encode(), len(body)) + kind + body)
    assert status == 400, answer
    assert door.count() == before


async def test_the_reasons_can_be_read_afterwards(door: Door) -> None:
    await exchange(door.url, request(b'{"\\ud800": 1}'))
    await exchange(door.url, request(b"{}", secret="wrong"))
    await exchange(door.url, request(b"{}", secret=""))
    sql = "select status, reason from rejections where source = 'monitor' order by id desc limit 40"
    reasons = {(400, "json.surrogate"), (401, "credential.mismatch"), (401, "credential.missing")}
    await until(lambda: reasons <= set(door.world.reader.rows(sql)))
    assert not door.world.reader.value("select count(*) from rejections where status = 401 and body is not null")
    await door.still_takes()


def _twice(name: bytes, first: bytes, second: bytes) -> bytes:
    return request(b"{}", name + b": " + first, name + b": " + second)


MALFORMED: dict[str, tuple[bytes, set[int]]] = {
    "Content-Length and Transfer-Encoding": (
        request(chunked([b"{}"]), b"Content-Length: 2", b"Transfer-Encoding: chunked"),
        {400},
    ),
    "Transfer-Encoding, then Content-Length": (
        request(chunked([b"{}"]), b"Transfer-Encoding: chunked", b"Content-Length: 2"),
        {400},
    ),
    "two lengths": (request(b"{}", b"Content-Length: 2", b"Content-Length: 3"), {400}),
    "two equal lengths": (request(b"{}", b"Content-Length: 2", b"Content-Length: 2"), {400}),
    "a negative length": (request(b"{}", b"Content-Length: -1"), {400}),
    "a length of letters": (request(b"{}", b"Content-Length: two"), {400}),
    "a length with a plus": (request(b"{}", b"Content-Length: +2"), {400}),
    "a length beyond 2^64": (request(b"{}", b"Content-Length: 99999999999999999999"), {400, 413}),
    "a length over the limit": (request(b"{}", length=1_048_577), {413}),
    "an unknown transfer coding": (request(b"{}", b"Transfer-Encoding: gzip, chunked"), {400, 501}),
    "chunked twice": (request(chunked([b"{}"]), b"Transfer-Encoding: chunked, chunked"), {400}),
    "a chunk size of letters": (request(b"zz\r\n{}\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), {400}),
    "a chunk size that overflows": (request(b"f" * 40 + b"\r\n{}", b"Transfer-Encoding: chunked"), {400, 413}),
    "a negative chunk": (request(b"-2\r\n{}\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), {400}),
    "a chunk longer than it says": (request(b"2\r\n{}{}\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), {400}),
    "two content types": (_twice(b"Content-Type", b"application/json", b"text/plain"), {400}),
    "two authorizations": (_twice(b"Authorization", b"Bearer a", b"Bearer b"), {400}),
    "two secrets": (request(b"{}", b"X-Secret: " + SECRET.encode()), {400, 401}),
    "two hosts": (request(b"{}", b"Host: other"), {400}),
    "gzip": (request(b"\x1f\x8b", b"Content-Encoding: gzip"), {415}),
    "deflate, upper case": (request(b"x", b"Content-Encoding: DEFLATE"), {415}),
    "101 headers": (request(b"{}", *(b"X-H%d: 1" % n for n in range(101))), {431}),
    "a header of 40 KiB": (request(b"{}", b"X-Big: " + b"x" * 40_000), {431}),
    "a space before the colon": (request(b"{}", b"X-Bad : 1"), {400}),
    "a folded header": (request(b"{}", b"X-Bad: 1\r\n  2"), {400}),
    "NUL in a header": (request(b"{}", b"X-Bad: a\x00b"), {400}),
    "a bare line feed": (b"POST /in/monitor HTTP/1.1\nHost: hub\nContent-Length: 2\n\n{}", {400, 401}),
    "no method": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400}),
    "HTTP/9.9": (b"POST /in/monitor HTTP/9.9\r\nHost: hub\r\n\r\n", {400, 401, 505}),
    "GET": (b"GET /in/monitor HTTP/1.1\r\nHost: hub\r\n\r\n", {405}),
    "an unknown source": (request(b"{}", path="/in/nobody"), {404}),
    "a path too deep": (request(b"{}", path="/in/monitor/a/b"), {404}),
    "no source": (request(b"{}", path="/in/"), {404}),
    "dots": (request(b"{}", path="/in/../in/monitor/%2e%2e/x"), {404}),
    "NUL in the path": (request(b"{}", path="/in/mon%00itor"), {404}),
    "not UTF-8 in the path": (request(b"{}", path="/in/%ff%fe"), {404}),
    "an image": (request(b"\x89PNG", b"Content-Type: image/png"), {400}),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_request_is_4xx_and_leaves_nothing(door: Door, name: str) -> None:
    sent, allowed = MALFORMED[name]
    before = door.count()
    status, answer = await exchange(door.url, sent)
    assert status in allowed, (status, answer[:500])
    assert b"Traceback" not in answer
    assert door.count() == before


async def test_headers_without_end_are_cut_off(door: Door) -> None:
    endless = b"POST /in/monitor HTTP/1.1\r\nHost: hub\r\n" + b"X-A: %b\r\n" % (b"x" * 1000) * 500
    status, _ = await exchange(door.url, endless)
    assert status in (0, 400, 431)
    await door.still_takes()


async def test_slow_headers_are_408(door: Door) -> None:
    status, _ = await exchange(door.url, b"POST /in/monitor HTTP/1.1\r\nHost: hub\r\n")
    assert status == 408


async def test_a_slow_body_is_408(door: Door) -> None:
    before = door.count()
    status, _ = await exchange(door.url, request(b'{"ti', length=100))
    assert status == 408
    assert door.count() == before


async def test_chunks_beyond_the_limit_are_413(door: Door) -> None:
    piece = chunked([b"x" * 65_536])[: -len(b"0\r\n\r\n")]
    status, _ = await exchange(door.url, request(b"", b"Transfer-Encoding: chunked"), *[piece] * 40)
    assert status in (413, 0)
    await door.still_takes()


async def test_a_well_formed_chunked_request_is_taken(door: Door) -> None:
    body = alert(1, note="chunked")
    status, answer = await exchange(door.url, request(chunked([body[:9], body[9:]]), b"Transfer-Encoding: chunked"))
    assert status == 202, answer


async def test_what_was_smuggled_behind_a_refused_request_is_not_read(door: Door) -> None:
    before = door.count()
    inner = request(alert(2, note="smuggled"))
    reader, writer = await connect(door.url)
    writer.write(request(b"0\r\n\r\n" + inner, b"Content-Length: 5", b"Transfer-Encoding: chunked"))
    assert (await read_answer(reader))[0] == 400
    assert await reader.read() == b"", "the connection is closed behind a refusal"
    writer.close()
    await door.still_takes()
    assert door.count() == before + 1


@pytest.mark.parametrize("share", [0.0, 0.5])
async def test_a_client_that_drops_in_mid_body_leaves_no_row(door: Door, share: float) -> None:
    """Row 35."""
    before = door.count()
    body = alert(3)
    whole = request(body)
    _, writer = await connect(door.url)
    writer.write(whole[: len(whole) - len(body) + int(len(body) * share)])
    await writer.drain()
    writer.transport.abort()
    await door.still_takes()
    assert door.count() == before + 1


async def test_the_same_id_fifty_times_at_once_is_one_event(door: Door) -> None:
    """Row 36."""
    body = alert(4, note=str(door.count()))
    statuses = await door.sender.post_all([(f"id-{door.count()}", body)] * 50)
    assert sorted(statuses) == [200] * 49 + [202]
    assert len({entry.receipt_id for entry in door.sender.ledger.entries[-50:]}) == 1


async def test_the_same_id_with_another_body_keeps_the_first_and_is_counted(door: Door) -> None:
    """Row 37."""
    sql = "select conflicts from source_counts where source = 'monitor'"
    own_id, before = f"id-{door.count()}", door.world.reader.value(sql) or 0
    first, second = alert(5, note="first"), alert(5, note="second")
    status, kept = await door.sender.post(first, own_id)
    assert status == 202
    headers = {"content-type": "application/json", "x-secret": SECRET, "webhook-id": own_id}
    lines = [f"{name}: {value}".encode() for name, value in headers.items() if name == "webhook-id"]
    status, answer = await exchange(door.url, request(second, *lines))
    assert status == 200
    assert json.loads(answer.rsplit(b"\r\n\r\n", 1)[1])["id"] == kept["id"]
    stored = door.world.reader.value("select body from receipts where id = ?", kept["id"])
    assert bytes(stored) == first
    assert door.world.reader.value(sql) == before + 1


async def test_without_an_id_the_same_bytes_are_one_event(door: Door) -> None:
    body = alert(6, note=str(door.count()))
    assert [(await door.sender.post(body))[0] for _ in range(3)] == [202, 200, 200]


async def test_odd_but_legal_bytes_in_headers_do_no_harm(door: Door) -> None:
    odd = [b"X-Latin: caf\xe9", b"X-Low: \x80\x9f", b"webhook-id: \xff\xfe%d" % door.count(), b"X-Empty:"]
    status, answer = await exchange(door.url, request(alert(7, note=str(door.count())), *odd))
    assert status in (202, 400), answer
    await door.still_takes()


async def test_many_refusals_at_once_stop_nobody(door: Door) -> None:
    bad = [UNREADABLE[name] for name in ("NUL", "a lone surrogate as a key", "overlong UTF-8", "latin-1")] * 10
    answers: list[Any] = await asyncio.gather(*(exchange(door.url, request(body)) for body in bad))
    assert {status for status, _ in answers} == {400}
    await door.still_takes()
