"""Coming in by an identity provider, as a browser goes: there by a link, and back with a cookie."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from socket import socket

import pytest
import pytest_asyncio
from yarl import URL

from centralita.services.oidc import CALLBACK_PATH
from centralita.serving import serving
from centralita.settings import load
from tests.access.provider import CLIENT_ID, CLIENT_SECRET, Provider, served
from tests.dashboard.office import Office, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def public() -> str:
    """Where the hub will answer: the provider has to know beforehand."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture(scope="module")
def provider(public: str) -> Iterator[Provider]:
    """A provider that answers; by http, which Authlib wants to be told."""
    with pytest.MonkeyPatch.context() as patch, served(public + CALLBACK_PATH) as running:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(public: str, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A hub that trusts the provider."""
    directory: Path = tmp_path_factory.mktemp("identity")
    config = directory / "centralita.yaml"
    config.write_text(
        f"locale: en\ndata_dir: {directory}\nserver: {{port: {URL(public).port}, public_url: '{public}'}}\n"
        "network: {allow: ['127.0.0.0/8']}\ndashboard: {oidc: {name: Acme, create_users: true, default_role: viewer, "
        f"issuer: '{provider.issuer}', client_id: {CLIENT_ID}, client_secret: '{CLIENT_SECRET}'}}}}\n"
    )
    async with AsyncExitStack() as stack:
        hub, url = await stack.enter_async_context(serving(load(config, {})))
        assert url == public
        yield Office(hub, url, "", stack)


def _held(visitor: Visitor) -> set[str]:
    return {each.key for each in visitor.http.cookie_jar}


async def test_there_and_back_and_to_the_page_that_was_wanted(office: Office) -> None:
    ana = await office.stranger()
    form = await ana.get("/profile?x=1")
    assert "Sign in with Acme" in form.text
    (link,) = [each for each in form.links() if each.startswith("/oidc/begin")]
    seen = await ana.get(link)
    assert seen.url == office.url + "/profile?x=1" and "ana@example.com" in seen.text
    assert "the identity provider vouches" in seen.text
    assert _held(ana) == {"centralita_session"}


async def test_who_comes_back_without_having_left_is_turned_away(office: Office) -> None:
    ana, mallory = await office.stranger(), await office.stranger()
    begun = await mallory.get("/oidc/begin", follow=False)
    async with mallory.http.get(begun.headers["location"], allow_redirects=False) as answered:
        back = answered.headers["location"].removeprefix(office.url)
    seen = await ana.get(back)
    assert seen.status == 403 and "begun in another browser" in seen.text
    assert "/sign-in" in (await ana.get("/profile")).url, "nobody is signed in as somebody else"
    assert (await mallory.get(back)).url == office.url + "/"


async def test_nobody_is_led_to_another_site_on_the_way(office: Office) -> None:
    ana = await office.stranger()
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        seen = await ana.get(f"/oidc/begin?next={target}")
        assert seen.url == office.url + "/"
        await ana.post("/sign-out")


async def test_what_the_provider_refuses_is_said_in_words(office: Office, provider: Provider) -> None:
    ana = await office.stranger()
    await ana.get("/oidc/begin", follow=False)
    seen = await ana.get("/oidc/callback?error=access_denied&state=<b>")
    assert seen.status == 403 and "<b>" not in seen.html
    kept, provider.sign = provider.sign, provider.signed_by_stranger
    seen = await ana.get("/oidc/begin")
    provider.sign = kept
    assert seen.status == 403 and "can't be trusted" in seen.text and "Sign in with Acme" in seen.text
    assert _held(ana) == set()


async def test_while_the_provider_fails_the_page_says_so_and_takes_passwords(
    public: str, provider: Provider, tmp_path: Path
) -> None:
    config = tmp_path / "centralita.yaml"
    config.write_text(
        f"locale: en\ndata_dir: {tmp_path}\nserver: {{port: 0, public_url: '{public}'}}\n"
        f"network: {{allow: ['127.0.0.0/8']}}\ndashboard: {{oidc: {{issuer: '{provider.issuer}', client_id: hub}}}}\n"
    )
    provider.is_away = True
    try:
        async with AsyncExitStack() as stack:
            office = Office(*await stack.enter_async_context(serving(load(config, {}))), "", stack)
            before, ana = provider.described, await office.stranger()
            for _ in range(3):
                seen = await ana.get("/oidc/begin")
                assert seen.status == 503 and 1 <= int(seen.headers["retry-after"]) <= 5
                assert "The identity provider refuses." in seen.text and "A password is taken meanwhile." in seen.text
            assert provider.described == before + 1
            assert (await office.person("bob", "viewer")).name == "bob"
    finally:
        provider.is_away = False
