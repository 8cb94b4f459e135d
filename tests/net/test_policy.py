"""Where the client goes and where it never does: names, addresses, proxies. Nothing here leaves the machine."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from centralita.net import AddrInfo, Client
from centralita.ports import HttpRequest, HttpResponse
from tests.net import servers
from tests.net.hostile import MUST_BLOCK_ADDRESSES, MUST_PASS_ADDRESSES, MUST_REFUSE_HOSTS
from tests.net.servers import OK, answering, read_request, receiver

LOCAL = ("127.0.0.0/8",)


class Fence:
    """In the place of sockets: notes where one was wanted, and opens none."""

    def __init__(self) -> None:
        self.wanted: list[str] = []

    def __call__(self, info: AddrInfo) -> socket.socket:
        self.wanted.append(info[4][0])
        raise ConnectionRefusedError(111, "fenced in")


def bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


# --- Addresses and names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", MUST_BLOCK_ADDRESSES)
async def test_no_socket_is_opened_to_a_special_address(address: str) -> None:
    fence = Fence()
    async with Client(socket_factory=fence, lookup=lambda host: [address]) as client:
        literal = await client.request(HttpRequest(url=f"https://{bracketed(address)}/"))
        named = await client.request(HttpRequest(url="https://hook.example.com/"))
    for response in (literal, named):
        assert (response.error, response.status, response.sent) == ("blocked", 0, False)
        assert response.detail.startswith("address.")
    assert address in named.detail
    assert fence.wanted == []


@pytest.mark.parametrize("address", MUST_PASS_ADDRESSES)
async def test_public_addresses_get_past_the_policy(address: str) -> None:
    fence = Fence()
    async with Client(socket_factory=fence, lookup=lambda host: [address]) as client:
        literal = await client.request(HttpRequest(url=f"https://{bracketed(address)}/"))
        named = await client.request(HttpRequest(url="https://hook.example.com/"))
    assert (literal.error, named.error, literal.sent) == ("refused", "refused", False)
    assert fence.wanted == [address, address]


@pytest.mark.parametrize("host", MUST_REFUSE_HOSTS)
async def test_ambiguous_hosts_are_not_even_looked_up(host: str) -> None:
    looked_up: list[str] = []
    fence = Fence()

    def lookup(name: str) -> list[str]:
        looked_up.append(name)
        return ["8.8.8.8"]

    async with Client(socket_factory=fence, lookup=lookup) as client:
        response = await client.request(HttpRequest(url=f"https://{host}/"))
    assert (response.error, response.sent) == ("blocked", False)
    assert (looked_up, fence.wanted) == ([], [])


@pytest.mark.parametrize("scheme", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://8.8.8.8/", "8.8.8.8", ""])
async def test_only_http(scheme: str) -> None:
    async with Client(allow=LOCAL) as client:
        response = await client.request(HttpRequest(url=scheme))
    assert (response.error, response.detail) == ("blocked", "url.scheme")


async def test_ports_and_plain_http_to_the_public_are_refused_after_the_look_up() -> None:
    fence = Fence()
    url_reasons = [("http://hook.example.com/", "url.plain_http"), ("https://hook.example.com:8443/", "url.port"),
                   ("http://8.8.8.8/", "url.plain_http"), ("https://8.8.8.8:22/", "url.port")]  # fmt: skip
    async with Client(allow=LOCAL, socket_factory=fence, lookup=lambda host: ["8.8.8.8"]) as client:
        for url, reason in url_reasons:
            response = await client.request(HttpRequest(url=url))
            assert (response.error, response.detail) == ("blocked", f"{reason} 8.8.8.8")
    assert fence.wanted == []
    async with Client(plain_http=True, socket_factory=fence, lookup=lambda host: ["8.8.8.8"]) as client:
        assert (await client.request(HttpRequest(url="http://hook.example.com/"))).error == "refused"
        assert client.judge("http://hook.example.com/") == ""
        assert client.judge("http://10.0.0.1/") == "address.private"


@pytest.mark.parametrize("answers", [["8.8.8.8", "10.0.0.1"], ["::1", "8.8.8.8"], ["8.8.8.8", "fe80::1%1"], ["x"]])
async def test_one_bad_address_among_good_ones_spoils_the_answer(answers: list[str]) -> None:
    fence = Fence()
    async with Client(socket_factory=fence, lookup=lambda host: answers) as client:
        response = await client.request(HttpRequest(url="https://hook.example.com/"))
    assert (response.error, fence.wanted) == ("blocked", [])


async def test_rebinding_finds_the_door_closed() -> None:
    fence = Fence()
    answers = [["8.8.8.8"], ["127.0.0.1"], ["8.8.8.8"]]
    looked_up: list[str] = []

    def lookup(host: str) -> list[str]:
        looked_up.append(host)
        return answers[len(looked_up) - 1]

    request = HttpRequest(url="https://hook.example.com/")
    async with Client(socket_factory=fence, lookup=lookup, dns_ttl_s=0.0) as client:
        first = await client.request(request)
        assert len(looked_up) == 1  # what was judged is what is connected to: there is no second look-up to lie to
        second = await client.request(request)
        third = await client.request(request)
    assert [first.error, second.error, third.error] == ["refused", "blocked", "refused"]
    assert fence.wanted == ["8.8.8.8", "8.8.8.8"]


class Detour(socket.socket):
    """A socket that a broken network (or a redirecting firewall) takes elsewhere."""

    port = 0

    def connect(self, address: object) -> None:
        super().connect(("127.0.0.1", self.port))


async def test_the_peer_that_answers_is_judged_again() -> None:
    seen: list[bytes] = []

    class ToReceiver(Detour):
        pass

    def detour(info: AddrInfo) -> socket.socket:
        return ToReceiver(info[0], info[1], info[2])

    async with receiver(answering(OK, seen)) as port:
        ToReceiver.port = port
        async with Client(plain_http=True, socket_factory=detour) as client:
            response = await client.request(HttpRequest(url="http://8.8.8.8/"))
    assert (response.error, response.detail, response.sent) == ("blocked", "address.loopback 127.0.0.1", False)
    assert seen == []


# --- Look-ups --------------------------------------------------------------------------------------------------------


def failing(host: str) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def broken(host: str) -> list[str]:
    raise UnicodeError("a resolver's own fault")


def nothing(host: str) -> list[str]:
    return []


@pytest.mark.parametrize("lookup", [failing, broken, nothing])
async def test_a_look_up_that_fails_closes_the_door(lookup: Callable[[str], list[str]]) -> None:
    fence = Fence()
    async with Client(allow=["0.0.0.0/0"], socket_factory=fence, lookup=lookup) as client:
        response = await client.request(HttpRequest(url="https://hook.example.com/"))
    assert (response.error, response.sent) == ("dns", False)
    assert "hook.example.com" in response.detail
    assert fence.wanted == []


async def test_a_name_that_comes_back_works_at_once() -> None:
    looked_up: list[str] = []

    def flapping(host: str) -> list[str]:
        looked_up.append(host)
        return failing(host) if len(looked_up) % 2 else ["127.0.0.1"]

    async with receiver(answering(OK)) as port, Client(allow=LOCAL, lookup=flapping, dns_ttl_s=0.0) as client:
        url = f"http://hook.example.com:{port}/"
        errors = [
            (await client.request(HttpRequest(url=url, headers=(("connection-id", "1"),)))).error for _ in range(2)
        ]
    assert errors == ["dns", ""]


async def test_a_slow_name_delays_nobody_else() -> None:
    release = threading.Event()
    looked_up: list[str] = []

    def slow(host: str) -> list[str]:
        looked_up.append(host)
        if host.startswith("slow"):
            release.wait()
        return ["127.0.0.1"]

    def to(host: str, port: int, timeout_s: float = 15.0) -> HttpRequest:
        return HttpRequest(url=f"http://{host}:{port}/", timeout_s=timeout_s)

    async with receiver(answering(OK)) as port, Client(allow=LOCAL, lookup=slow) as client:
        impatient = [client.request(to("slow.example", port, timeout_s=0.1)) for _ in range(30)]
        patient = asyncio.create_task(client.request(to("slow.example", port)))
        for response in await asyncio.gather(*impatient):
            assert (response.error, response.reason, response.sent) == ("dns", "net.dns_timeout", False)
        for number in range(5):
            assert (await client.request(to(f"quick{number}.example", port))).status == 200
        assert not patient.done()
        release.set()
        assert (await patient).status == 200  # giving up is each waiter's own affair
    assert looked_up.count("slow.example") == 1


async def test_more_slow_names_than_threads_still_end() -> None:
    release = threading.Event()

    def slow(host: str) -> list[str]:
        release.wait()
        return ["127.0.0.1"]

    async with receiver(answering(OK)) as port, Client(allow=LOCAL, lookup=slow) as client:
        waiting = [
            asyncio.create_task(client.request(HttpRequest(url=f"http://h{number}.example:{port}/")))
            for number in range(100)
        ]
        blocked = await client.request(HttpRequest(url=f"http://late.example:{port}/", timeout_s=0.1))
        assert blocked.error == "dns"
        release.set()
        assert {response.status for response in await asyncio.gather(*waiting)} == {200}


async def test_closing_ends_who_still_waits_for_a_name() -> None:
    release, asked = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(host: str) -> list[str]:
        loop.call_soon_threadsafe(asked.set)
        release.wait()
        return ["127.0.0.1"]

    async with Client(allow=LOCAL, lookup=slow) as client:
        waiting = asyncio.create_task(client.request(HttpRequest(url="http://slow.example/")))
        await asked.wait()
    response = await waiting
    assert (response.error, response.sent) == ("dns", False)
    release.set()


async def test_names_are_remembered_until_they_stop_working() -> None:
    looked_up: list[str] = []

    def lookup(host: str) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    async with Client(allow=LOCAL, lookup=lookup) as client:
        async with receiver(servers.then_closing(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")) as port:
            for _ in range(3):
                assert (await client.request(HttpRequest(url=f"http://hook.example.com:{port}/"))).status == 200
        assert len(looked_up) == 1
        for _ in range(2):
            assert (await client.request(HttpRequest(url=f"http://hook.example.com:{port}/"))).error == "refused"
    assert len(looked_up) == 2


async def test_the_next_address_is_tried_when_the_first_refuses() -> None:
    async def request(addresses: list[str], port: int) -> HttpResponse:
        async with Client(allow=LOCAL, lookup=lambda host: addresses) as client:
            return await client.request(HttpRequest(url=f"http://hook.example.com:{port}/"))

    async with receiver(answering(OK)) as port:  # listens on 127.0.0.1 only
        assert (await request(["127.0.0.2", "127.0.0.1"], port)).status == 200
        assert (await request(["127.0.0.2", "127.0.0.3"], port)).error == "refused"


async def test_the_system_s_own_resolver_is_the_default() -> None:
    async with receiver(answering(OK)) as port:
        async with Client(allow=["127.0.0.0/8", "::1/128"]) as client:
            assert (await client.request(HttpRequest(url=f"http://localhost:{port}/"))).status == 200
        async with Client() as client:
            response = await client.request(HttpRequest(url="https://localhost/"))
            assert (response.error, response.detail.split()[0]) == ("blocked", "address.loopback")


# --- Proxies ---------------------------------------------------------------------------------------------------------


async def test_a_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    intercepted: list[bytes] = []
    seen: list[bytes] = []
    async with receiver(answering(OK, intercepted)) as proxy, receiver(answering(OK, seen)) as port:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        async with Client(allow=LOCAL) as client:
            assert (await client.request(HttpRequest(url=f"http://127.0.0.1:{port}/"))).status == 200
    assert (len(seen), intercepted) == (1, [])


def tunnel(seen: list[bytes], port: int) -> servers.Handler:
    """A proxy that connects to ``port`` whatever it is asked for."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, _ = await read_request(reader)
        seen.append(head)
        upstream, downstream = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, downstream), pump(upstream, writer))

    return handle


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    writer.close()


