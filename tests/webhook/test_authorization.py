"""Basic, bearer and client credentials, against a real authorization server and a real receiver on sockets."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from centralita.integrations.webhook.destination import WebhookDestination
from centralita.integrations.webhook.receiver import Auth, Receiver
from centralita.integrations.webhook.test_destination import delivery
from centralita.net import Client
from centralita.ports import HttpRequest, Outcome
from centralita.services.wording import explained
from tests.net.servers import Handler, closed_port, read_request, receiver

NOW = 1_763_806_000.0


class Server:
    """Answers by what ``answers`` says next, then by ``usual``; keeps heads and bodies."""

    def __init__(self, usual: tuple[int, bytes]) -> None:
        self.usual = usual
        self.answers: list[tuple[int, bytes]] = []
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.port = 0

    @property
    def handler(self) -> Handler:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                head, body = await read_request(reader)
                self.heads.append(head.decode())
                self.bodies.append(body)
                status, content = self.answers.pop(0) if self.answers else self.usual
                writer.write(b"HTTP/1.1 %d Said\r\nContent-Length: %d\r\n\r\n%b" % (status, len(content), content))
                await writer.drain()

        return handle

    @property
    def proofs(self) -> list[str]:
        """The authorizations that came."""
        lines = [line.partition(":") for head in self.heads for line in head.split("\r\n")]
        return [value.strip() for name, _colon, value in lines if name.lower() == "authorization"]


def granted(token: str, **more: Any) -> tuple[int, bytes]:
    return 200, msgspec.json.encode({"access_token": token, "token_type": "Bearer", "expires_in": 3600} | more)


class World:
    def __init__(self, client: Client) -> None:
        self.client = client
        self.tokens, self.hook = Server(granted("t-1")), Server((200, b"ok"))
        self.session: dict[str, Any] = {}
        self.client_secret = "s3cret/+"
        self.private: list[bool] = []

    def auth(self, **changes: Any) -> Auth:
        given = {
            "kind": "oauth2",
            "token_url": f"http://127.0.0.1:{self.tokens.port}/token",
            "client_id": "hub ñ",
            "client_secret": self.client_secret,
            "scope": "events.write",
        }
        return Auth(**(given | changes))

    async def deliver(self, auth: Auth | None, now: float = NOW) -> Outcome:
        hook = Receiver(name="erp", url=f"http://127.0.0.1:{self.hook.port}/hook", auth=auth, timeout_s=10.0)
        steps = WebhookDestination().perform(delivery(), {"receiver": hook, "session": self.session}, {}, now)
        answer = None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as end:
                outcome: Outcome = end.value
                return outcome
            assert isinstance(step, HttpRequest)
            assert step.private == step.url.endswith("/token")
            answer = await self.client.request(step)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        made = World(await stack.enter_async_context(Client(allow=["127.0.0.0/8"])))
        for server in (made.tokens, made.hook):
            server.port = await stack.enter_async_context(receiver(server.handler))
        yield made


async def test_basic_and_bearer(world: World) -> None:
    assert (await world.deliver(Auth(kind="basic", username="ana", password="pass:ñ"))).state == "delivered"
    assert (await world.deliver(Auth(kind="bearer", token="s3cret"))).state == "delivered"
    assert (await world.deliver(None)).state == "delivered"
    assert world.hook.proofs == ["Basic " + base64.b64encode("ana:pass:ñ".encode()).decode(), "Bearer s3cret"]


async def test_a_401_to_a_password_is_not_asked_about_again(world: World) -> None:
    world.hook.usual = (401, b"")
    outcome = await world.deliver(Auth(kind="bearer", token="old"))
    assert (outcome.state, outcome.reason, outcome.detail) == ("retry", "http.status", "401")
    assert len(world.hook.heads) == 1


async def test_a_token_is_asked_for_as_the_standard_says(world: World) -> None:
    assert (await world.deliver(world.auth())).state == "delivered"
    assert world.hook.proofs == ["Bearer t-1"]
    proof = base64.b64decode(world.tokens.proofs[0].removeprefix("Basic ")).decode()
    assert proof == "hub+%C3%B1:s3cret%2F%2B"
    form = parse_qs(world.tokens.bodies[0].decode())
    assert form == {"grant_type": ["client_credentials"], "scope": ["events.write"]}
    assert "content-type: application/x-www-form-urlencoded\r\n" in world.tokens.heads[0]


async def test_a_token_is_kept_until_shortly_before_its_end(world: World) -> None:
    world.tokens.answers = [granted("t-1"), granted("t-2")]
    for seconds in (0, 1000, 2879, 2881, 3600):
        assert (await world.deliver(world.auth(), NOW + seconds)).state == "delivered"
    assert world.hook.proofs == ["Bearer t-1"] * 3 + ["Bearer t-2"] * 2
    assert len(world.tokens.heads) == 2


async def test_while_one_attempt_renews_a_token_the_others_use_the_old_one(world: World) -> None:
    await world.deliver(world.auth())
    hook = Receiver(name="erp", url="http://127.0.0.1:1/", auth=world.auth())
    config = {"receiver": hook, "session": world.session}
    urls = []
    for _ in range(3):
        step = next(WebhookDestination().perform(delivery(), config, {}, NOW + 3000))
        assert isinstance(step, HttpRequest)
        urls.append(step.url.rpartition("/")[2])
    assert urls == ["token", "", ""]
    late = next(WebhookDestination().perform(delivery(), config, {}, NOW + 3031))
    assert isinstance(late, HttpRequest)
    assert late.url.endswith("/token")  # whoever was to renew it did not


async def test_a_token_that_the_receiver_revoked_is_renewed_once(world: World) -> None:
    world.tokens.answers = [granted("t-1"), granted("t-2")]
    await world.deliver(world.auth())
    world.hook.answers = [(401, b"")]
    assert (await world.deliver(world.auth(), NOW + 10)).state == "delivered"
    assert world.hook.proofs == ["Bearer t-1", "Bearer t-1", "Bearer t-2"]


async def test_a_receiver_that_refuses_every_token_is_not_asked_for_ever(world: World) -> None:
    await world.deliver(world.auth())
    world.hook.usual = (401, b"")
    outcome = await world.deliver(world.auth(), NOW + 10)
    assert (outcome.state, outcome.reason, outcome.detail) == ("retry", "http.status", "401")
    assert (len(world.tokens.heads), len(world.hook.heads)) == (2, 3)
    world.session.clear()
    await world.deliver(world.auth(), NOW + 20)
    assert (len(world.tokens.heads), len(world.hook.heads)) == (3, 4)  # one that was had anew is not had again


async def test_a_server_that_takes_the_client_in_the_body_only(world: World) -> None:
    world.tokens.answers = [(401, b'{"error": "invalid_client"}'), granted("t-1"), granted("t-2")]
    assert (await world.deliver(world.auth())).state == "delivered"
    assert (await world.deliver(world.auth(), NOW + 3600)).state == "delivered"
    assert len(world.tokens.heads) == 3  # it is remembered
    assert [b"client_secret=s3cret%2F%2B" in body for body in world.tokens.bodies] == [False, True, True]


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ((400, b'{"error": "invalid_scope", "error_description": "s3cret"}'), "400 invalid_scope"),
        ((401, b'{"error": "invalid_client"}'), "401 invalid_client"),
        ((401, b""), "401"),
        ((403, b'{"error": "invalid_scope"}'), "403"),
        ((500, b"<html>"), "500"),
        ((302, b""), "302"),
        ((200, b"<html>"), "200"),
        ((200, b"[1]"), "200"),
        ((200, b'{"access_token": ""}'), "200"),
        ((200, b'{"access_token": 5}'), "200"),
        ((200, b'{"access_token": "a\\r\\nX-Evil: 1"}'), "200"),
        ((200, b'{"access_token": "s3cret", "token_type": "mac"}'), "200"),
        ((400, b'{"error": "<script>"}'), "400"),
        ((400, b'{"error": ["x"]}'), "400"),
        ((200, b"[" * 60_000), "200"),
    ],
)
async def test_a_server_that_gives_no_token(world: World, answer: tuple[int, bytes], detail: str) -> None:
    world.tokens.usual = answer
    outcome = await world.deliver(world.auth())
    assert (outcome.state, outcome.reason, outcome.detail) == ("retry", "webhook.token", detail)
    assert "s3cret" not in repr(outcome)
    assert world.hook.heads == []
    assert (await world.deliver(world.auth())).reason == "webhook.token"  # and nothing was kept


@pytest.mark.parametrize("expires_in", ["3600", None, "soon", -1, 0, 1e999, [1]])
async def test_a_strange_life_is_lived_with(world: World, expires_in: Any) -> None:
    content = msgspec.json.encode({"access_token": "t-1"})[:-1] + b',"expires_in":'
    said = b"1e999" if expires_in == 1e999 else msgspec.json.encode(expires_in)
    world.tokens.usual = (200, content + said + b"}")
    outcome = await world.deliver(world.auth())
    assert outcome.state == ("delivered" if expires_in != 1e999 else "retry")


@pytest.mark.parametrize(
    ("url", "state", "detail", "words"),
    [
        ("http://10.0.0.1/token", "dead", "net.blocked address.private 10.0.0.1", "a private address 10.0.0.1"),
        ("https://metadata.google.internal/token", "dead", "net.blocked url.metadata", "metadata service"),
        ("http://127.0.0.1:{closed}/token", "retry", "net.refused", "refuses the connection"),
    ],
)
async def test_a_token_server_that_cannot_be_reached(
    world: World, url: str, state: str, detail: str, words: str
) -> None:
    outcome = await world.deliver(world.auth(token_url=url.format(closed=closed_port())))
    assert (outcome.state, outcome.reason) == (state, "webhook.token")
    assert outcome.detail.startswith(detail)
    assert words in explained(outcome.reason, outcome.detail, "en")
    assert world.hook.heads == []


def test_nothing_shows_a_secret() -> None:
    from centralita.integrations.webhook.authorization import Token

    token = Token("s3cret", asked_at=NOW, fresh_until=NOW, until=NOW)
    auth = Auth(kind="oauth2", client_secret="s3cret", token="s3cret", password="s3cret")
    request = HttpRequest(url="https://erp.test/s3cret", headers=(("authorization", "s3cret"),), body=b"s3cret")
    assert "s3cret" not in repr(token) + repr(auth) + repr(Receiver(name="erp", auth=auth)) + repr(request)
