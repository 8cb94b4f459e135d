"""The outbound client against receivers that answer, misbehave and lie, on real sockets."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from centralita.net import Client
from centralita.ports import HttpRequest
from tests.net import servers
from tests.net.servers import OK, answering, dripping, read_request, receiver, then_closing, then_resetting

LIMIT_BYTES = HttpRequest(url="").max_response_bytes

LOCAL = ("127.0.0.0/8",)


def post(port: int, path: str = "/hook", body: bytes = b"{}", timeout_s: float = 15.0) -> HttpRequest:
    return HttpRequest(url=f"http://127.0.0.1:{port}{path}", body=body, timeout_s=timeout_s)


# --- Answers ---------------------------------------------------------------------------------------------------------


async def test_a_request_arrives_as_it_was_written_and_so_does_the_answer() -> None:
    seen: list[bytes] = []
    answer = (
        b"HTTP/1.1 202 Accepted\r\nX-One: 1\r\nx-one: 2\r\nSet-Cookie: a=b\r\nContent-Length: 4\r\n\r\n\x00\xff\r\n"
    )
    async with receiver(answering(answer, seen)) as port, Client(allow=LOCAL) as client:
        request = HttpRequest(
            url=f"http://127.0.0.1:{port}/a%2Fb/%C3%B1?k=a+b%2B&x=%41#part",
            headers=(("Content-Type", "application/json"), ("webhook-id", "evt_1"), ("x-greeting", "¡hola!")),
            body=b'{"a": 1}',
        )
        response = await client.request(request)
        again = await client.request(post(port, body=b""))
    assert (response.status, response.body, response.error, response.sent) == (202, b"\x00\xff\r\n", "", True)
    assert [value for name, value in response.headers if name == "x-one"] == ["1", "2"]
    assert set(response.timings) == {"connect", "first_byte", "total"}
    assert set(again.timings) == {"first_byte", "total"}
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a%2Fb/%C3%B1?k=a+b%2B&x=%41 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{port}".encode() in head
    assert b"Accept-Encoding: identity" in head
    assert b"User-Agent: Centralita/" in head
    assert "x-greeting: ¡hola!".encode() in head
    assert body == b'{"a": 1}'
    assert b"ookie" not in seen[1]
    assert b"Content-Length: 0" in seen[1]


async def test_connections_are_kept_alive() -> None:
    connections: list[object] = []
    async with receiver(answering(OK, connections=connections)) as port, Client(allow=LOCAL) as client:
        for _ in range(5):
            assert (await client.request(post(port))).body == b"ok"
        await asyncio.gather(*[client.request(post(port)) for _ in range(3)])
    assert len(connections) == 3


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
async def test_other_methods(method: str) -> None:
    seen: list[bytes] = []
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    async with receiver(answering(answer, seen)) as port, Client(allow=LOCAL) as client:
        response = await client.request(HttpRequest(url=f"http://127.0.0.1:{port}/", method=method))
    assert (response.status, response.error) == (204, "")
    assert seen[0].startswith(f"{method} / ".encode())


async def test_it_is_not_used_outside_of_its_context() -> None:
    client = Client(allow=LOCAL)
    with pytest.raises(RuntimeError, match="closed"):
        await client.request(post(1))
    async with client:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        await client.request(post(1))


# --- Receivers that misbehave ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 200 ", 0),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", 0),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", 200),
    ],
)
async def test_slow_loris_ends_at_the_total_deadline(answer: bytes, status: int) -> None:
    gone = asyncio.Event()
    async with receiver(dripping(answer, gone)) as port, Client(allow=LOCAL) as client:
        response = await client.request(post(port, timeout_s=0.5))
        await gone.wait()
    assert (response.error, response.status, response.sent) == ("timeout", status, True)
    assert response.timings["total"] == response.elapsed_ms


async def test_a_receiver_that_says_nothing_at_all() -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        gone.set()

    async with receiver(silent) as port, Client(allow=LOCAL) as client:
        response = await client.request(post(port, timeout_s=0.1))
        await gone.wait()
    assert (response.error, response.status) == ("timeout", 0)


async def test_an_endless_reply_is_cut_and_left() -> None:
    written = 0
    gone = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                written += 65536
                await writer.drain()
        finally:
            gone.set()

    async with receiver(endless) as port, Client(allow=LOCAL) as client:
        response = await client.request(post(port))
        await gone.wait()
    assert (response.status, response.error, response.truncated) == (200, "", True)
    assert len(response.body) == LIMIT_BYTES
    assert written < 64 * 2**20  # what fits into the kernel's buffers, not a gigabyte


@pytest.mark.parametrize("size", [1_000_000, 500_000_000])
async def test_a_gzip_bomb_stays_packed(size: int) -> None:
    chunk = gzip.compress(bytes(1_000_000))
    bomb = chunk * (size // 1_000_000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb
    async with receiver(answering(answer)) as port, Client(allow=LOCAL) as client:
        response = await client.request(post(port))
    assert response.body == bomb[:LIMIT_BYTES]
    assert response.truncated == (len(bomb) > LIMIT_BYTES)
    assert response.header("content-encoding") == "gzip"


async def test_exactly_the_limit_is_not_truncated() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + b"x" * 65536
    async with receiver(answering(answer)) as port, Client(allow=LOCAL) as client:
        response = await client.request(post(port))
    assert (len(response.body), response.truncated, response.error) == (65536, False, "")


@pytest.mark.parametrize(
    "head",
    [
        b"X-Big: " + b"x" * 70_000 + b"\r\n",
        b"".join(b"X-%d: 1\r\n" % n for n in range(5000)),
        b"".join(b"X-%d: %b\r\n" % (n, b"x" * 8000) for n in range(12)),
    ],
)
async def test_huge_headers_are_an_error(head: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: 0\r\n\r\n"
    async with receiver(answering(answer)) as port, Client(allow=LOCAL) as client:
        response = await client.request(post(port))
        assert (await client.request(post(port))).error == "protocol"
    assert (response.error, response.headers, response.sent) == ("protocol", (), True)


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest/meta-data/", "/hook", "http://127.0.0.1:1/", "ftp://x", "::::"]
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_answers_not_ways(status: int, location: str) -> None:
    seen: list[bytes] = []
    answer = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    async with receiver(answering(answer, seen)) as port, Client(allow=LOCAL) as client:
        response = await client.request(post(port))
    assert (response.status, response.error, response.header("location")) == (status, "", location)
    assert len(seen) == 1


async def test_refused_and_reset() -> None:
    async with Client(allow=LOCAL) as client:
        refused = await client.request(post(servers.closed_port()))
        assert (refused.error, refused.status, refused.sent) == ("refused", 0, False)
        async with receiver(then_resetting(b"")) as port:
            reset = await client.request(post(port))
        assert (reset.error, reset.status, reset.sent) == ("reset", 0, True)
        async with receiver(then_closing(b"")) as port:
            closed = await client.request(post(port))
        assert (closed.error, closed.status, closed.sent) == ("reset", 0, True)
        async with receiver(then_closing(b"HTTP/1.1 200 O")) as port:
            closed = await client.request(post(port))
        assert (closed.error, closed.status, closed.sent) == ("reset", 0, True)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\npartial",
    ],
)
async def test_a_body_that_breaks_off_keeps_the_status(answer: bytes) -> None:
    for ending in (then_closing, then_resetting):
        async with receiver(ending(answer)) as port, Client(allow=LOCAL) as client:
            response = await client.request(post(port))
        assert (response.error, response.status) == ("truncated", 200)
        assert response.truncated is False
        if ending is then_closing:
            assert response.body == b"partial"


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 999999 Wat\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"\x00" * 100,
    ],
)
async def test_what_is_not_http_is_a_protocol_error(answer: bytes) -> None:
    async with receiver(then_closing(answer)) as port, Client(allow=LOCAL) as client:
        response = await client.request(post(port))
    assert response.error == "protocol"
    assert response.sent is True


async def test_bytes_behind_an_answer_are_not_the_next_answer() -> None:
    seen: list[bytes] = []
    poisoned = OK + b"HTTP/1.1 500 Not yours\r\nContent-Length: 0\r\n\r\n"
    async with receiver(answering(poisoned, seen)) as port, Client(allow=LOCAL) as client:
        for _ in range(5):
            assert (await client.request(post(port))).status == 200


async def test_cancelling_is_the_one_thing_that_passes() -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        arrived.set()
        await reader.read()
        gone.set()

    async with receiver(silent) as port, Client(allow=LOCAL) as client:
        task = asyncio.create_task(client.request(post(port)))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await gone.wait()


async def test_a_full_pool_is_waited_for_only_until_the_deadline_and_only_by_that_host() -> None:
    arrived = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        arrived.set()
        await reader.read()

    async with (
        receiver(silent) as slow,
        receiver(answering(OK)) as quick,
        Client(allow=LOCAL, connections_per_host=1) as client,
    ):
        first = asyncio.create_task(client.request(post(slow)))
        await arrived.wait()
        second = await client.request(post(slow, timeout_s=0.1))
        other = await client.request(post(quick))
        first.cancel()
        assert (second.error, second.reason, second.sent) == ("connect_timeout", "net.pool_timeout", False)
        assert other.status == 200


# --- What we refuse to write -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-a", "1\r\nHost: internal"),
        ("x-a", "1\nx: y"),
        ("x-a", "1\x00"),
        ("x a", "1"),
        ("", "1"),
        ("x-a\r\n", "1"),
        ("x-ñ", "1"),
        ("Host", "internal"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "upgrade"),
    ],
)
async def test_headers_that_would_forge_a_request_are_not_sent(name: str, value: str) -> None:
    seen: list[bytes] = []
    async with receiver(answering(OK, seen)) as port, Client(allow=LOCAL) as client:
        request = HttpRequest(url=f"http://127.0.0.1:{port}/", headers=(("x-s3cret", "v"), (name, value)))
        response = await client.request(request)
        assert (response.error, response.sent, seen) == ("protocol", False, [])
        if value != "1":
            assert value not in response.detail
        odd = await client.request(HttpRequest(url=f"http://127.0.0.1:{port}/", method="GET /x HTTP/1.1\r\n"))
        assert (odd.error, odd.detail, odd.sent) == ("protocol", "request.method", False)


async def test_no_error_repeats_the_url_or_the_headers() -> None:
    secret = "s3cret-key"  # it stands in the path, the query and a header
    headers = (("authorization", f"Bearer {secret}"),)

    def request(host: str) -> HttpRequest:
        return HttpRequest(url=f"http://{host}/{secret}?k={secret}", headers=headers, timeout_s=0.5)

    gone = asyncio.Event()
    async with (
        receiver(then_closing(b"garbage")) as garbage,
        receiver(then_resetting(b"")) as reset,
        receiver(dripping(b"HTTP/1.1 200 ", gone)) as slow,
        Client(allow=LOCAL, lookup=lambda host: []) as client,
    ):
        hosts = [f"127.0.0.1:{port}" for port in (garbage, reset, slow, servers.closed_port())]
        for host in [*hosts, "nowhere.example", "10.0.0.1", f"user:{secret}@127.0.0.1", "x" * 5000]:
            response = await client.request(request(host))
            assert response.error
            assert secret not in response.detail
            assert secret not in repr(response)


# --- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def server_tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


def local_lookup(host: str) -> list[str]:
    return ["127.0.0.1"]


async def tls_request(context: ssl.SSLContext, ca_file: Path | None, requests: list[bytes] | None = None):  # type: ignore[no-untyped-def]
    async with (
        receiver(answering(OK, requests), tls=context) as port,
        Client(allow=LOCAL, ca_file=ca_file, lookup=local_lookup) as client,
    ):
        return await client.request(HttpRequest(url=f"https://hook.example.com:{port}/x", body=b"{}"))


async def test_tls_names_the_host_to_the_checked_address(authority: trustme.CA, ca_file: Path) -> None:
    names: list[str | None] = []
    seen: list[bytes] = []
    context = server_tls(authority.issue_cert("hook.example.com"))
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    response = await tls_request(context, ca_file, seen)
    assert (response.status, response.error) == (200, "")
    assert set(response.timings) == {"dns", "connect", "tls", "first_byte", "total"}
    assert names == ["hook.example.com"]
    assert b"Host: hook.example.com:" in seen[0]


async def test_bad_certificates_are_named(authority: trustme.CA, ca_file: Path) -> None:
    now = datetime.now(UTC)
    day = timedelta(days=1)
    cases = [
        (authority.issue_cert("hook.example.com", not_before=now - 3 * day, not_after=now - 2 * day), ca_file,
         "net.tls_expired", "expired"),
        (authority.issue_cert("hook.example.com", not_before=now + day, not_after=now + 2 * day), ca_file,
         "net.tls_not_yet_valid", "not yet"),
        (authority.issue_cert("other.example.com"), ca_file, "net.tls_name", "hook.example.com"),
        (trustme.CA().issue_cert("hook.example.com"), ca_file, "net.tls_untrusted", "certificate"),
        (authority.issue_cert("hook.example.com"), None, "net.tls_untrusted", "certificate"),
    ]  # fmt: skip
    for certificate, trusted, reason, word in cases:
        seen: list[bytes] = []
        response = await tls_request(server_tls(certificate), trusted, seen)
        assert (response.error, response.reason, response.status, response.sent) == ("tls", reason, 0, False)
        assert word in response.detail
        assert seen == []


async def test_a_self_signed_certificate_is_told_from_one_of_an_unknown_authority(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hook.example.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hook.example.com")]), critical=False)
        .sign(key, SHA256())
    )
    path = tmp_path / "self.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    response = await tls_request(context, None)
    assert (response.error, response.reason, response.sent) == ("tls", "net.tls_self_signed", False)


async def test_tls_to_something_that_does_not_speak_it() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with receiver(plain) as port, Client(allow=LOCAL) as client:
        response = await client.request(HttpRequest(url=f"https://127.0.0.1:{port}/"))
    assert (response.error, response.reason, response.sent) == ("tls", "net.tls_none", False)


async def test_old_tls_is_refused(authority: trustme.CA, ca_file: Path) -> None:
    context = server_tls(authority.issue_cert("hook.example.com"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert (await tls_request(context, ca_file)).status == 200
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    old = await tls_request(context, ca_file)
    assert (old.error, old.reason) == ("tls", "net.tls_hung_up")


async def test_a_handshake_that_hangs() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with receiver(silent) as port, Client(allow=LOCAL) as client:
        response = await client.request(HttpRequest(url=f"https://127.0.0.1:{port}/", timeout_s=0.5))
    assert (response.error, response.reason, response.sent) == ("connect_timeout", "net.tls_timeout", False)