async def test_the_operator_s_proxy_carries_https(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("hook.example.com").configure_cert(context)
    seen: list[bytes] = []
    async with (
        receiver(answering(OK), tls=context) as port,
        receiver(tunnel(seen, port)) as proxy,
        Client(
            proxy=f"http://ana:s3cret@127.0.0.1:{proxy}", ca_file=tmp_path / "ca.pem", lookup=lambda host: ["8.8.8.8"]
        ) as client,
    ):
        response = await client.request(HttpRequest(url="https://hook.example.com/x", body=b"{}"))
        assert (response.status, response.body, response.error) == (200, b"ok", "")
    assert seen[0].startswith(b"CONNECT hook.example.com:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic" in seen[0]


async def test_the_operator_s_proxy_carries_http() -> None:
    seen: list[bytes] = []
    async with (
        receiver(answering(OK, seen)) as proxy,
        Client(proxy=f"http://127.0.0.1:{proxy}", plain_http=True, lookup=lambda host: ["8.8.8.8"]) as client,
    ):
        response = await client.request(HttpRequest(url="http://hook.example.com/x?k=%2B", body=b"{}"))
    assert (response.status, response.error) == (200, "")
    assert seen[0].startswith(b"POST http://hook.example.com/x?k=%2B HTTP/1.1\r\n")


async def test_the_policy_holds_in_front_of_the_proxy() -> None:
    seen: list[bytes] = []

    def lookup(host: str) -> list[str]:
        return {"inside.example": ["10.0.0.1"], "mixed.example": ["8.8.8.8", "::1"]}.get(host) or failing(host)

    async with (
        receiver(answering(OK, seen)) as proxy,
        Client(proxy=f"http://127.0.0.1:{proxy}", plain_http=True, lookup=lookup) as client,
    ):
        hosts = ("inside.example", "mixed.example", "169.254.169.254", "[::1]", f"127.0.0.1:{proxy}", "127.1")
        for scheme in ("http", "https"):
            for host in hosts:
                assert (await client.request(HttpRequest(url=f"{scheme}://{host}/"))).error == "blocked"
            assert (await client.request(HttpRequest(url=f"{scheme}://unknown.example/"))).error == "dns"
    assert seen == []


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", b""])
async def test_a_proxy_that_refuses(answer: bytes) -> None:
    async with (
        receiver(servers.then_closing(answer)) as proxy,
        Client(proxy=f"http://ana:s3cret@127.0.0.1:{proxy}", lookup=lambda host: ["8.8.8.8"]) as client,
    ):
        response = await client.request(HttpRequest(url="https://hook.example.com/"))
    assert (response.error, response.status, response.sent) == ("refused" if answer else "reset", 0, False)
    assert "s3cret" not in response.detail


def test_settings_are_checked_when_the_client_is_made(tmp_path: Path) -> None:
    for proxy in ("socks5://127.0.0.1", "127.0.0.1:3128"):
        with pytest.raises(ValueError, match=r"network\.proxy"):
            Client(proxy=proxy)
    with pytest.raises(ValueError, match="host bits"):
        Client(allow=["127.0.0.1/8"])
    with pytest.raises(FileNotFoundError):
        Client(ca_file=tmp_path / "missing.pem")
