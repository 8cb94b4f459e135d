"""Nothing that a person types into a webhook makes the hub talk to itself, to its network or to its cloud.

Every field that takes a URL to be called is tried with every hostile one: at saving, where what can be known is
refused, and at sending, where a canary listens on this machine and must never be called.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from centralita.integrations.webhook.destination import WebhookDestination
from centralita.integrations.webhook.receiver import Auth, Receiver
from centralita.integrations.webhook.test_destination import delivery
from centralita.net import AddrInfo, Client, open_socket
from centralita.ports import HttpRequest, HttpResponse, Outcome
from centralita.services import webhook_checks, webhook_trial
from centralita.services.webhook_checks import WebhookFaulty
from centralita.services.webhook_trial import Wish
from centralita.settings import load
from centralita.wiring import open_hub
from tests.net.hostile import (
    MUST_BLOCK_ADDRESSES,
    MUST_REFUSE_HOSTS,
    MUST_REFUSE_URLS,
    NAMES_THAT_LEAD_INSIDE,
)

FIELDS = ("url", "auth.token_url")
"""All of a webhook's that are called. ``public_url`` and the links in events are only written down."""


class Canary:
    """Listens on this machine's own addresses; whoever connects has got out of the cage."""

    def __init__(self) -> None:
        self.calls = asyncio.Queue[tuple[str, int]]()
        self.port = 0

    def called(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls.put_nowait(writer.get_extra_info("peername")[:2])
        writer.close()


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    """On one port of 127.0.0.1 and ::1; fails the test that it was called in."""
    bird = Canary()
    first = await asyncio.start_server(bird.called, "127.0.0.1", 0)
    bird.port = first.sockets[0].getsockname()[1]
    second = await asyncio.start_server(bird.called, "::1", bird.port)
    async with first, second:
        yield bird
        for host in ("127.0.0.1", "::1"):  # it is alive, and whoever came before would be heard first
            _, writer = await asyncio.open_connection(host, bird.port)
            assert await bird.calls.get() == writer.get_extra_info("sockname")[:2]
            writer.close()


def hostile_urls(port: int) -> Iterator[str]:
    for address in MUST_BLOCK_ADDRESSES:
        host = f"[{address}]" if ":" in address else address
        yield from (
            f"https://{host}/",
            f"https://{host}:{port}/hook",
            f"http://{host}:{port}/",
            f"HTTPS://{host}:443/?a=b#c",
        )
    for host in MUST_REFUSE_HOSTS:
        yield from (f"https://{host}/", f"http://{host}:{port}/" if ":" not in host else f"http://{host}/")
    for url in MUST_REFUSE_URLS:
        yield url.replace("{port}", str(port))


def receiver_with(field: str, url: str) -> Receiver:
    if field == "url":
        return Receiver(name="erp", url=url)
    auth = Auth(kind="oauth2", token_url=url, client_id="hub", client_secret="s3cret")
    return Receiver(name="erp", url="https://8.8.8.8/hook", auth=auth)


async def deliver(client: Client, receiver: Receiver) -> tuple[Outcome, HttpResponse]:
    """As the deliverer does; and the response to the last request."""
    steps = WebhookDestination().perform(delivery(), {"receiver": receiver, "session": {}}, {}, 0.0)
    answer: HttpResponse | None = None
    while True:
        try:
            step = steps.send(answer)
        except StopIteration as end:
            assert isinstance(end.value, Outcome)
            return end.value, answer or HttpResponse()
        assert isinstance(step, HttpRequest)
        answer = await client.request(step)


def test_there_are_enough_of_them() -> None:
    assert len(set(hostile_urls(8443))) + len(NAMES_THAT_LEAD_INSIDE) >= 250


@pytest.mark.parametrize("field", FIELDS)
async def test_no_hostile_url_is_called(canary: Canary, field: str) -> None:
    looked_up: list[str] = []

    def inside(host: str) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1", "::1"]  # whatever it takes for a name leads here

    # http and any port are allowed, so that nothing but the address is in the way.
    async with Client(plain_http=True, lookup=inside, dns_ttl_s=0.0) as client:
        for url in hostile_urls(canary.port):
            outcome, response = await deliver(client, receiver_with(field, url))
            assert outcome.state == "dead", url
            assert (response.error, response.sent) == ("blocked", False), url
            assert response.detail.split(" ")[0].split(".")[0] in ("address", "url"), url
    assert looked_up == []


@pytest.mark.parametrize("field", FIELDS)
async def test_no_name_that_leads_inside_is_called(canary: Canary, field: str) -> None:
    for name, addresses in NAMES_THAT_LEAD_INSIDE:
        async with Client(plain_http=True, lookup=lambda host, found=addresses: list(found)) as client:  # type: ignore[misc]
            for url in (f"https://{name}/", f"http://{name}:{canary.port}/"):
                outcome, response = await deliver(client, receiver_with(field, url))
                assert (outcome.state, response.error, response.sent) == ("dead", "blocked", False), (url, addresses)


@pytest.mark.parametrize("field", FIELDS)
async def test_no_change_of_a_name_s_address_gets_through(canary: Canary, field: str) -> None:
    """Public when it is first asked for, this machine ever after; every socket to this machine would really open."""
    wanted: list[str] = []

    def open_inside(info: AddrInfo) -> socket.socket:
        wanted.append(info[4][0])
        if info[4][0] == "8.8.8.8":
            raise ConnectionRefusedError(111, "nothing leaves this machine")
        return open_socket(info)

    for bad in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
        answers = iter([["8.8.8.8"], [bad], [bad]])

        def rebinding(host: str, given: Iterator[list[str]] = answers) -> list[str]:
            return next(given)

        async with Client(plain_http=True, lookup=rebinding, dns_ttl_s=0.0, socket_factory=open_inside) as client:
            receiver = receiver_with(field, "http://rebind.example.com/")
            errors = [(await deliver(client, receiver))[1].error for _ in range(2)]
            assert errors == ["refused", "blocked"]
    assert set(wanted) == {"8.8.8.8"}


@asynccontextmanager
async def redirecting(location: str, status: int) -> AsyncIterator[str]:
    """A receiver on an address that the operator allows, which points elsewhere."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.3", 0) as server:
        yield f"http://127.0.0.3:{server.sockets[0].getsockname()[1]}/"


@pytest.mark.parametrize("field", FIELDS)
async def test_no_redirect_is_followed(canary: Canary, field: str) -> None:
    places = [f"http://127.0.0.1:{canary.port}/", f"http://[::1]:{canary.port}/", f"//localhost:{canary.port}/"]
    async with Client(allow=["127.0.0.3/32"], plain_http=True) as client:
        for status in (301, 302, 303, 307, 308):
            for place in places:
                async with redirecting(place, status) as url:
                    outcome, response = await deliver(client, receiver_with(field, url))
                assert (outcome.state, response.status) == ("retry", status)
                assert outcome.reason == ("http.redirect" if field == "url" else "webhook.token")


async def test_what_can_be_known_is_refused_at_saving_and_a_test_is_no_way_around(
    canary: Canary, tmp_path: Path
) -> None:
    config = tmp_path / "centralita.yaml"
    config.write_text("locale: en\n")
    async with open_hub(load(config, {"CENTRALITA_DATA_DIR": str(tmp_path / "data")})) as hub:
        for field in FIELDS:
            for number, url in enumerate(hostile_urls(canary.port)):
                given = given_with(field, url)
                with pytest.raises(WebhookFaulty) as refused:
                    hook = webhook_checks.read(given)
                    if number % 20 == 0:
                        trial = await webhook_trial.try_draft(hub, "ana", hook, Wish())
                        assert (trial.state, trial.response is None or trial.response.status == 0) == ("dead", True)
                    webhook_checks.check(hub, hook)
                assert field in [fault.at for fault in refused.value.faults], url


def given_with(field: str, url: str) -> dict[str, Any]:
    if field == "url":
        return {"name": "erp", "url": url}
    auth = {"kind": "oauth2", "token_url": url, "client_id": "hub", "client_secret": "s3cret"}
    return {"name": "erp", "url": "https://erp.example.com/hook", "auth": auth}
